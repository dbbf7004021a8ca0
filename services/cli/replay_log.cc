#include "cli/replay_log.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "cli/ask.h"
#include "envelope/topics.h"
#include "tutor/fold_version.h"

namespace lyceum::cli {
namespace {

constexpr uint32_t kHistoryCompared = 20;
constexpr size_t kPagesMax = 10'000;

Result<void> ReadKeys(wire::Connection& connection, const envelope::Subjects& subjects,
                      LogView* log) {
  shard::LogHistory* const history = &log->history;
  auto cluster = wire::Bucket::Open(connection, subjects.ClusterBucket());
  if (!cluster) return cluster.error();
  if (!*cluster) {
    return Reject("the bucket " + subjects.ClusterBucket() + " is not there: run `lyceum init`");
  }
  auto keys = (*cluster)->Keys();
  if (!keys) return keys.error();
  for (const std::string& key : *keys) {
    history->AddBurial(key);
    if (key == shard::LogHistory::ErasedKey(history->partition())) {
      auto value = (*cluster)->Get(key);
      if (!value) return value.error();
      // Nothing was trimmed: what is not there was of learners who are forgotten.
      const auto begins = *value ? shard::ReadNumber(**value) : std::nullopt;
      if (begins && *begins >= log->first_sequence) log->first_sequence = 1;
      continue;
    }
    const auto lineage = history->LineageOfKey(key);
    if (!lineage) continue;
    auto value = (*cluster)->Get(key);
    if (!value) return value.error();
    const auto begins = *value ? shard::ReadNumber(**value) : std::nullopt;
    if (!begins) {
      return Reject("the key " + key + " of " + subjects.ClusterBucket() + " holds no sequence");
    }
    history->AddLineage(*lineage, *begins);
  }
  return {};
}

}  // namespace

Result<LogView> LookAtLog(wire::Connection& connection, const envelope::Subjects& subjects,
                          uint32_t partition, std::chrono::milliseconds patience) {
  LogView log;
  log.stream = subjects.LogStream(partition);
  log.history = shard::LogHistory(static_cast<store::PartitionId>(partition));
  auto info = wire::GetStream(connection, log.stream);
  if (!info) return info.error();
  if (!*info) return Reject("the stream " + log.stream + " is not there: run `lyceum init`");
  log.first_sequence = (*info)->first_sequence;
  log.last_sequence = (*info)->last_sequence;
  if (auto read = ReadKeys(connection, subjects, &log); !read) {
    return read.error();
  }
  envelope::EventDecoder decoder;
  auto barriers =
      ReadLog(connection, log, subjects.Barriers(partition), patience,
              [&](const wire::StoredMessage& stored) {
                const auto barrier = decoder.DecodeBarrier(
                    stored.data, envelope::EncodingOf(stored.header("Content-Type"), stored.data));
                if (barrier) log.history.AddBarrier(stored.sequence, barrier->fold_version);
                return true;
              });
  if (!barriers) return barriers.error();
  auto forgets = ReadLog(connection, log, subjects.Forgets(partition), patience,
                         [&](const wire::StoredMessage& stored) {
                           const auto parts = subjects.ParseLogFast(stored.subject);
                           const auto encoding =
                               envelope::EncodingOf(stored.header("Content-Type"), stored.data);
                           if (parts && decoder.DecodeForget(stored.data, encoding)) {
                             log.history.AddForget(stored.sequence, parts->user);
                           }
                           return true;
                         });
  if (!forgets) return forgets.error();
  const uint32_t version = log.history.FoldVersionOf(UINT64_MAX);
  if (version > tutor::kFoldVersion) {
    return Reject("the log goes on under version " + std::to_string(version) +
                  " of the state machine, this program has " + std::to_string(tutor::kFoldVersion) +
                  ": run the newer one");
  }
  return log;
}

Result<void> ReadLog(wire::Connection& connection, const LogView& log, const std::string& filter,
                     std::chrono::milliseconds patience,
                     const std::function<bool(const wire::StoredMessage&)>& take) {
  if (log.last_sequence == 0) return {};
  auto reader = wire::StreamReader::Open(connection, log.stream, filter, 1);
  if (!reader) return reader.error();
  uint64_t pending = (*reader)->pending();
  while (pending > 0) {
    auto message = (*reader)->Next(In(patience));
    if (!message) return message.error();
    if (!*message) return Retry("the stream " + log.stream + " went silent");
    if ((*message)->sequence > log.last_sequence || !take(**message)) return {};
    if ((*message)->sequence == log.last_sequence) return {};
    pending = (*message)->pending;
  }
  return {};
}

shard::Record RecordOf(const wire::StoredMessage& stored) {
  return {.subject = stored.subject,
          .content_type = stored.header("Content-Type"),
          .data = stored.data,
          .sequence = stored.sequence,
          .time_ms = stored.time_ms};
}

Result<void> ReadLearners(
    wire::Connection& connection, const envelope::Subjects& subjects, const LogView& log,
    std::chrono::milliseconds patience,
    const std::function<Result<void>(std::string_view user, const shard::Record&)>& fold) {
  Result<void> folded;
  auto read = ReadLog(connection, log, "", patience, [&](const wire::StoredMessage& stored) {
    const auto parts = subjects.ParseLogFast(stored.subject);
    if (!parts || parts->of_partition() ||
        subjects.PartitionOf(parts->user) != log.history.partition()) {
      return true;
    }
    folded = fold(parts->user, RecordOf(stored));
    return static_cast<bool>(folded);
  });
  return read ? folded : read;
}

shard::TopicFinder TopicsOfBucket(wire::Connection& connection,
                                  const envelope::Subjects& subjects) {
  using Shared = shard::TopicTable::Shared;
  const auto found = std::make_shared<std::map<std::string, Shared>>();
  return [&connection, name = subjects.CourseBucket(),
          found](const tutor::LoadTopicOk& named) -> Result<Shared> {
    Shared& topic = (*found)[named.digest];
    if (topic != nullptr) return topic;
    const auto key = envelope::TopicKey(*named.name);
    if (!key) return key.error();
    auto bucket = wire::Bucket::Open(connection, name);
    if (!bucket) return bucket.error();
    const std::string lacks = "a record names topic " + named.name->topic.value + " of " +
                              named.name->course.value + " " + named.name->version +
                              ", which is needed to fold it: ";
    if (!*bucket) return Reject(lacks + "the bucket " + name + " is not there");
    auto value = (*bucket)->Get(*key);
    if (!value) return value.error();
    if (!*value) return Reject(lacks + "import that course again");
    auto decoded = envelope::DecodeNamedTopic(named, **value);
    if (!decoded) return Reject(lacks + decoded.error().text);
    topic = std::make_shared<const tutor::Topic>(std::move(*decoded));
    return topic;
  };
}

Result<LiveSession> AskLive(wire::Connection& connection, const envelope::Subjects& subjects,
                            const UserId& user, std::chrono::milliseconds patience) {
  LiveSession live;
  envelope::Query query{.history_max = kHistoryCompared, .records = true};
  for (size_t page = 0; page < kPagesMax; ++page) {
    auto view = AskView(connection, subjects, user, query, In(patience));
    if (!view) return view.error();
    const std::vector<uint64_t> found = view->records;
    const bool more = view->cut && !found.empty();
    if (page == 0) live.view = std::move(*view);
    live.records.insert(live.records.end(), found.begin(), found.end());
    query.records_skip = live.records.size();
    query.history_max = 1;
    if (more) continue;
    // What was folded since the first page does not belong to what it showed.
    const auto last = std::find(live.records.rbegin(), live.records.rend(), live.view.applied_seq);
    if (last != live.records.rend()) live.records.erase(last.base(), live.records.end());
    live.whole = live.records.empty() || live.records.front() == live.view.first_seq;
    return live;
  }
  return Reject("the session has more records than can be compared at once");
}

}  // namespace lyceum::cli
