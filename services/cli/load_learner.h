// LoadLearner: one simulated learner. What it says follows from its seed and from what it has
// heard. No I/O.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "cli/lesson_view.h"
#include "envelope/codec.h"
#include "tools/course.h"
#include "tutor/event.h"

namespace lyceum::cli {

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

  // Its next step: one event, or two where it does not wait. Only on its turn.
  std::vector<tutor::Event> Speak();

  // True: this message ended the turn.
  bool Hear(const tutor::ClientMessage& message);

  const UserId& user() const { return user_; }
  bool my_turn() const { return view_.my_turn(); }
  bool completed() const { return view_.completed(); }
  bool missing() const { return view_.missing(); }

  struct Complaints {
    uint64_t doubled = 0;       // The same n again.
    uint64_t out_of_order = 0;  // One before it was missing.
    uint64_t errors = 0;        // `error` messages.
  };
  const Complaints& complaints() const { return complaints_; }

 private:
  tutor::Event Make(tutor::EventKind kind);
  tutor::EventKind Choose(bool* second);
  uint64_t Draw(uint64_t below);

  UserId user_;
  ClientId client_;
  const LoadCourse* course_;
  const LoadMix* mix_;
  tutor::Encoding encoding_;
  uint64_t random_;
  uint32_t said_ = 0;
  LessonView view_;
  Complaints complaints_;
};

}  // namespace lyceum::cli
