#include "toolhost/tool_reply.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/token.h"
#include "tutor/limits.h"

namespace lyceum::toolhost {
namespace {

constexpr size_t kOverheadBytes = 4096;  // Subject and headers.

std::string Encode(const Replier& replier, const envelope::ToolRequest& request, ToolAnswer answer,
                   int64_t latency_ms) {
  tutor::ToolReply reply;
  reply.call = request.id;
  reply.attempt = request.attempt;
  reply.outcome = std::move(answer.outcome);
  reply.worker = replier.worker;
  reply.provider = answer.provider.empty() ? replier.provider : answer.provider;
  reply.model = answer.model;
  reply.latency_ms = static_cast<uint32_t>(std::clamp<int64_t>(latency_ms, 0, UINT32_MAX));
  reply.input_tokens = answer.usage.input_tokens;
  reply.output_tokens = answer.usage.output_tokens;
  reply.cached_tokens = answer.usage.cached_tokens;
  reply.degraded = answer.degraded;
  reply.attempts_made = answer.attempts;
  reply.fallbacks = answer.fallbacks;
  reply.first_text_ms = answer.first_text_ms;
  reply.functions = std::move(answer.functions);
  reply.authored = CutUtf8(answer.authored, tutor::kToolTextBytesMax);
  tutor::Event event;
  event.id = EventId(request.id.value);
  event.kind = tutor::ToolResult{std::move(reply)};
  return envelope::EncodeEvent(event, envelope::Encoding::kProtobuf, request.trace);
}

}  // namespace

ResultMessage ReplyMessage(const Replier& replier, const envelope::ToolRequest& request,
                           ToolAnswer answer, int64_t latency_ms) {
  ResultMessage message;
  message.subject = replier.subjects.In(envelope::RecordClass::kTool, request.user);
  ToolAnswer too_large = ToolErrorOf(tutor::ErrorCode::kBadResult, false,
                                     "The result is larger than a message may be.");
  too_large.provider = answer.provider;
  too_large.model = answer.model;
  too_large.usage = answer.usage;
  too_large.attempts = answer.attempts;
  too_large.fallbacks = answer.fallbacks;
  message.data = Encode(replier, request, std::move(answer), latency_ms);
  if (message.data.size() + kOverheadBytes > replier.payload_bytes_max) {
    message.data = Encode(replier, request, std::move(too_large), latency_ms);
  }
  return message;
}

ResultMessage FunctionReplyMessage(const Replier& replier, const envelope::FunctionRequest& request,
                                   FunctionAnswer answer, int64_t latency_ms, bool* error) {
  envelope::FunctionResult result;
  result.id = request.id;
  result.attempt = request.attempt;
  result.name = request.name;
  result.worker = replier.worker;
  result.latency_ms = static_cast<uint32_t>(std::clamp<int64_t>(latency_ms, 0, UINT32_MAX));
  result.outcome = std::move(answer);
  const auto* json = std::get_if<std::string>(&result.outcome);
  if (json != nullptr && json->size() > envelope::kFunctionResultBytesMax) {
    result.outcome = ToolErrorOf("bad_result", false, "The result is larger than 16 KiB.");
  } else if (json != nullptr && !IsUtf8(*json)) {
    result.outcome = ToolErrorOf("bad_result", false, "The result is not UTF-8.");
  }
  *error = std::holds_alternative<tutor::ToolError>(result.outcome);
  return {request.reply_subject,
          envelope::EncodeFunctionResult(result, envelope::Encoding::kProtobuf), false};
}

std::optional<envelope::ToolRequest> PeekRequest(std::string_view data) {
  const auto json = nlohmann::json::parse(data, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  const auto text = [&](const char* name) {
    const auto found = json.find(name);
    return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  envelope::ToolRequest request;
  request.id = CallId(text("id"));
  request.user = UserId(text("user"));
  const bool usable = !request.id.empty() && request.id.value.size() <= tutor::kEventIdBytesMax &&
                      IsUtf8(request.id.value) && IsToken(request.user.value);
  if (!usable) return std::nullopt;
  return request;
}

std::string RequestProblem(const envelope::Subjects& subjects, const envelope::ToolRequest& request,
                           tutor::Tool subscribed) {
  if (request.tool != subscribed) return "The request came on the subject of another tool.";
  if (request.args.index() != static_cast<size_t>(request.tool)) {
    return "The arguments are those of another tool.";
  }
  if (request.reply_subject != subjects.In(envelope::RecordClass::kTool, request.user)) {
    return "The reply subject is not the one of the user.";
  }
  return {};
}

bool IsStreamed(const envelope::Subjects& subjects, const envelope::ToolRequest& request) {
  if (!tutor::Speaks(request.tool)) return false;
  const std::vector<envelope::StreamTarget> targets = envelope::StreamTargetsOf(request);
  const auto is_client = [&](const envelope::StreamTarget& target) {
    const std::string token = target.subject.substr(target.subject.rfind('.') + 1);
    return IsToken(token) && target.subject == subjects.Out(ClientId(token));
  };
  return !targets.empty() && std::all_of(targets.begin(), targets.end(), is_client);
}

}  // namespace lyceum::toolhost
