#include "learner.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

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
          [](const tutor::CompletedOut&) { return std::string("completed"); },
          [](const tutor::RetractOut& out) { return "retract " + out.call.value; },
          [](const tutor::ResumedOut& out) {
            return fmt::format("resumed {} {}", out.first_n, out.last_n);
          },
          [](const tutor::DetachedOut& out) { return "detached " + out.reason; }},
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
  const auto found = key_->find(view_.question()->id.value);
  if (found == key_->end()) return "no idea 17";
  if (right) return found->second;
  for (const std::string& choice : view_.question()->choices) {
    if (choice != found->second) return choice;
  }
  return "123456.75";
}

tutor::EventKind Learner::Choose() {
  using tutor::StateName;
  if (turns_ == 0) return tutor::Start{.course = course_};
  const uint64_t roll = Draw("what") % 100;
  const tutor::UserMessage ask{"What does this mean, and why?", tutor::Intent::kQuestion};
  switch (view_.state()) {
    case StateName::kExposition:
    case StateName::kSettingQuestion:
      if (roll < 15) return ask;
      return tutor::Continue{};
    case StateName::kAwaitingAnswer:
    case StateName::kRemediatingKnownError:
    case StateName::kRemediatingUnknownError:
      if (!view_.question()) return tutor::Continue{};
      if (roll < 55) return tutor::UserMessage{Answer(true), tutor::Intent::kAnswer};
      if (roll < 75) return tutor::UserMessage{Answer(false), tutor::Intent::kAnswer};
      if (roll < 85) return tutor::Hint{};
      if (roll < 92) return ask;
      if (roll < 96) return tutor::Skip{};
      if (roll < 97) return tutor::Review{1, "so it seems"};
      return tutor::Continue{};
    case StateName::kErrorState:
    case StateName::kAwaitingToolResult:
    case StateName::kAwaitingApproval:
    case StateName::kCompleted:
      return tutor::Continue{};
  }
  return tutor::Continue{};
}

std::optional<tutor::Event> Learner::Next() {
  if (!view_.my_turn() || view_.completed()) return std::nullopt;
  tutor::Event event = Make(Choose());
  view_.Sent(event);
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

void Learner::Heard(const envelope::ReceivedMessage& received) {
  if (received.is_delta || received.is_retract) return;
  const tutor::ClientMessage& message = received.message;
  const std::string line = Line(message);
  const auto [content, fresh] = contents_.emplace(message.id, line);
  repeats_ += fresh ? 0 : 1;
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
  view_.Hear(message);
}

}  // namespace lyceum::chaos
