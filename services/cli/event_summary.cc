#include "cli/event_summary.h"

#include <variant>

#include "cli/terminal.h"
#include "tutor/names.h"

namespace lyceum::cli {
namespace {

constexpr size_t kTextMax = 60;

std::string Quoted(const std::string& text) { return "\"" + PlainLine(text, kTextMax) + "\""; }

std::string Of(const tutor::Start& start) {
  std::string text = "start " + PlainLine(start.course.value, kTextMax);
  if (!start.topic.empty()) text += " topic " + PlainLine(start.topic.value, kTextMax);
  return text;
}
std::string Of(const tutor::UserMessage& message) {
  const char* intent = message.intent == tutor::Intent::kAnswer     ? "answer "
                       : message.intent == tutor::Intent::kQuestion ? "question "
                                                                    : "";
  return std::string("message ") + intent + Quoted(message.text);
}
std::string Of(const tutor::Hint&) { return "hint"; }
std::string Of(const tutor::Skip&) { return "skip"; }
std::string Of(const tutor::Continue&) { return "continue"; }
std::string Of(const tutor::Attach& attach) {
  return "attach after " + std::to_string(attach.after_n);
}
std::string Of(const tutor::Detach&) { return "detach"; }
std::string Of(const tutor::Stop&) { return "stop"; }
std::string Of(const tutor::Review& review) {
  return "review of " + std::to_string(review.n) + " " + Quoted(review.text);
}
std::string Of(const tutor::Supervise& supervise) {
  std::string text = "supervise " + PlainLine(supervise.draft.value, kTextMax) + " " +
                     std::string(Name(supervise.decision));
  if (supervise.decision != tutor::Decision::kApprove) text += " " + Quoted(supervise.text);
  return text;
}
std::string Of(const tutor::ToolResult& result) {
  const tutor::ToolReply& reply = result.reply;
  std::string text = "tool_result " + PlainLine(reply.call.value, kTextMax);
  if (const auto* error = std::get_if<tutor::ToolError>(&reply.outcome)) {
    return text + " error " + PlainLine(error->code, kTextMax);
  }
  text += " " + std::string(Name(static_cast<tutor::Tool>(reply.outcome.index())));
  if (const auto* check = std::get_if<tutor::CheckAnswerOk>(&reply.outcome)) {
    text += " " + std::string(Name(check->verdict));
  }
  return text;
}
std::string Of(const tutor::TimerFired& timer) {
  return "timer " + PlainLine(timer.token, kTextMax);
}
std::string Of(const tutor::ForceRemediation& force) {
  return "force_remediation " + PlainLine(force.error.value, kTextMax);
}
std::string Of(const tutor::ForceSkip&) { return "force_skip"; }
std::string Of(const tutor::GotoTopic& go) {
  return "goto_topic " + PlainLine(go.topic.value, kTextMax);
}
std::string Of(const tutor::RetryCall&) { return "retry"; }
std::string Of(const tutor::End& end) { return "end " + Quoted(end.reason); }
std::string Of(const tutor::Shutdown& shutdown) { return "shutdown " + Quoted(shutdown.reason); }
std::string Of(const tutor::InvariantViolated&) { return "invariant_violated"; }

}  // namespace

std::string Summary(const tutor::Event& event) {
  return std::visit([](const auto& kind) { return Of(kind); }, event.kind);
}

}  // namespace lyceum::cli
