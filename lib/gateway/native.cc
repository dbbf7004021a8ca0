#include "gateway/native.h"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json_object.h"
#include "base/token.h"
#include "gateway/limits.h"

namespace lyceum::gateway {
namespace {

using nlohmann::json;

constexpr int kDetached = 1001;  // A WebSocket's close code.

// The members of `from` that have these names.
json Some(const json& from, std::initializer_list<const char*> names) {
  json some = json::object();
  if (!from.is_object()) return some;
  for (const char* name : names) {
    if (const auto found = from.find(name); found != from.end()) some[name] = *found;
  }
  return some;
}

// The id of what was not an event, as far as it has one.
std::string IdOf(std::string_view text) {
  const json event = json::parse(text, nullptr, false);
  if (!event.is_object() || !event.contains("id") || !event["id"].is_string()) return {};
  return std::string(CutUtf8(event["id"].get<std::string>(), kIdBytesMax));
}

std::string RefusedFrame(std::string_view id, const Error& error, std::string_view source) {
  JsonObject inner;
  inner.Add("id", id).Add("error", error.text).Add("source", source);
  inner.Add("retryable", error.fault == Fault::kRetry);
  JsonObject frame;
  frame.AddJson("refused", inner.End());
  return frame.End();
}

}  // namespace

SocketPeer::SocketPeer(Gateway* gateway, Kind kind, Identity identity, uint32_t after_n)
    : LearnerPeer(gateway, std::move(identity)), kind_(kind), after_n_(after_n) {}

void SocketPeer::OnOpen(std::shared_ptr<Outgoing> opened) {
  LearnerPeer::OnOpen(std::move(opened));
  if (kind_ == Kind::kServerSentEvents) outgoing()->Send("retry: 1000\n\n");
  link_ = std::make_unique<Link>(sessions(), user(), after_n_,
                                 [this](const envelope::ReceivedMessage& message,
                                        std::string_view text) { OnMessage(message, text); });
}

void SocketPeer::OnMessage(const envelope::ReceivedMessage& message, std::string_view text) {
  ++counters().messages;
  if (kind_ == Kind::kWebSocket) {
    outgoing()->Send(std::string(text));
  } else {
    std::string event;
    if (message.message.n > 0) event = "id: " + std::to_string(message.message.n) + "\n";
    event.append("data: ").append(text).append("\n\n");
    outgoing()->Send(std::move(event));
  }
  if (message.is_delta || message.is_retract) return;
  if (std::holds_alternative<tutor::DetachedOut>(message.message.body)) {
    outgoing()->Close(kDetached, "detached");
  }
}

void SocketPeer::Tell(std::string text) {
  if (outgoing() != nullptr) outgoing()->Send(std::move(text));
}

void SocketPeer::OnText(std::string_view text) {
  if (kind_ != Kind::kWebSocket || outgoing() == nullptr) return;
  int status = 0;
  Result<tutor::Event> event = ReadEvent(text, &status);
  if (!event) {
    return Tell(RefusedFrame(IdOf(text), event.error(), "gateway"));
  }
  event->client = link_->client();
  const std::string id = event->id.value;
  Store(*std::move(event), {}, [this, id, here = alive()](const Result<uint64_t>& stored) {
    if (here.expired()) return;
    if (!stored) return Tell(RefusedFrame(id, stored.error(), "session"));
    JsonObject inner;
    inner.Add("id", id).Add("sequence", *stored);
    JsonObject frame;
    frame.AddJson("accepted", inner.End());
    Tell(frame.End());
  });
}

std::string LearnersView(std::string_view view_json, bool with_history) {
  const json view = json::parse(view_json, nullptr, false);
  json shown = Some(view, {"user", "state", "lifecycle", "n", "busy_policy", "context", "at"});
  if (view.is_object()) {
    if (view.contains("syllabus")) {
      shown["syllabus"] = Some(view["syllabus"], {"course", "version", "topic", "done"});
    }
    if (view.contains("current_question")) {
      const json& open = view["current_question"];
      json question = Some(open, {"hints_shown"});
      if (open.contains("question")) {
        question["question"] = Some(open["question"], {"id", "text", "format", "choices"});
      }
      if (open.contains("attempts") && open["attempts"].is_array()) {
        question["attempts"] = json::array();
        for (const json& attempt : open["attempts"]) {
          question["attempts"].push_back(Some(attempt, {"answer", "verdict"}));
        }
      }
      shown["current_question"] = std::move(question);
    }
    const bool locked = view.contains("pending_calls") && !view["pending_calls"].empty();
    shown["busy"] = locked || view.contains("draft");  // What the draft says is not for learners.
    if (!with_history) return shown.dump(-1, ' ', false, json::error_handler_t::replace);
    json history = json::array();
    if (view.contains("history") && view["history"].is_array()) {
      for (const json& entry : view["history"]) {
        const std::string role = entry.value("role", "");
        if (role != "learner" && role != "tutor") continue;
        history.push_back(Some(entry, {"index", "at", "role", "kind", "text"}));
      }
    }
    shown["history"] = std::move(history);
  }
  return shown.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace lyceum::gateway
