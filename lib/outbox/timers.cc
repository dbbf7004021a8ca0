#include "outbox/timers.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "outbox/letter_message.h"

namespace lyceum::outbox {
namespace {

using std::chrono::milliseconds;

constexpr size_t kFlyingMax = 4096;
constexpr size_t kSeenMax = 4096;
constexpr size_t kPage = 256;
constexpr int64_t kLookMsMax = 500;  // The wall clock may be set.
constexpr int64_t kNoRoomMs = 20;
constexpr int64_t kReadAgainMs = 200;

}  // namespace

Timers::Timers(std::shared_ptr<wire::Connection> connection, store::Store* store, DoneRows* done)
    : store_(store),
      done_(done),
      acks_(std::make_shared<Mailbox<wire::Acked>>(kFlyingMax + 16)),
      publisher_(std::move(connection), acks_, {.in_flight_max = kFlyingMax}),
      thread_([this] { Run(); }) {}

Timers::~Timers() {
  stopping_ = true;
  Wake();
  thread_.join();
}

Result<void> Timers::Adopt(store::PartitionId partition) {
  auto first = store_->GetDueTimers(partition, -1, 0);
  if (!first) return first.error();
  {
    std::lock_guard lock(mutex_);
    adopted_.insert(partition);
  }
  if (first->next_due_ms) Put(partition, {*first->next_due_ms});
  return {};
}

void Timers::Put(store::PartitionId partition, const std::vector<int64_t>& due_ms) {
  if (due_ms.empty()) return;
  const int64_t first = *std::min_element(due_ms.begin(), due_ms.end());
  {
    std::lock_guard lock(mutex_);
    int64_t& next = next_due_ms_.try_emplace(partition, kNever).first->second;
    if (first >= next) return;
    next = first;
  }
  Wake();
}

bool Timers::Drain(Deadline deadline) {
  std::unique_lock lock(mutex_);
  draining_ = true;
  return idle_.wait_until(lock, deadline, [&] { return !busy_; });
}

// One at a time: the mailbox must keep its room for acks.
void Timers::Wake() {
  if (!woken_.exchange(true)) acks_->TryPush({});
}

Deadline Timers::NextLook() {
  std::lock_guard lock(mutex_);
  int64_t wait_ms = kLookMsMax;
  if (draining_) return In(milliseconds(wait_ms));
  const int64_t now_ms = UnixMs();
  for (const auto& [partition, due_ms] : next_due_ms_) {
    wait_ms = std::min(wait_ms, std::max<int64_t>(due_ms - now_ms, 0));
  }
  return In(milliseconds(wait_ms));
}

void Timers::Run() {
  while (!stopping_) {
    TakeAcks(NextLook());
    if (!stopping_) FireDue();
  }
}

void Timers::TakeAcks(Deadline until) {
  for (const wire::Acked& ack : acks_->PopSome(kFlyingMax, until)) {
    if (ack.cookie == 0) {
      woken_ = false;
    } else {
      OnAck(ack);
    }
  }
  if (!flying_.empty()) return;
  {
    std::lock_guard lock(mutex_);
    busy_ = false;
  }
  idle_.notify_all();
}

void Timers::OnAck(const wire::Acked& ack) {
  const auto flying = flying_.find(ack.cookie);
  if (flying == flying_.end()) return;
  const Flying timer = flying->second;
  flying_.erase(flying);
  if (!ack.ok) {
    LogError("timer refused", {{"partition", timer.partition}, {"error", ack.error}});
  }
  auto& seen = seen_[timer.partition];
  const auto row = seen.find(timer.key);
  if (row == seen.end()) return;  // Erased by its session in the meantime.
  row->second = Seen::kOver;
  if (ack.ok) ++fired_;
  done_->Add(timer.partition, {timer.key.id, timer.key.due_ms});
}

void Timers::FireDue() {
  const int64_t now_ms = UnixMs();
  std::vector<store::PartitionId> due;
  {
    std::lock_guard lock(mutex_);
    if (draining_) return;
    for (const store::PartitionId partition : adopted_) seen_.erase(partition);
    adopted_.clear();
    for (auto& [partition, due_ms] : next_due_ms_) {
      if (due_ms > now_ms) continue;
      due.push_back(partition);
      due_ms = kNever;  // A Put from here on lowers it.
    }
    if (!due.empty()) busy_ = true;  // Until TakeAcks finds nothing outstanding.
  }
  for (const store::PartitionId partition : due) {
    const int64_t next_ms = Fire(partition, now_ms);
    std::lock_guard lock(mutex_);
    int64_t& kept = next_due_ms_[partition];
    kept = std::min(kept, next_ms);
  }
}

int64_t Timers::Fire(store::PartitionId partition, int64_t now_ms) {
  auto& seen = seen_[partition];
  auto page = store_->GetDueTimers(partition, now_ms, seen.size() + kPage);
  if (!page) {
    LogError("timers cannot be read", {{"partition", partition}, {"error", page.error().text}});
    return now_ms + kReadAgainMs;
  }
  ForgetErased(&seen, *page, now_ms);
  for (const store::Letter& letter : page->due) {
    if (seen.contains({letter.due_ms, letter.id})) continue;
    if (seen.size() >= kSeenMax || !Publish(partition, letter)) return now_ms + kNoRoomMs;
  }
  return page->next_due_ms.value_or(kNever);
}

bool Timers::Publish(store::PartitionId partition, const store::Letter& letter) {
  const Key key{letter.due_ms, letter.id};
  const auto row = envelope::DecodeLetter(letter.bytes);
  if (!row || row->message_id.empty()) {
    LogError("timer cannot be read", {{"partition", partition}, {"sequence", letter.id.sequence}});
    seen_[partition][key] = Seen::kOver;
    return true;
  }
  const uint64_t cookie = next_cookie_;
  if (!publisher_.Send(MessageOf(*row), row->message_id, cookie, Steady::now())) return false;
  ++next_cookie_;
  flying_.emplace(cookie, Flying{partition, key});
  seen_[partition][key] = Seen::kFlying;
  return true;
}

// What the read covered and did not find has been erased.
void Timers::ForgetErased(std::map<Key, Seen>* seen, const store::Store::DueTimers& page,
                          int64_t now_ms) {
  const bool all = !page.next_due_ms || *page.next_due_ms > now_ms;
  auto row = page.due.begin();
  for (auto it = seen->begin(); it != seen->end() && it->first.due_ms <= now_ms;) {
    while (row != page.due.end() && Key{row->due_ms, row->id} < it->first) ++row;
    if (row == page.due.end() && !all) return;
    const bool found = row != page.due.end() && Key{row->due_ms, row->id} == it->first;
    it = found ? std::next(it) : seen->erase(it);
  }
}

}  // namespace lyceum::outbox
