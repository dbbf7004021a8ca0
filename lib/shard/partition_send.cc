// What leaves a partition because of a record: messages, drafts, refusals.
#include <algorithm>
#include <utility>

#include "base/log.h"
#include "shard/output.h"
#include "shard/partition.h"

namespace lyceum::shard {
namespace {

std::string_view ContentType(tutor::Encoding encoding) {
  return encoding == tutor::Encoding::kJson ? "application/json" : "";
}

}  // namespace

void Partition::Send(const wire::Outbound& message) {
  if (role_ != Role::kOwner) return held_.Add(position_of_, message);
  context_->outgoing->Send(message);
  ++context_->counters->messages;
}

void Partition::Emit(SessionEntry* entry, const tutor::EmitMessage& emit, std::string_view trace,
                     bool silent) {
  const tutor::Session& session = *entry->session;
  envelope::ClientMessageEncoder& encoder = *context_->encoder;
  encoder.Begin(session.user, emit.message);
  const tutor::Encoding kept = KeptEncoding(session);
  const std::string_view bytes = encoder.Get(kept);
  digests_.AddOutput(bytes);
  entry->tail.AddMessage(emit.message.n, position_of_, emit.history_index, kept, bytes);
  if (!silent) SendToAll(session, trace);
}

void Partition::Tell(const tutor::Session& session, const tutor::ClientMessage& message,
                     std::string_view trace) {
  context_->encoder->Begin(session.user, message);
  SendToAll(session, trace);
}

void Partition::SendToAll(const tutor::Session& session, std::string_view trace) {
  envelope::ClientMessageEncoder& encoder = *context_->encoder;
  for (const tutor::AttachedClient& client : session.clients) {
    subject_.clear();
    context_->options.subjects.AppendOut(&subject_, client.id.value);
    Send({.subject = subject_,
          .data = encoder.Get(client.encoding),
          .content_type = ContentType(client.encoding),
          .trace = trace});
  }
}

void Partition::ReplyTo(std::string_view user, const tutor::AttachedClient& client,
                        const tutor::ClientMessage& message, std::string_view trace) {
  const std::string bytes =
      envelope::EncodeClientMessage(UserId(std::string(user)), message, client.encoding);
  const std::string subject = context_->options.subjects.Out(client.id);
  Send({.subject = subject,
        .data = bytes,
        .content_type = ContentType(client.encoding),
        .trace = trace});
}

void Partition::Show(const tutor::Session& session, const tutor::ShowDraft& draft,
                     std::string_view trace) {
  const std::string bytes = envelope::EncodeDraft(session.user, draft);
  const std::string subject = context_->options.subjects.DraftOf(draft.course, session.user);
  Send({.subject = subject,
        .data = bytes,
        .content_type = ContentType(tutor::Encoding::kJson),
        .trace = trace});
}

void Partition::Refuse(const Record& record, std::string_view user, const Refused& refused,
                       const SessionEntry* entry) {
  if (role_ == Role::kOwner) {
    ++context_->counters->refused;
    ++context_->counters->measures.refused[static_cast<size_t>(refused.reason)];
  }
  const std::string_view given = refused.trace;
  LogWarn("record refused", {{"partition", id_},
                             {"sequence", record.sequence},
                             {"reason", Name(refused.reason)},
                             {"text", refused.text},
                             {"trace", TraceIdIn(given.empty() ? record.trace : given)}});
  digests_.AddOutput(Name(refused.reason));
  // The stream drops what it has; what is in no checkpoint may not have reached it.
  // Old ones, of which nothing is known, are not sent again; the few that were buried all the same.
  const bool is_quiet = record.sequence <= quiet_to_ && refused.reason != Refusal::kBuried;
  const bool may_be_lost = record.sequence > durable().sequence && !is_quiet;
  if (refused.reason != Refusal::kDamaged && (may_be_lost || !IsSilenced(record))) {
    dead_letters_.Add(record, user, refused);
  }
  if (IsSilenced(record) || user.empty()) return;
  const bool readable = entry != nullptr && entry->damaged.empty();
  const tutor::Session* session = readable ? &*entry->session : nullptr;
  const tutor::ClientMessage message = RefusalMessage(PositionOf(record), refused, session);
  for (const tutor::AttachedClient& reader : RefusalReaders(refused, session)) {
    ReplyTo(user, reader, message, {});
  }
}

void Partition::Resend(const Record& record, SessionEntry* entry,
                       const tutor::ResendMessages& resend) {
  Resends::Request request{.partition = id_,
                           .sequence = record.sequence,
                           .user = entry->user().value,
                           .to = resend.client,
                           .first_n = resend.first_n,
                           .last_n = resend.last_n};
  if (role_ != Role::kOwner) return held_.Add(std::move(request));
  if (resends_->Add(std::move(request))) return;
  LogWarn("messages not sent again: too many clients ask at once", {{"partition", id_}});
}

// A record whose messages were sent, and confirmed, before: it changes what is in memory, and
// nothing leaves.
bool Partition::IsSilenced(const Record& record) const {
  return record.sequence <= std::max(confirmed_, announced_);
}

}  // namespace lyceum::shard
