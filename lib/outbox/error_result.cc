#include "outbox/error_result.h"

#include <fmt/format.h>

#include "base/check.h"
#include "envelope/codec.h"
#include "tutor/names.h"

namespace lyceum::outbox {
namespace {

std::string TextOf(Failure why, uint32_t attempt, std::string_view tool) {
  switch (why) {
    case Failure::kLost:
      return fmt::format("the workers that ran {} were lost, {} in all", tool, attempt);
    case Failure::kDeadline:
      return fmt::format("{} did not end before its deadline", tool);
    case Failure::kUnavailable:
      return fmt::format("no tool worker serves {}: start one", tool);
    case Failure::kRefused:
      return fmt::format("the request to {} is larger than the server takes", tool);
  }
  CheckFailed(__FILE__, __LINE__, "a value of the enum");
}

}  // namespace

std::string_view CodeOf(Failure why) {
  switch (why) {
    case Failure::kLost:
      return "lost";
    case Failure::kDeadline:
      return "deadline";
    case Failure::kUnavailable:
      return "unavailable";
    case Failure::kRefused:
      return "too_large";
  }
  CheckFailed(__FILE__, __LINE__, "a value of the enum");
}

tutor::Event ErrorEvent(const FailCall& failed, tutor::Tool tool) {
  tutor::ToolError error;
  error.code = CodeOf(failed.why);
  error.retryable = failed.why != Failure::kRefused;
  error.text = TextOf(failed.why, failed.attempt, tutor::Name(tool));
  tutor::ToolReply reply;
  reply.call = failed.id;
  reply.attempt = failed.attempt;
  reply.outcome = std::move(error);
  reply.worker = "dispatcher";
  tutor::Event event;
  event.id = EventId(failed.id.value + "-error");
  event.kind = tutor::ToolResult{std::move(reply)};
  return event;
}

std::string WithAttempt(const std::string& request, uint32_t attempt, envelope::Encoding encoding) {
  if (attempt == 1 && envelope::EncodingOf({}, request) == encoding) return request;
  auto decoded = envelope::DecodeToolRequest(request, envelope::EncodingOf({}, request));
  CHECK(decoded);
  decoded->attempt = attempt;
  return envelope::EncodeToolRequest(*decoded, encoding);
}

}  // namespace lyceum::outbox
