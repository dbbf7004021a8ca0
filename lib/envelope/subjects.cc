#include "envelope/subjects.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/check.h"
#include "base/token.h"

namespace lyceum::envelope {
namespace {

constexpr size_t kPrefixMax = 64;
constexpr uint32_t kPartitionsMax = 1024;

const std::string& Token(const std::string& id) {
  CHECK(IsToken(id));
  return id;
}

std::string_view Token(std::string_view id) {
  CHECK(IsToken(id));
  return id;
}

std::string CourseToken(const CourseId& course) {
  auto token = ToToken(course.value);
  return token ? *std::move(token) : std::string("-");
}

constexpr std::string_view kNoToken =
    "the user is not a subject token: use [A-Za-z0-9_-]{1,64}, or ~ and base64url of its UTF-8, "
    "without padding, 128 characters at most";

std::string Join(std::initializer_list<std::string_view> tokens) {
  std::string subject;
  for (const std::string_view token : tokens) {
    if (!subject.empty()) subject += '.';
    subject += token;
  }
  return subject;
}

// What follows the prefix and its dot, cut at the dots; how many tokens that is. 0: another prefix,
// or more than kTokensMax.
constexpr size_t kTokensMax = 4;
using Tokens = std::array<std::string_view, kTokensMax>;
size_t Tail(std::string_view subject, std::string_view prefix, Tokens* tokens) {
  if (subject.size() <= prefix.size() || !subject.starts_with(prefix) ||
      subject[prefix.size()] != '.') {
    return 0;
  }
  std::string_view left = subject.substr(prefix.size() + 1);
  for (size_t count = 0; count < kTokensMax; ++count) {
    const size_t dot = left.find('.');
    (*tokens)[count] = left.substr(0, dot);
    if (dot == std::string_view::npos) return count + 1;
    left.remove_prefix(dot + 1);
  }
  return 0;
}

// Decimal, without leading zeros, below the count.
std::optional<uint32_t> ReadPartition(std::string_view text, uint32_t partitions) {
  uint32_t partition = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), partition);
  if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if ((text.size() > 1 && text[0] == '0') || partition >= partitions) return std::nullopt;
  return partition;
}

std::optional<RecordClass> ReadClass(std::string_view word) {
  for (const RecordClass record_class :
       {RecordClass::kUser, RecordClass::kTool, RecordClass::kTimer, RecordClass::kAdmin,
        RecordClass::kBarrier, RecordClass::kTeacher, RecordClass::kForget}) {
    if (word == Name(record_class)) return record_class;
  }
  return std::nullopt;
}

// Streams and buckets have no dots in their names.
std::string WithoutDots(std::string text) {
  std::replace(text.begin(), text.end(), '.', '_');
  return text;
}

std::string StreamPrefix(const std::string& prefix) {
  std::string name = WithoutDots(prefix);
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return name;
}

}  // namespace

std::string_view Name(RecordClass record_class) {
  switch (record_class) {
    case RecordClass::kUser:
      return "user";
    case RecordClass::kAdmin:
      return "admin";
    case RecordClass::kTool:
      return "tool";
    case RecordClass::kTimer:
      return "timer";
    case RecordClass::kBarrier:
      return "barrier";
    case RecordClass::kTeacher:
      return "teacher";
    case RecordClass::kForget:
      return "forget";
  }
  CheckFailed(__FILE__, __LINE__, "a value of the enum");
}

Result<void> Subjects::CheckPrefix(std::string_view prefix) {
  const auto plain = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  };
  if (prefix.empty() || prefix.size() > kPrefixMax ||
      !std::all_of(prefix.begin(), prefix.end(), plain) || prefix.front() == '.' ||
      prefix.back() == '.' || prefix.find("..") != std::string_view::npos) {
    return Reject("prefix: use tokens of [A-Za-z0-9_-] with dots between, 64 characters at most");
  }
  return {};
}

Subjects::Subjects(std::string prefix, uint32_t partitions)
    : prefix_(std::move(prefix)), partitions_(partitions) {
  CHECK(CheckPrefix(prefix_).has_value());
  CHECK(partitions_ >= 1 && partitions_ <= kPartitionsMax);
}

uint32_t Subjects::PartitionOf(const UserId& user) const {
  return PartitionOf(std::string_view(user.value));
}

uint32_t Subjects::PartitionOf(std::string_view token) const {
  return ::lyceum::PartitionOf(Token(token), partitions_);
}

std::string Subjects::In(RecordClass record_class, const UserId& user) const {
  return Join({prefix_, "in", Name(record_class), Token(user.value)});
}

std::string Subjects::Log(uint32_t partition, RecordClass record_class, const UserId& user) const {
  CHECK(partition < partitions_);
  return Join({prefix_, "p", std::to_string(partition), Name(record_class), Token(user.value)});
}

std::string Subjects::Barrier(uint32_t partition, std::string_view worker) const {
  CHECK(partition < partitions_);
  return Join(
      {prefix_, "p", std::to_string(partition), Name(RecordClass::kBarrier), Token(worker)});
}

std::string Subjects::Forget(uint32_t partition, std::string_view digest) const {
  CHECK(partition < partitions_);
  return Join({prefix_, "p", std::to_string(partition), Name(RecordClass::kForget), Token(digest)});
}

std::string Subjects::LogStream(uint32_t partition) const {
  CHECK(partition < partitions_);
  return StreamPrefix(prefix_) + "_P" + std::to_string(partition);
}

std::string Subjects::LogSubjects(uint32_t partition) const {
  CHECK(partition < partitions_);
  return Join({prefix_, "p", std::to_string(partition), "*", "*"});
}

std::string Subjects::LogFilter(const UserId& user) const {
  return Join({prefix_, "p", std::to_string(PartitionOf(user)), "*", Token(user.value)});
}

std::string Subjects::LogFilterIn(uint32_t partition, const UserId& user) const {
  CHECK(partition < partitions_);
  return Join({prefix_, "p", std::to_string(partition), "*", Token(user.value)});
}

std::string Subjects::Forgets(uint32_t partition) const {
  CHECK(partition < partitions_);
  return Join({prefix_, "p", std::to_string(partition), Name(RecordClass::kForget), "*"});
}

std::string Subjects::Barriers(uint32_t partition) const {
  CHECK(partition < partitions_);
  return Join({prefix_, "p", std::to_string(partition), Name(RecordClass::kBarrier), "*"});
}

std::string Subjects::ToolRequests(std::string_view tool) const {
  return Join({prefix_, "tool", Token(tool)});
}

std::string Subjects::ToolRequestsTo(std::string_view tool, std::string_view worker) const {
  return Join({prefix_, "tool", Token(tool), Token(worker)});
}

std::string Subjects::WorkerHeartbeat(std::string_view worker) const {
  return Join({prefix_, "worker", Token(worker)});
}

std::string Subjects::AllWorkerHeartbeats() const { return Join({prefix_, "worker", "*"}); }

std::string Subjects::Heartbeat(std::string_view worker) const {
  return Join({prefix_, "toolworker", Token(worker)});
}

std::string Subjects::AllHeartbeats() const { return Join({prefix_, "toolworker", "*"}); }

std::string Subjects::ToolControl(std::string_view worker) const {
  return Join({prefix_, "toolctl", Token(worker)});
}

std::string Subjects::Out(const ClientId& client) const {
  return Join({prefix_, "out", Token(client.value)});
}

std::string Subjects::Gateway(std::string_view id) const {
  return Join({prefix_, "gateway", Token(id)});
}

std::string Subjects::QueryOf(const UserId& user) const {
  return Join({prefix_, "query", Token(user.value)});
}

std::string Subjects::Queries(uint32_t partition) const {
  CHECK(partition < partitions_);
  return Join({prefix_, "q", std::to_string(partition), "*"});
}

std::string Subjects::PartitionCommands(uint32_t partition) const {
  CHECK(partition < partitions_);
  return Join({prefix_, "partition", std::to_string(partition)});
}

std::string Subjects::DeadLetterOf(uint32_t partition, const UserId& user) const {
  CHECK(partition < partitions_);
  return Join({prefix_, "dlq", std::to_string(partition), Token(user.value)});
}

std::string Subjects::DraftOf(const CourseId& course, const UserId& user) const {
  return Join({prefix_, "draft", CourseToken(course), Token(user.value)});
}

std::string Subjects::Drafts(const CourseId& course) const {
  return Join({prefix_, "draft", course.empty() ? "*" : CourseToken(course), "*"});
}

std::string Subjects::DeadLetters() const { return Join({prefix_, "dlq", "*", "*"}); }

std::string Subjects::SnapshotFile(uint32_t partition, uint32_t slot) const {
  CHECK(partition < partitions_);
  return Join({prefix_, "snapshot", std::to_string(partition), std::to_string(slot)});
}

std::string Subjects::SnapshotManifest(uint32_t partition) const {
  CHECK(partition < partitions_);
  return Join({prefix_, "snapshot", std::to_string(partition), "manifest"});
}

std::string Subjects::Snapshots() const { return prefix_ + ".snapshot.*.*"; }
std::string Subjects::SnapshotStream() const { return StreamPrefix(prefix_) + "_SNAPSHOTS"; }
std::string Subjects::DeadLetterStream() const { return StreamPrefix(prefix_) + "_DLQ"; }
std::string Subjects::ClusterBucket() const { return WithoutDots(prefix_) + "_cluster"; }
std::string Subjects::CourseBucket() const { return WithoutDots(prefix_) + "_courses"; }

void Subjects::AppendOut(std::string* subject, std::string_view client) const {
  Token(client);
  subject->append(prefix_).append(".out.").append(client);
}

void Subjects::AppendIn(std::string* subject, RecordClass record_class,
                        std::string_view user) const {
  Token(user);
  subject->append(prefix_).append(".in.").append(Name(record_class)).append(".").append(user);
}

Result<Subjects::LogSubject> Subjects::ParseLogFast(std::string_view subject) const {
  const auto refuse = [&](std::string_view why) {
    return Reject("subject: not " + prefix_ + ".p.<partition>.<class>.<user>: " + std::string(why));
  };
  Tokens tokens;
  if (Tail(subject, prefix_, &tokens) != 4 || tokens[0] != "p") {
    return refuse("another prefix or count of tokens");
  }
  const auto partition = ReadPartition(tokens[1], partitions_);
  if (!partition) {
    return refuse("the partition is a decimal below " + std::to_string(partitions_) +
                  " without leading zeros");
  }
  const auto record_class = ReadClass(tokens[2]);
  // As before there were teachers: what is written of a refused record stays the same (law 2).
  if (!record_class) return refuse("the class is one of user, admin, tool, timer, barrier");
  if (!IsToken(tokens[3])) return refuse(kNoToken);
  return LogSubject{*partition, *record_class, tokens[3]};
}

Result<Subjects::LogParts> Subjects::ParseLog(std::string_view subject) const {
  auto parts = ParseLogFast(subject);
  if (!parts) return parts.error();
  if (parts->of_partition()) {
    return Reject("subject: a " + std::string(Name(parts->record_class)) +
                  " is of its partition, no user's");
  }
  return LogParts{parts->partition, parts->record_class, UserId(std::string(parts->user))};
}

Result<UserId> Subjects::ParseQuery(std::string_view subject) const {
  const auto refuse = [&](std::string_view why) {
    return Reject("subject: not " + prefix_ + ".q.<partition>.<user>: " + std::string(why));
  };
  Tokens tokens;
  if (Tail(subject, prefix_, &tokens) != 3 || tokens[0] != "q") {
    return refuse("another prefix or count of tokens");
  }
  const auto partition = ReadPartition(tokens[1], partitions_);
  if (!partition) {
    return refuse("the partition is a decimal below " + std::to_string(partitions_) +
                  " without leading zeros");
  }
  if (!IsToken(tokens[2])) return refuse(kNoToken);
  if (PartitionOf(tokens[2]) != *partition) return refuse("the user belongs to another partition");
  return UserId(std::string(tokens[2]));
}

void AppendToolReply(std::string* subject, std::string_view inbox, std::string_view call,
                     uint64_t send) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.begin(), digits.end(), send).ptr;
  subject->append(inbox).append(".").append(call).append(".").append(digits.data(), end);
}

std::optional<ToolReplySubject> ParseToolReply(std::string_view subject, std::string_view inbox) {
  Tokens tokens;
  if (Tail(subject, inbox, &tokens) != 2 || tokens[0].empty()) return std::nullopt;
  ToolReplySubject reply{.call = tokens[0]};
  const char* const end = tokens[1].data() + tokens[1].size();
  const auto [read, failed] = std::from_chars(tokens[1].data(), end, reply.send);
  if (failed != std::errc() || read != end) return std::nullopt;
  return reply;
}

}  // namespace lyceum::envelope
