#include "session/batch.h"

#include <fmt/format.h>

#include <charconv>
#include <string_view>
#include <variant>

#include "base/check.h"
#include "envelope/codec.h"
#include "tutor/limits.h"

namespace lyceum::session {
namespace {

// A dead letter must fit into one NATS message together with its own fields.
constexpr size_t kDeadRecordBytesMax = 960 * 1024;
// The token under which a record is buried whose own user is none.
constexpr std::string_view kNobody = "_";

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

template <class Number>
Number ParseNumber(std::string_view text) {
  Number number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  CHECK(code == std::errc() && end == text.data() + text.size());
  return number;
}

}  // namespace

store::LetterId ToLetterId(const std::string& id) {
  const std::string_view text = id;
  const size_t first = text.find('-');
  const size_t last = text.rfind('-');
  CHECK(first != std::string_view::npos && first < last);
  return {ParseNumber<uint64_t>(text.substr(first + 1, last - first - 1)),
          ParseNumber<uint16_t>(text.substr(last + 1))};
}

struct Batch::Context {
  const Record& record;
  const UserId& user;
  const tutor::Session* session;  // After the step; null: there is none.
  std::string trace;
  uint16_t letters = 0;
};

Batch::Batch(const envelope::Subjects* subjects, store::PartitionId partition, store::Store* store,
             SessionCache* cache)
    : subjects_(subjects),
      partition_(partition),
      store_(store),
      cache_(cache),
      commit_(partition) {}

void Batch::AddLetter(Context& context, envelope::LetterRow letter) {
  store::Letter row{.id = {context.record.sequence, context.letters++},
                    .bytes = envelope::EncodeLetter(letter)};
  commit_.PutLetter(row.id, row.bytes);
  outgoing_.letters.push_back(std::move(row));
}

void Batch::SendTo(Context& context, const tutor::AttachedClient& client,
                   const tutor::ClientMessage& message) {
  const bool json = client.encoding == tutor::Encoding::kJson;
  AddLetter(context,
            {.subject = subjects_->Out(client.id),
             .content_type = json ? "application/json" : "",
             .trace = context.trace,
             .data = envelope::EncodeClientMessage(context.user, message, client.encoding)});
}

void Batch::AddMessage(Context& context, const tutor::ClientMessage& message) {
  std::string bytes = envelope::EncodeKeptMessage(context.user, message);
  commit_.PutMessage(context.user, message.n, bytes);
  if (message.n > tutor::kMessagesKept) {
    commit_.EraseMessage(context.user, message.n - tutor::kMessagesKept);
  }
  messages_.push_back({{context.user, message.n}, std::move(bytes)});
  for (const tutor::AttachedClient& client : context.session->clients) {
    SendTo(context, client, message);
  }
}

Result<void> Batch::AddResend(Context& context, const tutor::ResendMessages& resend) {
  const uint32_t last = context.session->n;
  const uint32_t kept_from = last > tutor::kMessagesKept ? last - tutor::kMessagesKept + 1 : 1;
  if (resend.after_n >= last) return {};
  const uint32_t first = std::max(resend.after_n + 1, kept_from);
  auto kept = store_->GetMessages(partition_, context.user, first, last);
  if (!kept) return kept.error();
  std::vector<std::string> rows;
  for (auto& row : *kept) rows.push_back(std::move(row.bytes));
  for (const auto& [key, bytes] : messages_) {
    if (key.first == context.user && key.second >= first) rows.push_back(bytes);
  }
  for (const std::string& bytes : rows) {
    auto message = envelope::DecodeKeptMessage(bytes);
    if (!message) return message.error();
    SendTo(context, resend.client, message->message);
  }
  return {};
}

void Batch::AddCall(Context& context, const tutor::CallTool& call) {
  const CallId& id = call.call.id;
  const auto& clients = context.session->clients;
  const int64_t deadline_ms = std::min(context.session->time_ms + call.call.duration_ms,
                                       call.call.locked_ms + call.lock_ms_max);
  std::string bytes = envelope::EncodeToolRequest(
      {.id = id,
       .tool = call.call.tool,
       .user = context.user,
       .deadline_ms = deadline_ms,
       .reply_subject = subjects_->In(envelope::RecordClass::kTool, context.user),
       .stream_subject = clients.empty() ? "" : subjects_->Out(clients.back().id),
       .args = call.args,
       .context = context.session->context,
       .trace = context.trace,
       .stream_json = !clients.empty() && clients.back().encoding == tutor::Encoding::kJson},
      envelope::Encoding::kProtobuf);
  const store::LetterId row = ToLetterId(id.value);
  commit_.PutCall(row, bytes);
  outgoing_.calls.push_back(
      {row, std::move(bytes), {id, call.call.tool, context.user, deadline_ms, context.trace}});
}

void Batch::AddTimer(Context& context, const tutor::Timer& timer) {
  const tutor::Event fired{.id = EventId(timer.token), .kind = tutor::TimerFired{timer.token}};
  commit_.PutTimer(
      timer.due_ms, ToLetterId(timer.token),
      envelope::EncodeLetter({.subject = subjects_->In(envelope::RecordClass::kTimer, context.user),
                              .message_id = timer.token,
                              .data = envelope::EncodeEvent(fired, tutor::Encoding::kProtobuf)}));
  outgoing_.timers_due_ms.push_back(timer.due_ms);
}

void Batch::AddDeadLetter(Context& context, const Refused& refused) {
  const UserId user = context.user.empty() ? UserId(std::string(kNobody)) : context.user;
  const Record& record = context.record;
  AddLetter(context, {.subject = subjects_->DeadLetterOf(partition_, user),
                      .message_id = fmt::format("dlq-{}-{}", partition_, record.sequence),
                      .data = envelope::EncodeDeadLetter(
                          {.partition = partition_,
                           .sequence = record.sequence,
                           .subject = std::string(record.subject),
                           .reason = std::string(Name(refused.reason)),
                           .text = refused.text,
                           .count = 1,
                           .at_ms = record.time_ms,
                           .record = std::string(record.data.substr(0, kDeadRecordBytesMax))})});
  if (!refused.sender || refused.sender->client.empty() || context.user.empty()) return;
  // n is 0: a refusal is no part of the session, whose numbers stay dense.
  tutor::ClientMessage message{.id = fmt::format("{}-{}-refused", partition_, record.sequence),
                               .in_reply_to = refused.sender->id,
                               .at_ms = record.time_ms,
                               .state = context.session ? tutor::NameOf(context.session->state)
                                                        : tutor::StateName::kExposition,
                               .body = tutor::ErrorOut{.code = "refused", .text = refused.text}};
  SendTo(context, {refused.sender->client, refused.encoding}, message);
}

Result<void> Batch::AddEffect(Context& context, const tutor::Effect& effect) {
  Result<void> result;
  std::visit(
      Overloaded{[&](const tutor::EmitMessage& emit) {
                   AddMessage(context, emit.message);
                   if (emit.history_index == 0) return;
                   const auto entry = tutor::HistoryEntryOf(emit.message, emit.history_index);
                   commit_.PutHistory(context.user, entry.index,
                                      envelope::EncodeHistoryEntry(entry));
                 },
                 [&](const tutor::ReplyTo& reply) { SendTo(context, reply.client, reply.message); },
                 [&](const tutor::ResendMessages& resend) { result = AddResend(context, resend); },
                 [&](const tutor::CallTool& call) { AddCall(context, call); },
                 [&](const tutor::DispatchAgain& again) { outgoing_.again.push_back(again.call); },
                 [&](const tutor::EndCall& end) {
                   commit_.EraseCall(ToLetterId(end.call.value));
                   outgoing_.ended.push_back({end.call, end.tell_worker});
                 },
                 [&](const tutor::SetTimer& set) { AddTimer(context, set.timer); },
                 [&](const tutor::ClearTimer& clear) {
                   commit_.EraseTimer(clear.timer.due_ms, ToLetterId(clear.timer.token));
                 },
                 [&](const tutor::Append& append) {
                   commit_.PutHistory(context.user, append.entry.index,
                                      envelope::EncodeHistoryEntry(append.entry));
                 },
                 [&](const tutor::Unload&) { cache_->Unload(context.user); }},
      effect);
  return result;
}

Result<void> Batch::Add(const Record& record, const UserId& user, Folded folded) {
  const bool has_session = folded.session.has_value();
  if (has_session) {
    const tutor::Session& session = *folded.session;
    if (!session.topic_digest.empty() && !cache_->topics().Contains(session.topic_digest)) {
      commit_.PutTopic(session.topic_digest, envelope::EncodeTopic(*session.topic));
      cache_->topics().Put(session.topic_digest, session.topic);
    }
    commit_.PutRecord(user, record.sequence);
    cache_->Put(std::move(*folded.session));
  }
  Context context{record, user, has_session ? &cache_->Get(user) : nullptr, folded.trace};
  for (const tutor::Effect& effect : folded.effects) {
    if (Result<void> added = AddEffect(context, effect); !added) return added;
  }
  if (folded.refused) AddDeadLetter(context, *folded.refused);
  return {};
}

void Batch::AddRefused(const Record& record, const UserId& user, const Refused& refused) {
  Context context{record, user, nullptr, {}};
  AddDeadLetter(context, refused);
}

void Batch::Erase(const std::vector<outbox::Done>& done) {
  for (const outbox::Done& row : done) {
    if (row.due_ms == 0) {
      commit_.EraseLetter(row.id);
    } else {
      commit_.EraseTimer(row.due_ms, row.id);
    }
  }
}

void Batch::Finish(const store::Applied& applied) {
  for (const UserId& user : cache_->dirty()) {
    commit_.PutSession(user, envelope::EncodeSession(cache_->Get(user)));
  }
  if (applied.sequence > 0) commit_.SetApplied(applied);
}

namespace {

// False: the state machine failed, and the session is lost for want of a copy.
Result<bool> FoldInto(FoldedRecords* into, const Fold& fold, const Record& record,
                      SessionCache* cache, Fold::Copy copy) {
  std::optional<Refused> refused;
  const std::optional<Address> address = fold.AddressOf(record, &refused);
  if (address) {
    Result<std::optional<tutor::Session>> session = cache->Take(address->user);
    if (!session) return session.error();
    Folded folded = fold.Step(record, *address, std::move(*session), copy);
    refused = folded.refused;
    const bool failed = refused && refused->reason == Refusal::kCoreFailed;
    if (failed && copy == Fold::Copy::kNever) return false;
    Result<void> added = into->batch.Add(record, address->user, std::move(folded));
    if (!added) return added.error();
  } else {
    into->batch.AddRefused(record, UserId(), *refused);
  }
  if (refused) into->refused.push_back({record.sequence, *std::move(refused)});
  return true;
}

}  // namespace

Result<FoldedRecords> FoldRecords(const Fold& fold, std::span<const Record> records,
                                  const envelope::Subjects* subjects, store::PartitionId partition,
                                  store::Store* store, SessionCache* cache) {
  // A state machine that fails is a defect: only where it does are sessions copied, from the first
  // record on, since what the others have become is lost with the cache.
  for (Fold::Copy copy = Fold::Copy::kNever;; copy = Fold::Copy::kBefore) {
    FoldedRecords folded{Batch(subjects, partition, store, cache), {}};
    bool whole = true;
    for (const Record& record : records) {
      Result<bool> one = FoldInto(&folded, fold, record, cache, copy);
      if (!one) return one.error();
      whole = *one;
      if (!whole) break;
    }
    if (whole) return folded;
    CHECK(copy == Fold::Copy::kNever);
    cache->Clear();
  }
}

}  // namespace lyceum::session
