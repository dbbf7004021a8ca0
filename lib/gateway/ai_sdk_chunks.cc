#include "gateway/ai_sdk_chunks.h"

#include <utility>

#include "base/json_object.h"
#include "base/overloaded.h"

namespace lyceum::gateway {
namespace {

std::string Typed(const char* type) { return JsonObject().Add("type", type).End(); }

}  // namespace

UiMessageChunks::UiMessageChunks(std::string_view event_id, bool streams)
    : AnswerWriter(streams), event_id_(event_id) {}

void UiMessageChunks::Begin() {
  if (std::exchange(begun_, true)) return;
  WriteData(JsonObject().Add("type", "start").Add("messageId", "m-" + event_id_).End());
  WriteData(Typed("start-step"));
}

void UiMessageChunks::OpenText(std::string_view id) {
  step_has_parts_ = true;
  WriteData(JsonObject().Add("type", "text-start").Add("id", id).End());
}
void UiMessageChunks::TextDelta(std::string_view id, std::string_view text) {
  WriteData(JsonObject().Add("type", "text-delta").Add("id", id).Add("delta", text).End());
}
void UiMessageChunks::CloseText(std::string_view id) {
  WriteData(JsonObject().Add("type", "text-end").Add("id", id).End());
}
void UiMessageChunks::TakeBack(std::string_view) {
  WriteData(Typed("reset-step"));
  step_has_parts_ = false;
}

std::string UiMessageChunks::SpokenId(std::string_view request, uint32_t attempt) const {
  return "s-" + std::string(request) + "-" + std::to_string(attempt);
}

void UiMessageChunks::BeforeSpeaking() {
  Begin();
  if (!step_has_parts_) return;
  WriteData(Typed("finish-step"));
  WriteData(Typed("start-step"));
  step_has_parts_ = false;
}

void UiMessageChunks::AddData(std::string_view name, std::string_view id, std::string_view data,
                              bool transient) {
  JsonObject chunk;
  chunk.Add("type", "data-lyceum-" + std::string(name));
  if (!id.empty()) chunk.Add("id", id);
  chunk.AddJson("data", data);
  if (transient) chunk.Add("transient", true);
  step_has_parts_ = step_has_parts_ || !transient;
  WriteData(chunk.End());
}

void UiMessageChunks::Add(const envelope::ReceivedMessage& received, std::string_view text) {
  Begin();
  const tutor::ClientMessage& message = received.message;
  const std::string id = "n-" + std::to_string(message.n);
  const auto say = [&] { AddText(id, ShownText(message.body)); };
  std::visit(Overloaded{[&](const tutor::TextOut&) { say(); },
                        [&](const tutor::FeedbackOut&) {
                          say();
                          AddData("feedback", id, PartOf(text, "feedback"), false);
                        },
                        [&](const tutor::HintOut&) {
                          say();
                          AddData("hint", id, PartOf(text, "hint"), false);
                        },
                        [&](const tutor::QuestionOut&) {
                          say();
                          AddData("question", id, PartOf(text, "question"), false);
                        },
                        [&](const tutor::WaitOut&) {
                          AddData("status", "", R"({"wait":)" + PartOf(text, "wait") + "}", true);
                        },
                        [&](const tutor::ProgressOut&) {
                          AddData("status", "", R"({"progress":)" + PartOf(text, "progress") + "}",
                                  true);
                        },
                        [&](const tutor::CompletedOut&) { AddData("completed", id, "{}", false); },
                        [&](const tutor::ErrorOut& error) { Fail(error.code, error.text); },
                        [](const tutor::RetractOut&) {}, [](const tutor::ResumedOut&) {},
                        [](const tutor::DetachedOut&) {}},
             message.body);
}

void UiMessageChunks::Finish() {
  if (ended()) return;
  Begin();
  Drop();
  WriteData(Typed("finish-step"));
  WriteData(JsonObject().Add("type", "finish").Add("finishReason", "stop").End());
  WriteData("[DONE]");
  End();
}

void UiMessageChunks::Fail(std::string_view, std::string_view sentence) {
  if (ended()) return;
  Begin();
  Drop();
  WriteData(JsonObject().Add("type", "error").Add("errorText", sentence).End());
  WriteData("[DONE]");
  End();
}

}  // namespace lyceum::gateway
