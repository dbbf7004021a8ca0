#include "shard/partition.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/overloaded.h"
#include "shard/fold_span.h"
#include "shard/turn_meter.h"
#include "tutor/limits.h"

namespace lyceum::shard {
namespace {

constexpr size_t kOutgoingBytesMax = 32 << 20;
constexpr size_t kUnwrittenBytesMax = 16 << 20;

}  // namespace

Partition::Partition(Context* context, Resends* resends, store::PartitionId id)
    : context_(context),
      resends_(resends),
      id_(id),
      stream_(context->options.subjects.LogStream(id)),
      dead_letters_(context, id),
      checkpointer_(context, id, &dead_letters_),
      self_(std::make_shared<Partition*>(this)) {}

Partition::~Partition() = default;

// --- One record ------------------------------------------------------------------------------------

void Partition::OnRecord(const wire::LogRecord& record) {
  if (phase_ != Phase::kReading || record.sequence <= position_.sequence) return;
  if (record.sequence > position_.sequence + 1 && position_.sequence > 0) {
    const uint64_t missing = record.sequence - position_.sequence - 1;
    context_->counters->missing_records += missing;
    LogWarn("records are missing from the log: they were deleted",
            {{"partition", id_}, {"after", position_.sequence}, {"count", missing}});
  }
  context_->server_time->OnRecord(record.time_ms, caught_up_);
  delivered_ms_ = context_->clock->SteadyMs();
  behind_since_ms_ = 0;
  stalls_ = 0;
  log_end_ = std::max(log_end_, record.sequence + record.pending);

  Record folded{record.subject, record.content_type, record.data, record.sequence, record.time_ms};
  if (context_->options.tracer != nullptr && record.headers != nullptr) {
    folded.trace = record.headers->Get("traceparent");
  }
  if (const uint32_t lineage = LineageOf(record.sequence); lineage != position_.lineage) {
    position_.lineage = lineage;
    position_.lineage_begins = record.sequence;
    digests_.Clear();
  }
  position_of_ = record.sequence;
  context_->flight->BeginFold(id_, record.sequence);
  digests_.BeginRecord();
  const auto begun = Steady::now();
  const bool done = FoldRecord(folded);
  context_->counters->measures.AddFold(Steady::now() - begun);
  context_->flight->EndFold(id_);
  if (!done || phase_ != Phase::kReading) return;

  position_.sequence = record.sequence;
  position_.fingerprint = Fingerprint(record.subject, record.data, record.time_ms);
  position_.record_time_ms = record.time_ms;
  position_.latest_time_ms = std::max(position_.latest_time_ms, record.time_ms);
  digests_.EndRecord(record.sequence, position_.fingerprint);
  context_->flight->NoteFolded(id_, record.sequence, position_.fingerprint);
  position_.stream_created_ns = log_.created_ns;
  folded_in_turn_ = true;
  ++context_->counters->records;
  checkpointer_.OnFolded(record.data.size());
  if (!caught_up_ && reader_made_ && record.sequence >= log_end_) OnCaughtUp();
  // Read no more than may be folded again after a crash, or than is taken from us.
  if (checkpointer_.full() || context_->sessions->crowded() ||
      context_->outgoing->bytes() > kOutgoingBytesMax ||
      context_->wire->unwritten_bytes() > kUnwrittenBytesMax || !context_->dispatcher->HasRoom() ||
      held_.full()) {
    reader_.reset();
  }
}

bool Partition::FoldRecord(const Record& record) {
  if (buried_.contains(record.sequence)) {
    Refuse(
        record, {},
        {.reason = Refusal::kBuried,
         .text = "the process died over this record twice, or the topic that it names is nowhere: "
                 "report it with this record"},
        nullptr);
    return true;
  }
  auto address = AddressOf(context_->options.subjects, id_, record);
  if (const auto* refused = std::get_if<Refused>(&address)) {
    Refuse(record, {}, *refused, nullptr);
    return true;
  }
  const auto& subject = std::get<envelope::Subjects::LogSubject>(address);
  if (subject.record_class == envelope::RecordClass::kBarrier) {
    OnBarrier(record);
    return true;
  }
  if (subject.record_class == envelope::RecordClass::kForget) return OnForget(record, subject.user);
  auto event = EventOf(*context_->decoder, record, subject.record_class);
  if (const auto* refused = std::get_if<Refused>(&event)) {
    const Result<SessionEntry*> entry = context_->sessions->Load(id_, subject.user);
    if (!entry) {
      TryAgain(entry.error());
      return false;
    }
    Refuse(record, subject.user, *refused, *entry);
    OnRefusedResult(record, *entry, *refused);
    return true;
  }
  auto& decoded = std::get<envelope::DecodedEvent>(event);
  if (auto* result = std::get_if<tutor::ToolResult>(&decoded.event.kind)) {
    auto* loaded = std::get_if<tutor::LoadTopicOk>(&result->reply.outcome);
    if (loaded != nullptr && loaded->topic != nullptr) {
      loaded->topic = context_->sessions->topics().Intern(loaded->digest, std::move(loaded->topic));
    } else if (loaded != nullptr && loaded->is_to_be_fetched()) {
      Result<TopicTable::Shared> topic = context_->sessions->topics().Get(id_, loaded->digest);
      // Also where its row is damaged: the bucket has it too.
      if (!topic && topic.error().fault != Fault::kFatal) {
        TryAgain(topic.error());
        return false;
      }
      if (!topic || *topic == nullptr) {
        WaitForTopic(record, subject.user, result->reply);
        return false;
      }
      loaded->topic = std::move(*topic);
      waited_.reset();
    }
  }
  return FoldEvent(record, subject, decoded);
}

void Partition::OnBarrier(const Record& record) {
  const Result<envelope::Barrier> barrier = context_->decoder->DecodeBarrier(
      record.data, envelope::EncodingOf(record.content_type, record.data));
  if (!barrier) {
    return Refuse(record, {}, {.reason = Refusal::kUndecodable, .text = barrier.error().text},
                  nullptr);
  }
  const uint32_t version = barrier->fold_version;
  if (version > context_->options.fold_version) {
    return Halt(
        fmt::format("the log goes on under version {} of the state machine, this program "
                    "has {}: run the newer one",
                    version, context_->options.fold_version));
  }
  if (version <= position_.fold_version) return;
  AbortRebuild(Retry("the state machine's version changed meanwhile: try again"));
  LogInfo("fold version", {{"partition", id_}, {"version", version}});
  position_.fold_version_before = position_.fold_version;
  position_.fold_version_begins = record.sequence;
  position_.fold_version = version;
}

bool Partition::FoldEvent(const Record& record, const envelope::Subjects::LogSubject& address,
                          const envelope::DecodedEvent& decoded) {
  Result<SessionEntry*> loaded = context_->sessions->Load(id_, address.user);
  if (!loaded) {
    TryAgain(loaded.error());
    return false;
  }
  SessionEntry* entry = *loaded;
  if (entry != nullptr && !entry->damaged.empty()) {
    if (Keep(record, address.user, decoded.event)) return true;
    Refuse(record, address.user,
           {.reason = Refusal::kDamaged,
            .text = "the session cannot be read: an operator can rebuild it from its records with "
                    "`lyceum session rebuild`",
            .sender = envelope::RefusedSender{decoded.event.id, decoded.event.client},
            .encoding = decoded.event.encoding,
            .trace = decoded.trace},
           nullptr);
    return true;
  }
  const tutor::LogPosition position = PositionOf(record);
  const TurnMeter meter(entry, decoded.event);
  std::optional<FoldSpan> span;
  if (context_->options.tracer != nullptr) {
    span.emplace(context_->options.tracer, record, decoded, position, log_.created_ns, entry);
  }
  const std::string& trace = span ? span->trace() : decoded.trace;
  const std::string& message_trace = span ? span->message_trace() : decoded.trace;
  const uint64_t messages_before = context_->counters->messages;
  const auto end_span = [&](const SessionEntry* after) {
    if (span && IsNew(record)) span->End(after, context_->counters->messages - messages_before);
  };
  effects_.clear();
  if (entry == nullptr) {
    const UserId user{std::string(address.user)};
    std::optional<tutor::Session> opened;
    context_->options.core(&opened, user, decoded.event, position, &effects_);
    if (!opened) {
      for (const tutor::Effect& effect : effects_) {
        if (const auto* reply = std::get_if<tutor::ReplyTo>(&effect);
            reply && !IsSilenced(record)) {
          ReplyTo(user.value, reply->client, reply->message, message_trace);
        }
      }
      end_span(nullptr);
      return true;
    }
    entry = context_->sessions->Insert(id_, std::move(*opened));
  } else {
    checkpointer_.BeforeChange(entry);
    const bool was_locked =
        tutor::NameOf(entry->session->state) == tutor::StateName::kAwaitingToolResult;
    if (!was_locked) entry->lock_began_ms = 0;
    if (const auto* result = std::get_if<tutor::ToolResult>(&decoded.event.kind)) {
      TellMisfit(record, *entry, result->reply);
    }
    context_->options.core(&entry->session, entry->user(), decoded.event, position, &effects_);
    CHECK(entry->session.has_value());
  }
  context_->sessions->OnChanged(entry);
  Apply(record, entry, trace, message_trace);
  end_span(entry);
  if (role_ == Role::kOwner && !IsSilenced(record)) {
    meter.Add(*context_, record, address.record_class, *entry);
  }
  if (const auto* fired = std::get_if<tutor::TimerFired>(&decoded.event.kind)) {
    OnTimerFolded(entry, fired->token);
  }
  return true;
}

void Partition::Apply(const Record& record, SessionEntry* entry, std::string_view trace,
                      std::string_view message_trace) {
  const bool silent = IsSilenced(record);
  position_of_ = record.sequence;
  if (entry->tail.empty()) entry->tail_first = JournalKey(position_.lineage, record.sequence);
  const size_t tail_before = entry->tail.bytes();
  entry->tail.AddRecord(record.sequence);
  const auto apply = Overloaded{
      [&](const tutor::EmitMessage& emit) { Emit(entry, emit, message_trace, silent); },
      [&](const tutor::TellAll& tell) {
        if (!silent) Tell(*entry->session, tell.message, message_trace);
      },
      [&](const tutor::ReplyTo& reply) {
        if (!silent) ReplyTo(entry->user().value, reply.client, reply.message, message_trace);
      },
      [&](const tutor::ResendMessages& resend) {
        if (!silent) Resend(record, entry, resend);
      },
      [&](tutor::CallTool& call) {
        // Where nobody knows what was sent, somebody may be running it: see DispatchFound.
        if (IsNew(record)) {
          Dispatch(entry, call.call, std::move(call.args), trace, false);
        } else {
          locked_.insert(entry->user().value);
        }
      },
      [&](const tutor::DispatchAgain& again) { context_->dispatcher->Again(again.call); },
      [&](const tutor::EndCall& end) {
        if (!locked_.empty()) locked_.erase(entry->user().value);
        context_->dispatcher->End(end.call, end.tell_worker);
      },
      [&](const tutor::SetTimer& set) {
        if (set.timer.kind == tutor::TimerKind::kToolDeadline) return;  // See Dispatch.
        if (set.timer.kind == tutor::TimerKind::kApproval) return WatchApproval(*entry);
        if (set.timer.due_ms <= context_->server_time->NowMs() + Timers::kHorizonMs) {
          LookAt(set.timer.due_ms, entry->user().value, "");
        }
      },
      [&](const tutor::ClearTimer&) {},  // What the session does not have is not fired.
      [&](const tutor::Append& append) { entry->tail.AddHistory(append.entry); },
      [&](const tutor::Unload&) { entry->unload = true; },
      [&](const tutor::ShowDraft& draft) {
        if (!silent) Show(*entry->session, draft, message_trace);
      }};
  for (tutor::Effect& effect : effects_) std::visit(apply, effect);
  digests_.AddOutput(effects_.size());
  digests_.AddOutput(static_cast<uint64_t>(tutor::NameOf(entry->session->state)));
  context_->sessions->OnJournal(entry, entry->tail.bytes() - tail_before);
}

// --- Turns of the loop -----------------------------------------------------------------------------

void Partition::OnConfirmed(uint64_t number) {
  uint64_t confirmed = confirmed_;
  while (!marks_.empty() && marks_.front().number <= number) {
    confirmed = std::max(confirmed, marks_.front().sequence);
    marks_.pop_front();
  }
  SetConfirmed(confirmed);
}

void Partition::SetConfirmed(uint64_t sequence) {
  const uint64_t unsent = resends_->FirstUnsent(id_);
  sequence = std::min(sequence, unsent == 0 ? 0 : unsent - 1);
  // What a kept record causes is not sent yet.
  if (rebuilding_ && !rebuilding_->kept.empty()) {
    sequence = std::min(sequence, rebuilding_->kept.front().sequence - 1);
  }
  if (sequence <= confirmed_) return;
  confirmed_ = sequence;
  context_->flight->NoteConfirmed(id_, confirmed_);
}

void Partition::Turn() {
  if (wants_snapshot_) return;  // What is folded here is not to be written over what comes.
  if (looks()) LookForForgotten();
  const auto may_read = [this] { return context_->clock->SteadyMs() >= read_again_ms_; };
  if (caught_up_ && role_ == Role::kOwner && !stopping_ && !releasing_ && may_read()) {
    if (!locked_.empty()) DispatchFound();
    if (may_read()) ScanTimers();
  }
  if (position_.sequence > sent_) {
    context_->flight->NoteSent(id_, position_.sequence, position_.fingerprint,
                               position_.record_time_ms);
    sent_ = position_.sequence;
  }
  const uint64_t last = context_->outgoing->last();
  if (role_ != Role::kOwner) {
    SetConfirmed(std::min(position_.sequence, announced_));
  } else if (folded_in_turn_ || resends_->SentFor(id_)) {
    folded_in_turn_ = false;
    if (last > marked_ && last > context_->outgoing->confirmed()) {
      marks_.push_back({last, position_.sequence});
      marked_ = last;
    } else if (!marks_.empty()) {
      marks_.back().sequence = position_.sequence;
    }
  }
  if (marks_.empty() && role_ == Role::kOwner) SetConfirmed(position_.sequence);
  position_.clean = sent_ <= position_.sequence;
  checkpointer_.Turn(position_, confirmed_);
  if (waits_for_checkpoint_ && phase_ == Phase::kOpening && checkpointer_.kept()) {
    waits_for_checkpoint_ = false;
    BeginReading();
  }
  if (paced_ && reader_ != nullptr && (caught_up_ || role_ == Role::kOwner)) reader_.reset();
  if (reader_ == nullptr && phase_ == Phase::kReading && !stopping_ && !releasing_ &&
      !held_.full() && (!waited_ || waited_->topic != nullptr) && !looks() &&
      !checkpointer_.full() && !context_->sessions->crowded() &&
      context_->outgoing->bytes() <= kOutgoingBytesMax / 2 &&
      context_->wire->unwritten_bytes() <= kUnwrittenBytesMax / 2 &&
      context_->dispatcher->HasRoom() && MayStartReader()) {
    StartReader();
  }
}

void Partition::Tick() {
  const int64_t now = context_->clock->SteadyMs();
  if (phase_ == Phase::kClosed && now >= open_again_ms_ && context_->wire->connected() &&
      !stopping_) {
    Open();
  }
  if (role_ == Role::kOwner) dead_letters_.Send();
  if (dead_letters_.has_old_rows()) checkpointer_.Request();
  TickRebuild();
  if (waited_ && !waited_->asked && now >= waited_->again_ms && phase_ == Phase::kReading) {
    AskForTopic();
  }
  WatchReader(now);
}

void Partition::BeginStop() {
  AbortRebuild(Retry("the session worker stops"));
  stopping_ = true;
  reader_.reset();
  checkpointer_.Finish();
}

int64_t Partition::NextMs() const {
  const int64_t next =
      std::min(wants_snapshot_ ? INT64_MAX : checkpointer_.NextMs(), open_again_ms_);
  if (!caught_up_ || role_ != Role::kOwner) return next;
  const bool reads = scanning_ || (!locked_.empty() && context_->dispatcher->HasRoom());
  return std::min(next, reads ? read_again_ms_ : next_scan_ms_);
}

}  // namespace lyceum::shard
