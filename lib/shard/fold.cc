#include "shard/fold.h"

#include <fmt/format.h>

#include <utility>

#include "base/digest.h"

namespace lyceum::shard {

namespace {

constexpr size_t kDigestChars = 64;

bool IsDigest(std::string_view token) {
  return token.size() == kDigestChars &&
         token.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

std::string ForgetDigest(std::string_view user) { return Sha256Hex(user); }

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
    case Refusal::kBuried:
      return "buried";
    case Refusal::kDamaged:
      return "damaged";
  }
  return "undecodable";
}

std::variant<envelope::Subjects::LogSubject, Refused> AddressOf(const envelope::Subjects& subjects,
                                                                uint32_t partition,
                                                                const Record& record) {
  const Result<envelope::Subjects::LogSubject> parts = subjects.ParseLogFast(record.subject);
  if (!parts) return Refused{.reason = Refusal::kBadSubject, .text = parts.error().text};
  if (parts->record_class == envelope::RecordClass::kForget && !IsDigest(parts->user)) {
    return Refused{.reason = Refusal::kBadSubject,
                   .text = "subject: the last token of a forget is the SHA-256 of a user"};
  }
  const uint32_t home =
      parts->of_partition() ? parts->partition : subjects.PartitionOf(parts->user);
  if (parts->partition != partition || home != partition) {
    return Refused{
        .reason = Refusal::kWrongPartition,
        .text = fmt::format("the user belongs to partition {}, the record lies in {}: publish to "
                            "{}.in.<class>.<user> and let the server choose the partition",
                            home, partition, subjects.prefix())};
  }
  return *parts;
}

std::variant<envelope::DecodedEvent, Refused> EventOf(envelope::EventDecoder& decoder,
                                                      const Record& record,
                                                      envelope::RecordClass record_class) {
  const tutor::Encoding encoding = envelope::EncodingOf(record.content_type, record.data);
  Result<envelope::DecodedEvent> decoded = decoder.Decode(record.data, encoding, record_class);
  if (decoded) return std::move(*decoded);
  Refused refused{.reason = Refusal::kUndecodable,
                  .text = decoded.error().text,
                  .sender = decoder.refused().sender,
                  .result = decoder.refused().result,
                  .encoding = encoding,
                  .of_learner = record_class == envelope::RecordClass::kUser};
  if (const auto other = decoder.refused().other_class) {
    refused.reason = Refusal::kWrongClass;
    refused.text =
        fmt::format("an event of class {} was published to class {}: use its own subject",
                    envelope::Name(*other), envelope::Name(record_class));
  }
  return refused;
}

}  // namespace lyceum::shard
