#include "llm/openai.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <iterator>
#include <optional>
#include <utility>

#include "base/json_object.h"
#include "llm/json.h"

namespace lyceum::llm::openai {
namespace {

Finish OfReason(std::string reason) {
  std::transform(reason.begin(), reason.end(), reason.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  static constexpr std::string_view kStops[] = {"stop",          "tool_calls", "function_call",
                                                "eos",           "eos_token",  "end_turn",
                                                "stop_sequence", "complete"};
  static constexpr std::string_view kLengths[] = {"length", "max_tokens", "model_length"};
  static constexpr std::string_view kRefusals[] = {"content_filter", "safety", "refusal"};
  const auto is_of = [&](const auto& words) {
    return std::find(std::begin(words), std::end(words), reason) != std::end(words);
  };
  if (is_of(kStops)) return Finish::kStop;
  if (is_of(kLengths)) return Finish::kLength;
  if (is_of(kRefusals)) return Finish::kRefused;
  return Finish::kUnknown;
}

// A status in the place of a word: a number, or its digits.
std::optional<int> StatusIn(const Json& error) {
  for (const char* name : {"code", "status", "status_code"}) {
    const Json& field = Field(error, name);
    int status = 0;
    if (field.is_number_integer()) {
      status = field.get<int>();
    } else if (const std::string text = TextField(error, name); text.size() == 3) {
      std::from_chars(text.data(), text.data() + text.size(), status);
    }
    if (status >= 400 && status <= 599) return status;
  }
  return std::nullopt;
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
  // Of an answer that had begun with status 200: the number alone says little.
  if (const std::optional<int> status = StatusIn(error)) {
    return {"unknown_error", OfStatus(Api::kOpenAi, *status, {}).blame};
  }
  return {"unknown_error", Blame::kPassing};
}

bool SaysSomething(const Json& error) {
  if (error.is_object() || error.is_array()) return !error.empty();
  if (error.is_string()) return !error.get_ref<const std::string&>().empty();
  return error.is_number() || (error.is_boolean() && error.get<bool>());
}

// An error comes as a field, of any type; as an object that says it is one; or with a choice.
std::optional<Trouble> ErrorIn(const Json& json) {
  if (const Json& error = Field(json, "error"); SaysSomething(error)) return OfError(error);
  if (TextField(json, "object") == "error" || TextField(json, "type") == "error") {
    return OfError(json);
  }
  const Json& choices = Field(json, "choices");
  if (!choices.is_array() || choices.empty()) return std::nullopt;
  if (const Json& error = Field(choices[0], "error"); SaysSomething(error)) return OfError(error);
  return std::nullopt;
}

// A content is a text, or a list of parts, of which those of text are.
std::string ContentOf(const Json& message) {
  const Json& content = Field(message, "content");
  if (content.is_string()) return content.get<std::string>();
  std::string text;
  if (!content.is_array()) return text;
  for (const Json& part : content) {
    const std::string type = TextField(part, "type");
    if (part.is_string()) text += part.get<std::string>();
    if (type.empty() || type == "text" || type == "output_text") text += TextField(part, "text");
  }
  return text;
}

std::string ReasoningOf(const Json& message) {
  std::string text = TextField(message, "reasoning_content");
  if (text.empty()) text = TextField(message, "reasoning");
  return text;
}

// The input of a tool, in pieces of text; with some servers as an object.
std::string ToolInputOf(const Json& message) {
  std::string input;
  const auto add = [&](const Json& function) {
    const Json& arguments = Field(function, "arguments");
    input += arguments.is_object() ? Dump(arguments) : TextField(function, "arguments");
  };
  const Json& calls = Field(message, "tool_calls");
  if (calls.is_array()) {
    for (const Json& call : calls) add(Field(call, "function"));
  }
  add(Field(message, "function_call"));
  return input;
}

class OpenAiDecoder : public Decoder {
 public:
  Step OnEvent(const SseEvent& event) override {
    if (IsDone(event.data)) {
      ended_ = true;
      return std::string();
    }
    if (event.name != "error" && IsKeepAlive(event.data)) return std::string();
    const Json json = ParseJson(event.data);
    if (std::optional<Trouble> error = ErrorIn(json)) return *std::move(error);
    if (event.name == "error") return OfError(json);
    if (!json.is_object()) return Trouble{"bad_json", Blame::kPassing};
    return OnChoices(json, "delta", "message");
  }

  Step OnWhole(std::string_view body) override {
    const Json json = ParseJson(body);
    if (!json.is_object()) return Trouble{"bad_json", Blame::kPassing};
    if (std::optional<Trouble> error = ErrorIn(json)) return *std::move(error);
    if (!Field(json, "choices").is_array()) return Trouble{"bad_json", Blame::kPassing};
    ended_ = true;
    return OnChoices(json, "message", "delta");
  }

 private:
  // `where` the answer stands, or else, with some servers.
  Step OnChoices(const Json& json, const char* where, const char* or_where) {
    if (keeps_model_ && model_.empty()) NoteModel(TextField(json, "model"));
    if (const Json& usage = Field(json, "usage"); usage.is_object()) {
      usage_ = {CountField(usage, "prompt_tokens"), CountField(usage, "completion_tokens"),
                CountField(Field(usage, "prompt_tokens_details"), "cached_tokens")};
      usage_told_ = true;
    }
    const Json& choices = Field(json, "choices");
    if (!choices.is_array() || choices.empty()) return std::string();
    const bool here = Field(choices[0], where).is_object();
    const Json& said = Field(choices[0], here ? where : or_where);
    Keep(ToolInputOf(said), &tool_input_);
    Keep(ReasoningOf(said), &reasoning_);
    // The words of a refusal are no answer.
    if (!TextField(said, "refusal").empty()) finish_ = Finish::kRefused;
    const std::string reason = TextField(choices[0], "finish_reason");
    if (finish_ == Finish::kUnknown && !reason.empty()) {
      finish_ = OfReason(reason);
      // "error", "abort", and whatever else it calls it: not the end that was meant.
      if (finish_ == Finish::kUnknown) return Trouble{"bad_finish", Blame::kPassing};
    }
    if (keeps_calls_) calls_.OnOpenAi(Field(said, "tool_calls"));
    return WithoutControls(ContentOf(said));
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
