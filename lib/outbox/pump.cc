#include "outbox/pump.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "outbox/letter_message.h"

namespace lyceum::outbox {
namespace {

using std::chrono::milliseconds;

constexpr size_t kRoundMax = 1024;
constexpr size_t kPage = 512;
constexpr size_t kAckedMax = 4096;
constexpr milliseconds kFlushTimeout{1'000};
constexpr milliseconds kPause{20};       // After a failed round.
constexpr milliseconds kAckPoll{5};      // While JetStream letters are in flight.
constexpr milliseconds kReadPause{200};  // After a failed read.

}  // namespace

Pump::Pump(std::shared_ptr<wire::Connection> connection, store::Store* store, DoneRows* done,
           size_t letters_max)
    : connection_(std::move(connection)),
      store_(store),
      done_(done),
      letters_max_(letters_max),
      acks_(std::make_shared<Mailbox<wire::Acked>>(kAckedMax)),
      publisher_(connection_, acks_, {.in_flight_max = kAckedMax}),
      thread_([this] { Run(); }) {}

Pump::~Pump() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Pump::Adopt(store::PartitionId partition) {
  {
    std::lock_guard lock(mutex_);
    Partition& state = partitions_[partition];
    unread_ -= state.unread;
    state = {.adoption = state.adoption + 1,
             .catching_up = true,
             .passed = {},
             .newest = {},
             .unread = 0};
  }
  changed_.notify_all();
}

bool Pump::WaitForRoom(Deadline deadline) {
  std::unique_lock lock(mutex_);
  const auto room = [&] { return draining_ || unsent_ + unread_ <= letters_max_; };
  return changed_.wait_until(lock, deadline, room) && !draining_;
}

void Pump::Take(store::PartitionId partition, const std::vector<store::Letter>& letters) {
  if (letters.empty()) return;
  {
    std::lock_guard lock(mutex_);
    Partition& state = partitions_[partition];
    if (state.catching_up) {
      state.newest = letters.back().id;
      state.unread += letters.size();
      unread_ += letters.size();
      return;
    }
    for (const store::Letter& letter : letters) {
      if (state.passed && letter.id <= *state.passed) continue;  // Read from its row already.
      queue_.push_back({partition, state.adoption, letter.id, letter.bytes, {}, {}, false});
      ++unsent_;
    }
  }
  changed_.notify_all();
}

bool Pump::Drain(Deadline deadline) {
  std::unique_lock lock(mutex_);
  draining_ = true;
  changed_.notify_all();
  return changed_.wait_until(lock, deadline, [&] { return Idle(); });
}

bool Pump::Idle() const {
  return unsent_ == 0 && std::none_of(partitions_.begin(), partitions_.end(),
                                      [](const auto& item) { return item.second.catching_up; });
}

void Pump::Run() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      const auto work = [&] { return stopping_ || !queue_.empty() || !round_.empty() || !Idle(); };
      changed_.wait(lock, work);
      if (stopping_) return;
    }
    ReadBacklogs();
    FillRound();
    const bool sent = SendRound();
    SendAcked();
    const bool polling = !acked_waiting_.empty() || !acked_flying_.empty();
    TakeAcks(polling && round_.empty() ? In(kAckPoll) : Steady::now());
    std::unique_lock lock(mutex_);
    if (!sent) {
      changed_.wait_for(lock, kPause, [&] { return stopping_; });
    } else if (queue_.empty() && !polling && !Idle()) {
      changed_.wait_until(lock, read_again_, [&] { return stopping_ || !queue_.empty(); });
    }
  }
}

void Pump::ReadBacklogs() {
  if (Steady::now() < read_again_) return;
  std::vector<std::pair<store::PartitionId, Partition>> behind;
  {
    std::lock_guard lock(mutex_);
    if (queue_.size() >= kRoundMax) return;
    for (const auto& [partition, state] : partitions_) {
      if (state.catching_up) behind.emplace_back(partition, state);
    }
  }
  for (const auto& [partition, state] : behind) ReadPage(partition, state);
}

void Pump::ReadPage(store::PartitionId partition, const Partition& state) {
  auto page = store_->GetLetters(partition, state.passed, kPage);
  if (!page) {
    LogError("letters cannot be read", {{"partition", partition}, {"error", page.error().text}});
    read_again_ = In(kReadPause);
    return;
  }
  std::lock_guard lock(mutex_);
  Partition& now = partitions_[partition];
  if (now.adoption != state.adoption) return;
  for (store::Letter& letter : *page) {
    now.passed = letter.id;
    queue_.push_back({partition, now.adoption, letter.id, std::move(letter.bytes), {}, {}, false});
    ++unsent_;
  }
  // What was committed after the page was read is on the next one.
  if (page->size() < kPage && (!now.newest || (now.passed && *now.newest <= *now.passed))) {
    now.catching_up = false;
    unread_ -= std::exchange(now.unread, 0);  // In queue_ by now, or past it.
    changed_.notify_all();
  }
}

void Pump::FillRound() {
  std::vector<Item> taken;
  size_t dropped = 0;
  {
    std::lock_guard lock(mutex_);
    const auto stale = [&](const Item& item) {
      return item.adoption != partitions_[item.partition].adoption;
    };
    dropped += std::erase_if(round_, stale);
    while (!queue_.empty() && round_.size() + taken.size() < kRoundMax) {
      if (stale(queue_.front())) {
        ++dropped;
      } else {
        taken.push_back(std::move(queue_.front()));
      }
      queue_.pop_front();
    }
  }
  for (Item& item : taken) {
    if (!Prepare(&item)) {
      ++dropped;
    } else if (item.message_id.empty()) {
      round_.push_back(std::move(item));
    } else {
      acked_waiting_.push_back(std::move(item));
    }
  }
  Forget(dropped);
}

// False: a row that we can not read. It is kept, for whoever looks into the damage.
bool Pump::Prepare(Item* item) {
  auto row = envelope::DecodeLetter(item->bytes);
  if (!row) {
    ++refused_;
    LogError("letter cannot be read", {{"partition", item->partition},
                                       {"sequence", item->id.sequence},
                                       {"error", row.error().text}});
    return false;
  }
  item->bytes.clear();
  item->message_id = row->message_id;
  item->message = MessageOf(*row);
  return true;
}

bool Pump::SendRound() {
  if (round_.empty()) return true;
  const uint64_t reconnects = connection_->reconnects();
  for (Item& item : round_) {
    if (item.finished) continue;
    const auto published = connection_->Publish(item.message);
    if (published) continue;
    if (published.error().fault != Fault::kReject) return false;
    LogError("letter refused", {{"partition", item.partition},
                                {"sequence", item.id.sequence},
                                {"error", published.error().text}});
    item.finished = true;
    Finish(item, false);
  }
  if (!connection_->Flush(kFlushTimeout)) return false;
  // The flush of a new connection says nothing of what the old one had in its buffer.
  if (!connection_->connected() || connection_->reconnects() != reconnects) return false;
  for (const Item& item : round_) {
    if (!item.finished) Finish(item, true);
  }
  Forget(round_.size());
  round_.clear();
  return true;
}

void Pump::SendAcked() {
  while (!acked_waiting_.empty()) {
    Item& item = acked_waiting_.front();
    const uint64_t cookie = next_cookie_;
    if (!publisher_.Send(item.message, item.message_id, cookie, Steady::now())) return;
    ++next_cookie_;
    acked_flying_.emplace(cookie, std::move(item));
    acked_waiting_.pop_front();
  }
}

void Pump::TakeAcks(Deadline until) {
  size_t count = 0;
  for (;;) {
    auto acks = acks_->PopSome(kAckedMax, count == 0 ? until : Steady::now());
    if (acks.empty()) break;
    for (const wire::Acked& ack : acks) {
      const auto item = acked_flying_.find(ack.cookie);
      if (item == acked_flying_.end()) continue;
      if (!ack.ok) {
        LogError("letter refused", {{"partition", item->second.partition},
                                    {"sequence", item->second.id.sequence},
                                    {"error", ack.error}});
      }
      Finish(item->second, ack.ok);
      acked_flying_.erase(item);
      ++count;
    }
  }
  Forget(count);
}

void Pump::Finish(const Item& item, bool arrived) {
  ++(arrived ? sent_ : refused_);
  done_->Add(item.partition, {item.id, 0});
}

void Pump::Forget(size_t count) {
  if (count == 0) return;
  {
    std::lock_guard lock(mutex_);
    unsent_ -= count;
  }
  changed_.notify_all();
}

}  // namespace lyceum::outbox
