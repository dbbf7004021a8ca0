// The answer to one event as a streamed body, in any convention that has an AnswerWriter: one event in, the answer to it out.
//
// An answer is all that has the event in in_reply_to. It is over when the session has folded the event, no tool runs, and
// all that it has said has come: the session's view tells, so no guess by time is needed. Nothing of it is kept here: the same
// event posted again, and a resume at another gateway, find the answer in the session's messages.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/answer_writer.h"
#include "gateway/peer.h"

namespace lyceum::gateway {

struct AnswerStart {
  uint32_t after_n = 0;                    // Where the answer is looked for from.
  std::optional<tutor::Event> event = {};  // To store. Empty: a resume,
  uint32_t last_n = 0;                     // of a session whose last message that is (> 0),
  bool runs = false;                       // and where then a tool was running,
  std::string event_id = {};               // of the answer to that event; empty: of the last one's.
  bool follows_all = false;  // Not of one event's answer: of all that is said until no tool runs.
  std::string trace = {};    // The traceparent that the event came with, or empty.
};
// An answer is looked for in so many last messages of a session: after which one.
uint32_t AfterForAnswer(uint32_t last_n);

class AnswerPeer final : public LearnerPeer {
 public:
  using MakeWriter = std::function<std::unique_ptr<AnswerWriter>(std::string_view event_id)>;
  AnswerPeer(Gateway* gateway, Identity identity, AnswerStart start, MakeWriter make_writer);

  void OnOpen(std::shared_ptr<Outgoing> outgoing) override;
  void Tick(int64_t steady_ms) override;

 private:
  void BeforeClose(std::string_view sentence) override;
  void OnMessage(const envelope::ReceivedMessage& message, std::string_view json);
  void OnResumed(const envelope::ReceivedMessage& message);
  void Replay();
  // `written`: the writer has it already.
  void Use(const envelope::ReceivedMessage& message, std::string_view json, bool written);
  void AskWhetherItIsOver();
  void Send();

  AnswerStart start_;
  const MakeWriter make_writer_;
  std::string event_id_;            // Whose answer it is. Empty: not known yet, or anybody's.
  uint64_t sequence_ = 0;           // Of the event's record. 0: not known.
  std::deque<SaidMessage> before_;  // Of a resume, up to start_.last_n.
  bool replayed_;                   // All of before has come.
  std::unique_ptr<AnswerWriter> writer_;
  tutor::StateName state_ = tutor::StateName::kExposition;
  bool stored_;
  bool deferred_ = false;  // It waits for another one's tool.
  bool asking_ = false;
  int64_t ask_at_ms_ = 0;
  std::unique_ptr<Link> link_;
};

}  // namespace lyceum::gateway
