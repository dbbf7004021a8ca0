// The AI SDK's convention (`useChat` with its default transport): one event in, the answer to it out.
//
//   POST /api/chat                  {id, messages, ...}: the last message of the user is the event, by its id
//   GET  /api/chat/{id}/stream      the answer that is on its way, or ended a minute ago, from its beginning; else 204
//   POST /api/chat/{id}/stop        what runs is given up (stop)
// and the same under /api/v6/chat for clients of the versions 5 and 6.
//
// An answer is all that has the event in in_reply_to. It is over when the session has folded the event, no tool runs, and
// all that it has said has come: the session's view tells, so no guess by time is needed. Nothing of it is kept here: the same
// event posted again, and a resume at another gateway, find the answer in the session's messages.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/ai_sdk_chunks.h"
#include "gateway/peer.h"

namespace lyceum::gateway {

// What a POST asks for. kReject: a sentence.
struct ChatRequest {
  std::string chat;        // Its id: has to be the session's.
  std::string event_json;  // As the native convention would post it, with its id.
};
Result<ChatRequest> ReadChatRequest(std::string_view body);

class ChatPeer final : public LearnerPeer {
 public:
  // Of a POST. `after_n`: where the answer is looked for from.
  ChatPeer(Gateway* gateway, Identity identity, uint32_t after_n, bool streams, tutor::Event event);
  // Of a resume. From the view of the session: its last message, and whether a tool runs.
  ChatPeer(Gateway* gateway, Identity identity, uint32_t after_n, bool streams, uint32_t last_n,
           bool runs);

  void OnOpen(std::shared_ptr<Outgoing> outgoing) override;
  void Tick(int64_t steady_ms) override;

 private:
  void OnMessage(const envelope::ReceivedMessage& message, std::string_view json);
  void Replay();
  void Use(const envelope::ReceivedMessage& message, std::string_view json);
  void AskWhetherItIsOver();
  void SendChunks();

  const uint32_t after_n_;
  const bool streams_;
  std::optional<tutor::Event> event_;  // To store. Empty: a resume.
  uint32_t last_n_ = 0;                // Of a resume: messages up to this one came before it,
  bool runs_ = false;                  // and then a tool was running.
  std::string event_id_;               // Whose answer it is. Empty: not known yet.
  uint64_t sequence_ = 0;              // Of the event's record. 0: not known.
  std::deque<std::pair<envelope::ReceivedMessage, std::string>> before_;  // Up to last_n_.
  std::optional<UiMessageChunks> chunks_;
  tutor::StateName state_ = tutor::StateName::kExposition;
  bool stored_ = false;
  bool deferred_ = false;  // It waits for another one's tool.
  bool asking_ = false;
  int64_t ask_at_ms_ = 0;
  std::unique_ptr<Link> link_;
};

}  // namespace lyceum::gateway
