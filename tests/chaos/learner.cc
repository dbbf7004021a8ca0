#include "learner.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "tutor/limits.h"
#include "tutor/names.h"

namespace lyceum::chaos {
namespace {

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

}  // namespace

std::string Line(const tutor::ClientMessage& message) {
  const std::string body = std::visit(
      Overloaded{
          [](const tutor::TextOut& out) { return "text " + out.text; },
          [](const tutor::QuestionOut& out) {
            return fmt::format("question {} {} {}", out.question.id.value, out.question.text,
                               fmt::join(out.question.choices, "|"));
          },
          [](const tutor::FeedbackOut& out) {
            return fmt::format("feedback {} {} {} {}", Name(out.verdict), out.score, out.text,
                               out.known_error ? out.known_error->value : "");
          },
          [](const tutor::HintOut& out) {
            return fmt::format("hint {}/{} {}", out.level, out.of, out.text);
          },
          [](const tutor::WaitOut&) { return std::string("wait"); },
          [](const tutor::ErrorOut& out) { return fmt::format("error {} {}", out.code, out.text); },
          [](const tutor::ProgressOut& out) {
            return fmt::format("progress {} {}/{}", out.topic.value, out.done, out.total);
          },
          [](const tutor::CompletedOut&) { return std::string("completed"); }},
      message.body);
  return fmt::format("{} {}", Name(message.state), body);
}

Learner::Learner(UserId user, CourseId course, uint64_t seed, const AnswerKey* key)
    : user_(std::move(user)),
      client_("client-" + user_.value),
      course_(std::move(course)),
      seed_(seed),
      key_(key) {}

uint64_t Learner::Draw(const char* what) const {
  return tutor::HashId(EventId(fmt::format("{}/{}/{}/{}", seed_, user_.value, turns_, what))) >> 17;
}

tutor::Event Learner::Make(tutor::EventKind kind) {
  return {.id = EventId(fmt::format("{}-{}", user_.value, turns_)),
          .client = client_,
          .encoding = tutor::Encoding::kJson,
          .kind = std::move(kind)};
}

std::string Learner::Answer(bool right) const {
  const auto found = key_->find(question_->id.value);
  if (found == key_->end()) return "no idea 17";
  if (right) return found->second;
  for (const std::string& choice : question_->choices) {
    if (choice != found->second) return choice;
  }
  return "123456.75";
}

tutor::EventKind Learner::Choose() {
  using tutor::StateName;
  if (turns_ == 0) return tutor::Start{.course = course_};
  const uint64_t roll = Draw("what") % 100;
  const tutor::UserMessage ask{"What does this mean, and why?", tutor::Intent::kQuestion};
  switch (state_) {
    case StateName::kExposition:
    case StateName::kSettingQuestion:
      if (roll < 15) return ask;
      return tutor::Continue{};
    case StateName::kAwaitingAnswer:
    case StateName::kRemediatingKnownError:
    case StateName::kRemediatingUnknownError:
      if (!question_) return tutor::Continue{};
      if (roll < 55) return tutor::UserMessage{Answer(true), tutor::Intent::kAnswer};
      if (roll < 75) return tutor::UserMessage{Answer(false), tutor::Intent::kAnswer};
      if (roll < 85) return tutor::Hint{};
      if (roll < 92) return ask;
      if (roll < 96) return tutor::Skip{};
      return tutor::Continue{};
    case StateName::kErrorState:
    case StateName::kAwaitingToolResult:
    case StateName::kCompleted:
      return tutor::Continue{};
  }
  return tutor::Continue{};
}

std::optional<tutor::Event> Learner::Next() {
  // In the completed state `completed` itself is still to come.
  if (!my_turn_ || completed_ || state_ == tutor::StateName::kCompleted) return std::nullopt;
  my_turn_ = false;
  tutor::Event event = Make(Choose());
  waiting_for_ = event.id;
  asked_for_hint_ = std::holds_alternative<tutor::Hint>(event.kind);
  ++turns_;
  return event;
}

tutor::Event Learner::AskAgain() {
  // Also while the first answer is outstanding: attach says what there is, if there is a session.
  uint32_t have = 0;
  while (transcript_.contains(have + 1)) ++have;
  tutor::Event event = Make(tutor::Attach{have});
  event.id = EventId(fmt::format("{}-again-{}", user_.value, ++asked_again_));
  return event;
}

// Several messages may come of one step. What closes a question comes before what poses the next
// one, and nobody answers a question that is closed.
void Learner::Notice(const tutor::ClientMessage& message) {
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
                        [&](const tutor::ProgressOut&) { closed = true; }, [](const auto&) {}},
             message.body);
  if (closed) question_.reset();
}

void Learner::Heard(const envelope::ReceivedMessage& received) {
  const tutor::ClientMessage& message = received.message;
  const std::string line = Line(message);
  const auto [content, fresh] = contents_.emplace(message.id, line);
  if (!fresh && content->second != line) {
    complaints_.push_back(
        fmt::format("id {} came as \"{}\" and as \"{}\"", message.id, content->second, line));
  }
  if (message.n == 0) return;
  const auto [place, first] = transcript_.emplace(message.n, line);
  if (!first) {
    if (place->second != line) {
      complaints_.push_back(
          fmt::format("n {} came as \"{}\" and as \"{}\"", message.n, place->second, line));
    }
    return;
  }
  early_.emplace(message.n, message);
  while (!early_.empty() && early_.begin()->first == noticed_ + 1) {
    const auto next = early_.extract(early_.begin());
    noticed_ = next.key();
    Notice(next.mapped());
    Settle(next.mapped());
  }
}

void Learner::Settle(const tutor::ClientMessage& message) {
  if (std::holds_alternative<tutor::CompletedOut>(message.body)) completed_ = true;
  const bool answering = state_ == tutor::StateName::kAwaitingAnswer ||
                         state_ == tutor::StateName::kRemediatingKnownError ||
                         state_ == tutor::StateName::kRemediatingUnknownError;
  const bool settled = state_ != tutor::StateName::kAwaitingToolResult && (question_ || !answering);
  if (settled && message.in_reply_to == waiting_for_) {
    waiting_for_ = {};
    my_turn_ = true;
  }
}

}  // namespace lyceum::chaos
