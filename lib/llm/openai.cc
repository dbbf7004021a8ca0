#include "llm/openai.h"

#include <utility>

#include "base/json_object.h"
#include "llm/json.h"

namespace lyceum::llm::openai {
namespace {

Finish OfReason(const std::string& reason) {
  if (reason == "stop" || reason == "tool_calls") return Finish::kStop;
  if (reason == "length") return Finish::kLength;
  if (reason == "content_filter") return Finish::kRefused;
  return Finish::kUnknown;
}

// The word stands in `type` or in `code`; `code` is a status as a number with some servers.
Trouble OfError(const Json& error) {
  struct Known {
    std::string_view word;
    Blame blame;
  };
  static constexpr Known kKnown[] = {
      {"insufficient_quota", Blame::kProvider},
      {"invalid_api_key", Blame::kProvider},
      {"authentication_error", Blame::kProvider},
      {"model_not_found", Blame::kProvider},
      {"permission_error", Blame::kProvider},
      {"content_filter", Blame::kAnswer},
      {"context_length_exceeded", Blame::kRequest},
      {"rate_limit_exceeded", Blame::kPassing},
      {"rate_limit_error", Blame::kPassing},
      {"overloaded_error", Blame::kPassing},
      {"server_error", Blame::kPassing},
      {"api_error", Blame::kPassing},
      {"timeout", Blame::kPassing},
      {"invalid_request_error", Blame::kRequest},
  };
  for (const Known& known : kKnown) {
    if (TextField(error, "code") != known.word && TextField(error, "type") != known.word) continue;
    if (known.blame == Blame::kAnswer) return {"refused", known.blame};
    return {std::string(known.word), known.blame};
  }
  return {"unknown_error", Blame::kPassing};
}

// An error is an object, or, with some servers, a text.
bool IsError(const Json& json) {
  const Json& error = Field(json, "error");
  return error.is_object() || error.is_string();
}

class OpenAiDecoder : public Decoder {
 public:
  Step OnEvent(const SseEvent& event) override {
    if (event.data == "[DONE]") {
      ended_ = true;
      return std::string();
    }
    const Json json = ParseJson(event.data);
    if (!json.is_object()) return Trouble{"bad_json", Blame::kPassing};
    if (IsError(json)) return OfError(Field(json, "error"));
    return OnChoices(json, "delta");
  }

  Step OnWhole(std::string_view body) override {
    const Json json = ParseJson(body);
    if (!json.is_object()) return Trouble{"bad_json", Blame::kPassing};
    if (IsError(json)) return OfError(Field(json, "error"));
    if (!Field(json, "choices").is_array()) return Trouble{"bad_json", Blame::kPassing};
    ended_ = true;
    return OnChoices(json, "message");
  }

 private:
  Step OnChoices(const Json& json, const char* where) {
    if (const Json& usage = Field(json, "usage"); usage.is_object()) {
      usage_ = {CountField(usage, "prompt_tokens"), CountField(usage, "completion_tokens"),
                CountField(Field(usage, "prompt_tokens_details"), "cached_tokens")};
      usage_told_ = true;
    }
    const Json& choices = Field(json, "choices");
    if (!choices.is_array() || choices.empty()) return std::string();
    const Json& said = Field(choices[0], where);
    // The words of a refusal are no answer.
    if (!TextField(said, "refusal").empty()) finish_ = Finish::kRefused;
    if (finish_ == Finish::kUnknown) finish_ = OfReason(TextField(choices[0], "finish_reason"));
    if (keeps_calls_) calls_.OnOpenAi(Field(said, "tool_calls"));
    return WithoutControls(TextField(said, "content"));
  }
};

}  // namespace

WireRequest Encode(const Provider& provider, const std::string& model, const ChatRequest& chat) {
  JsonObject body;
  body.Add("model", model)
      .Add(provider.quirks.max_tokens_field, chat.output_tokens_max)
      .Add("stream", true);
  if (provider.quirks.stream_usage) body.AddJson("stream_options", R"({"include_usage":true})");
  body.AddJson("messages", Messages(Api::kOpenAi, SystemText(provider, chat), chat));
  if (!chat.schema.empty()) {
    const Json schema = ParseJson(chat.schema);
    CHECK(schema.is_object());  // It is our own.
    switch (provider.quirks.schema) {
      case SchemaWay::kNative:
        body.AddJson("response_format",
                     Dump({{"type", "json_schema"},
                           {"json_schema",
                            {{"name", chat.schema_name}, {"strict", true}, {"schema", schema}}}}));
        break;
      case SchemaWay::kJsonObject:
        body.AddJson("response_format", R"({"type":"json_object"})");
        break;
      case SchemaWay::kNone:
      case SchemaWay::kTool:
        break;
    }
  }
  AddFunctions(FieldsOf(Api::kOpenAi, chat), &body);
  WireRequest request;
  request.url = provider.base_url + "/chat/completions";
  request.headers = {{"content-type", "application/json"}, {"accept", "text/event-stream"}};
  if (!provider.key.empty())
    request.headers.emplace_back("authorization", "Bearer " + provider.key);
  request.body = body.End();
  return request;
}

std::unique_ptr<Decoder> MakeDecoder() { return std::make_unique<OpenAiDecoder>(); }

bool IsOutOfQuota(std::string_view body) {
  const Json json = ParseJson(body);
  return !json.is_discarded() && OfError(Field(json, "error")).outcome == "insufficient_quota";
}

}  // namespace lyceum::llm::openai
