#include "simulation/replay.h"

#include "envelope/codec.h"
#include "shard/log_history.h"
#include "shard/named_topic.h"
#include "simulation/course.h"

namespace lyceum::simulation {
namespace {

uint32_t LineageOf(const ReplayPlan& plan, uint64_t sequence) {
  uint32_t found = 0;
  for (const auto& [number, begins] : plan.lineages) {
    if (begins <= sequence) found = number;
  }
  return found;
}

void Keep(const tutor::Effects& effects, uint64_t sequence, ReplayedSession* of) {
  for (const tutor::Effect& effect : effects) {
    if (const auto* append = std::get_if<tutor::Append>(&effect)) {
      of->history.push_back(append->entry);
    }
    const auto* emit = std::get_if<tutor::EmitMessage>(&effect);
    if (emit == nullptr) continue;
    const auto& clients = of->session->clients;
    const auto encoding =
        clients.empty() ? envelope::Encoding::kProtobuf : clients.front().encoding;
    of->messages.push_back(
        {emit->message.n, sequence, encoding,
         envelope::EncodeClientMessage(of->session->user, emit->message, encoding)});
    if (emit->history_index > 0) {
      of->history.push_back(tutor::HistoryEntryOf(emit->message, emit->history_index));
    }
  }
}

}  // namespace

Replayed Replay(const ReplayPlan& plan, const std::vector<wire::MemoryRecord>& log) {
  Replayed replayed;
  envelope::EventDecoder decoder;
  uint32_t fold_version = shard::kFirstFoldVersion;
  tutor::Effects effects;
  for (const wire::MemoryRecord& stored : log) {
    replayed.last_sequence = stored.sequence;
    const shard::Record record{stored.subject, stored.content_type, stored.data, stored.sequence,
                               stored.time_ms};
    const auto refuse = [&](shard::Refusal reason) {
      replayed.refused[stored.sequence] = shard::Name(reason);
    };
    if (plan.buried.contains(record.sequence)) {
      refuse(shard::Refusal::kBuried);
      continue;
    }
    const auto address = shard::AddressOf(*plan.subjects, plan.partition, record);
    if (const auto* refused = std::get_if<shard::Refused>(&address)) {
      refuse(refused->reason);
      continue;
    }
    const auto& subject = std::get<envelope::Subjects::LogSubject>(address);
    if (subject.record_class == envelope::RecordClass::kBarrier) {
      const auto barrier = decoder.DecodeBarrier(
          record.data, envelope::EncodingOf(record.content_type, record.data));
      if (!barrier) {
        refuse(shard::Refusal::kUndecodable);
      } else {
        fold_version = std::max(fold_version, barrier->fold_version);
      }
      continue;
    }
    if (subject.record_class == envelope::RecordClass::kForget) {
      if (!decoder.DecodeForget(record.data,
                                envelope::EncodingOf(record.content_type, record.data))) {
        refuse(shard::Refusal::kUndecodable);
        continue;
      }
      std::erase_if(replayed.sessions, [&](const auto& session) {
        return shard::ForgetDigest(session.first) == subject.user;
      });
      continue;
    }
    auto event = shard::EventOf(decoder, record, subject.record_class);
    if (const auto* refused = std::get_if<shard::Refused>(&event)) {
      refuse(refused->reason);
      continue;
    }
    if (tutor::LoadTopicOk* named =
            shard::TopicToFetch(&std::get<envelope::DecodedEvent>(event).event)) {
      named->topic = TopicOf(named->name->topic.value);
    }
    tutor::LogPosition position;
    position.partition = plan.partition;
    position.sequence = record.sequence;
    position.time_ms = record.time_ms;
    position.lineage = LineageOf(plan, record.sequence);
    position.fold_version = fold_version;
    const UserId user{std::string(subject.user)};
    ReplayedSession& of = replayed.sessions[user.value];
    plan.core(&of.session, user, std::get<envelope::DecodedEvent>(event).event, position, &effects);
    if (!of.session) continue;
    of.records.push_back(record.sequence);
    Keep(effects, record.sequence, &of);
  }
  return replayed;
}

}  // namespace lyceum::simulation
