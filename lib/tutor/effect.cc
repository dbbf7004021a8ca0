#include "tutor/effect.h"

namespace lyceum::tutor {
namespace {

std::string_view KindOf(const TextOut&) { return "text"; }
std::string_view KindOf(const QuestionOut&) { return "question"; }
std::string_view KindOf(const FeedbackOut&) { return "feedback"; }
std::string_view KindOf(const HintOut&) { return "hint"; }
std::string_view KindOf(const WaitOut&) { return ""; }
std::string_view KindOf(const ErrorOut&) { return "error"; }
std::string_view KindOf(const ProgressOut&) { return ""; }
std::string_view KindOf(const CompletedOut&) { return "completed"; }
std::string_view KindOf(const RetractOut&) { return ""; }
std::string_view KindOf(const ResumedOut&) { return ""; }
std::string_view KindOf(const DetachedOut&) { return ""; }

std::string_view TextOf(const QuestionOut& m) { return m.question.text; }
template <class Message>
std::string_view TextOf(const Message& m) {
  if constexpr (requires { m.text; }) return m.text;
  return "";
}

}  // namespace

std::string_view HistoryKindOf(const Body& body) {
  return std::visit([](const auto& m) { return KindOf(m); }, body);
}

std::string_view HistoryTextOf(const Body& body) {
  return std::visit([](const auto& m) { return TextOf(m); }, body);
}

HistoryEntry HistoryEntryOf(const ClientMessage& message, uint64_t index) {
  return {index, message.at_ms, Role::kTutor, std::string(HistoryKindOf(message.body)),
          std::string(HistoryTextOf(message.body))};
}

}  // namespace lyceum::tutor
