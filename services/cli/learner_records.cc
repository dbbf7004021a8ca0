#include "cli/learner_records.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/clock.h"

namespace lyceum::cli {
namespace {

constexpr std::chrono::seconds kAnswerWait{20};
constexpr std::chrono::seconds kEraseWait{10};

Result<void> ReadAllOf(wire::Connection& connection, const std::string& stream,
                       const std::string& filter, const TakeMessage& take) {
  const auto info = wire::GetStream(connection, stream);
  if (!info) return info.error();
  if (!*info) return {};
  return ReadStream(connection, **info, filter, 1, take);
}

// "lyceum.p.<pp>.<class>.<user>", or what was published under no good subject.
bool EndsWithUser(const std::string& subject, const UserId& user) {
  return subject.ends_with("." + user.value);
}

}  // namespace

Result<void> ReadStream(wire::Connection& connection, const wire::StreamInfo& stream,
                        const std::string& filter, uint64_t from, const TakeMessage& take) {
  if (stream.messages == 0) return {};
  const std::string& name = stream.config.name;
  auto reader = wire::StreamReader::Open(connection, name, filter, from);
  if (!reader) return reader.error();
  for (uint64_t pending = (*reader)->pending(); pending > 0;) {
    const auto message = (*reader)->Next(In(kAnswerWait));
    if (!message) return message.error();
    if (!*message) return Retry("the stream " + name + " went silent");
    if ((*message)->sequence > stream.last_sequence) return {};
    take(**message);
    pending = (*message)->pending;
  }
  return {};
}

Result<bool> EraseMessage(wire::Connection& connection, const std::string& stream,
                          uint64_t sequence) {
  const auto answer =
      connection.Request({.subject = "$JS.API.STREAM.MSG.DELETE." + stream,
                          .data = nlohmann::json{{"seq", sequence}, {"no_erase", false}}.dump()},
                         kEraseWait);
  if (!answer) return answer.error();
  const auto said = nlohmann::json::parse(answer->data, nullptr, false);
  if (said.is_object() && said.value("success", false)) return true;
  // Trimmed, or expired, meanwhile.
  const auto still = wire::GetMessage(connection, stream, sequence);
  if (still && !*still) return false;
  return Reject(fmt::format("the server did not delete message {} of {}: {}", sequence, stream,
                            answer->data.substr(0, 200)));
}

Result<void> ReadRecordsOf(wire::Connection& connection, const envelope::Subjects& subjects,
                           const UserId& user,
                           const std::function<void(uint32_t, const wire::StoredMessage&)>& take) {
  for (uint32_t partition = 0; partition < subjects.partitions(); ++partition) {
    const auto read =
        ReadAllOf(connection, subjects.LogStream(partition), subjects.LogFilterIn(partition, user),
                  [&](const wire::StoredMessage& message) {
                    const auto parts = subjects.ParseLogFast(message.subject);
                    if (parts && parts->of_partition()) return;  // A worker of that name.
                    take(partition, message);
                  });
    if (!read) return read;
  }
  return {};
}

Result<void> ReadDeadLettersOf(
    wire::Connection& connection, const envelope::Subjects& subjects, const UserId& user,
    const std::function<void(const wire::StoredMessage&, const envelope::DeadLetter&)>& take) {
  const auto look = [&](const wire::StoredMessage& message) {
    const auto letter = envelope::DecodeDeadLetter(message.data);
    const bool is_of_user =
        EndsWithUser(message.subject, user) || (letter && EndsWithUser(letter->subject, user));
    if (is_of_user) take(message, letter ? *letter : envelope::DeadLetter());
  };
  for (const std::string& filed : {user.value, std::string("_")}) {
    std::string filter = subjects.DeadLetters();  // <prefix>.dlq.*.*
    filter.replace(filter.size() - 1, 1, filed);
    const auto read = ReadAllOf(connection, subjects.DeadLetterStream(), filter, look);
    if (!read) return read;
    if (user.value == filed && filed == "_") break;
  }
  return {};
}

}  // namespace lyceum::cli
