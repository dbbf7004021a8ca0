// Flusher: sends what was published soon, in as few writes as the load allows.
//
// The library either writes each message to the socket at once, or keeps it for a millisecond. This
// thread writes at once what is there, waits until the server has seen it, and then writes what has
// come meanwhile: one message alone waits for nobody, and under load many share a write.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

namespace lyceum::wire {

class Flusher {
 public:
  // flush: writes and waits for the server, for a bounded time; false when it did not confirm.
  explicit Flusher(std::function<bool()> flush);
  ~Flusher();

  // Something was published. Thread-safe; cheap while the flusher is busy.
  void Poke();

 private:
  void Run();

  const std::function<bool()> flush_;
  std::atomic<uint32_t> poked_{0};  // 1: there is something, or it is time to end.
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace lyceum::wire
