#include "toolhost/delta_sender.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "base/log.h"
#include "tutor/limits.h"

namespace lyceum::toolhost {
namespace {

constexpr std::chrono::milliseconds kTick{10};  // What is due within it goes out together.

}  // namespace

DeltaSender::DeltaSender(const Clock* clock, Executor* executor, Publish publish,
                         Histogram* first_delta)
    : clock_(clock), executor_(executor), publish_(std::move(publish)), first_delta_(first_delta) {}

std::shared_ptr<DeltaStream> DeltaSender::Open(const envelope::ToolRequest& request,
                                               std::stop_token stop) {
  auto stream = std::make_shared<DeltaStream>(this, request, std::move(stop));
  if (request.attempt > 1) stream->SendRetract(request.attempt - 1);
  return stream;
}

void DeltaSender::Send(const wire::Outbound& message, uint64_t Counters::*counter) {
  const Result<void> sent = publish_(message);
  ++(counters_.*(sent ? counter : &Counters::lost));
  const bool first_lost = !std::exchange(losing_, !sent) && !sent;
  if (first_lost) LogWarn("deltas are not sent", {{"why", sent.error().text}});
}

void DeltaSender::Schedule(Deadline due, std::weak_ptr<DeltaStream> stream) {
  due_.emplace(due, std::move(stream));
}

void DeltaSender::Turn() {
  if (due_.empty()) return;
  const Deadline now = this->now();
  if (std::max(due_.begin()->first, tick_) > now) return;
  tick_ = now + kTick;
  std::vector<std::weak_ptr<DeltaStream>> ready;
  while (!due_.empty() && due_.begin()->first <= now) {
    ready.push_back(std::move(due_.begin()->second));
    due_.erase(due_.begin());
  }
  for (const auto& weak : ready) {
    if (const auto stream = weak.lock()) stream->SendDue();
  }
}

int64_t DeltaSender::NextMs() const {
  if (due_.empty()) return INT64_MAX;
  const Deadline next = std::max(due_.begin()->first, tick_);
  return std::chrono::ceil<std::chrono::milliseconds>(next.time_since_epoch()).count();
}

DeltaStream::DeltaStream(DeltaSender* sender, const envelope::ToolRequest& request,
                         std::stop_token stop)
    : sender_(sender),
      user_(request.user),
      request_(request.id),
      attempt_(request.attempt),
      targets_(envelope::StreamTargetsOf(request)),
      stop_(std::move(stop)),
      opened_(sender->now()) {}

void DeltaStream::OnLoop(std::function<void(DeltaStream&)> what) {
  if (std::this_thread::get_id() == sender_->loop_ && posted_ == 0) return what(*this);
  ++posted_;
  sender_->executor_->Post([self = shared_from_this(), what = std::move(what)] {
    what(*self);
    --self->posted_;
  });
}

void DeltaStream::Add(std::string_view text) {
  // More of it is not sent anyway.
  if (text.empty() || added_bytes_ > tutor::kToolTextBytesMax) return;
  added_bytes_ += text.size();
  if (std::this_thread::get_id() == sender_->loop_ && posted_ == 0) return AddHere(text);
  OnLoop([own = std::string(text)](DeltaStream& stream) { stream.AddHere(own); });
}

void DeltaStream::Retract() {
  if (std::exchange(added_bytes_, 0) == 0) return;
  OnLoop([](DeltaStream& stream) { stream.RetractHere(); });
}

void DeltaStream::Finish() {
  OnLoop([](DeltaStream& stream) { stream.FinishHere(); });
}

void DeltaStream::AddHere(std::string_view text) {
  if (closed()) return;
  text_.Add(text);
  if (const auto piece = text_.Take(sender_->now())) Send(*piece);
  const auto due = text_.due();
  if (!due || scheduled_) return;
  scheduled_ = true;
  sender_->Schedule(*due, weak_from_this());
}

void DeltaStream::SendDue() {
  scheduled_ = false;
  if (closed()) return;
  if (const auto piece = text_.Take(sender_->now())) return Send(*piece);
  // Something went out in between: what waits is due a little later.
  if (const auto due = text_.due()) {
    scheduled_ = true;
    sender_->Schedule(*due, weak_from_this());
  }
}

void DeltaStream::RetractHere() {
  if (closed()) return;
  if (text_.Retract()) SendRetract(attempt_);
}

void DeltaStream::FinishHere() {
  if (closed()) return;
  finished_ = true;
  if (const auto piece = text_.TakeRest()) Send(*piece);
}

// Written once for each encoding that somebody reads.
template <class Encode>
void DeltaStream::Send(const Encode& encode, uint64_t DeltaSender::Counters::*counter) {
  std::string json, protobuf;
  for (const envelope::StreamTarget& target : targets_) {
    const bool is_json = target.encoding == envelope::Encoding::kJson;
    std::string& data = is_json ? json : protobuf;
    if (data.empty()) data = encode(target.encoding);
    wire::Outbound message;
    message.subject = target.subject;
    message.data = data;
    if (is_json) message.content_type = "application/json";
    sender_->Send(message, counter);
  }
}

void DeltaStream::Send(const DeltaText::Piece& piece) {
  if (!std::exchange(begun_, true) && sender_->first_delta_ != nullptr) {
    const auto waited = sender_->now() - opened_;
    sender_->first_delta_->AddUs(
        std::chrono::duration_cast<std::chrono::microseconds>(waited).count());
  }
  const envelope::Delta delta{request_, attempt_, piece.offset, piece.text};
  Send([&](envelope::Encoding encoding) { return envelope::EncodeDelta(user_, delta, encoding); },
       &DeltaSender::Counters::deltas);
}

void DeltaStream::SendRetract(uint32_t attempt) {
  Send(
      [&](envelope::Encoding encoding) {
        return envelope::EncodeRetract(user_, request_, attempt, encoding);
      },
      &DeltaSender::Counters::retracts);
}

}  // namespace lyceum::toolhost
