// The contract's name for each value, and back. Every enum of lib/tutor is spelt here and only
// here.
#pragma once

#include <optional>
#include <string_view>

#include "tutor/call.h"
#include "tutor/content.h"
#include "tutor/session.h"

namespace lyceum::tutor {

std::string_view Name(Tool tool);        // "load_topic" ...
std::string_view Name(StateName state);  // "exposition" ...
std::string_view Name(Verdict verdict);  // "correct" ...
std::string_view Name(
    AnswerFormat format);                   // choice numeric expression equation interval list text
std::string_view Name(FoundIntent intent);  // "answer" ... "off_topic"
std::string_view Name(Strategy strategy);   // hint explanation worked_example
std::string_view Name(Lifecycle lifecycle);      // active suspended archived
std::string_view Name(Role role);                // learner tutor operator system teacher
std::string_view Name(BusyPolicy policy);        // reply_wait defer interrupt
std::string_view Name(TimerKind kind);           // tool_deadline idle ttl approval
std::string_view Name(Supervision supervision);  // none draft
std::string_view Name(Undecided undecided);      // authored as_is
std::string_view Name(Decision decision);        // approve edit replace

template <class Enum>
std::optional<Enum> Parse(std::string_view name) = delete;
template <>
std::optional<Tool> Parse<Tool>(std::string_view name);
template <>
std::optional<StateName> Parse<StateName>(std::string_view name);
template <>
std::optional<Verdict> Parse<Verdict>(std::string_view name);
template <>
std::optional<AnswerFormat> Parse<AnswerFormat>(std::string_view name);
template <>
std::optional<FoundIntent> Parse<FoundIntent>(std::string_view name);
template <>
std::optional<Strategy> Parse<Strategy>(std::string_view name);
template <>
std::optional<Lifecycle> Parse<Lifecycle>(std::string_view name);
template <>
std::optional<Role> Parse<Role>(std::string_view name);
template <>
std::optional<BusyPolicy> Parse<BusyPolicy>(std::string_view name);
template <>
std::optional<TimerKind> Parse<TimerKind>(std::string_view name);
template <>
std::optional<Supervision> Parse<Supervision>(std::string_view name);
template <>
std::optional<Undecided> Parse<Undecided>(std::string_view name);
template <>
std::optional<Decision> Parse<Decision>(std::string_view name);

}  // namespace lyceum::tutor
