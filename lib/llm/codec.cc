#include "llm/codec.h"

#include <fmt/format.h>

#include <utility>

#include "base/json_object.h"
#include "llm/anthropic.h"
#include "llm/openai.h"
#include "llm/retry.h"

namespace lyceum::llm {

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

Trouble OfStatus(Api api, int status, std::string_view body) {
  Trouble trouble{fmt::format("http_{}", status), Blame::kRequest};
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
