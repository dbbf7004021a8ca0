#include "support/quirks.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace lyceum::test {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

const std::string kText = kMeant;
const std::string kHidden = std::string("The ") + kThought + " says: be brief.";
const std::string kHalf = kText.substr(0, 20);
const std::string kRest = kText.substr(20);

std::string Event(const std::string& data, const std::string& name = "") {
  return (name.empty() ? "" : "event: " + name + "\n") + "data: " + data + "\n\n";
}

// --- Chat completions

std::string Chunk(const json& delta, const json& finish = nullptr) {
  const json choice = {{"index", 0}, {"delta", delta}, {"finish_reason", finish}};
  return Event(
      json{{"object", "chat.completion.chunk"}, {"choices", json::array({choice})}}.dump());
}
std::string Says(const std::string& text) { return Chunk({{"content", text}}); }
const std::string kFinish = Chunk(json::object(), "stop");
const std::string kDone = "data: [DONE]\n\n";

std::string InPieces(const std::string& text, size_t bytes) {
  std::string events;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = std::min(text.size(), begin + bytes);
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) ++end;
    events += Says(text.substr(begin, end - begin));
    begin = end;
  }
  return events;
}

// A chunk whose content is written as it is: escapes, or bytes that are no characters.
std::string SaysRaw(const std::string& content) {
  return Event(R"({"choices":[{"index":0,"delta":{"content":")" + content +
               R"("},"finish_reason":null}]})");
}

// --- Messages

std::string Typed(const std::string& type, json data) {
  data["type"] = type;
  return Event(data.dump(), type);
}
const std::string kBegin =
    Typed("message_start", {{"message", {{"id", "m"}, {"usage", {{"input_tokens", 9}}}}}}) +
    Typed("content_block_start",
          {{"index", 0}, {"content_block", {{"type", "text"}, {"text", ""}}}});
std::string Delta(const std::string& text) {
  return Typed("content_block_delta",
               {{"index", 0}, {"delta", {{"type", "text_delta"}, {"text", text}}}});
}
std::string Stops(const json& reason) {
  return Typed("message_delta",
               {{"delta", {{"stop_reason", reason}}}, {"usage", {{"output_tokens", 9}}}});
}
const std::string kBlockStop = Typed("content_block_stop", {{"index", 0}});
const std::string kStop = Typed("message_stop", json::object());

class List {
 public:
  explicit List(bool anthropic) : anthropic_(anthropic) {}

  LlmReply& Answers(const std::string& name, std::vector<std::string> pieces) {
    return Add(name, std::move(pieces), true, "ok");
  }
  LlmReply& Fails(const std::string& name, std::vector<std::string> pieces,
                  const std::string& outcome) {
    return Add(name, std::move(pieces), false, outcome);
  }
  std::vector<Quirk> quirks;

 private:
  LlmReply& Add(const std::string& name, std::vector<std::string> pieces, bool answers,
                const std::string& outcome) {
    Quirk quirk{(anthropic_ ? "Messages" : "Completions") + name, anthropic_, {}, answers, outcome};
    // So far apart that each is read alone, and what is said before a failure has been heard.
    for (std::string& piece : pieces) {
      quirk.reply.raw.push_back({std::move(piece), milliseconds(quirk.reply.raw.empty() ? 0 : 15)});
    }
    quirks.push_back(std::move(quirk));
    return quirks.back().reply;
  }
  const bool anthropic_;
};

void AddReasoning(List* list) {
  list->Answers("ThinkBlock", {Says("<think>" + kHidden + "</think>\n\n" + kText), kFinish, kDone});
  list->Answers("ThinkBlockSplitOverEvents",
                {InPieces("<think>\n" + kHidden + "\n</think>\n\n" + kText, 3), kFinish, kDone});
  list->Answers("ThinkBlockInCapitals",
                {Says("<THINK>" + kHidden), Says("</THINK>" + kText), kFinish, kDone});
  list->Answers("ThinkBlockThatWasNotOpened",
                {InPieces(kHidden, 8), Says("\n</think>\n\n"), Says(kText), kFinish, kDone});
  list->Answers("TwoThinkBlocks", {Says("<think>" + kHidden + "</think>" + kHalf + "<think>"),
                                   Says(kHidden + "</think>" + kRest), kFinish, kDone});
  list->Answers("ThinkingTag",
                {Says("<thinking>" + kHidden + "</thinking>" + kText), kFinish, kDone});
  list->Answers("ThinkInBrackets",
                {Says("[THINK]" + kHidden + "[/THINK]" + kText), kFinish, kDone});
  list->Answers("Channels", {InPieces("<|channel|>analysis<|message|>" + kHidden +
                                          "<|end|><|start|>assistant<|channel|>final<|message|>" +
                                          kText + "<|return|>",
                                      7),
                             kFinish, kDone});
  list->Answers("ChannelsWithoutTheirMarks",
                {InPieces("analysis" + kHidden + "assistantfinal" + kText, 9), kFinish, kDone});
  list->Answers("ReasoningField", {Chunk({{"reasoning_content", kHidden}}),
                                   Chunk({{"reasoning", kHidden}, {"content", nullptr}}),
                                   Says(kText), kFinish, kDone});
  list->Answers("ReasoningPart",
                {Chunk({{"content", json::array({{{"type", "thinking"}, {"thinking", kHidden}},
                                                 {{"type", "text"}, {"text", kText}}})}}),
                 kFinish, kDone});
  list->Fails("ThinkBlockWithoutAnEnd", {InPieces("<think>" + kHidden, 8), kFinish, kDone},
              "empty");
  list->Fails("ReasoningAlone", {Chunk({{"reasoning_content", kHidden}}), kFinish, kDone}, "empty");
  list->Fails("ChannelOfReasoningAlone",
              {Says("<|channel|>analysis<|message|>" + kHidden), kFinish, kDone}, "empty");
}

void AddErrors(List* list) {
  const std::string begin = Says(kHalf);
  const json error = {{"message", "out of memory"}, {"type", "server_error"}};
  list->Fails("ErrorEvent", {begin, Event(error.dump(), "error"), kDone}, "server_error");
  list->Fails("ErrorEventOfText", {begin, Event("out of memory", "error")}, "unknown_error");
  list->Fails("ErrorEventWithoutData", {begin, Event("", "error")}, "unknown_error");
  list->Fails("ErrorField", {begin, Event(json{{"error", error}}.dump()), kDone}, "server_error");
  list->Fails("ErrorFieldOfText", {begin, Event(R"({"error":"out of memory"})"), kDone},
              "unknown_error");
  list->Fails("ErrorFieldOfANumber", {begin, Event(R"({"error":{"code":500}})"), kDone},
              "unknown_error");
  list->Fails(
      "ErrorInAChoice",
      {begin, Event(R"({"choices":[{"delta":{"content":""},"error":{"code":502}}]})"), kDone},
      "unknown_error");
  list->Fails(
      "ObjectError",
      {begin,
       Event(R"({"object":"error","message":"oom","type":"InternalServerError","code":500})"),
       kDone},
      "unknown_error");
  for (const char* reason : {"error", "abort", "unknown", "insufficient_system_resource"}) {
    std::string name = std::string("Finish_") + reason;
    name[7] = static_cast<char>(name[7] - 'a' + 'A');
    std::erase(name, '_');
    list->Fails(name, {begin, Chunk(json::object(), reason), kDone}, "bad_finish");
  }
  list->Fails("DoneWithoutFinish", {begin, kDone}, "no_finish");
  list->Fails("DoneWithAnEmptyFinish", {begin, Chunk(json::object(), ""), kDone}, "no_finish");
  list->Fails("EndWithoutFinish", {begin}, "cut");
  list->Fails("NotUtf8", {begin, SaysRaw("a\xff\xfe"), kFinish, kDone}, "bad_stream");
}

void AddFinished(List* list) {
  list->Answers("ErrorAfterFinish",
                {Says(kText), kFinish, Event(R"({"error":{"type":"server_error"}})")});
  list->Answers("ErrorEventAfterFinish", {Says(kText), kFinish, Event("oom", "error"), kDone});
  list->Answers("NotJsonAfterFinish", {Says(kText), kFinish, Event("{\"choices"), kDone});
  list->Answers("NotUtf8AfterFinish", {Says(kText), kFinish, SaysRaw("\xff"), kDone});
  list->Answers("TextAfterFinish", {Says(kText), kFinish, Says("garbage"), kDone});
  list->Answers("FinishErrorAfterFinish",
                {Says(kText), kFinish, Chunk(json::object(), "error"), kDone});
  list->Answers("CutAfterFinish", {Says(kText), kFinish + "data: {\"cho"}).raw_end =
      LlmReply::RawEnd::kCut;
  list->Answers("SilenceAfterFinish", {Says(kText), kFinish}).raw_end = LlmReply::RawEnd::kSilent;
  list->Answers("NothingAfterFinish", {Says(kText), kFinish});
  std::vector<std::string> comments = {Says(kText), kFinish};
  for (int i = 0; i < 300; ++i) comments.push_back(": keep-alive\n\n");
  list->Answers("CommentsAfterFinish", comments).raw_end = LlmReply::RawEnd::kSilent;
}

void AddForms(List* list) {
  list->Answers("EmptyData", {"data:\n\n", "data: \n\n", Says(kText), "data:\n\n", kFinish, kDone});
  list->Answers("CommentAsData",
                {"data: : keepalive\n\n", Says(kText), "data: : keepalive\n\n", kFinish, kDone});
  list->Answers("DoneWithASpace", {Says(kText), kFinish, "data: [DONE] \n\n"}).raw_end =
      LlmReply::RawEnd::kSilent;
  const std::string face = "\xf0\x9f\x98\x80";
  const size_t at = kText.find(face);
  list->Answers("HalfSurrogates", {Says(kText.substr(0, at)) + SaysRaw("\\ud83d"),
                                   SaysRaw("\\ude00"), Says(kText.substr(at + 4)), kFinish, kDone});
  list->Answers("HalfASurrogateAlone", {SaysRaw("\\ud83d") + Says(kText), kFinish, kDone});
  list->Answers("SurrogatesAsBytes",
                {Says(kText.substr(0, at)) + SaysRaw("\xed\xa0\xbd"), SaysRaw("\xed\xb8\x80"),
                 Says(kText.substr(at + 4)), kFinish, kDone});
  std::string bytes;
  for (const char c : kText) bytes += SaysRaw(std::string(1, c));
  list->Answers("CharactersSplitOverEvents", {bytes, kFinish, kDone});
  list->Answers(
      "ContentParts",
      {Chunk({{"content", json::array({{{"type", "text"}, {"text", kHalf}}})}}),
       Chunk({{"content", json::array({{{"type", "text"}, {"text", kRest}}})}}), kFinish, kDone});
  list->Answers(
      "MessageForDelta",
      {Event(json{{"choices",
                   json::array({{{"message", {{"content", kText}}}, {"finish_reason", "stop"}}})}}
                 .dump()),
       kDone});
  list->Answers("FinishInCapitals", {Says(kText), Chunk(json::object(), "STOP"), kDone});
  list->Answers("FinishEmptyBefore",
                {Chunk({{"content", kHalf}}, ""), Chunk({{"content", kRest}}, "stop"), kDone});
  list->Answers("ErrorNull",
                {Event(R"({"error":null,"choices":[]})"), Says(kText), kFinish, kDone});
  list->Answers("MediaTypeInCapitals", {Says(kText), kFinish, kDone}).content_type =
      "Text/Event-Stream; Charset=UTF-8";
  list->Answers(
          "WholeInCapitals",
          {json{{"choices",
                 json::array({{{"message", {{"content", kText}}}, {"finish_reason", "stop"}}})}}
               .dump()})
      .content_type = "Application/JSON";
  list->Answers(
          "WholeOfParts",
          {json{{"choices",
                 json::array({{{"message",
                                {{"content", json::array({{{"type", "text"}, {"text", kText}}})}}},
                               {"finish_reason", "stop"}}})}}
               .dump()})
      .content_type = "application/json";
}

void AddMessages(List* list) {
  const std::string end = kBlockStop + Stops("end_turn") + kStop;
  list->Answers(
      "ThinkingBlock",
      {Typed("content_block_start",
             {{"index", 0}, {"content_block", {{"type", "thinking"}, {"thinking", ""}}}}) +
           Typed("content_block_delta",
                 {{"index", 0}, {"delta", {{"type", "thinking_delta"}, {"thinking", kHidden}}}}) +
           kBlockStop,
       kBegin + Delta(kText), end});
  list->Answers("ThinkTag", {kBegin + Delta("<think>" + kHidden), Delta("</think>" + kText), end});
  list->Answers("ThinkTagThatWasNotOpened",
                {kBegin + Delta(kHidden), Delta("</think>" + kText), end});
  list->Answers("Done", {kBegin + Delta(kText), kBlockStop + Stops("end_turn"), kDone}).raw_end =
      LlmReply::RawEnd::kSilent;
  list->Answers("AnotherMessageDelta",
                {kBegin + Delta(kText), kBlockStop + Stops("end_turn") + Stops(nullptr) + kStop});
  list->Answers("ErrorAfterStop", {kBegin + Delta(kText), Stops("end_turn"),
                                   Typed("error", {{"error", {{"type", "overloaded_error"}}}})});
  list->Answers("SilenceAfterStop", {kBegin + Delta(kText), Stops("end_turn")}).raw_end =
      LlmReply::RawEnd::kSilent;
  list->Answers("EmptyData", {kBegin + "data:\n\n" + Delta(kText), "data: : ping\n\n" + end});
  list->Answers("MediaTypeInCapitals", {kBegin + Delta(kText) + end}).content_type =
      "TEXT/EVENT-STREAM";
  list->Fails("ErrorEvent",
              {kBegin + Delta(kHalf), Typed("error", {{"error", {{"type", "api_error"}}}})},
              "api_error");
  list->Fails("ErrorEventOfText", {kBegin + Delta(kHalf), Event("oom", "error")}, "unknown_error");
  list->Fails("StopWithoutReason", {kBegin + Delta(kHalf), kBlockStop + kStop}, "no_finish");
  list->Fails("UnknownReason", {kBegin + Delta(kHalf), Stops("abort") + kStop}, "bad_finish");
  list->Fails("ThinkTagWithoutAnEnd", {kBegin + Delta("<think>" + kHidden), end}, "empty");
}

}  // namespace

std::vector<Quirk> AllQuirks() {
  List completions(false);
  AddReasoning(&completions);
  AddErrors(&completions);
  AddFinished(&completions);
  AddForms(&completions);
  List messages(true);
  AddMessages(&messages);
  std::vector<Quirk> all = std::move(completions.quirks);
  for (Quirk& quirk : messages.quirks) all.push_back(std::move(quirk));
  return all;
}

}  // namespace lyceum::test
