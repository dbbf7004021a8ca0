// What must be true at rest.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <sstream>

#include "envelope/journal.h"
#include "envelope/rows.h"
#include "simulation/system.h"
#include "tutor/dump.h"

namespace lyceum::simulation {
namespace {

// The first line in which two dumps differ.
std::string Difference(const std::string& one, const std::string& other) {
  std::istringstream a(one), b(other);
  std::string x, y;
  while (true) {
    const bool more_a = static_cast<bool>(std::getline(a, x));
    const bool more_b = static_cast<bool>(std::getline(b, y));
    if (!more_a && !more_b) return {};
    if (x != y || more_a != more_b) return fmt::format("live `{}`, replayed `{}`", x, y);
  }
}

std::optional<uint64_t> Number(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

// All that the log has now; what was trimmed stays here.
void System::ReadLogs() {
  for (uint32_t p = 0; p < partitions_; ++p) {
    Log& log = logs_[p];
    const uint64_t known = log.records.empty() ? 0 : log.records.back().sequence;
    for (wire::MemoryRecord& record : broker_->Stored(subjects_.LogStream(p))) {
      if (record.sequence > known) log.records.push_back(std::move(record));
    }
  }
}

void System::CheckAtRest() {
  ReadLogs();
  for (uint32_t p = 0; p < partitions_ && failure_.empty(); ++p) CheckPartition(p);
  if (failure_.empty()) CheckClients();
  if (failure_.empty()) CheckAcked();
}

void System::CheckPartition(uint32_t partition) {
  ReplayPlan plan;
  plan.subjects = &subjects_;
  plan.partition = partition;
  plan.core = &SimulatedCore;
  const std::string bucket = "$KV." + subjects_.ClusterBucket() + ".";
  const std::string lineage = fmt::format("{}lineage.{}.", bucket, partition);
  std::map<std::pair<uint32_t, uint64_t>, bool> buried;
  for (const wire::MemoryRecord& record : broker_->Stored("KV_" + subjects_.ClusterBucket())) {
    std::string_view key = record.subject;
    if (key.starts_with(lineage)) {
      const auto number = Number(key.substr(lineage.size()));
      const auto begins = Number(record.data);
      if (number && begins) plan.lineages[static_cast<uint32_t>(*number)] = *begins;
    }
    for (uint32_t of = 0; of < 50; ++of) {
      const std::string prefix = of == 0 ? fmt::format("{}skip.{}.", bucket, partition)
                                         : fmt::format("{}skip.{}r{}.", bucket, partition, of);
      if (!key.starts_with(prefix)) continue;
      if (const auto sequence = Number(key.substr(prefix.size()))) buried[{of, *sequence}] = true;
    }
  }
  lineages_ += plan.lineages.size();
  for (const auto& [key, unused] : buried) {
    // Of the lineage that the record is of.
    uint32_t of = 0;
    for (const auto& [number, begins] : plan.lineages) {
      if (begins <= key.second) of = number;
    }
    if (of != key.first) continue;
    ++buried_count_;
    if (options_.bug != Bug::kReplayIgnoresBurials) plan.buried.insert(key.second);
  }
  CheckTimerRecords(partition);
  Worker* const owner = final_owner_.at(partition);
  const auto id = static_cast<store::PartitionId>(partition);
  Replayed& replayed = replayed_[partition] = Replay(plan, logs_[partition].records);
  const auto checkpoint = owner->disk().GetCheckpoint(id);
  if (!checkpoint || !checkpoint->has_value()) {
    if (!logs_[partition].records.empty()) Fail("a partition that was folded has no checkpoint");
    return;
  }
  if (!(*checkpoint)->clean) return Fail("the last checkpoint is not clean");
  // What each learner's session is.
  std::set<std::string> users;
  std::string after;
  while (true) {
    const auto some = owner->disk().GetUsers(id, after, 100);
    if (!some || some->empty()) break;
    users.insert(some->begin(), some->end());
    after = some->back();
  }
  std::set<std::pair<int64_t, std::string>> timers;
  for (const std::string& user : users) {
    const auto found = replayed.sessions.find(user);
    if (found == replayed.sessions.end() || !found->second.session) {
      if (!tainted_.contains(user)) Fail(user + " has a session that no record opens");
      continue;
    }
  }
  for (const auto& [user, session] : replayed.sessions) {
    if (!session.session || tainted_.contains(user)) continue;
    if (!users.contains(user)) return Fail(user + " has no session");
    CheckSession(partition, user, session, owner->disk());
    if (!failure_.empty()) return;
  }
  // The index has each timer of each session, and no other.
  for (const std::string& user : users) {
    const auto row = owner->disk().GetSession(id, user);
    const auto session = envelope::DecodeSession(**row);
    if (!session) return Fail("the row of " + user + " cannot be read");
    for (const tutor::Timer& timer : session->timers) timers.insert({timer.due_ms, user});
  }
  const auto rows = owner->disk().GetTimers(id, INT64_MAX, std::nullopt, 100'000);
  if (!rows) return Fail("the index of timers cannot be read");
  std::set<std::pair<int64_t, std::string>> indexed;
  for (const store::TimerRow& row : *rows) indexed.insert({row.due_ms, row.user});
  for (const auto& timer : timers) {
    if (!indexed.contains(timer)) {
      return Fail(fmt::format("a timer of {} is not in the index", timer.second));
    }
  }
  for (const auto& timer : indexed) {
    if (!timers.contains(timer)) {
      return Fail(fmt::format("the index has a timer that {} does not have", timer.second));
    }
  }
}

// A timer is published once; again where nobody can know, and ever more seldom where it came early.
void System::CheckTimerRecords(uint32_t partition) {
  // One that comes early, while the server's clock is set again and again, does so every 64 s at last.
  uint64_t records_max = 12 + static_cast<uint64_t>(clock_.NowUs() / 64'000'000);
  for (auto& worker : workers_) records_max += worker->crashes();
  // Whoever takes over does not know what came early.
  const std::string lease = fmt::format("$KV.{}.lease.{}.", subjects_.ClusterBucket(), partition);
  for (const wire::MemoryRecord& record : broker_->Stored("KV_" + subjects_.ClusterBucket())) {
    records_max += record.subject.starts_with(lease) ? 1 : 0;
  }
  std::map<std::string, uint64_t> counts;
  for (const wire::MemoryRecord& record : logs_[partition].records) {
    const auto parts = subjects_.ParseLogFast(record.subject);
    if (!parts || parts->record_class != envelope::RecordClass::kTimer) continue;
    const auto event =
        envelope::DecodeEvent(record.data, envelope::EncodingOf(record.content_type, record.data),
                              envelope::RecordClass::kTimer);
    const auto* fired = event ? std::get_if<tutor::TimerFired>(&event->event.kind) : nullptr;
    if (fired == nullptr || fired->token == kStrayTimer) continue;
    if (++counts[fired->token] > records_max) {
      return Fail(fmt::format("timer {} has more than {} records", fired->token, records_max));
    }
  }
}

void System::CheckSession(uint32_t partition, const std::string& user,
                          const ReplayedSession& replayed, store::MemoryStore& store) {
  const auto id = static_cast<store::PartitionId>(partition);
  const auto row = store.GetSession(id, user);
  if (!row || !row->has_value()) return Fail(user + " has no row");
  auto session = envelope::DecodeSession(**row);
  if (!session) return Fail("the row of " + user + " cannot be read");
  const std::string differs = Difference(tutor::Dump(*session), tutor::Dump(*replayed.session));
  if (!differs.empty()) return Fail(user + " differs from its replay: " + differs);
  if (!session->topic_digest.empty()) {
    const auto topic = store.GetTopic(id, session->topic_digest);
    if (!topic || !topic->has_value()) return Fail("the topic of " + user + " is not stored");
  }
  const auto rows = store.GetJournal(id, user, UINT64_MAX, SIZE_MAX / 2);
  if (!rows) return Fail("the journal of " + user + " cannot be read");
  std::vector<std::string_view> chunks;
  for (auto chunk = rows->rbegin(); chunk != rows->rend(); ++chunk) chunks.push_back(chunk->bytes);
  const auto records = envelope::RecordsIn(chunks, 0, 1'000'000);
  if (!records) return Fail("the journal of " + user + " cannot be read");
  if (*records != replayed.records) {
    return Fail(fmt::format("the journal of {} has {} records, its replay {}", user,
                            records->size(), replayed.records.size()));
  }
  const auto messages = envelope::MessagesIn(chunks, 0, UINT32_MAX, 1'000'000, SIZE_MAX / 2);
  if (!messages) return Fail("the journal of " + user + " cannot be read");
  std::vector<ReplayedMessage> kept;
  for (const envelope::KeptMessage& message : *messages) {
    kept.push_back({message.n, message.sequence, message.encoding, std::string(message.data)});
  }
  if (kept != replayed.messages) {
    return Fail(fmt::format("the journal of {} has other messages than its replay: {} and {}", user,
                            kept.size(), replayed.messages.size()));
  }
  const auto history = envelope::HistoryIn(chunks, 1, UINT64_MAX, SIZE_MAX / 2);
  if (!history) return Fail("the history of " + user + " cannot be read");
  if (*history != replayed.history) {
    return Fail(fmt::format("the history of {} is another than its replay's: {} and {}", user,
                            history->size(), replayed.history.size()));
  }
}

// Each client has every number of its session, once.
void System::CheckClients() {
  for (auto& client : clients_) {
    const std::string& user = client->user();
    if (tainted_.contains(user)) continue;
    const auto& sessions = replayed_[subjects_.PartitionOf(UserId(user))].sessions;
    const auto found = sessions.find(user);
    if (found == sessions.end() || !found->second.session) {
      if (client->whole() > 0) Fail(client->id() + " has messages of no session");
      continue;
    }
    const uint32_t n = found->second.session->n;
    if (client->has_gap() || client->whole() != n) {
      return Fail(fmt::format("client {} has all up to {}, the session is at {}", client->id(),
                              client->whole(), n));
    }
    for (const ReplayedMessage& message : found->second.messages) {
      const auto read = envelope::DecodeClientMessage(message.data, message.encoding);
      if (!read || client->by_n().at(message.n) != read->message.id) {
        return Fail(fmt::format("client {} has another message {} than its session", client->id(),
                                message.n));
      }
    }
  }
}

// Every acknowledged event is in the log, and was folded or refused by name.
void System::CheckAcked() {
  std::set<std::pair<uint32_t, uint64_t>> dead;
  // A full stream drops its oldest.
  const bool complete = broker_->first_sequence(subjects_.DeadLetterStream()) <= 1;
  for (const wire::MemoryRecord& record : broker_->Stored(subjects_.DeadLetterStream())) {
    const auto letter = envelope::DecodeDeadLetter(record.data);
    if (!letter) return Fail("a dead letter cannot be read");
    dead.insert({letter->partition, letter->sequence});
  }
  for (const auto& [event, acked] : acked_) {
    const auto& log = logs_[acked.partition].records;
    const auto record = std::lower_bound(
        log.begin(), log.end(), acked.sequence,
        [](const wire::MemoryRecord& one, uint64_t sequence) { return one.sequence < sequence; });
    if (record == log.end() || record->sequence != acked.sequence) {
      return Fail(fmt::format("event {} was acknowledged as {} and is not in the log", event,
                              acked.sequence));
    }
    const Replayed& replayed = replayed_[acked.partition];
    if (complete && replayed.refused.contains(acked.sequence) && !lost_.contains(acked.partition) &&
        !dead.contains({acked.partition, acked.sequence})) {
      return Fail(fmt::format("event {} was refused ({}) and is no dead letter", event,
                              replayed.refused.at(acked.sequence)));
    }
  }
}

void System::CheckMemory() {
  constexpr size_t kSlackBytes = 64 << 10;
  for (auto& worker : workers_) {
    if (!worker->alive()) continue;
    const uint64_t bytes = worker->shard()->counters().memory_bytes;
    if (bytes > worker->shard_options().memory_bytes + kSlackBytes) {
      Fail(fmt::format("{} has {} bytes in memory, all clean, and may have {}",
                       worker->shard_options().worker, bytes,
                       worker->shard_options().memory_bytes));
    }
  }
}

}  // namespace lyceum::simulation
