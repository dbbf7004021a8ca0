#include "tools/delta_sender.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "base/log.h"

namespace lyceum::tools {
namespace {

constexpr std::chrono::seconds kIdle{60};
constexpr std::chrono::milliseconds kTick{10};  // What is due within it goes out together.

}  // namespace

DeltaSender::DeltaSender(Publish publish)
    : publish_(std::move(publish)), thread_([this] { Run(); }) {}

DeltaSender::~DeltaSender() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

std::shared_ptr<DeltaStream> DeltaSender::Open(const envelope::ToolRequest& request,
                                               std::stop_token stop) {
  auto stream = std::make_shared<DeltaStream>(this, request, std::move(stop));
  if (request.attempt > 1) stream->RetractBefore();
  return stream;
}

DeltaSender::Counters DeltaSender::counters() const {
  std::lock_guard lock(mutex_);
  return counters_;
}

void DeltaSender::Send(const wire::Message& message, uint64_t Counters::*counter) {
  const Result<void> sent = publish_(message);
  bool first_lost = false;
  {
    std::lock_guard lock(mutex_);
    ++(counters_.*(sent ? counter : &Counters::lost));
    first_lost = !std::exchange(losing_, !sent) && !sent;
  }
  if (first_lost) LogWarn("deltas are not sent", {{"why", sent.error().text}});
}

void DeltaSender::Schedule(Deadline due, std::weak_ptr<DeltaStream> stream) {
  bool first = false;
  {
    std::lock_guard lock(mutex_);
    first = due_.empty() || due < due_.begin()->first;
    due_.emplace(due, std::move(stream));
  }
  if (first) changed_.notify_one();
}

void DeltaSender::Run() {
  Deadline tick{};
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    changed_.wait_until(lock, due_.empty() ? In(kIdle) : std::max(due_.begin()->first, tick));
    tick = In(kTick);
    const Deadline now = Steady::now();
    std::vector<std::weak_ptr<DeltaStream>> ready;
    while (!due_.empty() && due_.begin()->first <= now) {
      ready.push_back(std::move(due_.begin()->second));
      due_.erase(due_.begin());
    }
    if (ready.empty() || stopping_) continue;
    lock.unlock();
    for (const auto& weak : ready) {
      if (const auto stream = weak.lock()) stream->Beat();
    }
    lock.lock();
  }
}

DeltaStream::DeltaStream(DeltaSender* sender, const envelope::ToolRequest& request,
                         std::stop_token stop)
    : sender_(sender),
      user_(request.user),
      request_(request.id),
      attempt_(request.attempt),
      targets_(envelope::StreamTargetsOf(request)),
      stop_(std::move(stop)) {}

void DeltaStream::RetractBefore() {
  std::lock_guard lock(mutex_);
  SendRetract(attempt_ - 1);
}

void DeltaStream::Add(std::string_view text) {
  std::lock_guard lock(mutex_);
  if (closed_ || stop_.stop_requested()) return;
  text_.Add(text);
  if (const auto piece = text_.Take(Steady::now())) Send(*piece);
  const auto due = text_.due();
  if (!due || scheduled_) return;
  scheduled_ = true;
  sender_->Schedule(*due, weak_from_this());
}

void DeltaStream::Beat() {
  std::lock_guard lock(mutex_);
  scheduled_ = false;
  if (closed_ || stop_.stop_requested()) return;
  if (const auto piece = text_.Take(Steady::now())) return Send(*piece);
  // Something went out in between: what waits is due a little later.
  if (const auto due = text_.due()) {
    scheduled_ = true;
    sender_->Schedule(*due, weak_from_this());
  }
}

void DeltaStream::Retract() {
  std::lock_guard lock(mutex_);
  if (closed_ || stop_.stop_requested()) return;
  if (text_.Retract()) SendRetract(attempt_);
}

void DeltaStream::Finish() {
  std::lock_guard lock(mutex_);
  if (closed_ || stop_.stop_requested()) return;
  closed_ = true;
  if (const auto piece = text_.TakeRest()) Send(*piece);
}

void DeltaStream::Close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
}

void DeltaStream::Send(const DeltaText::Piece& piece) {
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

void DeltaStream::Send(const std::function<std::string(envelope::Encoding)>& encode,
                       uint64_t DeltaSender::Counters::*counter) {
  for (const envelope::StreamTarget& target : targets_) {
    wire::Message message;
    message.subject = target.subject;
    if (target.encoding == envelope::Encoding::kJson) {
      message.headers.emplace_back("Content-Type", "application/json");
    }
    message.data = encode(target.encoding);
    sender_->Send(message, counter);
  }
}

}  // namespace lyceum::tools
