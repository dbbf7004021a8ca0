#include "log_fold.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/digest.h"
#include "base/overloaded.h"
#include "envelope/dead_letters.h"
#include "envelope/drafts.h"
#include "envelope/messages.h"
#include "envelope/rows.h"
#include "envelope/tool_requests.h"
#include "envelope/topics.h"
#include "shard/named_topic.h"
#include "shard/output.h"
#include "tutor/dump.h"
#include "tutor/limits.h"
#include "tutor/names.h"

namespace lyceum::golden {
namespace {

constexpr size_t kResendBytesMax = 32 << 20;

shard::Record ViewOf(const LogRecord& record) {
  return {record.subject, record.content_type, record.data, record.sequence, record.time_ms};
}

std::string_view Name(tutor::Encoding encoding) {
  return encoding == tutor::Encoding::kJson ? "json" : "protobuf";
}

}  // namespace

LogFold::LogFold(const RecordedLog& log, FoldOptions options)
    : subjects_(log.prefix, log.partitions),
      partition_(log.partition),
      lineage_(log.lineage),
      options_(options),
      fold_version_(options.fold_version) {
  for (const std::string& bytes : log.topics) {
    auto topic = envelope::DecodeTopic(bytes);
    CHECK(topic);
    topics_[Sha256Hex(bytes)] = std::make_shared<const tutor::Topic>(std::move(*topic));
  }
}

const tutor::Session* LogFold::Find(std::string_view user) const {
  const auto entry = entries_.find(user);
  return entry == entries_.end() ? nullptr : &*entry->second.session;
}

Result<const LogFold::Step*> LogFold::OnRecord(const LogRecord& record) {
  step_ = {};
  step_.time_ms = record.time_ms;
  if (Result<void> folded = Fold(ViewOf(record)); !folded) return folded.error();
  ++records_;
  output_ += step_.output;
  if (records_ % kCheckpointRecords == 0) Checkpoint();
  return &step_;
}

LogDigest LogFold::Finish() {
  Checkpoint();
  LogDigest digest;
  digest.fold_version = options_.fold_version;
  digest.records = records_;
  digest.users = entries_.size();
  digest.messages = messages_;
  digest.state = Sha256Hex(state_);
  digest.output = Sha256Hex(output_);
  return digest;
}

// --- One record ----------------------------------------------------------------------------------

tutor::LogPosition LogFold::PositionOf(const shard::Record& record) const {
  return {.partition = partition_,
          .sequence = record.sequence,
          .time_ms = record.time_ms,
          .lineage = lineage_,
          .fold_version = fold_version_};
}

Result<void> LogFold::Fold(const shard::Record& record) {
  Put("record", std::to_string(record.sequence));
  auto address = shard::AddressOf(subjects_, partition_, record);
  if (auto* refused = std::get_if<shard::Refused>(&address)) {
    Refuse(record, {}, std::move(*refused));
    return {};
  }
  const auto& subject = std::get<envelope::Subjects::LogSubject>(address);
  if (subject.record_class == envelope::RecordClass::kBarrier) return OnBarrier(record);
  if (subject.record_class == envelope::RecordClass::kForget) {
    OnForget(record, subject.user);
    return {};
  }
  auto event = shard::EventOf(decoder_, record, subject.record_class);
  if (auto* refused = std::get_if<shard::Refused>(&event)) {
    Refuse(record, subject.user, std::move(*refused));
  } else {
    OnEvent(record, subject.user, std::move(std::get<envelope::DecodedEvent>(event)));
  }
  return {};
}

Result<void> LogFold::OnBarrier(const shard::Record& record) {
  const auto barrier =
      decoder_.DecodeBarrier(record.data, envelope::EncodingOf(record.content_type, record.data));
  if (!barrier) {
    Refuse(record, {}, {.reason = shard::Refusal::kUndecodable, .text = barrier.error().text});
    return {};
  }
  if (barrier->fold_version > options_.fold_version_max) {
    return Fatal(fmt::format("record {} is a barrier to fold version {}, this program has {}",
                             record.sequence, barrier->fold_version, options_.fold_version_max));
  }
  step_.is_barrier = true;
  fold_version_ = std::max(fold_version_, barrier->fold_version);
  return {};
}

void LogFold::OnForget(const shard::Record& record, std::string_view digest) {
  const auto forget =
      decoder_.DecodeForget(record.data, envelope::EncodingOf(record.content_type, record.data));
  if (!forget) {
    return Refuse(record, {},
                  {.reason = shard::Refusal::kUndecodable, .text = forget.error().text});
  }
  std::erase_if(entries_,
                [&](const auto& entry) { return shard::ForgetDigest(entry.first) == digest; });
}

void LogFold::OnEvent(const shard::Record& record, std::string_view user,
                      envelope::DecodedEvent decoded) {
  const tutor::LogPosition position = PositionOf(record);
  step_.event = std::move(decoded.event);
  if (tutor::LoadTopicOk* named = shard::TopicToFetch(&*step_.event)) {
    const auto topic = topics_.find(named->digest);
    CHECK(topic != topics_.end());
    named->topic = topic->second;
  }
  auto found = entries_.find(user);
  if (found == entries_.end()) {
    const UserId id{std::string(user)};
    std::optional<tutor::Session> opened;
    options_.core(&opened, id, *step_.event, position, &step_.effects);
    if (!opened) {
      for (const tutor::Effect& effect : step_.effects) {
        if (const auto* reply = std::get_if<tutor::ReplyTo>(&effect)) Reply(id, *reply);
      }
      return;
    }
    found = entries_.emplace(id.value, Entry{}).first;
    found->second.session = std::move(opened);
  } else {
    std::optional<tutor::Session>& session = found->second.session;
    step_.from = tutor::NameOf(session->state);
    if (const auto* lock = std::get_if<tutor::AwaitingToolResult>(&session->state)) {
      step_.lock = lock->call;
    }
    options_.core(&session, session->user, *step_.event, position, &step_.effects);
  }
  Entry* entry = &found->second;
  CHECK(entry->session.has_value());
  step_.session = &*entry->session;
  entry->changed = true;
  Share(entry);
  if (entry->tail.full()) CutChunk(found->first, entry);
  Apply(record, entry, decoded.trace);
}

void LogFold::Refuse(const shard::Record& record, std::string_view user, shard::Refused refused) {
  Put("refused", shard::Name(refused.reason));
  Put("refused text", refused.text);
  Put("dead letter", envelope::EncodeDeadLetter(shard::DeadLetterOf(partition_, record, refused)));
  if (!user.empty()) {
    const tutor::Session* session = Find(user);
    const auto message = shard::RefusalMessage(PositionOf(record), refused, session);
    for (const tutor::AttachedClient& reader : shard::RefusalReaders(refused, session)) {
      Reply(UserId(std::string(user)), {reader, message});
    }
  }
  step_.refused = std::move(refused);
}

// --- What leaves ---------------------------------------------------------------------------------

void LogFold::Apply(const shard::Record& record, Entry* entry, const std::string& trace) {
  entry->tail.AddRecord(record.sequence);
  const auto put_timer = [&](std::string_view what, const tutor::Timer& timer) {
    Put(what, fmt::format("{} {} {}", tutor::Name(timer.kind), timer.due_ms, timer.token));
  };
  const auto apply = Overloaded{
      [&](const tutor::EmitMessage& emit) { Emit(record, entry, emit); },
      [&](const tutor::TellAll& tell) { Tell(*entry->session, tell.message); },
      [&](const tutor::ReplyTo& reply) { Reply(entry->session->user, reply); },
      [&](const tutor::ResendMessages& resend) { Resend(entry, resend); },
      [&](const tutor::CallTool& call) { Call(*entry->session, call, trace); },
      [&](const tutor::DispatchAgain& again) { Put("dispatch again", again.call.value); },
      [&](const tutor::EndCall& end) {
        Put(end.tell_worker ? "cancel call" : "end call", end.call.value);
      },
      [&](const tutor::SetTimer& set) {
        put_timer("set timer", set.timer);
        Put("timer record", shard::TimerRecord(set.timer));
      },
      [&](const tutor::ClearTimer& clear) { put_timer("clear timer", clear.timer); },
      [&](const tutor::Append& append) { entry->tail.AddHistory(append.entry); },
      [&](const tutor::Unload&) { Put("unload", entry->session->user.value); },
      [&](const tutor::ShowDraft& draft) {
        Put("draft", subjects_.DraftOf(draft.course, entry->session->user));
        Put("json", envelope::EncodeDraft(entry->session->user, draft));
      }};
  for (const tutor::Effect& effect : step_.effects) std::visit(apply, effect);
}

void LogFold::PutMessage(const UserId& user, const tutor::ClientMessage& message) {
  ++messages_;
  Put("message", message.id);
  for (const tutor::Encoding encoding : {tutor::Encoding::kProtobuf, tutor::Encoding::kJson}) {
    Put(Name(encoding), envelope::EncodeClientMessage(user, message, encoding));
  }
}

void LogFold::Emit(const shard::Record& record, Entry* entry, const tutor::EmitMessage& emit) {
  const tutor::Session& session = *entry->session;
  Tell(session, emit.message);
  const tutor::Encoding kept = shard::KeptEncoding(session);
  entry->tail.AddMessage(emit.message.n, record.sequence, emit.history_index, kept,
                         envelope::EncodeClientMessage(session.user, emit.message, kept));
}

void LogFold::Tell(const tutor::Session& session, const tutor::ClientMessage& message) {
  PutMessage(session.user, message);
  for (const tutor::AttachedClient& client : session.clients) {
    Put(Name(client.encoding), subjects_.Out(client.id));
  }
}

void LogFold::Reply(const UserId& user, const tutor::ReplyTo& reply) {
  PutMessage(user, reply.message);
  Put(Name(reply.client.encoding), subjects_.Out(reply.client.id));
}

void LogFold::Resend(Entry* entry, const tutor::ResendMessages& resend) {
  std::vector<std::string_view> chunks(entry->chunks.begin(), entry->chunks.end());
  chunks.push_back(entry->tail.chunk());
  const auto kept = envelope::MessagesIn(chunks, resend.first_n - 1, resend.last_n,
                                         tutor::kMessagesKept, kResendBytesMax);
  CHECK(kept.has_value());
  Put("resend", subjects_.Out(resend.client.id));
  for (const envelope::KeptMessage& message : *kept) {
    const auto bytes = envelope::InEncoding(message.data, message.encoding, resend.client.encoding);
    CHECK(bytes.has_value());
    Put(Name(resend.client.encoding), *bytes);
  }
}

void LogFold::Call(const tutor::Session& session, const tutor::CallTool& call,
                   const std::string& trace) {
  const std::string base = shard::ToolRequestBase(subjects_, session, call.call, call.args, trace);
  Put("tool request", fmt::format("{} {} {}", subjects_.ToolRequests(tutor::Name(call.call.tool)),
                                  call.call.duration_ms, call.lock_ms_max));
  Put("protobuf", base);
  // Of attempt 1, as a worker that reads JSON gets it. What the dispatcher adds is not the log's.
  std::string completed = base;
  envelope::AppendAttempt(&completed, 1, 0);
  const auto json = envelope::ToolRequestAsJson(completed, 1, 0);
  CHECK(json.has_value());
  Put("json", *json);
}

void LogFold::Put(std::string_view what, std::string_view bytes) {
  fmt::format_to(std::back_inserter(step_.output), "{} {}\n", what, bytes.size());
  step_.output.append(bytes).append("\n");
}

// --- Checkpoints ---------------------------------------------------------------------------------

void LogFold::Share(Entry* entry) {
  tutor::Session& session = *entry->session;
  if (session.topic == nullptr) return;
  auto [topic, is_new] = topics_.try_emplace(session.topic_digest, session.topic);
  session.topic = topic->second;
  if (!is_new) return;
  Put("topic", topic->first);
  Put("topic row", envelope::EncodeTopic(*session.topic));
}

void LogFold::CutChunk(const std::string& user, Entry* entry) {
  if (entry->tail.empty()) return;
  entry->chunks.push_back(entry->tail.Release());
  Put("journal of", user);
  Put("journal", entry->chunks.back());
}

void LogFold::Checkpoint() {
  std::string of_the_record = std::exchange(step_.output, {});
  for (auto& [user, entry] : entries_) {
    state_ += tutor::Dump(*entry.session);
    if (!std::exchange(entry.changed, false)) continue;
    CutChunk(user, &entry);
    const std::string row = envelope::EncodeSession(*entry.session);
    Put("session of", user);
    Put("session", row);
    if (!options_.reload) continue;
    auto read = envelope::DecodeSession(row);
    CHECK(read.has_value());
    if (!read->topic_digest.empty()) read->topic = topics_.at(read->topic_digest);
    entry.session = std::move(*read);
  }
  output_ += step_.output;
  step_.output = std::move(of_the_record);
}

Result<LogDigest> FoldLog(const RecordedLog& log, const FoldOptions& options) {
  LogFold fold(log, options);
  for (const LogRecord& record : log.records) {
    if (auto step = fold.OnRecord(record); !step) return step.error();
  }
  return fold.Finish();
}

}  // namespace lyceum::golden
