// The fixed texts of the tutor: what is said where no tool and no author has said it.
#pragma once

#include <string_view>

#include "tutor/call.h"

namespace lyceum::tutor::phrases {

inline constexpr std::string_view kNoSession =
    "There is no session yet: send start with a course first.";
inline constexpr std::string_view kAlreadyStarted = "The session is open already: go on with it.";
inline constexpr std::string_view kCompletedStart =
    "The course is completed: start it with again, in another version, or start another course.";
inline constexpr std::string_view kNotStarted =
    "The course could not be loaded: send continue to try it again, or start with another one.";
inline constexpr std::string_view kInboxFull =
    "Too much waits already: this was not kept. Send it again when the tutor has answered.";
inline constexpr std::string_view kTooManyClients =
    "Too many clients are attached, and this one was silent longest: send attach to come back.";
inline constexpr std::string_view kCompleted =
    "The course is completed: start another one to go on learning.";
inline constexpr std::string_view kNoDraft =
    "This draft does not wait: it was decided, its time is over, or the learner went on.";
inline constexpr std::string_view kNoOpenQuestion =
    "No question is open: send continue, or ask something.";
inline constexpr std::string_view kUnavailable =
    "The last step did not work: send continue to try it again, or skip to go on without it.";
inline constexpr std::string_view kDuplicateId =
    "Another event had this id, and this one was not used: send it again under an id of its own.";
inline constexpr std::string_view kTextEmpty = "The message is empty.";
inline constexpr std::string_view kTextTooLong = "The message is too long: 16 KiB at most.";
inline constexpr std::string_view kQuestionClosed =
    "The question this was meant for is closed: it was not used.";
inline constexpr std::string_view kNudge =
    "Are you still there? Send continue whenever you are ready.";
inline constexpr std::string_view kGoingOn = "Let us go on: send continue.";
inline constexpr std::string_view kClarifyFailed =
    "I can not answer that right now. Look at the material again, ask for a hint, or go on.";
inline constexpr std::string_view kHintFailed =
    "Read the question once more, and write down what is given and what is asked for.";
inline constexpr std::string_view kRemediateFailed =
    "Look at your last step again: that is where it went wrong.";
inline constexpr std::string_view kDiagnoseFailed =
    "That was not right yet. Go through your steps one by one, then try again or ask for a hint.";
inline constexpr std::string_view kClassifyFailed =
    "I could not tell whether that is your answer or a question. Write the answer alone, or end a "
    "question with a question mark.";
inline constexpr std::string_view kAnswerKept =
    "Your answer could not be checked. It is kept: send continue to try again, or skip.";
inline constexpr std::string_view kGenerateFailed =
    "No new question could be made: send continue to try again, or skip to go on.";
inline constexpr std::string_view kLoadFailed =
    "The topic could not be loaded: send continue to try again, or skip to go on without it.";
inline constexpr std::string_view kNothingRuns = "Nothing runs that could be stopped.";
inline constexpr std::string_view kStopped = "Stopped. Ask again, or send continue to go on.";
inline constexpr std::string_view kNothingToReview =
    "There is no such message: name the number n of the feedback that seems wrong.";
inline constexpr std::string_view kReviewKept =
    "Thank you: this grade is marked, and will be looked at again.";
inline constexpr std::string_view kForReview =
    "Your answer could not be graded. It is marked for review and does not count.";

// What stands in place of an empty feedback, and of one that would give the answer away.
// `stays_open`: the learner may try again.
inline std::string_view NeutralFeedback(Verdict verdict, bool stays_open) {
  switch (verdict) {
    case Verdict::kCorrect:
      return "Correct.";
    case Verdict::kPartiallyCorrect:
      return stays_open ? "Partly right. Try again." : "Partly right.";
    case Verdict::kIncorrect:
      return stays_open ? "Not right yet. Try again." : "That was not right.";
    case Verdict::kInvalid:
      return "I could not read that as an answer. Write it in another way.";
    case Verdict::kNotAnAnswer:
    case Verdict::kUngraded:
      return "";
  }
  return "";
}

}  // namespace lyceum::tutor::phrases
