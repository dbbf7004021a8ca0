#include "session/fold.h"

#include <fmt/format.h>

#include <array>
#include <exception>
#include <utility>

namespace lyceum::session {
namespace {

using envelope::RecordClass;

constexpr std::array kClasses = {RecordClass::kUser, RecordClass::kAdmin, RecordClass::kTool,
                                 RecordClass::kTimer};

constexpr std::array kEventKinds = {"start",      "message",
                                    "hint",       "skip",
                                    "continue",   "attach",
                                    "detach",     "tool_result",
                                    "timer",      "force_remediation",
                                    "force_skip", "goto_topic",
                                    "retry",      "end",
                                    "shutdown",   "invariant_violated"};
static_assert(kEventKinds.size() == std::variant_size_v<tutor::EventKind>);

// The same payload would be an event of another class.
std::optional<RecordClass> OtherClass(const Record& record, tutor::Encoding encoding,
                                      RecordClass own) {
  for (RecordClass other : kClasses) {
    if (other != own && envelope::DecodeEvent(record.data, encoding, other)) return other;
  }
  return std::nullopt;
}

Refused Undecodable(const Record& record, tutor::Encoding encoding, RecordClass record_class,
                    const Error& error) {
  Refused refused{.reason = Refusal::kUndecodable,
                  .text = error.text,
                  .sender = envelope::PeekSender(record.data, encoding),
                  .encoding = encoding};
  if (const auto other = OtherClass(record, encoding, record_class)) {
    refused.reason = Refusal::kWrongClass;
    refused.text =
        fmt::format("an event of class {} was published to class {}: use its own subject",
                    envelope::Name(*other), envelope::Name(record_class));
  }
  return refused;
}

}  // namespace

std::string_view Name(Refusal refusal) {
  switch (refusal) {
    case Refusal::kUndecodable:
      return "undecodable";
    case Refusal::kWrongClass:
      return "wrong_class";
    case Refusal::kWrongPartition:
      return "wrong_partition";
    case Refusal::kBadSubject:
      return "bad_subject";
    case Refusal::kCoreFailed:
      return "core_failed";
  }
  return "core_failed";
}

Fold::Fold(envelope::Subjects subjects, uint32_t partition, Core core)
    : subjects_(std::move(subjects)), partition_(partition), core_(core) {}

std::optional<Address> Fold::AddressOf(const Record& record,
                                       std::optional<Refused>* refused) const {
  auto parts = subjects_.ParseLog(record.subject);
  if (!parts) {
    *refused = Refused{.reason = Refusal::kBadSubject, .text = parts.error().text};
    return std::nullopt;
  }
  const uint32_t home = subjects_.PartitionOf(parts->user);
  if (parts->partition != partition_ || home != partition_) {
    *refused = Refused{
        .reason = Refusal::kWrongPartition,
        .text = fmt::format("the user belongs to partition {}, the record lies in {}: publish to "
                            "{}.in.<class>.<user> and let the server choose the partition",
                            home, partition_, subjects_.prefix())};
    return std::nullopt;
  }
  return Address{parts->record_class, std::move(parts->user)};
}

Folded Fold::Step(const Record& record, const Address& address,
                  std::optional<tutor::Session> session, Copy copy) const {
  Folded folded;
  const tutor::Encoding encoding = envelope::EncodingOf(record.content_type, record.data);
  auto decoded = envelope::DecodeEvent(record.data, encoding, address.record_class);
  if (!decoded) {
    folded.session = std::move(session);
    folded.refused = Undecodable(record, encoding, address.record_class, decoded.error());
    return folded;
  }
  folded.event_kind = kEventKinds[decoded->event.kind.index()];
  folded.trace = std::move(decoded->trace);
  std::optional<tutor::Session> before;
  if (copy == Copy::kBefore) before = session;
  try {
    folded.session = std::move(session);
    core_(&folded.session, address.user, decoded->event,
          {partition_, record.sequence, record.time_ms}, &folded.effects);
  } catch (const std::exception& failure) {
    folded.session = std::move(before);
    folded.effects.clear();
    folded.refused =
        Refused{.reason = Refusal::kCoreFailed,
                .text = fmt::format("the state machine failed ({}): report it with this record",
                                    failure.what()),
                .sender = envelope::RefusedSender{decoded->event.id, decoded->event.client},
                .encoding = encoding};
  }
  return folded;
}

}  // namespace lyceum::session
