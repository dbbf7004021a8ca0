#include "tutor/names.h"

#include <array>

namespace lyceum::tutor {
namespace {

template <class Enum>
struct Names;

template <>
struct Names<Tool> {
  static constexpr std::array<std::string_view, kToolCount> kAll = {
      "load_topic", "present_material",      "clarify_concept", "generate_question", "check_answer",
      "give_hint",  "remediate_known_error", "diagnose_error",  "classify_intent"};
};
template <>
struct Names<StateName> {
  static constexpr std::array<std::string_view, kStateCount> kAll = {"exposition",
                                                                     "setting_question",
                                                                     "awaiting_answer",
                                                                     "awaiting_tool_result",
                                                                     "remediating_known_error",
                                                                     "remediating_unknown_error",
                                                                     "error_state",
                                                                     "completed",
                                                                     "awaiting_approval"};
};
template <>
struct Names<Verdict> {
  static constexpr std::array<std::string_view, 6> kAll = {
      "correct", "partially_correct", "incorrect", "invalid", "not_an_answer", "ungraded"};
};
template <>
struct Names<AnswerFormat> {
  static constexpr std::array<std::string_view, 8> kAll = {
      "choice", "numeric", "expression", "equation", "interval", "list", "text", "multiple_choice"};
};
template <>
struct Names<FoundIntent> {
  static constexpr std::array<std::string_view, 6> kAll = {"answer", "question", "hint",
                                                           "skip",   "continue", "off_topic"};
};
template <>
struct Names<Strategy> {
  static constexpr std::array<std::string_view, 3> kAll = {"hint", "explanation", "worked_example"};
};
template <>
struct Names<Lifecycle> {
  static constexpr std::array<std::string_view, 3> kAll = {"active", "suspended", "archived"};
};
template <>
struct Names<Role> {
  static constexpr std::array<std::string_view, 5> kAll = {"learner", "tutor", "operator", "system",
                                                           "teacher"};
};
template <>
struct Names<BusyPolicy> {
  static constexpr std::array<std::string_view, 3> kAll = {"reply_wait", "defer", "interrupt"};
};
template <>
struct Names<TimerKind> {
  static constexpr std::array<std::string_view, 4> kAll = {"tool_deadline", "idle", "ttl",
                                                           "approval"};
};
template <>
struct Names<Supervision> {
  static constexpr std::array<std::string_view, 2> kAll = {"none", "draft"};
};
template <>
struct Names<Undecided> {
  static constexpr std::array<std::string_view, 2> kAll = {"authored", "as_is"};
};
template <>
struct Names<Decision> {
  static constexpr std::array<std::string_view, 3> kAll = {"approve", "edit", "replace"};
};

template <class Enum>
std::string_view WordOf(Enum value) {
  const auto index = static_cast<size_t>(value);
  return index < Names<Enum>::kAll.size() ? Names<Enum>::kAll[index] : std::string_view("unknown");
}

template <class Enum>
std::optional<Enum> ValueOf(std::string_view name) {
  for (size_t i = 0; i < Names<Enum>::kAll.size(); ++i) {
    if (Names<Enum>::kAll[i] == name) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

}  // namespace

std::string_view Name(Tool tool) { return WordOf(tool); }
std::string_view Name(StateName state) { return WordOf(state); }
std::string_view Name(Verdict verdict) { return WordOf(verdict); }
std::string_view Name(AnswerFormat format) { return WordOf(format); }
std::string_view Name(FoundIntent intent) { return WordOf(intent); }
std::string_view Name(Strategy strategy) { return WordOf(strategy); }
std::string_view Name(Lifecycle lifecycle) { return WordOf(lifecycle); }
std::string_view Name(Role role) { return WordOf(role); }
std::string_view Name(BusyPolicy policy) { return WordOf(policy); }
std::string_view Name(TimerKind kind) { return WordOf(kind); }
std::string_view Name(Supervision supervision) { return WordOf(supervision); }
std::string_view Name(Undecided undecided) { return WordOf(undecided); }
std::string_view Name(Decision decision) { return WordOf(decision); }

template <>
std::optional<Tool> Parse<Tool>(std::string_view name) {
  return ValueOf<Tool>(name);
}
template <>
std::optional<StateName> Parse<StateName>(std::string_view name) {
  return ValueOf<StateName>(name);
}
template <>
std::optional<Verdict> Parse<Verdict>(std::string_view name) {
  return ValueOf<Verdict>(name);
}
template <>
std::optional<AnswerFormat> Parse<AnswerFormat>(std::string_view name) {
  return ValueOf<AnswerFormat>(name);
}
template <>
std::optional<FoundIntent> Parse<FoundIntent>(std::string_view name) {
  return ValueOf<FoundIntent>(name);
}
template <>
std::optional<Strategy> Parse<Strategy>(std::string_view name) {
  return ValueOf<Strategy>(name);
}
template <>
std::optional<Lifecycle> Parse<Lifecycle>(std::string_view name) {
  return ValueOf<Lifecycle>(name);
}
template <>
std::optional<Role> Parse<Role>(std::string_view name) {
  return ValueOf<Role>(name);
}
template <>
std::optional<BusyPolicy> Parse<BusyPolicy>(std::string_view name) {
  return ValueOf<BusyPolicy>(name);
}
template <>
std::optional<TimerKind> Parse<TimerKind>(std::string_view name) {
  return ValueOf<TimerKind>(name);
}
template <>
std::optional<Supervision> Parse<Supervision>(std::string_view name) {
  return ValueOf<Supervision>(name);
}
template <>
std::optional<Undecided> Parse<Undecided>(std::string_view name) {
  return ValueOf<Undecided>(name);
}
template <>
std::optional<Decision> Parse<Decision>(std::string_view name) {
  return ValueOf<Decision>(name);
}

}  // namespace lyceum::tutor
