// A tool worker under measure, real or bare: asked over NATS as a session worker asks, heard as a
// gateway hears, kept busy with a number of calls at once.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "support/stack.h"
#include "wire/connection.h"

namespace lyceum::bench {

// Of the window alone, and of the worker's process alone.
struct Load {
  double wall_s = 0;
  double cpu_s = 0;
  uint64_t answered = 0;
  uint64_t deltas = 0;
  double in_flight = 0;  // The mean, at each answer.

  double CallUs() const;
  double CpuPercent() const { return 100 * cpu_s / wall_s; }
};

// One thread calls it. Throws where the worker is silent, or the server does not answer.
class AskedWorker {
 public:
  static constexpr char kClient[] = "bench";  // Who hears the deltas.
  static constexpr std::chrono::seconds kPatience{20};

  virtual ~AskedWorker() = default;
  virtual pid_t pid() const = 0;

  // Keeps so many calls in flight, each followed by another as soon as its text is whole; they
  // begin evenly over `spread`. Measures `window` after `warm_up`, and waits for the last.
  Load Keep(size_t in_flight, std::chrono::milliseconds spread, std::chrono::milliseconds warm_up,
            std::chrono::milliseconds window);

 protected:
  struct Heard {
    bool delta = false;
    bool whole = false;  // That call has said it all.
  };
  explicit AskedWorker(test::Stack& stack);
  wire::Connection& session() { return *session_; }
  // As a request whose ack comes back to Take.
  void Send(wire::Message request);
  Heard Hear();

  virtual void Ask() = 0;
  // What a message means: a delta, or the ack of a request.
  virtual Heard Take(const wire::Message& message, bool delta) = 0;
  virtual size_t in_flight() const = 0;
  virtual std::string log() const = 0;  // Of the worker.

 private:
  void Listen(wire::Connection& connection, const std::string& subject, int tag);
  // The next message, and what it means. Empty: none came.
  std::optional<Heard> HearUntil(Deadline deadline);
  double CpuSeconds() const;

  std::shared_ptr<wire::Connection> session_;  // As session_worker.
  std::shared_ptr<wire::Connection> gateway_;
  std::shared_ptr<wire::MessageBox> box_;
  std::vector<wire::Subscription> subscriptions_;
  std::string inbox_;
  uint64_t replies_ = 0;
};

}  // namespace lyceum::bench
