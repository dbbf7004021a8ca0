#include "llm/function_calls.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "llm/json.h"

namespace lyceum::llm {
namespace {

int64_t IndexOf(const Json& index) {
  return index.is_number_integer() ? index.get<int64_t>() : int64_t{-1};
}

// What stands where an object has to: a model may have written none.
Json ObjectOf(const std::string& arguments) {
  Json json = ParseJson(arguments);
  return json.is_object() ? json : Json::object();
}

}  // namespace

FunctionCalls::Partial* FunctionCalls::Find(int64_t index) {
  const auto found = std::find_if(calls_.rbegin(), calls_.rend(), [&](const Partial& partial) {
    return index < 0 || partial.index == index;
  });
  return found == calls_.rend() ? nullptr : &*found;
}

FunctionCalls::Partial* FunctionCalls::Add(int64_t index, std::string wire_id) {
  passing_over_ = calls_.size() >= kCallsMax;
  if (passing_over_) return nullptr;
  Partial& partial = calls_.emplace_back();
  partial.index = index;
  partial.wire_id = std::move(wire_id);
  return &partial;
}

// One byte more than allowed is kept: so it is seen that there were more.
void FunctionCalls::Append(Partial* partial, std::string_view arguments) {
  std::string& all = partial->call.arguments;
  all += arguments.substr(0, kCallArgumentsBytesMax + 1 - all.size());
}

void FunctionCalls::OnOpenAi(const Json& tool_calls) {
  if (!tool_calls.is_array()) return;
  for (const Json& piece : tool_calls) {
    const int64_t index = IndexOf(Field(piece, "index"));
    const std::string id = TextField(piece, "id");
    const Json& function = Field(piece, "function");
    const std::string name = TextField(function, "name");
    Partial* partial = Find(index);
    // Some number every call 0, or none: another id is another call, and so is a name after a
    // whole one that has no ids.
    const bool another = partial == nullptr || (!id.empty() && id != partial->wire_id) ||
                         (id.empty() && index < 0 && !name.empty());
    if (another) partial = Add(index, id);
    if (partial == nullptr || passing_over_) continue;
    if (partial->call.name.empty()) partial->call.name = name.substr(0, kCallNameBytesMax + 1);
    const Json& arguments = Field(function, "arguments");
    if (arguments.is_string()) Append(partial, arguments.get_ref<const std::string&>());
    if (arguments.is_object()) Append(partial, Dump(arguments));
  }
}

void FunctionCalls::OnAnthropicBlock(const Json& index, const Json& block) {
  Partial* partial = Add(IndexOf(index), TextField(block, "id"));
  if (partial == nullptr) return;
  partial->call.name = TextField(block, "name").substr(0, kCallNameBytesMax + 1);
  const Json& input = Field(block, "input");
  if (input.is_object() && !input.empty()) Append(partial, Dump(input));
}

void FunctionCalls::OnAnthropicDelta(const Json& index, std::string_view partial_json) {
  if (passing_over_) return;
  Partial* partial = Find(IndexOf(index));
  if (partial != nullptr) Append(partial, partial_json);
}

std::vector<FunctionCall> FunctionCalls::calls() const {
  std::vector<FunctionCall> calls;
  for (const Partial& partial : calls_) {
    if (!partial.call.name.empty()) calls.push_back(partial.call);
  }
  return calls;
}

FunctionFields FieldsOf(Api api, const ChatRequest& chat) {
  if (chat.functions.empty()) return {};
  Json tools = Json::array();
  for (const FunctionSpec& function : chat.functions) {
    const Json schema = ParseJson(function.schema);
    CHECK(schema.is_object());  // It was looked at before.
    Json tool = {{"name", function.name}, {"description", function.description}};
    tool[api == Api::kOpenAi ? "parameters" : "input_schema"] = schema;
    if (api == Api::kOpenAi) tool = {{"type", "function"}, {"function", std::move(tool)}};
    tools.push_back(std::move(tool));
  }
  FunctionFields fields;
  fields.tools = Dump(tools);
  if (chat.functions_closed) {
    fields.tool_choice = api == Api::kOpenAi ? R"("none")" : R"({"type":"none"})";
  }
  return fields;
}

void AddFunctions(const FunctionFields& fields, JsonObject* body) {
  if (!fields.tools.empty()) body->AddJson("tools", fields.tools);
  if (!fields.tool_choice.empty()) body->AddJson("tool_choice", fields.tool_choice);
}

std::string FunctionMessages(Api api, const Turn& turn) {
  const bool open_ai = api == Api::kOpenAi;
  if (!turn.calls.empty()) {
    Json calls = Json::array();
    if (!open_ai && !turn.text.empty()) calls.push_back({{"type", "text"}, {"text", turn.text}});
    for (const FunctionCall& call : turn.calls) {
      const Json input = ObjectOf(call.arguments);
      calls.push_back(
          open_ai
              ? Json{{"id", call.id},
                     {"type", "function"},
                     {"function", {{"name", call.name}, {"arguments", Dump(input)}}}}
              : Json{{"type", "tool_use"}, {"id", call.id}, {"name", call.name}, {"input", input}});
    }
    Json message = {{"role", "assistant"}};
    if (open_ai) {
      message["content"] = turn.text;
      message["tool_calls"] = std::move(calls);
    } else {
      message["content"] = std::move(calls);
    }
    return Dump(message);
  }
  std::string messages;
  Json blocks = Json::array();
  for (const FunctionResult& result : turn.results) {
    if (open_ai) {
      if (!messages.empty()) messages += ",";
      messages += Dump({{"role", "tool"}, {"tool_call_id", result.id}, {"content", result.text}});
    } else {
      blocks.push_back(
          {{"type", "tool_result"}, {"tool_use_id", result.id}, {"content", result.text}});
    }
  }
  return open_ai ? messages : Dump({{"role", "user"}, {"content", std::move(blocks)}});
}

}  // namespace lyceum::llm
