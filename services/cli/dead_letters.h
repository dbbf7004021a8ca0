// The dead letters that a command of `lyceum dlq` is about: those that its flags name.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/cli.h"
#include "envelope/codec.h"
#include "wire/jetstream.h"

namespace lyceum::cli {

class DeadLetterFilter {
 public:
  // kReject names the flag that is wrong. Ages count back from now_ms.
  static Result<DeadLetterFilter> Of(const DeadLetterOptions& options,
                                     const envelope::Subjects& subjects, int64_t now_ms);

  bool names_some() const { return names_some_; }  // False: it takes all there are.
  // What the server is asked for; these do not overlap.
  std::vector<std::string> StreamFilters() const;
  bool Takes(const wire::StoredMessage& stored, const envelope::DeadLetter& letter) const;

 private:
  std::string root_;  // "lyceum.dlq."
  bool names_some_ = false;
  std::string user_, reason_;
  std::optional<uint32_t> partition_;
  std::optional<int64_t> before_ms_, since_ms_;
};

// One without the bytes of its record.
struct DeadLetterSeen {
  envelope::DeadLetter letter;
  size_t record_bytes = 0;
  std::string unreadable;  // Why. Empty: it is not.
};
struct DeadLettersFound {
  std::map<uint64_t, DeadLetterSeen> letters;  // By their sequence in the stream.
  bool more = false;                           // There are others that the filter takes.
};
// At most `limit` of those that the stream has now: the newest, or the oldest. What cannot be read is among them only
// where the filter takes all. kRetry: the stream went silent.
Result<DeadLettersFound> FindDeadLetters(wire::Connection& connection,
                                         const wire::StreamInfo& stream,
                                         const DeadLetterFilter& filter, size_t limit, bool newest);

// Why its record cannot be published again. Empty: it can.
std::string WhyNotAgain(const envelope::Subjects& subjects, const envelope::DeadLetter& letter);
// The record of one that can, to the subject that it had, with its headers where the log still has them; acknowledged.
// An id of the record's own makes a second time within the duplicate window harmless.
Result<wire::PubAck> PublishAgain(wire::Connection& connection, const envelope::Subjects& subjects,
                                  const envelope::DeadLetter& letter);

}  // namespace lyceum::cli
