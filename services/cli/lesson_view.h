// LessonView: what a client knows of its lesson from what it has heard. No I/O.
//
// Messages count in the order of n: one that comes too early waits (at most kEarlyMax) for those
// before it, a second copy changes nothing. What it answers best: is it the learner's turn, and
// which question is open?
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "tutor/effect.h"
#include "tutor/event.h"

namespace lyceum::cli {

class LessonView {
 public:
  static constexpr size_t kEarlyMax = 256;

  // The learner's next step. Until it is answered it is not the learner's turn.
  void Sent(const tutor::Event& event);

  enum class Heard {
    kNew,
    kEarly,     // One before it is missing.
    kRepeated,  // Heard before.
  };
  Heard Hear(const tutor::ClientMessage& message);

  bool my_turn() const { return my_turn_; }
  bool completed() const { return completed_; }
  tutor::StateName state() const { return state_; }
  // Empty from where one is closed to where the next is posed.
  const std::optional<tutor::QuestionView>& question() const { return question_; }
  uint32_t heard_up_to() const { return noticed_; }
  bool missing() const { return !early_.empty(); }

 private:
  void Notice(const tutor::ClientMessage& message);

  bool my_turn_ = true;
  bool completed_ = false;
  EventId waiting_for_;
  bool asked_for_hint_ = false;  // By the event that is waited for.
  uint32_t wrong_ = 0;           // Answers to the open question that counted.
  tutor::StateName state_ = tutor::StateName::kExposition;
  std::optional<tutor::QuestionView> question_;
  std::map<uint32_t, tutor::ClientMessage> early_;
  uint32_t noticed_ = 0;  // The last n that was acted upon.
};

}  // namespace lyceum::cli
