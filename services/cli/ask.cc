#include "cli/ask.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "cli/cli.h"

namespace lyceum::cli {
namespace {

constexpr int64_t kPauseMs = 100;
constexpr int64_t kTryMs = 2000;

std::chrono::milliseconds OneTry(Deadline deadline) {
  return std::chrono::milliseconds(std::clamp(LeftMs(deadline), int64_t{1}, kTryMs));
}

// False: the deadline is over.
bool Pause(Deadline deadline) {
  const int64_t left = LeftMs(deadline);
  if (left == 0) return false;
  std::this_thread::sleep_for(std::chrono::milliseconds(std::min(left, kPauseMs)));
  return true;
}

// The server does not answer what it forbids: only its asynchronous errors tell.
class Forbidden {
 public:
  explicit Forbidden(const wire::Connection& connection)
      : connection_(connection), before_(connection.async_errors()) {}
  std::optional<Error> Seen() const {
    if (connection_.async_errors() == before_) return std::nullopt;
    const std::string role(RoleNeeded());
    return Reject("the server refused it: " + connection_.last_async_error() +
                  (role.empty()
                       ? ""
                       : "; this command needs the role " + role +
                             ": set NATS_USER and NATS_PASSWORD to it, or use a context of it"));
  }

 private:
  const wire::Connection& connection_;
  const uint64_t before_;
};

}  // namespace

Result<envelope::SessionView> AskView(wire::Connection& connection,
                                      const envelope::Subjects& subjects, const UserId& user,
                                      const envelope::Query& query, Deadline deadline) {
  wire::Message question;
  question.subject = subjects.QueryOf(user);
  question.headers = {{"Content-Type", "application/json"}};
  question.data = envelope::EncodeQuery(query);
  std::string last = "no answer";
  const Forbidden forbidden(connection);
  do {
    Result<wire::Message> answer = connection.Request(question, OneTry(deadline));
    if (!answer) {
      if (auto error = forbidden.Seen()) return *error;
      last = answer.error().text;
      continue;
    }
    Result<envelope::SessionView> view = envelope::DecodeSessionView(
        answer->data, envelope::EncodingOf(answer->header("Content-Type"), answer->data));
    if (!view) return view.error();
    if (view->error.empty()) return view;
    if (view->error.starts_with("damaged")) {
      return Reject("the session of " + user.value + " cannot be read (" + view->error +
                    "): fold it again from its records with `lyceum session rebuild " + user.value +
                    "`");
    }
    last = view->error;
  } while (Pause(deadline));
  return Retry("no session worker answers for partition " +
               std::to_string(subjects.PartitionOf(user)) + " (" + last +
               "): see that one runs with this prefix and this count of partitions");
}

Result<wire::PubAck> Deliver(wire::Connection& connection, const envelope::Subjects& subjects,
                             const UserId& user, const tutor::Event& event, Deadline deadline) {
  wire::Message message;
  message.subject = subjects.In(envelope::ClassOf(event.kind), user);
  message.headers = {{"Content-Type", "application/json"}};
  message.data = envelope::EncodeEvent(event, tutor::Encoding::kJson);
  if (message.data.size() > connection.payload_bytes_max()) {
    return Reject("the event is larger than the server takes");
  }
  // An id is unique per learner.
  const std::string id = user.value + "/" + event.id.value;
  std::string last = "no ack";
  const Forbidden forbidden(connection);
  do {
    Result<wire::PubAck> ack = wire::PublishAcked(connection, message, id, OneTry(deadline));
    if (ack) return ack;
    if (auto error = forbidden.Seen()) return *error;
    if (ack.error().fault != Fault::kRetry) return ack;
    last = ack.error().text;
  } while (Pause(deadline));
  return Retry("the log did not take the event: " + last);
}

Result<envelope::PartitionReply> Command(wire::Connection& connection,
                                         const envelope::Subjects& subjects, uint32_t partition,
                                         const envelope::PartitionCommand& command,
                                         std::chrono::milliseconds patience) {
  wire::Message message;
  message.subject = subjects.PartitionCommands(partition);
  message.headers = {{"Content-Type", "application/json"}};
  message.data = envelope::EncodePartitionCommand(command);
  const Forbidden forbidden(connection);
  Result<wire::Message> answer = connection.Request(message, patience);
  if (!answer) {
    if (auto error = forbidden.Seen()) return *error;
    return Retry("the owner of partition " + std::to_string(partition) + " does not answer (" +
                 answer.error().text + "): see that its session worker runs");
  }
  Result<envelope::PartitionReply> reply = envelope::DecodePartitionReply(
      answer->data, envelope::EncodingOf(answer->header("Content-Type"), answer->data));
  if (!reply || reply->done) return reply;
  return reply->retryable ? Retry(reply->text) : Reject(reply->text);
}

Result<void> CheckEvent(const tutor::Event& event) {
  const std::string data = envelope::EncodeEvent(event, tutor::Encoding::kJson);
  Result<envelope::DecodedEvent> decoded =
      envelope::DecodeEvent(data, tutor::Encoding::kJson, envelope::ClassOf(event.kind));
  if (!decoded) return decoded.error();
  return {};
}

}  // namespace lyceum::cli
