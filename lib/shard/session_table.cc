#include "shard/session_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "envelope/rows.h"

namespace lyceum::shard {
namespace {

// Of an entry and its place in the table, beside what the session itself holds.
constexpr size_t kEntryBytes = sizeof(SessionEntry) + 160;

}  // namespace

SessionTable::SessionTable(store::CheckpointStore* store, size_t bytes_max,
                           std::shared_ptr<TopicPool> pool, size_t crowded_bytes)
    : store_(store),
      bytes_max_(bytes_max),
      crowded_bytes_(crowded_bytes),
      topics_(store, std::move(pool)) {}

SessionEntry* SessionTable::Find(std::string_view user) {
  const auto found = entries_.find(user);
  return found == entries_.end() ? nullptr : found->second.get();
}

Result<SessionEntry*> SessionTable::Load(store::PartitionId partition, std::string_view user) {
  if (SessionEntry* entry = Find(user)) return entry;
  if (forgotten_.contains(user)) return nullptr;
  Result<std::optional<std::string>> row = store_->GetSession(partition, user);
  std::string damaged;
  std::optional<tutor::Session> session;
  if (!row) {
    if (row.error().fault != Fault::kFatal) return row.error();
    damaged = row.error().text;
  } else if (!row->has_value()) {
    return nullptr;
  } else if (Result<tutor::Session> decoded = envelope::DecodeSession(**row); !decoded) {
    damaged = decoded.error().text;
  } else {
    session = std::move(*decoded);
    if (!session->topic_digest.empty()) {
      Result<TopicTable::Shared> topic = topics_.Get(partition, session->topic_digest);
      if (topic && *topic == nullptr) {
        damaged = fmt::format("topic {} is not in the store", session->topic_digest);
      } else if (topic) {
        session->topic = std::move(*topic);
      } else if (topic.error().fault != Fault::kFatal) {
        return topic.error();
      } else {
        damaged = topic.error().text;
      }
    }
  }
  ++loads_;
  auto entry = std::make_unique<SessionEntry>();
  entry->partition = partition;
  if (!damaged.empty()) {
    entry->damaged = std::move(damaged);
    session = tutor::Session{};
    session->user = UserId(std::string(user));
  }
  entry->session = std::move(session);
  for (const tutor::Timer& timer : entry->session->timers) entry->indexed.push_back(timer.due_ms);
  SessionEntry* added = entry.get();
  entries_.emplace(std::string(user), std::move(entry));
  Link(added);
  Measure(added);
  return added;
}

SessionEntry* SessionTable::Insert(store::PartitionId partition, tutor::Session session) {
  auto entry = std::make_unique<SessionEntry>();
  entry->partition = partition;
  entry->session = std::move(session);
  SessionEntry* added = entry.get();
  added->anew = forgotten_.contains(added->user().value);
  const bool is_new = entries_.emplace(added->user().value, std::move(entry)).second;
  CHECK(is_new);
  Link(added);
  return added;
}

void SessionTable::OnChanged(SessionEntry* entry) {
  ++entry->generation;
  entry->unload = false;
  if (!entry->listed) {
    entry->listed = true;
    listed_[entry->partition].push_back(entry);
  }
  Unlink(entry);
  Link(entry);
}

void SessionTable::Measure(SessionEntry* entry) {
  bytes_ -= entry->bytes;
  entry->bytes = kEntryBytes + tutor::ApproximateBytes(*entry->session) + entry->tail.bytes() +
                 entry->written.capacity();
  bytes_ += entry->bytes;
}

std::vector<SessionEntry*> SessionTable::TakeListed(store::PartitionId partition) {
  std::vector<SessionEntry*> listed = std::exchange(listed_[partition], {});
  for (SessionEntry* entry : listed) entry->listed = false;
  return listed;
}

void SessionTable::Shrink(size_t others) {
  const size_t bound = crowded_ ? bytes_max_ / 4 * 3 : bytes_max_;
  SessionEntry* entry = oldest_;
  while (entry != nullptr && bytes() + others > bound) {
    SessionEntry* const next = entry->newer;
    if (entry->clean() && entry->written.empty()) Erase(entry);
    entry = next;
  }
  // Whoever is left cannot leave before a checkpoint.
  crowded_ = oldest_ != nullptr && bytes() + others > std::max(bound, crowded_bytes_);
}

void SessionTable::Forget(store::PartitionId partition, const std::string& user) {
  Forgotten& forgotten = forgotten_[user];
  forgotten.partition = partition;
  ++forgotten.times;
}

void SessionTable::OnErased(const std::string& user) {
  const auto forgotten = forgotten_.find(user);
  CHECK(forgotten != forgotten_.end());
  if (--forgotten->second.times > 0) return;
  forgotten_.erase(forgotten);
  if (SessionEntry* entry = Find(user)) entry->anew = false;
}

void SessionTable::Drop(store::PartitionId partition) {
  std::erase_if(forgotten_, [&](const auto& one) { return one.second.partition == partition; });
  std::vector<SessionEntry*> gone;
  ForEach(partition, [&](SessionEntry* entry) { gone.push_back(entry); });
  for (SessionEntry* entry : gone) Erase(entry);
  listed_.erase(partition);
  topics_.Forget(partition);
}

void SessionTable::Erase(SessionEntry* entry) {
  Unlink(entry);
  bytes_ -= entry->bytes;
  if (entry->listed) std::erase(listed_[entry->partition], entry);
  const std::string user = entry->user().value;
  const std::string digest = entry->session->topic_digest;
  entries_.erase(user);
  if (!digest.empty()) topics_.Release(digest);
}

void SessionTable::Link(SessionEntry* entry) {
  entry->older = newest_;
  entry->newer = nullptr;
  if (newest_ != nullptr) newest_->newer = entry;
  newest_ = entry;
  if (oldest_ == nullptr) oldest_ = entry;
}

void SessionTable::Unlink(SessionEntry* entry) {
  (entry->newer != nullptr ? entry->newer->older : newest_) = entry->older;
  (entry->older != nullptr ? entry->older->newer : oldest_) = entry->newer;
  entry->newer = entry->older = nullptr;
}

}  // namespace lyceum::shard
