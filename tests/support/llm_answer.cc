#include "support/llm_answer.h"

#include <strings.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "support/llm_events.h"

namespace lyceum::test {
namespace {

using nlohmann::json;

std::string StringOf(const json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : "";
}

// A content is a string, or a list of blocks of which some are text.
std::string TextOf(const json& content) {
  if (content.is_string()) return content.get<std::string>();
  std::string text;
  if (!content.is_array()) return text;
  for (const json& block : content) {
    if (block.is_object()) text += StringOf(block, "text");
  }
  return text;
}

std::string NestedType(const json& body, const char* outer, const char* inner) {
  const auto it = body.find(outer);
  if (it == body.end() || !it->is_object()) return "";
  if (*inner == '\0') return StringOf(*it, "type");
  const auto deeper = it->find(inner);
  return deeper != it->end() && deeper->is_object() ? StringOf(*deeper, "type") : "";
}

bool ForcesTool(const json& body) {
  const std::string choice = NestedType(body, "tool_choice", "");
  return choice == "tool" || choice == "any" || choice == "function" ||
         StringOf(body, "tool_choice") == "required";
}

// The words of the vendors for a status.
std::string ErrorType(bool anthropic, int status) {
  if (!anthropic) {
    if (status == 401) return "authentication_error";
    if (status == 429) return "rate_limit_exceeded";
    return status >= 500 ? "server_error" : "invalid_request_error";
  }
  switch (status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 413:
      return "request_too_large";
    case 429:
      return "rate_limit_error";
    case 529:
      return "overloaded_error";
    default:
      return status >= 500 ? "api_error" : "invalid_request_error";
  }
}

// As OpenAI does for a wrong key, the message quotes the key: nobody may pass it on.
std::string ErrorBody(const LlmCall& call, int status, const std::string& said) {
  std::string message = said.empty() ? "status " + std::to_string(status) : said;
  if (status == 401) {
    message = "Incorrect API key provided: " + call.header("x-api-key") +
              call.header("authorization") + ".";
  }
  const std::string type = ErrorType(call.anthropic, status);
  if (call.anthropic) {
    return json{{"type", "error"},
                {"error", {{"type", type}, {"message", message}}},
                {"request_id", "req_" + std::to_string(call.number)}}
        .dump();
  }
  return json{
      {"error", {{"message", message}, {"type", type}, {"param", nullptr}, {"code", nullptr}}}}
      .dump();
}

bool IsErrorEvent(Trouble trouble) {
  return trouble == Trouble::kErrorEvent || trouble == Trouble::kErrorEventLate;
}

// The first byte of a character of several, or npos.
size_t WideCharacter(const std::string& bytes) {
  const auto it = std::find_if(bytes.begin(), bytes.end(),
                               [](char c) { return static_cast<unsigned char>(c) >= 0xc0; });
  return it == bytes.end() ? std::string::npos : static_cast<size_t>(it - bytes.begin());
}

// The troubles of a stream, for a body that is one piece of JSON.
void SpoilWhole(Trouble trouble, bool in_order, std::string body, Answer& answer) {
  const size_t half = body.size() / 2;
  switch (trouble) {
    case Trouble::kStall:
      answer.end = Answer::End::kSilent;
      body.resize(half);
      break;
    case Trouble::kCutInEvent:
    case Trouble::kCutBeforeEnd:
      if (!in_order) answer.end = Answer::End::kCut;
      body.resize(half);
      break;
    case Trouble::kCutInCharacter: {
      if (!in_order) answer.end = Answer::End::kCut;
      const size_t wide = WideCharacter(body);
      body.resize(wide == std::string::npos ? half : wide + 1);
      break;
    }
    case Trouble::kInvalidJson:
      body.resize(half);
      break;
    case Trouble::kHugeBody:
    case Trouble::kHugeEvent:
      answer.end = Answer::End::kEndless;
      body.resize(half);
      answer.parts.push_back({std::move(body)});
      body.assign(16 * 1024, 'a');
      break;
    default:
      break;
  }
  answer.parts.push_back({std::move(body)});
}

// Everything in pieces of that many bytes, the first of a part after the part's wait.
void CutSmall(Answer& answer, size_t bytes, std::chrono::milliseconds gap) {
  std::vector<AnswerPart> small;
  for (const AnswerPart& part : answer.parts) {
    for (size_t at = 0; at < part.bytes.size(); at += bytes) {
      small.push_back({part.bytes.substr(at, bytes), at == 0 ? std::max(part.wait, gap) : gap});
    }
  }
  answer.parts = std::move(small);
}

}  // namespace

std::string LlmCall::header(const std::string& name) const {
  for (const auto& [key, value] : headers) {
    if (strcasecmp(key.c_str(), name.c_str()) == 0) return value;
  }
  return "";
}

uint32_t OutputTokens(const std::string& text) {
  return static_cast<uint32_t>((text.size() + 3) / 4);
}

void ReadCallBody(LlmCall& call) {
  const json body = json::parse(call.body, nullptr, false);
  if (!body.is_object()) return;
  call.model = StringOf(body, "model");
  const auto stream = body.find("stream");
  call.stream = stream != body.end() && stream->is_boolean() && stream->get<bool>();
  if (const auto system = body.find("system"); system != body.end()) call.system = TextOf(*system);
  const auto messages = body.find("messages");
  if (messages != body.end() && messages->is_array()) {
    for (const json& message : *messages) {
      if (!message.is_object() || !message.contains("content")) continue;
      const std::string role = StringOf(message, "role");
      if (role == "user") call.last_user_text = TextOf(message["content"]);
      if (role == "system" || role == "developer") call.system += TextOf(message["content"]);
    }
  }
  const std::string format = NestedType(body, "response_format", "");
  call.wants_schema = format == "json_schema" || format == "json_object" ||
                      NestedType(body, "output_config", "format") == "json_schema" ||
                      ForcesTool(body);
}

Answer MakeAnswer(const LlmCall& call, const LlmReply& reply) {
  Answer answer;
  const Trouble trouble = reply.trouble;
  auto& headers = answer.headers;
  headers.emplace_back("request-id", "req_" + std::to_string(call.number));
  if (!reply.retry_after.empty()) headers.emplace_back("retry-after", reply.retry_after);
  if (!reply.retry_after_ms.empty()) headers.emplace_back("retry-after-ms", reply.retry_after_ms);
  if (!reply.should_retry.empty()) headers.emplace_back("x-should-retry", reply.should_retry);

  if (!reply.raw.empty()) {
    headers.emplace_back("content-type", reply.content_type);
    for (const LlmPiece& piece : reply.raw) answer.parts.push_back({piece.bytes, piece.wait});
    if (reply.raw_end == LlmReply::RawEnd::kCut) answer.end = Answer::End::kCut;
    if (reply.raw_end == LlmReply::RawEnd::kSilent) answer.end = Answer::End::kSilent;
    return answer;
  }
  const bool streamed = call.stream && trouble != Trouble::kNotStreamed;
  if (trouble == Trouble::kNoFirstByte) {
    answer.no_head = true;
    answer.end = Answer::End::kSilent;
  } else if (trouble == Trouble::kStatus || (IsErrorEvent(trouble) && !streamed)) {
    answer.status = trouble == Trouble::kStatus ? reply.status : call.anthropic ? 529 : 503;
    headers.emplace_back("content-type", "application/json");
    answer.parts.push_back({ErrorBody(call, answer.status, reply.error_message)});
  } else if (trouble == Trouble::kRedirect) {
    answer.status = 302;
    headers.emplace_back("location", reply.location);
  } else if (trouble == Trouble::kWrongContentType) {
    headers.emplace_back("content-type", "text/html");
    answer.parts.push_back({"<!doctype html><html><body><h1>It works!</h1></body></html>\n"});
  } else if (streamed) {
    headers.emplace_back("content-type", "text/event-stream; charset=utf-8");
    headers.emplace_back("cache-control", "no-cache");
    AddEvents(call, reply, answer);
  } else {
    headers.emplace_back("content-type", "application/json");
    SpoilWhole(trouble, reply.cut_in_order, WholeBody(call, reply), answer);
  }
  if (trouble == Trouble::kDrip) {
    CutSmall(answer, 1, reply.gap);
  } else if (reply.write_bytes > 0 && answer.end != Answer::End::kEndless) {
    CutSmall(answer, reply.write_bytes, std::chrono::milliseconds(0));
  }
  return answer;
}

}  // namespace lyceum::test
