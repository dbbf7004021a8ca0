// LoadLearner: one simulated learner. What it does follows from its seed and from the messages that
// have come. No I/O.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "cli/lesson_view.h"
#include "envelope/codec.h"
#include "tools/course.h"
#include "tutor/event.h"

namespace lyceum::load {

// How often a learner with an open question does what; any weights, at least one above 0.
struct LoadMix {
  uint32_t right = 60;
  uint32_t wrong = 20;
  uint32_t hint = 5;
  uint32_t question = 10;
  uint32_t second = 5;  // Says something more before the answer has come.
};
// "right=60,wrong=20": what is not named is 0. kReject: the text says which name or number is
// wrong.
Result<LoadMix> ParseMix(const std::string& text);

// What the learners know.
struct LoadCourse {
  CourseId id;
  struct Known {
    std::string right;
    std::string wrong;
  };
  std::unordered_map<std::string, Known> answers;  // By question id.
};
LoadCourse LoadCourseOf(const tools::Course& course);

class LoadLearner {
 public:
  LoadLearner(UserId user, ClientId client, const LoadCourse* course, const LoadMix* mix,
              tutor::Encoding encoding, uint64_t seed);

  // Its next step: one event, or two where it does not wait. Only where may_act().
  std::vector<tutor::Event> Next();
  // Asks for the messages after the last one that came in order.
  tutor::Event Attach();

  // True: this message ended the learner's wait.
  bool OnMessage(const tutor::ClientMessage& message);

  const UserId& user() const { return user_; }
  bool may_act() const { return view_.my_turn(); }
  bool completed() const { return view_.completed(); }
  bool missing() const { return view_.missing(); }

  struct Counts {
    uint64_t repeated = 0;                   // The same message again: the contract allows it.
    uint64_t doubled = 0;                    // Another message under an n that was there.
    uint64_t out_of_order = 0;               // One before it was missing.
    std::map<std::string, uint64_t> errors;  // `error` messages, by code.
  };
  const Counts& counts() const { return counts_; }

 private:
  // Which ids the last messages had, by n. As many as may be sent again in practice.
  static constexpr uint32_t kIdsKept = 32;
  struct Kept {
    uint32_t n = 0;
    uint32_t id_hash = 0;
  };

  tutor::Event Make(tutor::EventKind kind);
  tutor::EventKind Choose(bool* second);
  uint64_t Draw(uint64_t below);
  void CountAgain(const tutor::ClientMessage& message);

  UserId user_;
  ClientId client_;
  const LoadCourse* course_;
  const LoadMix* mix_;
  tutor::Encoding encoding_;
  uint64_t random_;
  uint32_t events_ = 0;
  cli::LessonView view_;
  std::array<Kept, kIdsKept> kept_{};
  Counts counts_;
};

}  // namespace lyceum::load
