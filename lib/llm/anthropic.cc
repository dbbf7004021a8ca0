#include "llm/anthropic.h"

#include <utility>

#include "base/json_object.h"
#include "llm/json.h"

namespace lyceum::llm::anthropic {
namespace {

Finish OfReason(const std::string& reason) {
  if (reason == "end_turn" || reason == "stop_sequence" || reason == "tool_use" ||
      reason == "stop") {
    return Finish::kStop;
  }
  if (reason == "max_tokens" || reason == "length" || reason == "model_context_window_exceeded") {
    return Finish::kLength;
  }
  if (reason == "refusal") return Finish::kRefused;
  return Finish::kUnknown;
}

// An error event, or a body with status 200 that is an error.
Trouble OfError(const Json& error) {
  struct Known {
    std::string_view type;
    Blame blame;
  };
  static constexpr Known kKnown[] = {
      {"overloaded_error", Blame::kPassing},
      {"rate_limit_error", Blame::kPassing},
      {"api_error", Blame::kPassing},
      {"timeout_error", Blame::kPassing},
      {"authentication_error", Blame::kProvider},
      {"permission_error", Blame::kProvider},
      {"not_found_error", Blame::kProvider},
      {"billing_error", Blame::kProvider},
      {"invalid_request_error", Blame::kRequest},
      {"request_too_large", Blame::kRequest},
  };
  const std::string type = TextField(error, "type");
  for (const Known& known : kKnown) {
    if (known.type == type) return {std::string(type), known.blame};
  }
  return {"unknown_error", Blame::kPassing};
}

class AnthropicDecoder : public Decoder {
 public:
  Step OnEvent(const SseEvent& event) override {
    // They say nothing.
    if (event.name == "ping" || event.name == "content_block_stop") return std::string();
    if (IsDone(event.data)) {  // Of proxies that speak another format, too.
      ended_ = true;
      return std::string();
    }
    if (event.name != "error" && IsKeepAlive(event.data)) return std::string();
    const Json json = ParseJson(event.data);
    if (event.name == "error" && !json.is_object()) return OfError({});
    if (!json.is_object()) return Trouble{"bad_json", Blame::kPassing};
    std::string type = TextField(json, "type");
    if (event.name == "error" || (type.empty() && Field(json, "error").is_object())) type = "error";
    if (type == "content_block_start")
      return OnBlock(Field(json, "index"), Field(json, "content_block"));
    if (type == "content_block_delta") return OnDelta(Field(json, "index"), Field(json, "delta"));
    if (type == "error") return OfError(Field(json, "error"));
    if (type == "message_start") {
      TakeUsage(Field(Field(json, "message"), "usage"));
      if (keeps_model_) NoteModel(TextField(Field(json, "message"), "model"));
    } else if (type == "message_delta") {
      TakeUsage(Field(json, "usage"));
      usage_told_ = true;
      const std::string reason = TextField(Field(json, "delta"), "stop_reason");
      // Proxies send one more, without a reason.
      if (finish_ == Finish::kUnknown && !reason.empty()) {
        finish_ = OfReason(reason);
        if (finish_ == Finish::kUnknown) return Trouble{"bad_finish", Blame::kPassing};
      }
      return WithoutControls(std::exchange(whole_input_, {}));
    } else if (type == "message_stop") {
      ended_ = true;
    }
    return std::string();
  }

  Step OnWhole(std::string_view body) override {
    const Json json = ParseJson(body);
    if (!json.is_object()) return Trouble{"bad_json", Blame::kPassing};
    if (TextField(json, "type") == "error" || Field(json, "error").is_object()) {
      return OfError(Field(json, "error"));
    }
    const Json& content = Field(json, "content");
    if (!content.is_array()) return Trouble{"bad_json", Blame::kPassing};
    std::string text;
    for (const Json& block : content) {
      const std::string type = TextField(block, "type");
      if (type == "text") text += TextField(block, "text");
      if (type == "tool_use" && keeps_calls_) {
        calls_.OnAnthropicBlock(Json(), block);
      } else if (type == "tool_use" && Field(block, "input").is_object()) {
        text += Dump(Field(block, "input"));
      }
      if (type == "thinking") Keep(TextField(block, "thinking"), &reasoning_);
    }
    TakeUsage(Field(json, "usage"));
    if (keeps_model_) NoteModel(TextField(json, "model"));
    usage_told_ = true;
    const std::string reason = TextField(json, "stop_reason");
    finish_ = OfReason(reason);
    if (finish_ == Finish::kUnknown && !reason.empty()) {
      return Trouble{"bad_finish", Blame::kPassing};
    }
    ended_ = true;
    return WithoutControls(text);
  }

 private:
  // A block may bring its begin along. The input of a tool is an empty object there, and comes in
  // deltas; of proxies it is whole, and no delta follows.
  Step OnBlock(const Json& index, const Json& block) {
    const std::string type = TextField(block, "type");
    if (type == "tool_use" && keeps_calls_) {
      calls_.OnAnthropicBlock(index, block);
      return std::string();
    }
    const Json& input = Field(block, "input");
    if (type == "tool_use" && input.is_object() && !input.empty()) whole_input_ = Dump(input);
    if (type == "thinking") Keep(TextField(block, "thinking"), &reasoning_);
    if (type != "text") return std::string();
    return WithoutControls(TextField(block, "text"));
  }

  Step OnDelta(const Json& index, const Json& delta) {
    const std::string type = TextField(delta, "type");
    if (type == "text_delta") return WithoutControls(TextField(delta, "text"));
    if (type == "thinking_delta") Keep(TextField(delta, "thinking"), &reasoning_);
    if (type == "input_json_delta" && keeps_calls_) {
      calls_.OnAnthropicDelta(index, TextField(delta, "partial_json"));
      return std::string();
    }
    if (type == "input_json_delta") {
      const std::string piece = TextField(delta, "partial_json");
      if (!piece.empty()) whole_input_.clear();
      return WithoutControls(piece);
    }
    return std::string();
  }

  // Each report replaces the one before, but only in what it names.
  void TakeUsage(const Json& usage) {
    if (!usage.is_object()) return;
    if (usage.contains("input_tokens")) fresh_ = CountField(usage, "input_tokens");
    if (usage.contains("cache_creation_input_tokens")) {
      written_ = CountField(usage, "cache_creation_input_tokens");
    }
    if (usage.contains("cache_read_input_tokens")) {
      usage_.cached_tokens = CountField(usage, "cache_read_input_tokens");
    }
    if (usage.contains("output_tokens")) {
      usage_.output_tokens = CountField(usage, "output_tokens");
    }
    Usage input{fresh_, 0, 0};
    input += Usage{written_, 0, 0};
    input += Usage{usage_.cached_tokens, 0, 0};
    usage_.input_tokens = input.input_tokens;
  }

  std::string whole_input_;  // Of a tool, as long as no delta has come.
  uint32_t fresh_ = 0;
  uint32_t written_ = 0;  // Into the cache.
};

}  // namespace

WireRequest Encode(const Provider& provider, const std::string& model, const ChatRequest& chat) {
  JsonObject body;
  body.Add("model", model).Add("max_tokens", chat.output_tokens_max).Add("stream", true);
  if (const std::string system = SystemText(provider, chat); !system.empty()) {
    body.Add("system", system);
  }
  body.AddJson("messages", Messages(Api::kAnthropic, {}, chat));
  if (!chat.schema.empty()) {
    const Json schema = ParseJson(chat.schema);
    CHECK(schema.is_object());  // It is our own.
    switch (provider.quirks.schema) {
      case SchemaWay::kNative:
        body.AddJson("output_config",
                     Dump({{"format", {{"type", "json_schema"}, {"schema", schema}}}}));
        break;
      case SchemaWay::kTool:
        body.AddJson("tools", Dump(Json::array({{{"name", chat.schema_name},
                                                 {"description", "Takes the answer."},
                                                 {"input_schema", schema}}})));
        body.AddJson("tool_choice", Dump({{"type", "tool"}, {"name", chat.schema_name}}));
        break;
      case SchemaWay::kNone:
      case SchemaWay::kJsonObject:
        break;
    }
  }
  AddFunctions(FieldsOf(Api::kAnthropic, chat), &body);
  WireRequest request;
  request.url = provider.base_url + "/v1/messages";
  request.headers = {{"content-type", "application/json"},
                     {"accept", "text/event-stream"},
                     {"anthropic-version", "2023-06-01"}};
  if (!provider.key.empty()) request.headers.emplace_back("x-api-key", provider.key);
  request.body = body.End();
  return request;
}

std::unique_ptr<Decoder> MakeDecoder() { return std::make_unique<AnthropicDecoder>(); }

}  // namespace lyceum::llm::anthropic
