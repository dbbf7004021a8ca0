// Classroom: many learners over one real connection, as a gateway would serve them.
//
// Publishes each event until it is acked, remembers what was acked, and lets a learner that has
// heard nothing for long ask again, as the contract tells clients to.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "envelope/subjects.h"
#include "learner.h"
#include "wire/acked_publisher.h"
#include "wire/connection.h"

namespace lyceum::chaos {

class Classroom {
 public:
  struct Options {
    CourseId course;
    AnswerKey key;
    uint64_t seed = 0;
    size_t learners = 10;
    std::string name = "learner";  // Users are <name>-<k>.
    size_t at_once = 50;           // Learners in the middle of their course at a time.
    std::chrono::milliseconds ask_again{5000};
    std::chrono::milliseconds think{0};  // From what was heard to what is said to it, about.
    // Asked before another learner begins; empty: all do.
    std::function<bool()> more;
    // Sees that a learner has sent an event.
    std::function<void(size_t learner)> on_send;
    // Sees everything that a learner hears, deltas too, before the learner does.
    std::function<void(size_t learner, const envelope::ReceivedMessage&)> watch;
  };
  Classroom(std::shared_ptr<wire::Connection> connection, envelope::Subjects subjects,
            Options options);

  // Until every learner that has begun has completed and no other does, or the deadline. `tick` sees
  // the count of messages so far; true: nobody goes on meanwhile. True: all completed.
  bool Run(Deadline deadline, const std::function<bool(uint64_t heard)>& tick);

  // Those that have begun.
  std::span<const Learner> learners() const { return {learners_.data(), started_}; }
  // Event id -> sequence in its stream, of all events that were acked.
  const std::map<std::string, uint64_t>& acked() const { return acked_; }
  uint64_t heard() const { return heard_; }
  std::vector<std::string> Complaints() const;

 private:
  void Publish(size_t index, const tutor::Event& event);
  void Step(size_t index);
  void TakeAcks();
  void Nudge();
  bool IsOver();

  std::shared_ptr<wire::Connection> connection_;
  envelope::Subjects subjects_;
  Options options_;
  std::vector<Learner> learners_;
  std::unordered_map<std::string, size_t> by_subject_;
  std::vector<Deadline> patience_;
  std::vector<Deadline> ready_;
  std::mt19937_64 random_;
  std::shared_ptr<wire::MessageBox> box_;
  std::shared_ptr<Mailbox<wire::Acked>> acks_;
  std::unique_ptr<wire::AckedPublisher> publisher_;
  std::unique_ptr<wire::Subscription> subscription_;
  std::vector<std::string> sent_;  // Event ids, by cookie.
  std::map<std::string, uint64_t> acked_;
  bool held_ = false;
  uint64_t heard_ = 0;
  uint64_t reconnects_ = 0;
  size_t started_ = 0;
  size_t completed_ = 0;
  std::vector<std::string> complaints_;
};

}  // namespace lyceum::chaos
