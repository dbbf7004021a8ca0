// Learner: a scripted learner whose every step follows from its seed and from what it has heard.
//
// So two runs of the same learner hear the same, unless the server did something else: the
// transcript is what is compared. Pure; the driver moves the messages.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/lesson_view.h"
#include "envelope/codec.h"
#include "tutor/event.h"

namespace lyceum::chaos {

// Question id -> an answer that is right.
using AnswerKey = std::map<std::string, std::string>;

class Learner {
 public:
  Learner(UserId user, CourseId course, uint64_t seed, const AnswerKey* key);

  // The next event, if it is the learner's turn. Each one is given once.
  std::optional<tutor::Event> Next();
  // The event to send when nothing has been heard for long: asks for what was missed.
  tutor::Event AskAgain();
  void Heard(const envelope::ReceivedMessage& message);

  const UserId& user() const { return user_; }
  const ClientId& client() const { return client_; }
  // A message between those heard is missing: a client asks for it.
  bool missing() const {
    return !transcript_.empty() && transcript_.rbegin()->first != transcript_.size();
  }
  bool done() const { return view_.completed() && !missing(); }
  // By n, from 1: "state body". Dense where nothing is missing.
  const std::map<uint32_t, std::string>& transcript() const { return transcript_; }
  // Messages that had come before, and how often this one asked for what it missed.
  uint64_t repeats() const { return repeats_; }
  uint32_t asked_again() const { return asked_again_; }
  // What must never be: one id with two contents, an answer without a number where one is due.
  const std::vector<std::string>& complaints() const { return complaints_; }

 private:
  tutor::Event Make(tutor::EventKind kind);
  tutor::EventKind Choose();
  uint64_t Draw(const char* what) const;
  std::string Answer(bool right) const;

  UserId user_;
  ClientId client_;
  CourseId course_;
  uint64_t seed_;
  const AnswerKey* key_;
  uint32_t turns_ = 0;
  uint32_t asked_again_ = 0;
  uint64_t repeats_ = 0;
  cli::LessonView view_;
  std::map<uint32_t, std::string> transcript_;
  std::map<std::string, std::string> contents_;  // By message id.
  std::vector<std::string> complaints_;
};

// One line of a transcript: everything of the message that two runs must have in common.
std::string Line(const tutor::ClientMessage& message);

}  // namespace lyceum::chaos
