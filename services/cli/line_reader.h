// Lines of a file descriptor, one at a time, into the mailbox that also takes the tutor's messages.
//
// Has one thread. Reads on only after Next(), so that a large input never fills the mailbox.
// Bounded: a line is cut at kLineBytesMax.
#pragma once

#include <atomic>
#include <memory>
#include <semaphore>
#include <string>
#include <thread>

#include "wire/connection.h"

namespace lyceum::cli {

class LineReader {
 public:
  static constexpr size_t kLineBytesMax = 64 * 1024;

  // Each line comes as a message with tag line_tag, the end as one with tag end_tag. Does not own
  // fd.
  LineReader(int fd, std::shared_ptr<wire::MessageBox> box, int line_tag, int end_tag);
  ~LineReader();  // Waits for the thread, 200 ms at most.
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  // The line that came last is dealt with: the next one may come.
  void Next() { room_.release(); }

 private:
  void Run();
  bool Give(int tag, std::string line);
  bool WaitForInput() const;

  const int fd_;
  const std::shared_ptr<wire::MessageBox> box_;
  const int line_tag_;
  const int end_tag_;
  std::atomic<bool> stop_{false};
  std::counting_semaphore<2> room_{1};
  std::thread thread_;
};

}  // namespace lyceum::cli
