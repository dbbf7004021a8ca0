#include "llm/codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/json_object.h"
#include "llm/anthropic.h"
#include "llm/openai.h"
#include "llm/retry.h"

namespace lyceum::llm {
namespace {

constexpr std::string_view kSpace = " \t\r\n";
constexpr size_t kErrorBytesRead = 4096;

// Matched with words known here, and not quoted.
About AboutOf(std::string_view body) {
  std::string text(body.substr(0, kErrorBytesRead));
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto has = [&](std::initializer_list<std::string_view> words) {
    return std::any_of(words.begin(), words.end(),
                       [&](std::string_view word) { return text.find(word) != std::string::npos; });
  };
  if (has({"context length", "context_length", "context size", "context window", "maximum context",
           "prompt is too long", "exceed_context"})) {
    return About::kContext;
  }
  if (has({"stream_options", "include_usage"})) return About::kStreamUsage;
  if (has({"response_format", "json_schema", "output_config", "output_format", "tool_choice",
           "structured output", "grammar", "guided", "schema"})) {
    return About::kSchema;
  }
  if (has({"max_completion_tokens", "max_tokens"})) return About::kMaxTokens;
  return About::kUnknown;
}

}  // namespace

WireRequest Encode(const Provider& provider, const std::string& model, const ChatRequest& chat) {
  switch (provider.api) {
    case Api::kAnthropic:
      return anthropic::Encode(provider, model, chat);
    case Api::kOpenAi:
      return openai::Encode(provider, model, chat);
  }
  CheckFailed(__FILE__, __LINE__, "a value of the enum");
}

std::unique_ptr<Decoder> MakeDecoder(Api api) {
  switch (api) {
    case Api::kAnthropic:
      return anthropic::MakeDecoder();
    case Api::kOpenAi:
      return openai::MakeDecoder();
  }
  CheckFailed(__FILE__, __LINE__, "a value of the enum");
}

void Decoder::NoteModel(std::string name) {
  constexpr size_t kNameBytesMax = 128;
  constexpr std::string_view kOfNames =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:/@-";
  if (name.size() > kNameBytesMax || name.find_first_not_of(kOfNames) != name.npos) return;
  model_ = std::move(name);
}

void Decoder::Keep(std::string_view more, std::string* aside) {
  aside->append(more.substr(0, kAsideBytesMax - std::min(aside->size(), kAsideBytesMax)));
}

bool IsKeepAlive(std::string_view data) {
  const size_t begin = data.find_first_not_of(kSpace);
  return begin == std::string_view::npos || data[begin] == ':';
}

bool IsDone(std::string_view data) {
  const size_t begin = data.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return false;
  return data.substr(begin, data.find_last_not_of(kSpace) - begin + 1) == "[DONE]";
}

Trouble OfStatus(Api api, int status, std::string_view body) {
  Trouble trouble{fmt::format("http_{}", status), Blame::kRequest};
  if (status == 400 || status == 413 || status == 422 || status == 501) {
    trouble.about = AboutOf(body);
    if (trouble.about == About::kContext) trouble.outcome = "context_length_exceeded";
  }
  if (status == 501 && trouble.about != About::kUnknown) return trouble;
  if (IsRetriedStatus(status)) {
    trouble.blame = Blame::kPassing;
    // An account without money answers like one that is too fast, but waiting does not help it.
    if (status == 429 && api == Api::kOpenAi && openai::IsOutOfQuota(body)) {
      trouble.blame = Blame::kProvider;
    }
  } else if (status < 400 || status == 401 || status == 402 || status == 403 || status == 404 ||
             status == 405) {
    trouble.blame = Blame::kProvider;
  }
  return trouble;
}

std::optional<Quirks> Milder(Api api, const Quirks& quirks, const Quirks& configured,
                             bool with_schema, const Trouble& trouble) {
  if (trouble.blame != Blame::kRequest) return std::nullopt;
  Quirks milder = quirks;
  switch (trouble.about) {
    case About::kContext:
      return std::nullopt;
    case About::kStreamUsage:
      if (!quirks.stream_usage) return std::nullopt;
      milder.stream_usage = false;
      return milder;
    case About::kMaxTokens:
      // The other name, once.
      if (api != Api::kOpenAi || quirks.max_tokens_field != configured.max_tokens_field) {
        return std::nullopt;
      }
      milder.max_tokens_field =
          quirks.max_tokens_field == "max_tokens" ? "max_completion_tokens" : "max_tokens";
      return milder;
    case About::kUnknown:
    case About::kSchema:
      break;
  }
  const bool of_form = trouble.outcome == "http_400" || trouble.outcome == "http_422" ||
                       trouble.outcome == "http_501" || trouble.outcome == "invalid_request_error";
  if (!with_schema || !of_form) return std::nullopt;
  switch (quirks.schema) {
    case SchemaWay::kNative:
      milder.schema = api == Api::kOpenAi ? SchemaWay::kJsonObject : SchemaWay::kTool;
      return milder;
    case SchemaWay::kJsonObject:
    case SchemaWay::kTool:
      milder.schema = SchemaWay::kNone;
      return milder;
    case SchemaWay::kNone:
      return std::nullopt;
  }
  CheckFailed(__FILE__, __LINE__, "a value of the enum");
}

std::string SystemText(const Provider& provider, const ChatRequest& chat) {
  const SchemaWay way = provider.quirks.schema;
  if (chat.schema.empty() || way == SchemaWay::kNative || way == SchemaWay::kTool) {
    return chat.system;
  }
  return fmt::format(
      "{}{}Answer with one JSON object that fits this JSON schema, and with nothing else:\n{}",
      chat.system, chat.system.empty() ? "" : "\n\n", chat.schema);
}

std::string Messages(Api api, std::string_view system, const ChatRequest& chat) {
  std::string messages = "[";
  const auto add = [&](std::string_view role, std::string_view content) {
    JsonObject message;
    message.Add("role", role).Add("content", content);
    messages.append(messages.size() > 1 ? "," : "").append(message.End());
  };
  if (!system.empty()) add("system", system);
  for (const Turn& turn : chat.turns) {
    if (!turn.calls.empty() || !turn.results.empty()) {
      messages.append(messages.size() > 1 ? "," : "").append(FunctionMessages(api, turn));
      continue;
    }
    add(turn.role == Turn::Role::kUser ? "user" : "assistant", turn.text);
  }
  return messages + "]";
}

std::string WithoutControls(std::string_view utf8) {
  std::string text;
  text.reserve(utf8.size());
  for (size_t i = 0; i < utf8.size(); ++i) {
    const auto c = static_cast<unsigned char>(utf8[i]);
    if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f) continue;
    // U+0080 to U+009F are C2 80 to C2 9F.
    if (c == 0xc2 && i + 1 < utf8.size() && static_cast<unsigned char>(utf8[i + 1]) < 0xa0) {
      ++i;
      continue;
    }
    text += utf8[i];
  }
  return text;
}

}  // namespace lyceum::llm
