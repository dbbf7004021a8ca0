// Fold: one record of the log and the session it belongs to -> the next session and its effects.
//
// Decodes and advances, and decides nothing else. `lyceum replay` folds with the same code, so what
// it shows is what happened. A record that can not be folded is refused, never thrown: its session
// stays as it was.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "envelope/codec.h"
#include "envelope/subjects.h"
#include "tutor/advance.h"

namespace lyceum::session {

// A record as the log holds it. Views: valid as long as the message they come from.
struct Record {
  std::string_view subject;
  std::string_view content_type;
  std::string_view data;
  uint64_t sequence = 0;
  int64_t time_ms = 0;
};

// Why a record was refused: the words of DeadLetter.reason.
enum class Refusal { kUndecodable, kWrongClass, kWrongPartition, kBadSubject, kCoreFailed };
std::string_view Name(Refusal refusal);

struct Refused {
  Refusal reason;
  std::string text;  // What is wrong and what to do. No learner text.
  std::optional<envelope::RefusedSender> sender;
  tutor::Encoding encoding = tutor::Encoding::kProtobuf;  // Of the record.
};

// Where a record belongs, before anything of its payload is read.
struct Address {
  envelope::RecordClass record_class = envelope::RecordClass::kUser;
  UserId user;
};

struct Folded {
  std::optional<tutor::Session> session;  // As it was where `refused` is set.
  tutor::Effects effects;
  std::optional<Refused> refused;
  std::string event_kind;  // For logs: "message", "tool_result" ... Empty where undecodable.
  std::string trace;
};

class Fold {
 public:
  using Core = void (*)(std::optional<tutor::Session>*, const UserId&, const tutor::Event&,
                        const tutor::LogPosition&, tutor::Effects*);
  Fold(envelope::Subjects subjects, uint32_t partition, Core core = &tutor::Advance);

  // Empty and `refused` set: the record belongs to no session of this partition.
  std::optional<Address> AddressOf(const Record& record, std::optional<Refused>* refused) const;

  // Where the core fails, its session is as it was if it was copied before, else it is lost:
  // refused with kCoreFailed, and no session. Who reads it again can then fold with a copy.
  enum class Copy { kBefore, kNever };
  Folded Step(const Record& record, const Address& address, std::optional<tutor::Session> session,
              Copy copy = Copy::kBefore) const;

 private:
  envelope::Subjects subjects_;
  uint32_t partition_;
  Core core_;
};

}  // namespace lyceum::session
