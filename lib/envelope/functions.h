// Functions: tools of any name that the tutor's model calls. A ToolRequest with args.function to
// lyceum.tool.<name>, from a tool worker; the answer is an Event with a ToolResult to an inbox of
// that tool worker. Neither is ever a record of the log.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/ids.h"
#include "base/result.h"
#include "envelope/encoding.h"
#include "tutor/call.h"

namespace lyceum::envelope {

inline constexpr size_t kFunctionArgumentsBytesMax = 8 * 1024;
inline constexpr size_t kFunctionResultBytesMax = 16 * 1024;

// [a-z][a-z0-9_]{0,63}, and none of the tools that sessions ask for.
bool IsFunctionName(std::string_view name);

// The reply subjects of functions are below it: those of the role tool_worker.
inline constexpr std::string_view kFunctionReplies = "_INBOX.tool_worker.";
// Below it, of tokens, 128 bytes at most.
bool IsFunctionReply(std::string_view subject);

struct FunctionRequest {
  CallId id;
  uint32_t attempt = 1;
  std::string name;
  UserId user;
  int64_t deadline_ms = 0;  // Unix ms.
  std::string reply_subject;
  std::string trace;
  std::string json;  // The arguments.
};
// As JSON: whoever serves the function can read it.
std::string EncodeFunctionRequest(const FunctionRequest& request);
Result<FunctionRequest> DecodeFunctionRequest(std::string_view data, Encoding encoding);

struct FunctionResult {
  CallId id;  // Of the request, as is the attempt.
  uint32_t attempt = 1;
  std::string name;
  std::string worker;
  uint32_t latency_ms = 0;
  std::variant<std::string, tutor::ToolError> outcome;  // JSON, or why there is none.
};
std::string EncodeFunctionResult(const FunctionResult& result, Encoding encoding);
// The JSON inside is text: whether it is JSON is not looked at, nor how much of it there is.
Result<FunctionResult> DecodeFunctionResult(std::string_view data, Encoding encoding);

}  // namespace lyceum::envelope
