#include "cli/replay_log.h"

#include <algorithm>
#include <string>

#include "cli/ask.h"

namespace lyceum::cli {
namespace {

constexpr uint32_t kHistoryCompared = 20;
constexpr size_t kPagesMax = 10'000;
constexpr std::chrono::milliseconds kOwnerPatience{3000};
// The filter hides where the stream ends, so that silence has to be taken for the end.
constexpr std::chrono::milliseconds kSilence{2000};

Result<void> ReadStream(wire::Connection& connection, const envelope::Subjects& subjects,
                        const UserId& user, std::chrono::milliseconds patience,
                        const std::function<bool(const wire::StoredMessage&)>& take) {
  const std::string stream = subjects.LogStream(subjects.PartitionOf(user));
  auto info = wire::GetStream(connection, stream);
  if (!info) return info.error();
  if (!*info) return Reject("the stream " + stream + " is not there: run `lyceum init`");
  const std::string filter = subjects.LogFilter(user);
  auto reader = wire::StreamReader::Open(connection, stream, filter, 1);
  if (!reader) return reader.error();
  while (true) {
    auto message = (*reader)->Next(In(std::min(patience, kSilence)));
    if (!message) return message.error();
    if (!*message) return {};
    if ((*message)->sequence > (*info)->last_sequence || !take(**message)) return {};
    if ((*message)->sequence == (*info)->last_sequence) return {};
  }
}

}  // namespace

Result<SessionRecords> FindRecords(wire::Connection& connection, const envelope::Subjects& subjects,
                                   const UserId& user, std::chrono::milliseconds patience) {
  SessionRecords records;
  envelope::Query query{.history_max = kHistoryCompared, .records = true};
  uint64_t applied = 0;
  for (size_t page = 0; page < kPagesMax; ++page) {
    const auto wait = page == 0 ? std::min(patience, kOwnerPatience) : patience;
    auto view = AskView(connection, subjects, user, query, In(wait));
    if (!view) {
      if (page == 0 && view.error().fault == Fault::kRetry) return records;
      return view.error();
    }
    const std::vector<uint64_t> found = view->records;
    if (page == 0) {
      applied = view->applied_seq;
      records.live = std::move(*view);
    }
    for (uint64_t sequence : found) {
      if (sequence > applied) return records;
      records.sequences.push_back(sequence);
    }
    if (found.empty() || found.back() >= applied) return records;
    query.records_from = found.back() + 1;
    query.history_max = 1;
  }
  return Reject("the session has more records than can be replayed at once");
}

Result<void> ReadRecords(wire::Connection& connection, const envelope::Subjects& subjects,
                         const UserId& user, const SessionRecords& records,
                         std::chrono::milliseconds patience,
                         const std::function<bool(const wire::StoredMessage&)>& take) {
  if (!records.live) return ReadStream(connection, subjects, user, patience, take);
  const std::string stream = subjects.LogStream(subjects.PartitionOf(user));
  for (uint64_t sequence : records.sequences) {
    auto message = wire::GetMessage(connection, stream, sequence);
    if (!message) return message.error();
    if (!*message) {
      return Reject("record " + std::to_string(sequence) + " is not in " + stream +
                    " any more: the log was trimmed, this session can not be replayed from it");
    }
    if (!take(**message)) return {};
  }
  return {};
}

}  // namespace lyceum::cli
