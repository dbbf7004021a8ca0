// The routes of the AI SDK's convention.
#include <nlohmann/json.hpp>
#include <utility>

#include "base/time_text.h"
#include "gateway/ai_sdk.h"
#include "gateway/ai_sdk_chunks.h"
#include "gateway/answer.h"
#include "gateway/call.h"
#include "gateway/limits.h"

namespace lyceum::gateway {
namespace {

constexpr int64_t kEndedMsMax = 60'000;
constexpr uint32_t kEntriesLooked = 8;

StreamStart Start(std::unique_ptr<Peer> peer) {
  return {.content_type = "text/event-stream",
          .headers = {{"Cache-Control", "no-cache"},
                      {"x-vercel-ai-ui-message-stream", "v1"},
                      {"X-Accel-Buffering", "no"}},
          .keep_alive = ":\n\n",
          .peer = std::move(peer)};
}

AnswerPeer::MakeWriter ChunksFor(bool streams) {
  return [streams](std::string_view event_id) {
    return std::make_unique<UiMessageChunks>(event_id, streams);
  };
}

// Whether the tutor has said something since then; to the second.
bool SaidSince(const std::string& view_json, int64_t unix_ms) {
  constexpr size_t kSeconds = 19;  // "2026-01-31T08:15:00"
  const std::string since = TimeText(unix_ms).substr(0, kSeconds);
  const auto view = nlohmann::json::parse(view_json, nullptr, false);
  if (!view.is_object() || !view.contains("history") || !view["history"].is_array()) return false;
  for (const auto& entry : view["history"]) {
    if (entry.value("role", "") != "tutor") continue;
    if (entry.value("at", "").substr(0, kSeconds) >= since) return true;
  }
  return false;
}

}  // namespace

void Gateway::RouteChat(const std::shared_ptr<Call>& call) {
  std::vector<std::string> path = call->target.path;
  const bool old = path[1] == "v6";
  if (old) path.erase(path.begin() + 1);
  const std::string& method = call->request.method;
  const bool chat = path.size() >= 2 && path[1] == "chat";
  const bool post = chat && method == "POST" && path.size() == 2;
  const bool resume = chat && method == "GET" && path.size() == 4 && path[3] == "stream";
  const bool stop = chat && method == "POST" && path.size() == 4 && path[3] == "stop";
  if (!post && !resume && !stop) {
    return Fail(call, counters_.refused_request, Refusal(404, "There is nothing at this address."));
  }
  if (resume && !AllowHandshake(call)) return;
  if (!Authorize(call, false)) return;
  if (post) return PostChat(call, !old);
  if (!CheckSession(call, path[2])) return;
  if (resume) return ResumeChat(call, !old);
  StopChat(call);
}

void Gateway::PostChat(const std::shared_ptr<Call>& call, bool streams) {
  const Result<ChatRequest> request = ReadChatRequest(call->request.body);
  if (!request) {
    return Fail(call, counters_.refused_request, Refusal(400, request.error().text));
  }
  if (!CheckSession(call, request->chat) || !AllowSocket(call)) return;
  int status = 0;
  Result<tutor::Event> event = ReadEvent(call->identity.user, request->event_json, &status);
  if (!event) return call->Answer(EventRefusal(status, event.error()));
  sessions_->View(
      call->identity.user, 1, [this, call, streams, event = *std::move(event)](const auto& view) {
        if (!view) {
          return Fail(call, counters_.refused_away,
                      Refusal(503, "The session does not answer: try again.", "session", true));
        }
        call->Answer(Start(std::make_unique<AnswerPeer>(
            this, call->identity,
            AnswerStart{.after_n = AfterForAnswer(view->n),
                        .event = event,
                        .trace = std::string(call->request.header("traceparent"))},
            ChunksFor(streams))));
      });
}

void Gateway::ResumeChat(const std::shared_ptr<Call>& call, bool streams) {
  if (!AllowSocket(call)) return;
  sessions_->View(call->identity.user, kEntriesLooked, [this, call, streams](const auto& view) {
    if (!view) {
      return Fail(call, counters_.refused_away,
                  Refusal(503, "The session does not answer: try again.", "session", true));
    }
    const bool runs = IsBusy(*view);
    // A client before 7 shows twice what it has already: it only gets what still runs.
    const bool fresh = streams && SaidSince(view->json, clock_->UnixMs() - kEndedMsMax);
    if (!view->found || view->n == 0 || (!runs && !fresh)) {
      return call->Answer(Response{.status = 204, .content_type = "", .body = ""});
    }
    call->Answer(Start(std::make_unique<AnswerPeer>(
        this, call->identity,
        AnswerStart{.after_n = AfterForAnswer(view->n), .last_n = view->n, .runs = runs},
        ChunksFor(streams))));
  });
}

void Gateway::StopChat(const std::shared_ptr<Call>& call) {
  sessions_->View(call->identity.user, 1, [this, call](const auto& view) {
    if (!view) {
      return Fail(call, counters_.refused_away,
                  Refusal(503, "The session does not answer: try again.", "session", true));
    }
    if (!IsBusy(*view)) {
      return call->Answer(Response{.status = 204, .content_type = "", .body = ""});
    }
    // One for each moment of the session: asked twice it counts once.
    tutor::Event event{.id = EventId("stop-" + std::to_string(view->applied_seq)),
                       .client = sessions_->ClientFor(call->identity.user),
                       .kind = tutor::Stop{}};
    const std::string_view trace = call->request.header("traceparent");
    Store(call->identity.user, std::move(event), trace, [call](const Result<uint64_t>& stored) {
      if (!stored) {
        return call->Answer(
            Refusal(503, "It is not stopped for certain: try again.", "session", true));
      }
      call->Answer(Response{.status = 202, .body = "{}"});
    });
  });
}

}  // namespace lyceum::gateway
