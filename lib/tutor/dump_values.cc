#include "tutor/dump_values.h"

#include <array>
#include <charconv>

#include "tutor/names.h"

namespace lyceum::tutor::dump {
namespace {

std::string Named(std::string_view name, std::string_view rest = {}) {
  std::string text(name);
  if (!rest.empty()) text.append(" ").append(rest);
  return text;
}

std::string Write(const Exposition&) { return "exposition"; }
std::string Write(const SettingQuestion&) { return "setting_question"; }
std::string Write(const AwaitingAnswer&) { return "awaiting_answer"; }
std::string Write(const RemediatingKnownError& s) {
  return "remediating_known_error(" + Quote(s.error.value) + ")";
}
std::string Write(const RemediatingUnknownError&) { return "remediating_unknown_error"; }
std::string Write(const Completed&) { return "completed"; }

std::string_view Name(Intent intent) {
  switch (intent) {
    case Intent::kUnspecified:
      return "unspecified";
    case Intent::kAnswer:
      return "answer";
    case Intent::kQuestion:
      return "question";
  }
  return "unknown";
}

std::string Write(const KnownError& error) {
  return "{" + Quote(error.id.value) + " answers=" + Strings(error.answers) +
         " text=" + Quote(error.text) +
         (error.credit != 0 ? " credit=" + Number(error.credit) : std::string()) + "}";
}

std::string Write(const Start& e) {
  return "start course=" + Quote(e.course.value) + " version=" + Quote(e.version) +
         " topic=" + Quote(e.topic.value) + " busy=" + std::string(Name(e.busy_policy)) +
         (e.again ? " again " : " ") + dump::Write(e.context);
}
std::string Write(const UserMessage& e) {
  return "message " + Quote(e.text) + " intent=" + std::string(Name(e.intent));
}
std::string Write(const Hint&) { return "hint"; }
std::string Write(const Skip&) { return "skip"; }
std::string Write(const Continue&) { return "continue"; }
std::string Write(const Attach& e) { return "attach after_n=" + std::to_string(e.after_n); }
std::string Write(const Detach&) { return "detach"; }
std::string Write(const Stop&) { return "stop"; }
std::string Write(const Review& e) {
  return "review n=" + std::to_string(e.n) + " " + Quote(e.text);
}
std::string Write(const Supervise& e) {
  return "supervise " + e.draft.value + " " + std::string(Name(e.decision)) + " " + Quote(e.text);
}
std::string Write(const ToolResult& e) {
  const auto* error = std::get_if<ToolError>(&e.reply.outcome);
  const std::string what =
      error == nullptr ? "ok " + std::string(Name(static_cast<Tool>(e.reply.outcome.index())))
                       : "error " + Quote(error->code);
  return "tool_result " + e.reply.call.value + " " + what;
}
std::string Write(const TimerFired& e) { return "timer " + e.token; }
std::string Write(const ForceRemediation& e) {
  return Named("force_remediation", Quote(e.error.value));
}
std::string Write(const ForceSkip&) { return "force_skip"; }
std::string Write(const GotoTopic& e) { return Named("goto_topic", Quote(e.topic.value)); }
std::string Write(const RetryCall&) { return "retry"; }
std::string Write(const End& e) { return Named("end", Quote(e.reason)); }
std::string Write(const Shutdown& e) { return Named("shutdown", Quote(e.reason)); }
std::string Write(const InvariantViolated& e) { return Named("invariant_violated", Quote(e.what)); }

// What is written only where it is said: transcripts of before stay as they are.
std::string Options(const Question& q) {
  std::string text;
  if (q.relative_tolerance != 0) text += " relative_tolerance=" + Number(q.relative_tolerance);
  if (q.significant_figures != 0) {
    text += " significant_figures=" + std::to_string(q.significant_figures);
  }
  if (q.partial_credit) text += " partial_credit";
  return text;
}

std::string SupervisionOf(const Context& context) {
  if (context.supervision == Supervision::kNone) return "";
  return " supervision=" + std::string(Name(context.supervision)) +
         " undecided=" + std::string(Name(context.undecided)) +
         " decide_s=" + std::to_string(context.decide_s);
}

}  // namespace

std::string Quote(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string quoted = "\"";
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += {'\\', c};
    } else if (c == '\n') {
      quoted += "\\n";
    } else if (c == '\r') {
      quoted += "\\r";
    } else if (c == '\t') {
      quoted += "\\t";
    } else if (byte < 0x20 || byte == 0x7F) {
      quoted += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

std::string Number(double value) {
  std::array<char, 64> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  return std::string(digits.data(), end.ptr);
}

std::string Write(const Origin& origin) {
  return std::visit([](const auto& state) { return Write(state); }, origin);
}

std::string Write(const Call& call) {
  return "{" + call.id.value + " " + std::string(Name(call.tool)) +
         " origin=" + Write(call.origin) + " duration=" + std::to_string(call.duration_ms) +
         " locked=" + std::to_string(call.locked_ms) + " cause=" + Quote(call.cause.value) +
         " question=" + Quote(call.question.value) + " text=" + Quote(call.text) +
         " error=" + Quote(call.error.value) + " strategy=" + std::string(Name(call.strategy)) +
         " level=" + std::to_string(call.level) + " attempt=" + std::to_string(call.attempt) +
         " topic=" + Quote(call.topic.value) + "}";
}

std::string Write(const Draft& d) {
  return "{" + Write(d.call) + " text=" + Quote(d.text) + " authored=" + Quote(d.authored) +
         " question=" + (d.question ? Write(*d.question) : std::string("none")) +
         " error=" + Quote(d.error.value) + " due=" + std::to_string(d.due_ms) +
         " provider=" + Quote(d.provider) + " model=" + Quote(d.model) + "}";
}

std::string Write(const Question& q) {
  return "{" + Quote(q.id.value) + " " + std::string(Name(q.format)) + " text=" + Quote(q.text) +
         " choices=" + Strings(q.choices) + " answers=" + Strings(q.answers) +
         " tolerance=" + Number(q.tolerance) + " unit=" + Quote(q.unit) + Options(q) +
         " hints=" + Strings(q.hints) +
         " known_errors=" + List(q.known_errors, [](const KnownError& e) { return Write(e); }) +
         " solution=" + Quote(q.solution) + "}";
}

std::string Write(const QuestionView& q) {
  return "{" + Quote(q.id.value) + " " + std::string(Name(q.format)) + " text=" + Quote(q.text) +
         " choices=" + Strings(q.choices) + "}";
}

std::string Write(const Attempt& attempt) {
  return "{" + Quote(attempt.answer) + " " + std::string(Name(attempt.verdict)) +
         (attempt.error ? " error=" + Quote(attempt.error->value) : std::string()) + "}";
}

std::string Write(const Context& context) {
  return "context={tone=" + Quote(context.tone) + " persona=" + Quote(context.persona) +
         " objectives=" + Strings(context.objectives) + " language=" + Quote(context.language) +
         SupervisionOf(context) + "}";
}

std::string Write(const HistoryEntry& entry) {
  return "{" + std::to_string(entry.index) + " at=" + std::to_string(entry.at_ms) + " " +
         std::string(Name(entry.role)) + " " + entry.kind + " " + Quote(entry.text) + "}";
}

std::string Write(const Timer& timer) {
  return "{" + std::string(Name(timer.kind)) + " " + timer.token +
         " due=" + std::to_string(timer.due_ms) + "}";
}

std::string_view Name(Encoding encoding) {
  return encoding == Encoding::kJson ? "json" : "protobuf";
}

std::string Write(const AttachedClient& client) {
  return client.id.value + "(" + std::string(Name(client.encoding)) + ")";
}

std::string Write(const EventKind& kind) {
  return std::visit([](const auto& event) { return Write(event); }, kind);
}

}  // namespace lyceum::tutor::dump
