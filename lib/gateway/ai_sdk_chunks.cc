#include "gateway/ai_sdk_chunks.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/json_object.h"
#include "base/overloaded.h"

namespace lyceum::gateway {
namespace {

constexpr size_t kSaidBytesMax = 64 * 1024;

std::string Typed(const char* type) { return JsonObject().Add("type", type).End(); }

// A question as a person reads it.
std::string QuestionText(const tutor::QuestionView& question) {
  std::string text = question.text;
  for (size_t i = 0; i < question.choices.size(); ++i) {
    text += i == 0 ? "\n\n" : "\n";
    text.append("- ").append(question.choices[i]);
  }
  return text;
}

}  // namespace

UiMessageChunks::UiMessageChunks(std::string_view event_id, bool streams)
    : event_id_(event_id), streams_(streams) {}

void UiMessageChunks::Chunk(std::string_view json) {
  if (!ended_) out_.append("data: ").append(json).append("\n\n");
}

void UiMessageChunks::Begin() {
  if (std::exchange(begun_, true)) return;
  Chunk(JsonObject().Add("type", "start").Add("messageId", "m-" + event_id_).End());
  Chunk(Typed("start-step"));
}

void UiMessageChunks::OpenText(std::string_view id) {
  step_has_parts_ = true;
  Chunk(JsonObject().Add("type", "text-start").Add("id", id).End());
}
void UiMessageChunks::TextDelta(std::string_view id, std::string_view text) {
  if (text.empty()) return;
  Chunk(JsonObject().Add("type", "text-delta").Add("id", id).Add("delta", text).End());
}
void UiMessageChunks::CloseText(std::string_view id) {
  Chunk(JsonObject().Add("type", "text-end").Add("id", id).End());
}

void UiMessageChunks::Drop() {
  if (!speaking_) return;
  speaking_.reset();
  Chunk(Typed("reset-step"));
  step_has_parts_ = false;
}

void UiMessageChunks::AddText(std::string_view id, std::string_view text) {
  if (speaking_ && !speaking_->broken &&
      text.substr(0, speaking_->said.size()) == speaking_->said) {
    TextDelta(speaking_->id, text.substr(speaking_->said.size()));
    CloseText(speaking_->id);
    speaking_.reset();
    return;
  }
  Drop();
  if (text.empty()) return;
  OpenText(id);
  TextDelta(id, text);
  CloseText(id);
}

void UiMessageChunks::AddData(std::string_view name, std::string_view id, std::string_view data,
                              bool transient) {
  JsonObject chunk;
  chunk.Add("type", "data-lyceum-" + std::string(name));
  if (!id.empty()) chunk.Add("id", id);
  chunk.AddJson("data", data);
  if (transient) chunk.Add("transient", true);
  step_has_parts_ = step_has_parts_ || !transient;
  Chunk(chunk.End());
}

void UiMessageChunks::Add(const envelope::ReceivedMessage& received, std::string_view json) {
  Begin();
  const tutor::ClientMessage& message = received.message;
  const std::string id = "n-" + std::to_string(message.n);
  const auto whole = nlohmann::json::parse(json, nullptr, false);
  const auto part = [&](const char* name) {
    return whole.is_object() && whole.contains(name) ? whole[name].dump() : std::string("{}");
  };
  std::visit(Overloaded{[&](const tutor::TextOut& text) { AddText(id, text.text); },
                        [&](const tutor::FeedbackOut& feedback) {
                          AddText(id, feedback.text);
                          AddData("feedback", id, part("feedback"), false);
                        },
                        [&](const tutor::HintOut& hint) {
                          AddText(id, hint.text);
                          AddData("hint", id, part("hint"), false);
                        },
                        [&](const tutor::QuestionOut& question) {
                          AddText(id, QuestionText(question.question));
                          AddData("question", id, part("question"), false);
                        },
                        [&](const tutor::WaitOut&) {
                          AddData("status", "", R"({"wait":)" + part("wait") + "}", true);
                        },
                        [&](const tutor::ProgressOut&) {
                          AddData("status", "", R"({"progress":)" + part("progress") + "}", true);
                        },
                        [&](const tutor::CompletedOut&) { AddData("completed", id, "{}", false); },
                        [&](const tutor::ErrorOut& error) { Fail(error.text); },
                        [](const tutor::RetractOut&) {}, [](const tutor::ResumedOut&) {},
                        [](const tutor::DetachedOut&) {}},
             message.body);
}

void UiMessageChunks::AddDelta(const envelope::ReceivedMessage& delta) {
  if (!streams_) return;
  if (speaking_ && speaking_->request == delta.request_id && delta.attempt < speaking_->attempt)
    return;
  if (!speaking_ || speaking_->request != delta.request_id || speaking_->attempt != delta.attempt) {
    Begin();
    Drop();
    if (delta.offset != 0) return;  // Its beginning is not known: the final text says all.
    if (step_has_parts_) {
      Chunk(Typed("finish-step"));
      Chunk(Typed("start-step"));
      step_has_parts_ = false;
    }
    speaking_ = Speaking{delta.request_id, delta.attempt,
                         "s-" + delta.request_id + "-" + std::to_string(delta.attempt), "", false};
    OpenText(speaking_->id);
  }
  Speaking& now = *speaking_;
  if (now.broken) return;
  if (delta.offset > now.said.size() || now.said.size() > kSaidBytesMax) {
    now.broken = true;
    return;
  }
  const size_t known = now.said.size() - delta.offset;
  if (known >= delta.delta_text.size()) return;
  const std::string_view fresh = std::string_view(delta.delta_text).substr(known);
  TextDelta(now.id, fresh);
  now.said += fresh;
}

void UiMessageChunks::Retract(const envelope::ReceivedMessage& retract) {
  if (!speaking_ || speaking_->request != retract.request_id) return;
  if (retract.attempt != 0 && speaking_->attempt > retract.attempt) return;
  Drop();
}

void UiMessageChunks::Finish() {
  if (ended_) return;
  Begin();
  Drop();
  Chunk(Typed("finish-step"));
  Chunk(JsonObject().Add("type", "finish").Add("finishReason", "stop").End());
  Chunk("[DONE]");
  ended_ = true;
}

void UiMessageChunks::Fail(std::string_view sentence) {
  if (ended_) return;
  Begin();
  Drop();
  Chunk(JsonObject().Add("type", "error").Add("errorText", sentence).End());
  Chunk("[DONE]");
  ended_ = true;
}

std::string UiMessageChunks::Take() { return std::exchange(out_, std::string()); }

}  // namespace lyceum::gateway
