#include "gateway/ai_sdk.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/digest.h"
#include "base/json_object.h"
#include "gateway/limits.h"

namespace lyceum::gateway {
namespace {

using nlohmann::json;

constexpr int kEnded = 1000;
constexpr int64_t kAskMs = 150;     // Between two looks at the session.
constexpr size_t kBeforeMax = 128;  // Messages of before that are kept until the answer is known.

// Ids of front ends may be anything: what cannot be an event's id becomes one.
std::string EventIdOf(const std::string& id) {
  const bool good = !id.empty() && id.size() <= kIdBytesMax &&
                    std::all_of(id.begin(), id.end(), [](char c) { return c > 0x20 && c < 0x7F; });
  return good ? id : "h-" + Sha256Hex(id).substr(0, 40);
}

// The text parts of a message.
std::string TextOf(const json& message) {
  std::string text;
  if (!message.contains("parts") || !message["parts"].is_array()) return text;
  for (const json& part : message["parts"]) {
    if (part.is_object() && part.value("type", json()) == "text" && part.contains("text") &&
        part["text"].is_string()) {
      text += part["text"].get<std::string>();
    }
  }
  return text;
}

}  // namespace

Result<ChatRequest> ReadChatRequest(std::string_view body) {
  const json request = json::parse(body, nullptr, false);
  if (!request.is_object() || !request.contains("id") || !request["id"].is_string() ||
      !request.contains("messages") || !request["messages"].is_array()) {
    return Reject("This is not a chat request: send {id, messages, trigger} as useChat does.");
  }
  const json* last = nullptr;
  for (const json& message : request["messages"]) {
    if (message.is_object() && message.value("role", json()) == "user") last = &message;
  }
  if (last == nullptr || !last->contains("id") || !(*last)["id"].is_string()) {
    return Reject("There is no message of the user with an id in it: send at least one.");
  }
  json event = json::object();
  if (request.contains("lyceum")) {
    if (!request["lyceum"].is_object() || request["lyceum"].size() != 1) {
      return Reject("`lyceum` is one event: {\"start\": {\"course\": ...}}, {\"hint\": {}}, ...");
    }
    event = request["lyceum"];
  } else {
    const std::string text = TextOf(*last);
    if (text.empty()) return Reject("The last message of the user has no text: send one that has.");
    event["message"] = {{"text", text}};
  }
  event["id"] = EventIdOf((*last)["id"].get<std::string>());
  return ChatRequest{request["id"].get<std::string>(),
                     event.dump(-1, ' ', false, json::error_handler_t::replace)};
}

ChatPeer::ChatPeer(Gateway* gateway, Identity identity, uint32_t after_n, bool streams,
                   tutor::Event event)
    : LearnerPeer(gateway, std::move(identity)),
      after_n_(after_n),
      streams_(streams),
      event_(std::move(event)),
      event_id_(event_->id.value) {}

ChatPeer::ChatPeer(Gateway* gateway, Identity identity, uint32_t after_n, bool streams,
                   uint32_t last_n, bool runs)
    : LearnerPeer(gateway, std::move(identity)),
      after_n_(after_n),
      streams_(streams),
      last_n_(last_n),
      runs_(runs),
      stored_(true) {}

void ChatPeer::OnOpen(std::shared_ptr<Outgoing> opened) {
  LearnerPeer::OnOpen(std::move(opened));
  link_ = std::make_unique<Link>(sessions(), user(), after_n_,
                                 [this](const envelope::ReceivedMessage& message,
                                        std::string_view text) { OnMessage(message, text); });
  if (!event_) return;
  chunks_.emplace(event_id_, streams_);
  event_->client = link_->client();
  Store(*event_, [this, here = alive()](const Result<uint64_t>& stored) {
    if (here.expired()) return;
    if (!stored) {
      chunks_->Fail("The message is not stored for certain: send it again.");
      return SendChunks();
    }
    stored_ = true;
    sequence_ = *stored;
  });
}

void ChatPeer::OnMessage(const envelope::ReceivedMessage& message, std::string_view text) {
  ++counters().messages;
  const uint32_t n = message.message.n;
  if (n > 0) state_ = message.message.state;
  ask_at_ms_ = 0;
  if (chunks_) {
    Use(message, text);
    return SendChunks();
  }
  // A resume: whose answer it is, is known when all of before has come, or with the first message after it.
  if (n == 0) return;
  before_.emplace_back(message, text);
  if (before_.size() > kBeforeMax) before_.pop_front();
  // Where a tool runs and what was said last has ended, the answer has not said anything yet.
  const bool silent = runs_ && state_ != tutor::StateName::kAwaitingToolResult;
  if (n > last_n_ || (n == last_n_ && !silent)) Replay();
}

void ChatPeer::Replay() {
  // Messages of no event (a reminder, say) are no answer.
  for (auto last = before_.rbegin(); last != before_.rend() && event_id_.empty(); ++last) {
    event_id_ = last->first.message.in_reply_to.value;
  }
  if (event_id_.empty()) return;
  chunks_.emplace(event_id_, streams_);
  for (const auto& [message, text] : before_) Use(message, text);
  before_.clear();
  SendChunks();
}

void ChatPeer::Use(const envelope::ReceivedMessage& message, std::string_view text) {
  if (chunks_->ended()) return;
  if (message.is_delta) {
    if (!deferred_ && stored_) chunks_->AddDelta(message);
    return;
  }
  if (message.is_retract) return chunks_->Retract(message);
  if (message.message.in_reply_to.value != event_id_) return;
  const auto* wait = std::get_if<tutor::WaitOut>(&message.message.body);
  deferred_ = wait != nullptr && wait->kept && wait->place > 0;
  chunks_->Add(message, text);
  if (wait != nullptr && !wait->kept)
    chunks_->Finish();  // It has changed nothing, and nothing follows.
}

void ChatPeer::Tick(int64_t steady_ms) {
  if (!stored_ || asking_ || outgoing() == nullptr || steady_ms < ask_at_ms_) return;
  if (!chunks_ || chunks_->ended() || state_ == tutor::StateName::kAwaitingToolResult) return;
  AskWhetherItIsOver();
}

void ChatPeer::AskWhetherItIsOver() {
  asking_ = true;
  ask_at_ms_ = clock().SteadyMs() + kAskMs;
  sessions()->View(user(), 1, [this, here = alive()](const Result<envelope::SessionView>& view) {
    if (here.expired()) return;
    asking_ = false;
    if (!view || chunks_->ended()) return;
    const bool folded = view->found ? view->applied_seq >= sequence_ : false;
    if (!folded || view->state == "awaiting_tool_result" || view->n > link_->last_n()) return;
    chunks_->Finish();
    SendChunks();
  });
}

void ChatPeer::SendChunks() {
  std::string frames = chunks_->Take();
  if (!frames.empty()) outgoing()->Send(std::move(frames));
  if (chunks_->ended()) outgoing()->Close(kEnded, "");
}

}  // namespace lyceum::gateway
