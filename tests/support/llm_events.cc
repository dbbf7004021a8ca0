#include "support/llm_events.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace lyceum::test {
namespace {

using nlohmann::json;

constexpr int64_t kCreated = 1'700'000'000;
// U+E000, of the private use area: stands for bytes that no JSON library would write.
const std::string kMark = "\xee\x80\x80";
const std::string kNotUtf8 = "\xc3\x28\xff";

std::string Dump(const json& value) {
  std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  for (size_t at = text.find(kMark); at != std::string::npos; at = text.find(kMark, at)) {
    text.replace(at, kMark.size(), kNotUtf8);
  }
  return text;
}

// Pieces of about that many bytes, cut between characters.
std::vector<std::string> Pieces(const std::string& text, size_t bytes) {
  std::vector<std::string> pieces;
  size_t begin = 0;
  while (begin < text.size()) {
    size_t end = std::min(text.size(), begin + std::max<size_t>(bytes, 1));
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) ++end;
    pieces.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  return pieces;
}

bool IsTrue(const json& body, const char* outer, const char* inner) {
  const auto it = body.find(outer);
  if (it == body.end() || !it->is_object()) return false;
  const auto deeper = it->find(inner);
  return deeper != it->end() && *deeper == true;
}

// The tool that an Anthropic request forces, or empty.
std::string ForcedTool(const json& body) {
  const auto choice = body.find("tool_choice");
  if (choice == body.end() || !choice->is_object()) return "";
  if (choice->value("type", "") == "tool") return choice->value("name", "");
  const auto tools = body.find("tools");
  const bool any = choice->value("type", "") == "any" && tools != body.end() && tools->is_array() &&
                   !tools->empty() && tools->front().is_object();
  return any ? tools->front().value("name", "") : "";
}

// One answer in one of the formats, event by event.
class Events {
 public:
  Events(const LlmCall& call, const LlmReply& reply)
      : call_(call), reply_(reply), body_(json::parse(call.body, nullptr, false)) {
    if (!body_.is_object()) body_ = json::object();
    if (call.anthropic) tool_ = ForcedTool(body_);
  }

  std::string Begin() const {
    if (!call_.anthropic) {
      return Chunk({{"role", "assistant"}, {"content", ""}, {"refusal", nullptr}}, nullptr);
    }
    json message = Message();
    message["content"] = json::array();
    message["stop_reason"] = nullptr;
    message["usage"] = AnthropicUsage(1);
    json block = {{"type", "text"}, {"text", ""}};
    if (!tool_.empty()) block = ToolBlock(json::object());
    return Typed("message_start", {{"message", message}}) +
           Typed("content_block_start", {{"index", 0}, {"content_block", block}}) +
           Typed("ping", json::object()) + (tool_.empty() ? "" : Text(""));
  }

  std::string Text(const std::string& piece, bool last = false) const {
    if (!call_.anthropic) {
      const bool finish = last && reply_.trouble == Trouble::kFinishWithContent;
      return Chunk({{"content", piece}}, finish ? json(Reason()) : json(nullptr));
    }
    const json delta = tool_.empty() ? json{{"type", "text_delta"}, {"text", piece}}
                                     : json{{"type", "input_json_delta"}, {"partial_json", piece}};
    return Typed("content_block_delta", {{"index", 0}, {"delta", delta}});
  }

  // The functions that it calls, piece by piece.
  std::vector<std::string> Wishes() const {
    std::vector<std::string> events;
    if (call_.anthropic && !reply_.wishes.empty()) {
      events.push_back(Typed("content_block_stop", {{"index", 0}}));
    }
    for (size_t i = 0; i < reply_.wishes.size(); ++i) {
      const std::vector<std::string> pieces =
          Pieces(reply_.wishes[i].arguments, reply_.piece_bytes);
      if (call_.anthropic) {
        events.push_back(
            Typed("content_block_start",
                  {{"index", i + 1}, {"content_block", WishBlock(i, json::object())}}));
        for (const std::string& piece : pieces) {
          const json delta = {{"type", "input_json_delta"}, {"partial_json", piece}};
          events.push_back(Typed("content_block_delta", {{"index", i + 1}, {"delta", delta}}));
        }
        events.push_back(Typed("content_block_stop", {{"index", i + 1}}));
        continue;
      }
      json wish = OpenAiWish(i, "");
      wish["index"] = i;
      events.push_back(Chunk({{"tool_calls", json::array({wish})}}, nullptr));
      for (const std::string& piece : pieces) {
        const json more = {{"index", i}, {"function", {{"arguments", piece}}}};
        events.push_back(Chunk({{"tool_calls", json::array({more})}}, nullptr));
      }
    }
    return events;
  }

  std::string End() const {
    const bool reason = reply_.trouble != Trouble::kNoFinishReason;
    const uint32_t tokens = OutputTokens(reply_.text);
    if (call_.anthropic) {
      return (reply_.wishes.empty() ? Typed("content_block_stop", {{"index", 0}}) : "") +
             Typed("message_delta", {{"delta",
                                      {{"stop_reason", reason ? json(Reason()) : json(nullptr)},
                                       {"stop_sequence", nullptr}}},
                                     {"usage", {{"output_tokens", tokens}}}}) +
             Typed("message_stop", json::object());
    }
    std::string end;
    if (reason && reply_.trouble != Trouble::kFinishWithContent) {
      end += Chunk(json::object(), Reason());
    }
    if (IsTrue(body_, "stream_options", "include_usage")) {
      json chunk = ChunkFrame();
      chunk["choices"] = json::array();
      chunk["usage"] = OpenAiUsage(tokens);
      end += Event("", Dump(chunk));
    }
    return end + Event("", "[DONE]");
  }

  // Harmless: nothing in it.
  std::string Empty() const {
    if (call_.anthropic) return Typed("ping", json::object());
    json chunk = ChunkFrame();
    chunk["choices"] = json::array();
    return Event("", Dump(chunk));
  }

  std::string Comment() const {
    const std::string comment = ": keep-alive" + reply_.line_end + reply_.line_end;
    return call_.anthropic ? comment + Empty() : comment;
  }

  std::string Overloaded() const {
    if (call_.anthropic) {
      return Typed("error", {{"error", {{"type", "overloaded_error"}, {"message", "Overloaded"}}}});
    }
    return Event("", Dump({{"error",
                            {{"message", "The server is overloaded."},
                             {"type", "overloaded_error"},
                             {"param", nullptr},
                             {"code", nullptr}}}}));
  }

  std::string NotJson() const {
    return Event(call_.anthropic ? "content_block_delta" : "", "{\"type\":\"content_block_de");
  }

  // An event that has begun, and never ends.
  std::string HugeEvent() const {
    std::string event = Text("a");
    event.resize(event.rfind("\"a\"") + 2);
    return event;
  }

  std::string Whole() const {
    const Trouble trouble = reply_.trouble;
    const bool empty = trouble == Trouble::kOnlyEmptyChoices;
    const json reason = trouble == Trouble::kNoFinishReason ? json(nullptr) : json(Reason());
    std::string text = reply_.text;
    if (trouble == Trouble::kInvalidUtf8) text.insert(text.size() / 2, kMark);
    const uint32_t tokens = OutputTokens(reply_.text);
    if (call_.anthropic) {
      json message = Message();
      json input = json::parse(text, nullptr, false);
      if (!input.is_object()) input = json::object();
      json block = {{"type", "text"}, {"text", text}};
      if (!tool_.empty()) block = ToolBlock(input);
      message["content"] = empty ? json::array() : json::array({block});
      for (size_t i = 0; i < reply_.wishes.size(); ++i) {
        message["content"].push_back(
            WishBlock(i, json::parse(reply_.wishes[i].arguments, nullptr, false)));
      }
      message["stop_reason"] = reason;
      message["usage"] = AnthropicUsage(tokens);
      return Dump(message);
    }
    json choice = {{"index", 0},
                   {"message", {{"role", "assistant"}, {"content", text}, {"refusal", nullptr}}},
                   {"logprobs", nullptr},
                   {"finish_reason", reason}};
    for (size_t i = 0; i < reply_.wishes.size(); ++i) {
      choice["message"]["tool_calls"].push_back(OpenAiWish(i, reply_.wishes[i].arguments));
    }
    json whole = ChunkFrame();
    whole["object"] = "chat.completion";
    whole["choices"] = empty ? json::array() : json::array({choice});
    whole["usage"] = OpenAiUsage(tokens);
    return Dump(whole);
  }

 private:
  std::string Event(const std::string& type, const std::string& data) const {
    const std::string& end = reply_.line_end;
    return (type.empty() ? "" : "event: " + type + end) + "data: " + data + end + end;
  }
  std::string Typed(const std::string& type, json data) const {
    data["type"] = type;
    return Event(type, Dump(data));
  }
  std::string Chunk(const json& delta, const json& finish) const {
    json chunk = ChunkFrame();
    chunk["choices"] = json::array(
        {{{"index", 0}, {"delta", delta}, {"logprobs", nullptr}, {"finish_reason", finish}}});
    return Event("", Dump(chunk));
  }
  json ChunkFrame() const {
    return {{"id", "chatcmpl-" + std::to_string(call_.number)},
            {"object", "chat.completion.chunk"},
            {"created", kCreated},
            {"model", call_.model},
            {"system_fingerprint", nullptr}};
  }
  json Message() const {
    return {{"id", "msg_" + std::to_string(call_.number)},
            {"type", "message"},
            {"role", "assistant"},
            {"model", call_.model},
            {"stop_sequence", nullptr}};
  }
  json ToolBlock(const json& input) const {
    return {{"type", "tool_use"},
            {"id", "toolu_" + std::to_string(call_.number)},
            {"name", tool_},
            {"input", input}};
  }
  std::string WishId(size_t i) const {
    return "call_" + std::to_string(call_.number) + "_" + std::to_string(i);
  }
  json WishBlock(size_t i, const json& input) const {
    return {
        {"type", "tool_use"}, {"id", WishId(i)}, {"name", reply_.wishes[i].name}, {"input", input}};
  }
  json OpenAiWish(size_t i, const std::string& arguments) const {
    return {{"id", WishId(i)},
            {"type", "function"},
            {"function", {{"name", reply_.wishes[i].name}, {"arguments", arguments}}}};
  }
  json AnthropicUsage(uint32_t output_tokens) const {
    return {{"input_tokens", reply_.input_tokens - reply_.cached_tokens},
            {"cache_creation_input_tokens", 0},
            {"cache_read_input_tokens", reply_.cached_tokens},
            {"output_tokens", output_tokens}};
  }
  json OpenAiUsage(uint32_t output_tokens) const {
    return {{"prompt_tokens", reply_.input_tokens},
            {"completion_tokens", output_tokens},
            {"total_tokens", reply_.input_tokens + output_tokens},
            {"prompt_tokens_details", {{"cached_tokens", reply_.cached_tokens}}}};
  }
  std::string Reason() const {
    switch (reply_.trouble) {
      case Trouble::kRefusal:
        return call_.anthropic ? "refusal" : "content_filter";
      case Trouble::kMaxTokens:
        return call_.anthropic ? "max_tokens" : "length";
      default:
        if (!reply_.wishes.empty()) return call_.anthropic ? "tool_use" : "tool_calls";
        return !call_.anthropic ? "stop" : tool_.empty() ? "end_turn" : "tool_use";
    }
  }

  const LlmCall& call_;
  const LlmReply& reply_;
  json body_;
  std::string tool_;
};

void Cut(const LlmReply& reply, Answer& answer) {
  answer.end = reply.cut_in_order ? Answer::End::kWhole : Answer::End::kCut;
}

// Of a text without an end: each event is to be read, and many tests wait for as many as are too much.
constexpr size_t kEndlessPieceBytes = 1024;

}  // namespace

void AddEvents(const LlmCall& call, const LlmReply& reply, Answer& answer) {
  const Events events(call, reply);
  const Trouble trouble = reply.trouble;
  const auto add = [&](std::string bytes, std::chrono::milliseconds wait = {}) {
    answer.parts.push_back({std::move(bytes), wait});
  };
  if (trouble == Trouble::kErrorEvent) return add(events.Overloaded());
  if (trouble == Trouble::kHugeEvent) {
    add(events.Begin() + events.HugeEvent());
    add(std::string(16 * 1024, 'a'));
    answer.end = Answer::End::kEndless;
    return;
  }
  add(events.Begin());
  if (trouble == Trouble::kOnlyEmptyChoices) {
    for (int i = 0; i < 3; ++i) add(events.Empty(), reply.gap);
    return add(events.End());
  }
  std::vector<std::string> pieces = Pieces(reply.text, reply.piece_bytes);
  // What goes wrong in the middle of the text needs a middle.
  if (pieces.empty() && trouble != Trouble::kNone) pieces.push_back("x");
  const size_t middle = pieces.size() / 2;
  for (size_t i = 0; i < pieces.size(); ++i) {
    if (i == middle) {
      switch (trouble) {
        case Trouble::kErrorEventLate:
          return add(events.Overloaded(), reply.gap);
        case Trouble::kStall:
          answer.end = Answer::End::kSilent;
          return;
        case Trouble::kCutInEvent: {
          const std::string event = events.Text(pieces[i]);
          Cut(reply, answer);
          return add(event.substr(0, event.size() / 2), reply.gap);
        }
        case Trouble::kCutInCharacter: {
          const std::string event = events.Text(pieces[i] + "\xc3\xa9");
          Cut(reply, answer);
          return add(event.substr(0, event.rfind('\xc3') + 1), reply.gap);
        }
        case Trouble::kHugeBody:
          answer.end = Answer::End::kEndless;
          add(events.Text(pieces[i]), reply.gap);
          return add(events.Text(std::string(kEndlessPieceBytes, 'a')), reply.gap);
        case Trouble::kInvalidJson:
          add(events.NotJson(), reply.gap);
          break;
        case Trouble::kInvalidUtf8:
          pieces[i] += kMark;
          break;
        default:
          break;
      }
    }
    if (trouble == Trouble::kEmptyChoices) add(events.Empty());
    if (reply.comments) add(events.Comment());
    add(events.Text(pieces[i], i + 1 == pieces.size()), reply.gap);
  }
  for (std::string& event : events.Wishes()) add(std::move(event), reply.gap);
  if (trouble == Trouble::kCutBeforeEnd) return Cut(reply, answer);
  add(events.End());
}

std::string WholeBody(const LlmCall& call, const LlmReply& reply) {
  return Events(call, reply).Whole();
}

}  // namespace lyceum::test
