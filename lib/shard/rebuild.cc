#include "shard/rebuild.h"

#include <fmt/format.h>

#include <utility>

#include "shard/journal_key.h"
#include "shard/named_topic.h"
#include "wire/kv.h"

namespace lyceum::shard {

Rebuild::Rebuild(Context* context, store::PartitionId partition, UserId user, uint64_t last,
                 Done done)
    : context_(context),
      partition_(partition),
      user_(std::move(user)),
      last_(last),
      stream_(context->options.subjects.LogStream(partition)),
      give_up_ms_(context->clock->SteadyMs() + kTimeMaxMs),
      done_(std::move(done)),
      history_(partition),
      refold_(
          context->options.subjects, partition, &history_,
          [context, partition](const tutor::LoadTopicOk& named) -> Result<TopicTable::Shared> {
            auto topic = context->sessions->topics().Get(partition, named.digest);
            // The bucket has what is damaged here.
            if (!topic && topic.error().fault == Fault::kFatal) return TopicTable::Shared();
            return topic;
          },
          context->options.core),
      self_(std::make_shared<Rebuild*>(this)) {
  Begin();
}

template <class T, class Next>
std::function<void(Result<T>)> Rebuild::Then(Next next) {
  return [self = std::weak_ptr(self_), next](const Result<T>& result) {
    const auto here = self.lock();
    if (here == nullptr) return;
    if (!result) return (*here)->End(result.error());
    next(**here, *result);
  };
}

void Rebuild::Begin() {
  const auto told = Then<std::optional<wire::LogInfo>>([](Rebuild& rebuild, const auto& info) {
    if (!info) return rebuild.End(Reject("stream " + rebuild.stream_ + " is not there"));
    if (info->first_sequence <= 1) return rebuild.ReadKeys();
    rebuild.AskWhyItBegins(info->first_sequence);
  });
  wire::GetLogInfo(*context_->wire, stream_, told);
}

void Rebuild::AskWhyItBegins(uint64_t first) {
  const auto told = Then<std::optional<std::string>>([first](Rebuild& rebuild, const auto& erased) {
    if (erased && ReadNumber(*erased).value_or(0) >= first) return rebuild.ReadKeys();
    rebuild.End(Reject(fmt::format(
        "stream {} begins at {}: what was before it was trimmed, so the session cannot be "
        "folded again from its records",
        rebuild.stream_, first)));
  });
  wire::KvGet(*context_->wire, context_->options.subjects.ClusterBucket(),
              LogHistory::ErasedKey(partition_), told);
}

void Rebuild::ReadKeys() {
  const std::string bucket = context_->options.subjects.ClusterBucket();
  const auto lineages = Then<std::vector<std::string>>([](Rebuild& rebuild, const auto& keys) {
    for (const std::string& key : keys) {
      const auto number = rebuild.history_.LineageOfKey(key);
      if (number) rebuild.lineages_.push_back(*number);
    }
    rebuild.ReadLineages();
  });
  const auto burials =
      Then<std::vector<std::string>>([bucket, lineages](Rebuild& rebuild, const auto& keys) {
        for (const std::string& key : keys) rebuild.history_.AddBurial(key);
        wire::KvKeys(*rebuild.context_->wire, bucket,
                     fmt::format("lineage.{}.>", rebuild.partition_), lineages);
      });
  wire::KvKeys(*context_->wire, bucket, "skip.>", burials);
}

void Rebuild::ReadLineages() {
  if (lineages_.empty()) return ReadBarriers();
  const uint32_t number = lineages_.back();
  lineages_.pop_back();
  const auto read = Then<std::optional<std::string>>([number](Rebuild& rebuild, const auto& value) {
    const auto begins = value ? ReadNumber(*value) : std::nullopt;
    if (!begins) return rebuild.End(Reject("a lineage's key holds no sequence"));
    rebuild.history_.AddLineage(number, *begins);
    rebuild.ReadLineages();
  });
  wire::KvGet(*context_->wire, context_->options.subjects.ClusterBucket(),
              LogHistory::LineageKey(partition_, number), read);
}

void Rebuild::ReadBarriers() {
  const auto opened = [this](uint64_t pending) {
    if (pending == 0) ReadForgets();
  };
  reader_ = std::make_unique<wire::LogReader>(
      context_->wire, context_->clock, stream_, 1,
      wire::LogReader::Options{context_->options.subjects.Barriers(partition_), opened},
      [this](const wire::LogRecord& record) { OnBarrier(record); },
      [this](const Error& error) { End(error); });
}

void Rebuild::OnBarrier(const wire::LogRecord& record) {
  if (record.sequence <= last_) {
    const auto barrier = context_->decoder->DecodeBarrier(
        record.data, envelope::EncodingOf(record.content_type, record.data));
    if (barrier) history_.AddBarrier(record.sequence, barrier->fold_version);
  }
  if (record.pending == 0 || record.sequence >= last_) ReadForgets();
}

void Rebuild::ReadForgets() {
  const auto opened = [this](uint64_t pending) {
    if (pending == 0) ReadRecords(1);
  };
  const std::string subject =
      context_->options.subjects.Forget(partition_, ForgetDigest(user_.value));
  reader_ = std::make_unique<wire::LogReader>(
      context_->wire, context_->clock, stream_, 1, wire::LogReader::Options{subject, opened},
      [this](const wire::LogRecord& record) { OnForget(record); },
      [this](const Error& error) { End(error); });
}

void Rebuild::OnForget(const wire::LogRecord& record) {
  const auto encoding = envelope::EncodingOf(record.content_type, record.data);
  if (record.sequence <= last_ && context_->decoder->DecodeForget(record.data, encoding)) {
    history_.AddForget(record.sequence, ForgetDigest(user_.value));
  }
  if (record.pending == 0 || record.sequence >= last_) ReadRecords(1);
}

void Rebuild::ReadRecords(uint64_t from) {
  const auto opened = [this](uint64_t pending) {
    if (pending == 0) Finish();
  };
  reader_ = std::make_unique<wire::LogReader>(
      context_->wire, context_->clock, stream_, from,
      wire::LogReader::Options{context_->options.subjects.LogFilter(user_), opened},
      [this](const wire::LogRecord& record) { OnRecord(record); },
      [this](const Error& error) { End(error); });
}

void Rebuild::OnRecord(const wire::LogRecord& record) {
  if (record.sequence > last_) return Finish();
  const Record again{record.subject, record.content_type, record.data, record.sequence,
                     record.time_ms};
  const Result<Refold::Step> step = refold_.Fold(again, &session_);
  if (!step) return End(step.error());
  if (step->lacks) return Fetch(*step->lacks, record.sequence);
  if (step->forgotten) {
    (void)chunk_.Release();
    journal_.clear();
    records_ = journal_bytes_ = 0;
  }
  if (step->in_session) AddToJournal(record.sequence);
  if (journal_bytes_ + chunk_.bytes() > kJournalBytesMax) {
    return End(Reject("the session's journal is too large to be made again"));
  }
  if (record.pending == 0 || record.sequence == last_) Finish();
}

// A topic that is not at hand: the records are read on from there when it has come.
void Rebuild::Fetch(const tutor::LoadTopicOk& named, uint64_t sequence) {
  reader_.reset();
  FetchTopic(context_, named,
             Then<TopicTable::Shared>([sequence](Rebuild& rebuild, const auto& topic) {
               rebuild.topic_ = topic;
               rebuild.ReadRecords(sequence);
             }));
}

// As the partition writes it when it folds a record.
void Rebuild::AddToJournal(uint64_t sequence) {
  ++records_;
  if (chunk_.empty()) chunk_first_ = JournalKey(history_.LineageOf(sequence), sequence);
  chunk_.AddRecord(sequence);
  for (const tutor::Effect& effect : refold_.effects()) {
    if (const auto* append = std::get_if<tutor::Append>(&effect)) chunk_.AddHistory(append->entry);
    const auto* emit = std::get_if<tutor::EmitMessage>(&effect);
    if (emit == nullptr) continue;
    const tutor::Encoding kept =
        session_->clients.empty() ? tutor::Encoding::kProtobuf : session_->clients.front().encoding;
    context_->encoder->Begin(session_->user, emit->message);
    chunk_.AddMessage(emit->message.n, sequence, emit->history_index, kept,
                      context_->encoder->Get(kept));
  }
  if (chunk_.full()) EndChunk();
}

void Rebuild::EndChunk() {
  if (chunk_.empty()) return;
  journal_bytes_ += chunk_.bytes();
  journal_.push_back({chunk_first_, chunk_.Release()});
}

void Rebuild::Finish() {
  if (session_ && history_.IsForgotten(user_.value, session_->last_sequence, last_ + 1)) {
    session_.reset();
  }
  if (!session_) return End(Reject("the log has no records that make a session of this learner"));
  EndChunk();
  End(Rebuilt{std::move(*session_), records_, std::move(journal_)});
}

void Rebuild::End(Result<Rebuilt> result) {
  if (!done_) return;
  reader_.reset();
  self_.reset();
  const Done done = std::exchange(done_, nullptr);
  done(std::move(result));  // This object may be gone now.
}

void Rebuild::Tick() {
  if (context_->clock->SteadyMs() >= give_up_ms_) {
    return End(Retry("the session's records could not be read in a minute: try again"));
  }
  if (reader_ != nullptr) reader_->Tick();
}

}  // namespace lyceum::shard
