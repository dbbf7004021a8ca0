#include "dispatch/error_result.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "base/check.h"
#include "tutor/error_code.h"
#include "tutor/names.h"

namespace lyceum::dispatch {
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
      return fmt::format("the request to {} is larger than the server accepts", tool);
    case Failure::kBadResult:
      return fmt::format("the result of {} could not be read: its worker was told why", tool);
  }
  CheckFailed(__FILE__, __LINE__, "a value of the enum");
}

}  // namespace

std::string_view CodeOf(Failure why) {
  switch (why) {
    case Failure::kLost:
      return tutor::Name(tutor::ErrorCode::kLost);
    case Failure::kDeadline:
      return tutor::Name(tutor::ErrorCode::kDeadline);
    case Failure::kUnavailable:
      return tutor::Name(tutor::ErrorCode::kUnavailable);
    case Failure::kRefused:
      return tutor::Name(tutor::ErrorCode::kTooLarge);
    case Failure::kBadResult:
      return tutor::Name(tutor::ErrorCode::kBadResult);
  }
  CheckFailed(__FILE__, __LINE__, "a value of the enum");
}

tutor::Event ErrorEvent(const CallId& call, tutor::Tool tool, uint32_t attempt, Failure why) {
  tutor::ToolError error;
  error.code = CodeOf(why);
  error.retryable = why != Failure::kRefused;
  error.text = TextOf(why, attempt, tutor::Name(tool));
  tutor::ToolReply reply;
  reply.call = call;
  reply.attempt = attempt;
  reply.outcome = std::move(error);
  reply.worker = "dispatcher";
  tutor::Event event;
  event.id = EventId(call.value + "-error");
  event.kind = tutor::ToolResult{std::move(reply)};
  return event;
}

}  // namespace lyceum::dispatch
