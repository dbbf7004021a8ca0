// Chat: a question to a language model and its answer, in nobody's wire format.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lyceum::llm {

// A function that the model may call: its name is [a-z][a-z0-9_]{0,63}, its schema the JSON schema
// of its arguments, an object.
struct FunctionSpec {
  std::string name;
  std::string description;
  std::string schema;
};
struct FunctionCall {
  std::string id;  // Nine letters and digits, once it stands in a turn.
  std::string name;
  std::string arguments;  // JSON, as the model wrote it: maybe none.
};
struct FunctionResult {
  std::string id;  // Of the call.
  std::string text;
};

struct Turn {
  enum class Role { kUser, kAssistant };
  Role role = Role::kUser;
  std::string text;
  std::vector<FunctionCall> calls{};      // Of the assistant.
  std::vector<FunctionResult> results{};  // Of the user: one for each call of the turn before.
};

struct ChatRequest {
  std::string system;
  std::vector<Turn> turns;  // At least one; the last is the user's.
  uint32_t output_tokens_max = 1024;
  // A JSON schema the answer has to fit; empty: plain text. Asked of the provider where it can, and
  // never trusted: see Client::AskJson.
  std::string schema;
  std::string schema_name;  // [a-z_]{1,64}, where there is a schema.
  // Where there is no schema.
  std::vector<FunctionSpec> functions;
  bool functions_closed = false;  // No more calls are wanted.
};

enum class Finish {
  kStop,     // It said all it had to say.
  kLength,   // Cut by output_tokens_max.
  kRefused,  // The model or its provider would not answer.
  kUnknown,  // The stream ended in order, without saying why.
};

// Cached tokens are part of the input tokens, whatever the provider's own way of counting.
struct Usage {
  uint32_t input_tokens = 0;
  uint32_t output_tokens = 0;
  uint32_t cached_tokens = 0;
  Usage& operator+=(const Usage& other);
};

struct ChatReply {
  std::string text;
  std::vector<FunctionCall> calls;
  // Where some models put a structured answer; never shown.
  std::string tool_input;
  std::string reasoning;
  Finish finish = Finish::kUnknown;
  Usage usage;
};

// What is wrong with an answer, in words that the model is told in the one repair. Empty: nothing.
using Judge = std::function<std::string(std::string_view text)>;

// A guess of the tokens of a text, on the high side: for reservations, never for accounts.
uint32_t TokensAtMost(std::string_view text);
uint32_t InputTokensAtMost(const ChatRequest& chat);

}  // namespace lyceum::llm
