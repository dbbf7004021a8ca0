#include "gateway/answer.h"

#include <algorithm>
#include <utility>

#include "gateway/limits.h"
#include "tutor/limits.h"

namespace lyceum::gateway {
namespace {

constexpr int kEnded = 1000;
constexpr int64_t kAskMs = 150;  // Between two looks at the session.
constexpr uint32_t kMessagesBack = 64;

}  // namespace

uint32_t AfterForAnswer(uint32_t last_n) { return last_n - std::min(last_n, kMessagesBack); }

AnswerPeer::AnswerPeer(Gateway* gateway, Identity identity, AnswerStart start,
                       MakeWriter make_writer)
    : LearnerPeer(gateway, std::move(identity)),
      start_(std::move(start)),
      make_writer_(std::move(make_writer)),
      event_id_(start_.event ? start_.event->id.value : start_.event_id),
      replayed_(start_.event.has_value()),
      stored_(!start_.event) {
  if (start_.follows_all || !event_id_.empty()) writer_ = make_writer_(event_id_);
}

void AnswerPeer::OnOpen(std::shared_ptr<Outgoing> opened) {
  LearnerPeer::OnOpen(std::move(opened));
  AskForTicks();
  link_ = std::make_unique<Link>(sessions(), user(), start_.after_n,
                                 [this](const envelope::ReceivedMessage& message,
                                        std::string_view text) { OnMessage(message, text); });
  if (writer_) Send();
  if (!start_.event) return;
  start_.event->client = link_->client();
  Store(*start_.event, start_.trace, [this, here = alive()](const Result<uint64_t>& stored) {
    if (here.expired()) return;
    if (!stored) {
      writer_->Fail("not_stored", "The message is not stored for certain: send it again.");
      return Send();
    }
    stored_ = true;
    sequence_ = *stored;
  });
}

void AnswerPeer::BeforeClose(std::string_view sentence) {
  if (!writer_ || !writer_->FailsOnClose()) return;
  writer_->Fail("closed", sentence);
  Send();
}

void AnswerPeer::OnMessage(const envelope::ReceivedMessage& message, std::string_view text) {
  ++counters().messages;
  const uint32_t n = message.message.n;
  if (n > 0) state_ = message.message.state;
  ask_at_ms_ = 0;
  if (replayed_) {
    Use(message, text, false);
    return Send();
  }
  // A resume: whose answer it is, is known when all of before has come, or with the first message after it.
  if (n == 0) return OnResumed(message);
  before_.push_back({message, std::string(text)});
  if (before_.size() > tutor::kMessagesKept) before_.pop_front();
  // Where a tool runs and what was said last has ended, the answer has not said anything yet.
  const bool silent = start_.runs && !tutor::IsBusy(state_);
  if (n > start_.last_n || (n == start_.last_n && (writer_ || !silent))) Replay();
}

// The view that a resume began with may be older than the event whose answer is wanted: an attach is behind all that was
// stored before it, so its answer knows.
void AnswerPeer::OnResumed(const envelope::ReceivedMessage& message) {
  if (message.is_delta || message.is_retract) return;
  const auto* resumed = std::get_if<tutor::ResumedOut>(&message.message.body);
  if (resumed == nullptr) return;
  start_.last_n = std::max(start_.last_n, resumed->last_n);
  if (message.message.state == tutor::StateName::kAwaitingToolResult) start_.runs = true;
}

void AnswerPeer::Replay() {
  if (!writer_) {
    // Messages of no event (a reminder, say) are no answer.
    for (auto last = before_.rbegin(); last != before_.rend() && event_id_.empty(); ++last) {
      event_id_ = last->message.message.in_reply_to.value;
    }
    if (event_id_.empty()) return;
    writer_ = make_writer_(event_id_);
  }
  replayed_ = true;
  const bool written = writer_->AddBefore(before_, event_id_);
  for (const SaidMessage& said : before_) Use(said.message, said.json, written);
  before_.clear();
  Send();
}

void AnswerPeer::Use(const envelope::ReceivedMessage& message, std::string_view text,
                     bool written) {
  if (writer_->ended()) return;
  if (message.is_delta) {
    if (!deferred_ && stored_) writer_->AddDelta(message);
    return;
  }
  if (message.is_retract) return writer_->Retract(message);
  if (!start_.follows_all && message.message.in_reply_to.value != event_id_) return;
  if (!written) writer_->Add(message, text);
  const auto* wait = std::get_if<tutor::WaitOut>(&message.message.body);
  if (start_.follows_all) return;
  deferred_ = wait != nullptr && wait->kept && wait->place > 0;
  if (wait != nullptr && !wait->kept)
    writer_->Finish();  // It has changed nothing, and nothing follows.
}

void AnswerPeer::Tick(int64_t steady_ms) {
  if (!stored_ || asking_ || outgoing() == nullptr || steady_ms < ask_at_ms_) return;
  if (!replayed_ || writer_->ended() || tutor::IsBusy(state_)) return;
  AskWhetherItIsOver();
}

void AnswerPeer::AskWhetherItIsOver() {
  asking_ = true;
  ask_at_ms_ = clock().SteadyMs() + kAskMs;
  sessions()->View(user(), 1, [this, here = alive()](const Result<envelope::SessionView>& view) {
    if (here.expired()) return;
    asking_ = false;
    if (!view || writer_->ended()) return;
    const bool folded = view->found ? view->applied_seq >= sequence_ : false;
    if (!folded || IsBusy(*view)) return;
    if (view->n > link_->last_n()) return link_->Expect(view->n);
    writer_->SetState(view->json);
    writer_->Finish();
    Send();
  });
}

void AnswerPeer::Send() {
  std::string frames = writer_->Take();
  if (!frames.empty()) outgoing()->Send(std::move(frames));
  if (writer_->ended()) outgoing()->Close(kEnded, "");
}

}  // namespace lyceum::gateway
