// Function calling in both wire formats: what a model may call, what it has called, and what came
// of it. Pure.
//
// OpenAI: `tools` with type function; an answer's choices[0].delta.tool_calls, each with an index,
// an id and a name in its first piece, the arguments as text over many; a message of the role tool
// for each result. Compatible servers leave out the index, send the whole call at once, or the
// arguments as an object.
// Anthropic: `tools` with input_schema; a block tool_use whose input comes in input_json_delta, or
// whole in its begin; blocks tool_result in a message of the user.
// Ids are made anew, of nine letters and digits: that is an id with every provider, also with
// another one than the call came from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_object.h"
#include "llm/chat.h"
#include "llm/config.h"

namespace lyceum::llm {

// Of an answer. More calls, and more bytes, are passed over: what is cut shows by its length.
inline constexpr size_t kCallsMax = 8;
inline constexpr size_t kCallNameBytesMax = 64;
inline constexpr size_t kCallArgumentsBytesMax = 8 * 1024;

class FunctionCalls {
 public:
  // choices[0].delta.tool_calls or choices[0].message.tool_calls; anything else is passed over.
  void OnOpenAi(const nlohmann::json& tool_calls);
  // A block tool_use, in an event or whole, and a delta input_json_delta. An index that is not a
  // number is the last one.
  void OnAnthropicBlock(const nlohmann::json& index, const nlohmann::json& block);
  void OnAnthropicDelta(const nlohmann::json& index, std::string_view partial_json);

  bool empty() const { return calls_.empty(); }
  // In their order, without those that have no name.
  std::vector<FunctionCall> calls() const;

 private:
  struct Partial {
    int64_t index = -1;   // -1: it has none.
    std::string wire_id;  // The provider's own.
    FunctionCall call;
  };
  Partial* Find(int64_t index);
  Partial* Add(int64_t index, std::string wire_id);  // Null: there are enough.
  static void Append(Partial* partial, std::string_view arguments);

  std::vector<Partial> calls_;
  bool passing_over_ = false;  // A call that there was no room for.
};

// The fields `tools` and `tool_choice`, written as JSON. Empty: the request has none.
struct FunctionFields {
  std::string tools;
  std::string tool_choice;
};
FunctionFields FieldsOf(Api api, const ChatRequest& chat);

void AddFunctions(const FunctionFields& fields, JsonObject* body);

// A turn with calls or results as messages of the request, with commas between.
std::string FunctionMessages(Api api, const Turn& turn);

}  // namespace lyceum::llm
