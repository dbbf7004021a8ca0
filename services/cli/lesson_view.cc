#include "cli/lesson_view.h"

#include <utility>
#include <variant>

#include "base/overloaded.h"
#include "tutor/limits.h"

namespace lyceum::cli {
void LessonView::Sent(const tutor::Event& event) {
  my_turn_ = false;
  waiting_for_ = event.id;
  asked_for_hint_ = std::holds_alternative<tutor::Hint>(event.kind);
}

LessonView::Heard LessonView::Hear(const tutor::ClientMessage& message) {
  if (message.n <= noticed_ || early_.contains(message.n)) return Heard::kRepeated;
  if (message.n != noticed_ + 1) {
    if (early_.size() < kEarlyMax) early_.emplace(message.n, message);
    return Heard::kEarly;
  }
  Notice(message);
  while (!early_.empty() && early_.begin()->first == noticed_ + 1) {
    Notice(early_.extract(early_.begin()).mapped());
  }
  return Heard::kNew;
}

// Several messages may come of one step. What closes a question comes before what poses the next
// one, and nobody answers a question that is closed.
void LessonView::Notice(const tutor::ClientMessage& message) {
  noticed_ = message.n;
  state_ = message.state;
  bool closed = false;
  std::visit(Overloaded{[&](const tutor::QuestionOut& out) {
                          if (!question_ || question_->id != out.question.id) wrong_ = 0;
                          question_ = out.question;
                        },
                        [&](const tutor::FeedbackOut& out) {
                          const bool counted = out.verdict == tutor::Verdict::kIncorrect ||
                                               out.verdict == tutor::Verdict::kPartiallyCorrect;
                          if (counted) ++wrong_;
                          closed = out.verdict == tutor::Verdict::kCorrect ||
                                   out.verdict == tutor::Verdict::kUngraded ||
                                   wrong_ == tutor::kAttemptsMax;
                        },
                        [&](const tutor::TextOut&) { closed = asked_for_hint_; },  // The solution.
                        [&](const tutor::ProgressOut&) { closed = true; },
                        [&](const tutor::CompletedOut&) { completed_ = true; }, [](const auto&) {}},
             message.body);
  if (closed) question_.reset();
  const bool answering = state_ == tutor::StateName::kAwaitingAnswer ||
                         state_ == tutor::StateName::kRemediatingKnownError ||
                         state_ == tutor::StateName::kRemediatingUnknownError;
  // In the completed state `completed` itself is still to come.
  const bool settled = !tutor::IsBusy(state_) && (question_ || !answering) &&
                       (completed_ || state_ != tutor::StateName::kCompleted);
  if (settled && message.in_reply_to == waiting_for_) {
    waiting_for_ = {};
    my_turn_ = true;
  }
}

}  // namespace lyceum::cli
