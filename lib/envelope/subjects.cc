#include "envelope/subjects.h"

#include <algorithm>
#include <charconv>
#include <vector>

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

std::string Join(std::initializer_list<std::string_view> tokens) {
  std::string subject;
  for (const std::string_view token : tokens) {
    if (!subject.empty()) subject += '.';
    subject += token;
  }
  return subject;
}

// What follows the prefix and its dot, cut at the dots. Empty: another prefix.
std::vector<std::string_view> Tail(std::string_view subject, std::string_view prefix) {
  if (subject.size() <= prefix.size() || !subject.starts_with(prefix) ||
      subject[prefix.size()] != '.') {
    return {};
  }
  std::string_view left = subject.substr(prefix.size() + 1);
  std::vector<std::string_view> tokens;
  while (true) {
    const size_t dot = left.find('.');
    tokens.push_back(left.substr(0, dot));
    if (dot == std::string_view::npos) return tokens;
    left.remove_prefix(dot + 1);
  }
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
       {RecordClass::kUser, RecordClass::kAdmin, RecordClass::kTool, RecordClass::kTimer}) {
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
  return ::lyceum::PartitionOf(Token(user.value), partitions_);
}

std::string Subjects::In(RecordClass record_class, const UserId& user) const {
  return Join({prefix_, "in", Name(record_class), Token(user.value)});
}

std::string Subjects::Log(uint32_t partition, RecordClass record_class, const UserId& user) const {
  CHECK(partition < partitions_);
  return Join({prefix_, "p", std::to_string(partition), Name(record_class), Token(user.value)});
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

std::string Subjects::ToolRequests(std::string_view tool) const {
  return Join({prefix_, "tool", Token(tool)});
}

std::string Subjects::ToolRequestsTo(std::string_view tool, std::string_view worker) const {
  return Join({prefix_, "tool", Token(tool), Token(worker)});
}

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

std::string Subjects::QueryOf(const UserId& user) const {
  return Join({prefix_, "query", Token(user.value)});
}

std::string Subjects::Queries(uint32_t partition) const {
  CHECK(partition < partitions_);
  return Join({prefix_, "q", std::to_string(partition), "*"});
}

std::string Subjects::DeadLetterOf(uint32_t partition, const UserId& user) const {
  CHECK(partition < partitions_);
  return Join({prefix_, "dlq", std::to_string(partition), Token(user.value)});
}

std::string Subjects::DeadLetters() const { return Join({prefix_, "dlq", "*", "*"}); }
std::string Subjects::DeadLetterStream() const { return StreamPrefix(prefix_) + "_DLQ"; }
std::string Subjects::ClusterBucket() const { return WithoutDots(prefix_) + "_cluster"; }
std::string Subjects::SessionBucket() const { return WithoutDots(prefix_) + "_sessions"; }
std::string Subjects::CourseBucket() const { return WithoutDots(prefix_) + "_courses"; }

Result<Subjects::LogParts> Subjects::ParseLog(std::string_view subject) const {
  const auto refuse = [&](const std::string& why) {
    return Reject("subject: not " + prefix_ + ".p.<partition>.<class>.<user>: " + why);
  };
  const auto tokens = Tail(subject, prefix_);
  if (tokens.size() != 4 || tokens[0] != "p") return refuse("another prefix or count of tokens");
  const auto partition = ReadPartition(tokens[1], partitions_);
  if (!partition) {
    return refuse("the partition is a decimal below " + std::to_string(partitions_) +
                  " without leading zeros");
  }
  const auto record_class = ReadClass(tokens[2]);
  if (!record_class) return refuse("the class is one of user, admin, tool, timer");
  if (!IsToken(tokens[3])) return refuse("the user is not a subject token");
  return LogParts{*partition, *record_class, UserId(std::string(tokens[3]))};
}

Result<UserId> Subjects::ParseQuery(std::string_view subject) const {
  const auto refuse = [&](const std::string& why) {
    return Reject("subject: not " + prefix_ + ".q.<partition>.<user>: " + why);
  };
  const auto tokens = Tail(subject, prefix_);
  if (tokens.size() != 3 || tokens[0] != "q") return refuse("another prefix or count of tokens");
  const auto partition = ReadPartition(tokens[1], partitions_);
  if (!partition) {
    return refuse("the partition is a decimal below " + std::to_string(partitions_) +
                  " without leading zeros");
  }
  if (!IsToken(tokens[2])) return refuse("the user is not a subject token");
  UserId user{std::string(tokens[2])};
  if (PartitionOf(user) != *partition) return refuse("the user belongs to another partition");
  return user;
}

}  // namespace lyceum::envelope
