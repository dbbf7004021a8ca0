#include "cli/dead_letters.h"

#include <fmt/format.h>
#include <strings.h>

#include <iterator>
#include <utility>

#include "base/clock.h"
#include "base/hash.h"
#include "cli/age.h"
#include "cli/learner_records.h"
#include "shard/fold.h"

namespace lyceum::cli {
namespace {

constexpr std::chrono::seconds kPublishMax{10};
constexpr std::chrono::seconds kAckWait{2};

Result<void> CheckReason(const std::string& reason) {
  std::string names;
  for (size_t i = 0; i < shard::kRefusalCount; ++i) {
    const std::string_view name = shard::Name(static_cast<shard::Refusal>(i));
    if (name == reason) return {};
    names += (i == 0 ? "" : ", ") + std::string(name);
  }
  return Reject("--reason takes one of " + names);
}

Result<std::optional<int64_t>> AgoOf(const char* flag, const std::string& age, int64_t now_ms) {
  if (age.empty()) return std::optional<int64_t>();
  const auto parsed = ParseAgeMs(age, flag);
  if (!parsed) return parsed.error();
  return std::optional<int64_t>(now_ms - *parsed);
}

// What the record had beside its bytes, where the log still has it. Those of its storing are not its own.
Result<wire::Headers> HeadersOf(wire::Connection& connection, const envelope::Subjects& subjects,
                                const envelope::DeadLetter& letter) {
  wire::Headers headers;
  if (letter.partition >= subjects.partitions()) return headers;
  const auto stored =
      wire::GetMessage(connection, subjects.LogStream(letter.partition), letter.sequence);
  if (!stored) return stored.error();
  if (!*stored || (*stored)->subject != letter.subject || (*stored)->data != letter.record) {
    return headers;
  }
  for (const auto& header : (*stored)->headers) {
    if (strncasecmp(header.first.c_str(), "Nats-", 5) != 0) headers.push_back(header);
  }
  return headers;
}

}  // namespace

Result<DeadLetterFilter> DeadLetterFilter::Of(const DeadLetterOptions& options,
                                              const envelope::Subjects& subjects, int64_t now_ms) {
  DeadLetterFilter filter;
  filter.root_ = subjects.DeadLetters();  // <prefix>.dlq.*.*
  filter.root_.resize(filter.root_.size() - std::string_view("*.*").size());
  if (!options.user.empty()) {
    const auto user = UserOf(options.user);
    if (!user) return user.error();
    filter.user_ = user->value;
  }
  if (options.partition >= 0) {
    if (options.partition >= int64_t{subjects.partitions()}) {
      return Reject(fmt::format("--partition must be below {}", subjects.partitions()));
    }
    filter.partition_ = static_cast<uint32_t>(options.partition);
  }
  if (!options.reason.empty()) {
    if (auto known = CheckReason(options.reason); !known) return known.error();
    filter.reason_ = options.reason;
  }
  const auto before = AgoOf("--older", options.older, now_ms);
  if (!before) return before.error();
  const auto since = AgoOf("--newer", options.newer, now_ms);
  if (!since) return since.error();
  filter.before_ms_ = *before;
  filter.since_ms_ = *since;
  filter.names_some_ = !filter.user_.empty() || filter.partition_ || !filter.reason_.empty() ||
                       filter.before_ms_ || filter.since_ms_;
  return filter;
}

std::vector<std::string> DeadLetterFilter::StreamFilters() const {
  const std::string partition = partition_ ? std::to_string(*partition_) : "*";
  const std::string of_all = root_ + partition + ".";
  if (user_.empty()) return {of_all + "*"};
  // A record of a learner can be filed as nobody's.
  if (user_ == "_") return {of_all + "_"};
  return {of_all + user_, of_all + "_"};
}

bool DeadLetterFilter::Takes(const wire::StoredMessage& stored,
                             const envelope::DeadLetter& letter) const {
  const std::string end = "." + user_;
  if (!user_.empty() && !stored.subject.ends_with(end) && !letter.subject.ends_with(end)) {
    return false;
  }
  return (!partition_ || letter.partition == *partition_) &&
         (reason_.empty() || letter.reason == reason_) &&
         (!before_ms_ || letter.at_ms < *before_ms_) && (!since_ms_ || letter.at_ms >= *since_ms_);
}

Result<DeadLettersFound> FindDeadLetters(wire::Connection& connection,
                                         const wire::StreamInfo& stream,
                                         const DeadLetterFilter& filter, size_t limit,
                                         bool newest) {
  DeadLettersFound found;
  const auto add = [&](const wire::StoredMessage& stored) {
    auto letter = envelope::DecodeDeadLetter(stored.data);
    DeadLetterSeen seen;
    if (!letter) {
      if (filter.names_some()) return;
      seen.unreadable = letter.error().text;
    } else {
      if (!filter.Takes(stored, *letter)) return;
      seen.letter = *std::move(letter);
      seen.record_bytes = seen.letter.record.size();
      std::string().swap(seen.letter.record);
    }
    found.letters.emplace(stored.sequence, std::move(seen));
    if (found.letters.size() <= limit) return;
    found.more = true;
    found.letters.erase(newest ? found.letters.begin() : std::prev(found.letters.end()));
  };
  // Of all there are, the newest lie at the end.
  uint64_t from = 1;
  if (newest && !filter.names_some() && stream.last_sequence > limit) {
    from = stream.last_sequence - limit + 1;
    found.more = stream.first_sequence < from;
  }
  for (const std::string& subjects : filter.StreamFilters()) {
    auto read = ReadStream(connection, stream, subjects, from, add);
    if (!read) return read.error();
  }
  return found;
}

std::string WhyNotAgain(const envelope::Subjects& subjects, const envelope::DeadLetter& letter) {
  const auto parts = subjects.ParseLogFast(letter.subject);
  if (!parts) return "its subject names no learner: whoever sent it has to send it rightly";
  if (parts->of_partition()) {
    return "it is a record of the partition, which session workers write themselves";
  }
  if (letter.cut) {
    return "only the beginning of its record is kept: whoever sent it has to send it again";
  }
  if (letter.record.empty()) return "its record is empty, or not kept";
  return {};
}

Result<wire::PubAck> PublishAgain(wire::Connection& connection, const envelope::Subjects& subjects,
                                  const envelope::DeadLetter& letter) {
  auto headers = HeadersOf(connection, subjects, letter);
  if (!headers) return headers.error();
  const std::string id = fmt::format("dlq-retry-{}-{}-{:x}", letter.partition, letter.sequence,
                                     Fnv1a64(letter.record));
  const wire::Message message{
      .subject = letter.subject, .headers = *std::move(headers), .data = letter.record};
  const Deadline deadline = In(kPublishMax);
  for (;;) {
    auto acked = wire::PublishAcked(connection, message, id, kAckWait);
    if (acked || acked.error().fault != Fault::kRetry || LeftMs(deadline) <= 0) return acked;
  }
}

}  // namespace lyceum::cli
