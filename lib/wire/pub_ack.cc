#include "wire/pub_ack.h"

#include <nlohmann/json.hpp>

#include "wire/jetstream.h"

namespace lyceum::wire {
namespace {

constexpr int kMessageTooLarge = 10054;
constexpr int kStreamSealed = 10109;

StreamAnswer Refused(std::string text) {
  StreamAnswer answer;
  answer.error = std::move(text);
  return answer;
}

StreamAnswer FromError(const nlohmann::json& error) {
  if (!error.is_object()) return Refused("the stream answered with an unreadable error");
  StreamAnswer answer;
  if (const auto code = error.find("err_code"); code != error.end() && code->is_number_integer()) {
    answer.code = code->get<int>();
  }
  answer.error = "the stream refused the message";
  if (const auto text = error.find("description"); text != error.end() && text->is_string()) {
    answer.error = "the stream refused the message: " + text->get<std::string>();
  }
  answer.never = answer.code == kMessageTooLarge || answer.code == kStreamSealed ||
                 answer.code == kWrongLastSequence;
  return answer;
}

}  // namespace

StreamAnswer ParseStreamAnswer(const Message& reply) {
  if (reply.no_responders) return Refused("no stream stores this subject");
  const auto json = nlohmann::json::parse(reply.data, nullptr, false);
  if (!json.is_object()) return Refused("the answer is not one of a stream");
  if (const auto error = json.find("error"); error != json.end()) return FromError(*error);
  StreamAnswer answer;
  if (const auto seq = json.find("seq"); seq != json.end() && seq->is_number_unsigned()) {
    answer.sequence = seq->get<uint64_t>();
  }
  if (const auto dup = json.find("duplicate"); dup != json.end() && dup->is_boolean()) {
    answer.duplicate = dup->get<bool>();
  }
  // Seen from servers under kill -9: a duplicate without a sequence, which was not stored.
  if (answer.sequence == 0) return Refused("the stream answered without a sequence");
  return answer;
}

Result<PubAck> PublishAcked(Connection& connection, const Message& message,
                            const std::string& message_id, std::chrono::milliseconds timeout) {
  Message sent = message;
  if (!message_id.empty()) sent.headers.emplace_back("Nats-Msg-Id", message_id);
  auto reply = connection.Request(sent, timeout);
  if (!reply) {
    if (reply.error().text.starts_with("nobody is subscribed")) {
      return Reject("no stream stores " + message.subject + ": has `lyceum init` run?");
    }
    return reply.error();
  }
  const StreamAnswer answer = ParseStreamAnswer(*reply);
  if (answer.sequence == 0) {
    return answer.never || answer.code != 0 ? Reject(answer.error) : Retry(answer.error);
  }
  return PubAck{answer.sequence, answer.duplicate};
}

}  // namespace lyceum::wire
