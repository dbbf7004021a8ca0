// Executor: the way back into a loop from other threads.
//
// Post may be called by any thread; what it is given runs on the loop's own thread, in the order in
// which it was posted, once. A loop that has stopped drops what is posted to it.
#pragma once

#include <functional>

namespace lyceum {

class Executor {
 public:
  virtual ~Executor() = default;
  virtual void Post(std::function<void()> task) = 0;
};

}  // namespace lyceum
