#include "shard/install.h"

#include <charconv>
#include <chrono>
#include <optional>
#include <utility>

namespace lyceum::shard {
namespace {

constexpr char kPartitionsKey[] = "partitions";
constexpr int32_t kMessageBytesMax = 1 << 20;
constexpr int64_t kDeadLetterBytesMax = int64_t{1} << 30;
constexpr std::chrono::hours kDeadLetterAgeMax{30 * 24};
// The server keeps every id for so long: at 40,000 records a second two minutes of them are 930 MB.
constexpr std::chrono::seconds kDuplicateWindow{20};

std::string OtherCount(const std::string& installed, uint32_t asked) {
  return "the cluster was installed with " + installed + " partitions, not " +
         std::to_string(asked) + ": that number is fixed, set --partitions " + installed;
}

// Empty: it is there and agrees.
Result<std::string> FixPartitions(wire::Bucket& cluster, uint32_t partitions, bool* created) {
  Result<bool> fresh = cluster.Create(kPartitionsKey, std::to_string(partitions));
  if (!fresh) return fresh.error();
  *created = *fresh;
  if (*fresh) return std::string();
  Result<std::optional<std::string>> found = cluster.Get(kPartitionsKey);
  if (!found) return found.error();
  if (!*found) return Retry("the key `partitions` of the cluster bucket cannot be read: try again");
  if (**found == std::to_string(partitions)) return std::string();
  return OtherCount(**found, partitions);
}

Error NotInstalled(const std::string& what) {
  return Reject(what + " is not there: run `lyceum init`");
}

}  // namespace

std::vector<wire::StreamConfig> StreamsOf(const envelope::Subjects& subjects, int32_t replicas) {
  std::vector<wire::StreamConfig> streams;
  for (uint32_t p = 0; p < subjects.partitions(); ++p) {
    wire::StreamConfig log;
    log.name = subjects.LogStream(p);
    log.subjects = {subjects.LogSubjects(p)};
    log.message_bytes_max = kMessageBytesMax;
    log.duplicates = kDuplicateWindow;
    log.replicas = replicas;
    streams.push_back(std::move(log));
  }
  wire::StreamConfig dead;
  dead.name = subjects.DeadLetterStream();
  dead.subjects = {subjects.DeadLetters()};
  dead.bytes_max = kDeadLetterBytesMax;
  dead.age_max = kDeadLetterAgeMax;
  dead.duplicates = kDuplicateWindow;
  dead.replicas = replicas;
  dead.discard_old = true;
  streams.push_back(std::move(dead));
  // Its size is bounded by who writes it: twice what the partitions have.
  wire::StreamConfig snapshots;
  snapshots.name = subjects.SnapshotStream();
  snapshots.subjects = {subjects.Snapshots()};
  snapshots.message_bytes_max = kMessageBytesMax;
  snapshots.messages_per_subject_max = 1;
  snapshots.duplicates = kDuplicateWindow;
  snapshots.replicas = replicas;
  streams.push_back(std::move(snapshots));
  return streams;
}

Result<Installed> Install(wire::Connection& connection, const envelope::Subjects& subjects,
                          int32_t replicas) {
  Installed installed;
  for (const std::string& name : {subjects.ClusterBucket(), subjects.CourseBucket()}) {
    Result<std::optional<wire::Bucket>> found = wire::Bucket::Open(connection, name);
    if (!found) return found.error();
    Result<wire::Bucket> bucket = wire::Bucket::Ensure(connection, name, replicas);
    if (!bucket) return bucket.error();
    if (!*found) installed.created.push_back(name);
    if (name != subjects.ClusterBucket()) continue;
    bool created = false;
    Result<std::string> difference = FixPartitions(*bucket, subjects.partitions(), &created);
    if (!difference) return difference.error();
    if (!difference->empty()) {
      installed.differences.push_back(*difference);
      return installed;
    }
  }
  for (const wire::StreamConfig& stream : StreamsOf(subjects, replicas)) {
    Result<wire::Ensured> ensured = wire::EnsureStream(connection, stream);
    if (!ensured) return ensured.error();
    if (ensured->created) installed.created.push_back(stream.name);
    for (const std::string& difference : ensured->differences) {
      installed.differences.push_back(stream.name + ": " + difference);
    }
  }
  return installed;
}

Result<std::optional<uint32_t>> InstalledPartitions(wire::Connection& connection,
                                                    const envelope::Subjects& subjects) {
  Result<std::optional<wire::Bucket>> cluster =
      wire::Bucket::Open(connection, subjects.ClusterBucket());
  if (!cluster) return cluster.error();
  if (!*cluster) return std::optional<uint32_t>();
  Result<std::optional<std::string>> count = (*cluster)->Get(kPartitionsKey);
  if (!count) return count.error();
  if (!*count) return std::optional<uint32_t>();
  const std::string& text = **count;
  uint32_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc() || end != text.data() + text.size() || number == 0) {
    return Reject("the key `partitions` of the bucket " + subjects.ClusterBucket() +
                  " is not a count");
  }
  return std::optional<uint32_t>(number);
}

Result<void> CheckInstalled(wire::Connection& connection, const envelope::Subjects& subjects) {
  Result<std::optional<uint32_t>> count = InstalledPartitions(connection, subjects);
  if (!count) return count.error();
  if (!*count) return NotInstalled("the count of partitions");
  if (**count != subjects.partitions()) {
    return Reject(OtherCount(std::to_string(**count), subjects.partitions()));
  }
  for (const wire::StreamConfig& stream : StreamsOf(subjects)) {
    Result<std::optional<wire::StreamInfo>> info = wire::GetStream(connection, stream.name);
    if (!info) return info.error();
    if (!*info) return NotInstalled("the stream " + stream.name);
    if ((*info)->config.subjects != stream.subjects) {
      return Reject("the stream " + stream.name + " takes other subjects than " +
                    stream.subjects[0] + ": `lyceum init` says how it differs");
    }
  }
  Result<std::optional<wire::Bucket>> courses =
      wire::Bucket::Open(connection, subjects.CourseBucket());
  if (!courses) return courses.error();
  if (!*courses) return NotInstalled("the bucket " + subjects.CourseBucket());
  return {};
}

}  // namespace lyceum::shard
