// Functions: requests and results between tool workers.
#include <algorithm>
#include <utility>

#include "envelope/convert.h"
#include "envelope/functions.h"
#include "envelope/proto_io.h"
#include "tutor/limits.h"
#include "tutor/names.h"

namespace lyceum::envelope {
namespace {

constexpr size_t kNameBytesMax = 64;
constexpr size_t kReplyBytesMax = 128;
constexpr size_t kCodeBytesMax = 64;

std::string NameOf(std::string_view field, const std::string& name, Reader& reader) {
  if (!IsFunctionName(name)) {
    reader.Refuse(field, "must be [a-z][a-z0-9_]{0,63}, and no tool that sessions ask for");
  }
  return name;
}

}  // namespace

bool IsFunctionName(std::string_view name) {
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto is_part = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_'; };
  return !name.empty() && name.size() <= kNameBytesMax && is_letter(name.front()) &&
         std::all_of(name.begin(), name.end(), is_part) && !tutor::Parse<tutor::Tool>(name);
}

bool IsFunctionReply(std::string_view subject) {
  if (!subject.starts_with(kFunctionReplies) || subject.size() > kReplyBytesMax) return false;
  subject.remove_prefix(kFunctionReplies.size());
  while (true) {
    const size_t dot = subject.find('.');
    if (!IsToken(subject.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    subject.remove_prefix(dot + 1);
  }
}

std::string EncodeFunctionRequest(const FunctionRequest& request) {
  v1::ToolRequest out;
  out.set_id(request.id.value);
  out.set_attempt(request.attempt);
  out.set_tool(request.name);
  out.set_user(request.user.value);
  WriteTime(request.deadline_ms, out.mutable_deadline());
  out.set_reply_subject(request.reply_subject);
  out.set_trace(request.trace);
  out.mutable_args()->mutable_function()->set_json(request.json);
  return WriteMessage(out, Encoding::kJson);
}

Result<FunctionRequest> DecodeFunctionRequest(std::string_view data, Encoding encoding) {
  v1::ToolRequest in;
  if (auto parsed = ParseMessage(data, encoding, &in); !parsed) return parsed.error();
  Reader reader;
  FunctionRequest request;
  request.id = CallId(reader.IdText("id", in.id()));
  request.attempt = in.attempt();
  request.name = NameOf("tool", in.tool(), reader);
  request.user = UserId(reader.TokenText("user", in.user()));
  request.deadline_ms = reader.TimeMs("deadline", in.has_deadline(), in.deadline());
  request.reply_subject = in.reply_subject();
  request.trace = reader.IdOrEmpty("trace", in.trace());
  if (!in.args().has_function()) reader.Refuse("args", "must be of a function");
  request.json =
      reader.Text("args.function.json", in.args().function().json(), kFunctionArgumentsBytesMax);
  return reader.Finish(std::move(request));
}

std::string EncodeFunctionResult(const FunctionResult& result, Encoding encoding) {
  v1::Event event;
  event.set_id(result.id.value);
  v1::ToolResult* out = event.mutable_tool_result();
  out->set_id(result.id.value);
  out->set_attempt(result.attempt);
  out->set_tool(result.name);
  out->set_worker(result.worker);
  out->set_latency_ms(result.latency_ms);
  if (const auto* json = std::get_if<std::string>(&result.outcome)) {
    out->mutable_ok()->mutable_function()->set_json(*json);
  } else {
    const auto& error = std::get<tutor::ToolError>(result.outcome);
    out->mutable_error()->set_code(error.code);
    out->mutable_error()->set_retryable(error.retryable);
    out->mutable_error()->set_text(error.text);
  }
  return WriteMessage(event, encoding);
}

Result<FunctionResult> DecodeFunctionResult(std::string_view data, Encoding encoding) {
  v1::Event event;
  if (auto parsed = ParseMessage(data, encoding, &event); !parsed) return parsed.error();
  Reader reader;
  if (!event.has_tool_result()) reader.Refuse("tool_result", "must be set");
  const v1::ToolResult& in = event.tool_result();
  FunctionResult result;
  result.id = CallId(reader.IdText("tool_result.id", in.id()));
  result.attempt = in.attempt();
  result.name = NameOf("tool_result.tool", in.tool(), reader);
  result.worker = reader.IdOrEmpty("tool_result.worker", in.worker());
  result.latency_ms = in.latency_ms();
  if (in.has_error()) {
    result.outcome = tutor::ToolError{
        reader.NotEmpty("tool_result.error.code", in.error().code(), kCodeBytesMax),
        in.error().retryable(),
        reader.Text("tool_result.error.text", in.error().text(), tutor::kToolTextBytesMax)};
  } else if (in.ok().has_function()) {
    result.outcome = in.ok().function().json();
  } else {
    reader.Refuse("tool_result", "one must be set: ok.function, error");
  }
  return reader.Finish(std::move(result));
}

}  // namespace lyceum::envelope
