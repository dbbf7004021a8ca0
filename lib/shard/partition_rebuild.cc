// A session that cannot be read, made again from its records:
//
//   folding   Rebuild reads the log up to the present position; records of the user that come now are
//             kept
//   writing   the chunks of its old journal are emptied, the new ones written
//   there     it takes the place of the damaged one, its open call is dispatched, the kept records
//             are folded; `done` is told when a checkpoint has it
//
// Until then the row in the store is the damaged one, so a crash costs the work and nothing else.
#include <fmt/format.h>

#include <set>
#include <utility>

#include "base/log.h"
#include "shard/partition.h"

namespace lyceum::shard {
namespace {

constexpr size_t kKeptMax = 1'000;
constexpr size_t kKeptBytesMax = 8 << 20;
constexpr int64_t kDurableMs = 30'000;

}  // namespace

void Partition::RebuildSession(const UserId& user, RebuiltHandler done) {
  if (rebuilding_) return done(Retry("another session of this partition is being rebuilt"));
  if (phase_ != Phase::kReading || !caught_up_ || stopping_) {
    return done(Retry("the partition is not at the end of its log: see `lyceum partition`"));
  }
  const Result<SessionEntry*> entry = context_->sessions->Load(id_, user.value);
  if (!entry) return done(entry.error());
  if (*entry == nullptr) return done(Reject("there is no session of this learner"));
  if ((*entry)->damaged.empty()) {
    return done(Reject("the session can be read: there is nothing to rebuild"));
  }
  LogWarn("session is rebuilt from its records",
          {{"partition", id_}, {"user", user.value}, {"text", (*entry)->damaged}});
  rebuilding_.emplace();
  rebuilding_->user = user;
  rebuilding_->done = std::move(done);
  rebuilding_->fold = std::make_unique<Rebuild>(
      context_, id_, user, position_.sequence,
      [this](Result<Rebuild::Rebuilt> rebuilt) { OnRebuilt(std::move(rebuilt)); });
}

void Partition::OnRebuilt(Result<Rebuild::Rebuilt> rebuilt) {
  // It runs in a handler of this object, which goes when the handler is done.
  const std::unique_ptr<Rebuild> fold = std::move(rebuilding_->fold);
  if (!rebuilt) return AbortRebuild(rebuilt.error());
  rebuilding_->records = rebuilt->records;
  auto session = std::make_shared<tutor::Session>(std::move(rebuilt->session));
  const auto written = [self = std::weak_ptr(self_), session,
                        user = rebuilding_->user](const Result<void>& done) {
    const auto here = self.lock();
    if (here == nullptr) return;
    Partition& partition = **here;
    if (!partition.rebuilding_ || partition.rebuilding_->user != user) return;  // Aborted.
    if (!done) return partition.AbortRebuild(done.error());
    partition.Replace(std::move(*session));
  };
  const Result<void> handed = WriteJournal(session->user.value, rebuilt->journal, written);
  if (!handed) AbortRebuild(handed.error());
}

Result<void> Partition::WriteJournal(const std::string& user,
                                     const std::vector<store::JournalRow>& chunks,
                                     std::function<void(Result<void>)> done) {
  constexpr size_t kBytesAtOnce = 1 << 20;
  auto batch = std::make_shared<store::CheckpointBatch>(id_);
  std::set<uint64_t> kept;
  for (const store::JournalRow& chunk : chunks) kept.insert(chunk.first_sequence);
  for (uint64_t before = UINT64_MAX;;) {
    const auto rows = context_->store->GetJournal(id_, user, before, kBytesAtOnce);
    if (!rows) return rows.error();
    if (rows->empty()) break;
    for (const store::JournalRow& row : *rows) {
      before = row.first_sequence;
      if (!kept.contains(before)) batch->PutJournal(user, before, {});
    }
  }
  for (const store::JournalRow& chunk : chunks) {
    batch->PutJournal(user, chunk.first_sequence, chunk.bytes);
  }
  context_->store->Write(batch, context_->executor, std::move(done));
  return {};
}

void Partition::Replace(tutor::Session session) {
  const Result<SessionEntry*> loaded = context_->sessions->Load(id_, session.user.value);
  if (!loaded || *loaded == nullptr || (*loaded)->damaged.empty()) {
    return AbortRebuild(Retry("the damaged session is not there any more: try again"));
  }
  SessionEntry* entry = *loaded;
  TopicTable& topics = context_->sessions->topics();
  topics.Forget(id_);  // Where the topic's row is what was missing, it is written again.
  if (session.topic != nullptr && !session.topic_digest.empty()) {
    session.topic = topics.Intern(session.topic_digest, std::move(session.topic));
  }
  entry->damaged.clear();
  entry->session = std::move(session);
  context_->sessions->OnChanged(entry);
  context_->sessions->Measure(entry);
  checkpointer_.Request();
  rebuilding_->generation = entry->generation;
  rebuilding_->give_up_ms = context_->clock->SteadyMs() + kDurableMs;
  const int64_t ahead = context_->server_time->NowMs() + Timers::kHorizonMs;
  for (const tutor::Timer& timer : entry->session->timers) {
    if (timer.kind == tutor::TimerKind::kToolDeadline || timer.due_ms > ahead) continue;
    LookAt(timer.due_ms, entry->user().value, "");
  }
  Redispatch(entry);
  const std::deque<KeptRecord> kept = std::exchange(rebuilding_->kept, {});
  for (const KeptRecord& record : kept) {
    context_->flight->BeginFold(id_, record.sequence);
    FoldRecord({record.subject, record.content_type, record.data, record.sequence, record.time_ms});
    context_->flight->EndFold(id_);
    folded_in_turn_ = true;
  }
  digests_.Break();
}

// True: the record waits until its session is there.
bool Partition::Keep(const Record& record, std::string_view user, const tutor::Event& event) {
  if (!rebuilding_ || rebuilding_->generation || rebuilding_->user.value != user) return false;
  if (rebuilding_->kept.size() >= kKeptMax || rebuilding_->kept_bytes >= kKeptBytesMax) {
    AbortRebuild(Retry("the learner sent too much while the session was rebuilt: try again"));
    return false;
  }
  const auto* result = std::get_if<tutor::ToolResult>(&event.kind);
  const auto* loaded =
      result == nullptr ? nullptr : std::get_if<tutor::LoadTopicOk>(&result->reply.outcome);
  rebuilding_->kept.push_back({std::string(record.subject), std::string(record.content_type),
                               std::string(record.data), loaded ? loaded->topic : nullptr,
                               record.sequence, record.time_ms});
  rebuilding_->kept_bytes += record.data.size();
  digests_.Break();
  return true;
}

// The kept records are refused, as they would have been without it.
void Partition::AbortRebuild(const Error& error) {
  if (!rebuilding_ || rebuilding_->generation) return;
  const Rebuilding ended = std::exchange(rebuilding_, std::nullopt).value();
  LogWarn("session not rebuilt", {{"partition", id_}, {"text", error.text}});
  for (const KeptRecord& record : ended.kept) {
    FoldRecord({record.subject, record.content_type, record.data, record.sequence, record.time_ms});
  }
  digests_.Break();
  ended.done(error);
}

void Partition::TickRebuild() {
  if (!rebuilding_) return;
  if (rebuilding_->fold != nullptr) return rebuilding_->fold->Tick();
  if (!rebuilding_->generation) return;
  const SessionEntry* entry = context_->sessions->Find(rebuilding_->user.value);
  const bool durable = entry == nullptr || entry->durable >= *rebuilding_->generation;
  if (!durable && context_->clock->SteadyMs() < rebuilding_->give_up_ms) return;
  const Rebuilding ended = std::exchange(rebuilding_, std::nullopt).value();
  if (!durable) {
    return ended.done(Retry("the session is rebuilt, but no checkpoint has it yet: see the log"));
  }
  LogInfo("session rebuilt", {{"partition", id_}, {"records", ended.records}});
  ended.done(ended.records);
}

}  // namespace lyceum::shard
