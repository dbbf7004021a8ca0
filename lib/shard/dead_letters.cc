#include "shard/dead_letters.h"

#include <fmt/format.h>

#include <utility>

#include "base/hash.h"
#include "base/log.h"
#include "shard/output.h"

namespace lyceum::shard {
namespace {

// The token under which a record is filed whose own user is none.
constexpr std::string_view kNobody = "_";

}  // namespace

DeadLetters::DeadLetters(Context* context, store::PartitionId partition)
    : context_(context), partition_(partition), self_(std::make_shared<DeadLetters*>(this)) {}

void DeadLetters::Add(const Record& record, std::string_view user, const Refused& refused) {
  const UserId filed(std::string(user.empty() ? kNobody : user));
  Put(record.sequence, filed,
      envelope::EncodeDeadLetter(DeadLetterOf(partition_, record, refused)));
  Send();
}

void DeadLetters::Put(uint64_t sequence, const UserId& user, std::string bytes) {
  if (waiting_.size() >= kCountMax || bytes_ + bytes.size() > kBytesMax) {
    ++context_->counters->dead_letters_lost;
    LogWarn("dead letter lost: too many wait for their stream",
            {{"partition", partition_}, {"sequence", sequence}});
    return;
  }
  if (const auto found = waiting_.find(sequence); found != waiting_.end()) {
    bytes_ -= found->second.bytes.size();  // Of an earlier lineage.
  }
  bytes_ += bytes.size();
  waiting_[sequence] = {context_->options.subjects.DeadLetterOf(partition_, user), user.value,
                        std::move(bytes), false};
}

Result<void> DeadLetters::Recover() {
  auto rows = context_->store->GetDeadLetters(partition_, kCountMax);
  if (!rows) return rows.error();
  for (store::DeadLetterRow& row : *rows) {
    rows_[row.sequence] = true;
    const auto letter = envelope::DecodeDeadLetter(row.bytes);
    if (!letter) {
      LogError("dead letter cannot be read",
               {{"partition", partition_}, {"text", letter.error().text}});
      continue;
    }
    const auto parts = context_->options.subjects.ParseLogFast(letter->subject);
    const UserId user(std::string(parts ? parts->user : kNobody));
    Put(row.sequence, user, std::move(row.bytes));
  }
  return {};
}

void DeadLetters::Send() {
  for (auto& [sequence, letter] : waiting_) {
    if (letter.sent) continue;
    wire::StoredMessageOut message;
    message.subject = letter.subject;
    message.data = letter.bytes;
    message.message_id = fmt::format("dlq-{}-{}-{:x}", partition_, sequence, Fnv1a64(letter.bytes));
    const auto done = [self = std::weak_ptr(self_), sequence = sequence](Result<uint64_t> acked) {
      if (const auto here = self.lock()) (*here)->OnAcked(sequence, acked);
    };
    if (!context_->publisher->Send(std::move(message), INT64_MAX, done)) return;
    letter.sent = true;
  }
}

void DeadLetters::Forget(uint64_t sequence) {
  while (!waiting_.empty() && waiting_.begin()->first <= sequence) {
    const auto found = waiting_.begin();
    bytes_ -= found->second.bytes.size();
    if (const auto row = rows_.find(found->first); row != rows_.end()) row->second = false;
    waiting_.erase(found);
  }
}

std::optional<std::string> DeadLetters::Forget(
    const std::function<bool(std::string_view user)>& is_one) {
  std::optional<std::string> found;
  for (auto letter = waiting_.begin(); letter != waiting_.end();) {
    if (!is_one(letter->second.user)) {
      ++letter;
      continue;
    }
    found = letter->second.user;
    bytes_ -= letter->second.bytes.size();
    if (const auto row = rows_.find(letter->first); row != rows_.end()) row->second = false;
    letter = waiting_.erase(letter);
  }
  return found;
}

void DeadLetters::OnAcked(uint64_t sequence, const Result<uint64_t>& acked) {
  const auto found = waiting_.find(sequence);
  if (found == waiting_.end()) return;
  if (!acked) {
    ++context_->counters->dead_letters_lost;
    LogError("dead letter refused",
             {{"partition", partition_}, {"sequence", sequence}, {"text", acked.error().text}});
  }
  bytes_ -= found->second.bytes.size();
  waiting_.erase(found);
  if (const auto row = rows_.find(sequence); row != rows_.end()) row->second = false;
}

void DeadLetters::AddRows(uint64_t position, store::CheckpointBatch* batch) {
  for (const auto& [sequence, letter] : waiting_) {
    if (sequence > position) break;
    if (!rows_.emplace(sequence, true).second) continue;
    batch->PutDeadLetter(sequence, letter.bytes);
  }
  for (auto row = rows_.begin(); row != rows_.end();) {
    if (row->second) {
      ++row;
      continue;
    }
    batch->EraseDeadLetter(row->first);
    row = rows_.erase(row);
  }
}

}  // namespace lyceum::shard
