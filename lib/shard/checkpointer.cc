#include "shard/checkpointer.h"

#include <algorithm>

#include "base/check.h"
#include "base/log.h"
#include "envelope/rows.h"
#include "shard/journal_key.h"

namespace lyceum::shard {
namespace {

constexpr int64_t kRetryFirstMs = 100;
constexpr int64_t kRetryMsMax = 5'000;

}  // namespace

Checkpointer::Checkpointer(Context* context, store::PartitionId partition,
                           DeadLetters* dead_letters)
    : context_(context),
      partition_(partition),
      dead_letters_(dead_letters),
      topic_rows_(context, partition,
                  [this](const Result<void>& written) {
                    if (!written) OnFailed(written.error());
                  }),
      self_(std::make_shared<Checkpointer*>(this)) {}

Checkpointer::~Checkpointer() { Count(0); }

// What the batch holds now.
void Checkpointer::Count(size_t bytes) {
  context_->sessions->OnCheckpoint(std::exchange(counted_, bytes), bytes);
}

void Checkpointer::Begin(const store::Checkpoint& durable) {
  CHECK(phase_ == Phase::kIdle);
  durable_ = durable;
  begun_ms_ = context_->clock->SteadyMs();
  records_ = bytes_ = batch_records_ = batch_bytes_ = 0;
}

bool Checkpointer::full() const {
  return records_ + batch_records_ >= kStopFactor * context_->options.refold_records_max ||
         bytes_ + batch_bytes_ >= kStopFactor * context_->options.refold_bytes_max;
}

int64_t Checkpointer::NextMs() const {
  switch (phase_) {
    case Phase::kIdle:
      if (finishing_ || forced_ || (records_ > 0 && context_->sessions->crowded())) {
        return begun_ms_;
      }
      return records_ == 0 && !requested_ ? INT64_MAX : begun_ms_ + context_->options.checkpoint_ms;
    case Phase::kCollecting:
      if (!topic_rows_.full()) return begun_ms_;
      return topic_rows_.failed() ? retry_ms_ : INT64_MAX;
    case Phase::kFailed:
      return retry_ms_;
    case Phase::kHolding:
    case Phase::kWriting:
      break;
  }
  return INT64_MAX;
}

void Checkpointer::Turn(const store::Checkpoint& now, uint64_t confirmed) {
  const int64_t steady = context_->clock->SteadyMs();
  if (phase_ == Phase::kIdle) {
    const Options& options = context_->options;
    const bool changed = forced_ || requested_ || now.sequence != durable_.sequence ||
                         now.lineage != durable_.lineage;
    const bool due = forced_ || context_->sessions->crowded() ||
                     steady - begun_ms_ >= options.checkpoint_ms ||
                     records_ >= options.refold_records_max || bytes_ >= options.refold_bytes_max;
    if (finishing_ ? !changed && durable_.clean == now.clean : !changed || !due) return;
    BeginCollecting(now);
  }
  if (phase_ == Phase::kCollecting) {
    if (topic_rows_.failed() && steady >= retry_ms_) topic_rows_.HandAgain();
    for (size_t slice = 0;
         slice < kSliceSessions && encoded_count_ < to_encode_.size() && !topic_rows_.full();
         ++slice) {
      SessionEntry* entry = to_encode_[encoded_count_++];
      if (entry != nullptr && entry->to_encode) EncodeNow(entry);
    }
    if (encoded_count_ < to_encode_.size()) return;
    phase_ = Phase::kHolding;
  }
  if (phase_ == Phase::kHolding && confirmed >= next_.sequence) {
    dead_letters_->AddRows(next_.sequence, batch_.get());
    // Orderly only where nothing came after it.
    next_.clean = finishing_ && now.clean && now.sequence == next_.sequence;
    batch_->SetCheckpoint(next_);
    Hand();
  }
  if (phase_ == Phase::kFailed && steady >= retry_ms_) Hand();
}

void Checkpointer::OnLineage(const store::Checkpoint& now) {
  if (phase_ == Phase::kCollecting || phase_ == Phase::kHolding) {
    next_ = now;  // It waits for a confirmation of records that are no more.
    next_.clean = false;
  }
  forced_ = true;
}

void Checkpointer::BeginCollecting(const store::Checkpoint& now) {
  keeping_ = std::exchange(forced_, false);
  begun_ms_ = context_->clock->SteadyMs();
  phase_ = Phase::kCollecting;
  next_ = now;
  next_.clean = false;
  requested_ = false;
  batch_ = std::make_shared<store::CheckpointBatch>(partition_);
  to_encode_ = context_->sessions->TakeListed(partition_);
  encoded_count_ = 0;
  encoded_.clear();
  for (SessionEntry* entry : to_encode_) entry->to_encode = true;
  for (const Erased& erased : std::exchange(erased_, {})) {
    batch_->EraseSession(erased.user);
    batch_erased_.push_back(erased.user);
    for (const int64_t due_ms : erased.timers) batch_->EraseTimer(due_ms, erased.user);
  }
  batch_records_ = std::exchange(records_, 0);
  batch_bytes_ = std::exchange(bytes_, 0);
}

void Checkpointer::Erase(SessionEntry* entry, std::vector<int64_t> timers_of_damaged) {
  BeforeChange(entry);  // A checkpoint that has begun is of before.
  std::vector<int64_t> timers =
      entry->damaged.empty() ? entry->indexed : std::move(timers_of_damaged);
  std::replace(to_encode_.begin(), to_encode_.end(), entry, static_cast<SessionEntry*>(nullptr));
  std::erase_if(encoded_, [&](const Encoded& encoded) { return encoded.entry == entry; });
  Erase(entry->user().value, std::move(timers));
  context_->sessions->Erase(entry);
}

void Checkpointer::Erase(const std::string& user, std::vector<int64_t> timers) {
  erased_.push_back({user, std::move(timers)});
  context_->sessions->Forget(partition_, user);
  Request();
}

void Checkpointer::EncodeNow(SessionEntry* entry) {
  entry->to_encode = false;
  const tutor::Session& session = *entry->session;
  const std::string& user = session.user.value;
  batch_->PutSession(user, envelope::EncodeSession(session));
  if (!session.topic_digest.empty() && session.topic != nullptr &&
      context_->sessions->topics().NeedsRow(partition_, session.topic_digest)) {
    topic_rows_.Put(session.topic_digest, *session.topic);
  }
  if (!entry->tail.empty()) {
    CHECK(entry->written.empty());
    entry->written = entry->tail.Release();
    entry->written_first = entry->tail_first;
    batch_->PutJournal(user, entry->written_first, entry->written);
  }
  std::vector<int64_t> due;
  for (const tutor::Timer& timer : session.timers) due.push_back(timer.due_ms);
  for (const int64_t old : entry->indexed) {
    if (std::find(due.begin(), due.end(), old) == due.end()) batch_->EraseTimer(old, user);
  }
  for (const int64_t next : due) {
    const auto& indexed = entry->indexed;
    if (std::find(indexed.begin(), indexed.end(), next) == indexed.end()) {
      batch_->PutTimer(next, user);
    }
  }
  entry->indexed = std::move(due);
  entry->encoded = entry->generation;
  encoded_.push_back({entry, entry->generation});
  context_->sessions->Measure(entry);
  Count(batch_->bytes());
}

void Checkpointer::Hand() {
  phase_ = Phase::kWriting;
  topic_rows_.HandAgain();
  context_->store->Write(batch_, context_->executor,
                         [self = std::weak_ptr(self_)](const Result<void>& written) {
                           if (const auto here = self.lock()) (*here)->OnWritten(written);
                         });
}

void Checkpointer::OnFailed(const Error& error) {
  ++context_->counters->checkpoint_failures;
  const int64_t wait_ms = std::min(kRetryFirstMs << std::min(failures_, 6u), kRetryMsMax);
  if (failures_++ == 0) {
    failing_since_ms_ = context_->clock->SteadyMs();
    LogError("checkpoint not written: it is tried again",
             {{"partition", partition_}, {"text", error.text}});
  }
  retry_ms_ = context_->clock->SteadyMs() + wait_ms;
}

void Checkpointer::OnWritten(const Result<void>& written) {
  CHECK(phase_ == Phase::kWriting);
  if (!written) {
    OnFailed(written.error());
    phase_ = Phase::kFailed;
    return;
  }
  if (failures_ > 0) LogInfo("checkpoints are written again", {{"partition", partition_}});
  failures_ = 0;
  failing_since_ms_ = INT64_MAX;
  ++context_->counters->checkpoints;
  context_->counters->measures.checkpoint.AddMs(context_->clock->SteadyMs() - begun_ms_);
  context_->counters->checkpoint_bytes += batch_->bytes();
  durable_ = next_;
  for (const Encoded& encoded : encoded_) {
    SessionEntry* entry = encoded.entry;
    entry->durable = encoded.generation;
    entry->written.clear();
    entry->written.shrink_to_fit();
    // The index is read ahead: what came into it later is looked at from here.
    const int64_t ahead = context_->server_time->NowMs() + Timers::kHorizonMs;
    for (const tutor::Timer& timer : entry->session->timers) {
      if (timer.kind == tutor::TimerKind::kToolDeadline || timer.due_ms > ahead) continue;
      context_->timers->Add({timer.due_ms, partition_, entry->user().value, "", timer.due_ms});
    }
    if (entry->unload && entry->clean()) {
      context_->sessions->Erase(entry);
    } else {
      context_->sessions->Measure(entry);
    }
  }
  for (const std::string& user : std::exchange(batch_erased_, {})) {
    context_->sessions->OnErased(user);
  }
  encoded_.clear();
  to_encode_.clear();
  batch_.reset();
  Count(0);
  batch_records_ = batch_bytes_ = 0;
  keeping_ = false;
  phase_ = Phase::kIdle;
}

}  // namespace lyceum::shard
