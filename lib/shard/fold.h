// One record of a log, as bytes -> where it belongs -> what it means. Decides nothing else.
//
// A partition folds with this, and so does `lyceum replay`: what it shows is what happened. A record
// that cannot be folded is refused with a reason, never thrown: its session stays as it was.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "envelope/codec.h"
#include "envelope/subjects.h"
#include "tutor/advance.h"

namespace lyceum::shard {

// A record as the log holds it. Views: valid as long as the message they come from.
struct Record {
  std::string_view subject;
  std::string_view content_type;
  std::string_view data;
  uint64_t sequence = 0;
  int64_t time_ms = 0;
  std::string_view trace = {};  // The header traceparent, where spans are made.
};

// Why a record was refused: the words of DeadLetter.reason.
enum class Refusal { kUndecodable, kWrongClass, kWrongPartition, kBadSubject, kBuried, kDamaged };
inline constexpr size_t kRefusalCount = 6;
std::string_view Name(Refusal refusal);

struct Refused {
  Refusal reason = Refusal::kUndecodable;
  std::string text;  // What is wrong and what to do. No learner text.
  std::optional<envelope::RefusedSender> sender;
  std::optional<envelope::RefusedResult> result = {};     // Of a tool result.
  tutor::Encoding encoding = tutor::Encoding::kProtobuf;  // Of the record.
  bool of_learner = false;  // It lies in class user, under a subject that names a session.
  std::string trace = {};   // The record's traceparent, where it could be read.
};

// The state machine, or what a test puts in its place. Total: it does not throw.
using Core = void (*)(std::optional<tutor::Session>*, const UserId&, const tutor::Event&,
                      const tutor::LogPosition&, tutor::Effects*);

// What stands for a user in the log once it is forgotten: SHA-256 of its token, as lower-case hex.
std::string ForgetDigest(std::string_view user);

// Where a record belongs, before anything of its payload is read. Refused: to no session of this
// partition.
std::variant<envelope::Subjects::LogSubject, Refused> AddressOf(const envelope::Subjects& subjects,
                                                                uint32_t partition,
                                                                const Record& record);

// What a record of a class says. The decoder is reused from record to record.
std::variant<envelope::DecodedEvent, Refused> EventOf(envelope::EventDecoder& decoder,
                                                      const Record& record,
                                                      envelope::RecordClass record_class);

}  // namespace lyceum::shard
