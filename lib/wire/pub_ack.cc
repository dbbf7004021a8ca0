#include "wire/pub_ack.h"

#include <charconv>
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

// What nearly every answer is, without a tree: {"stream":"LYCEUM_P3", "seq":17}. 0: something else.
uint64_t PlainSequence(std::string_view data) {
  constexpr std::string_view kBegin = R"({"stream":")";
  constexpr std::string_view kSequence = R"("seq":)";
  if (!data.starts_with(kBegin)) return 0;
  const size_t name_end = data.find_first_of("\"\\", kBegin.size());
  if (name_end == std::string_view::npos || data[name_end] != '"') return 0;
  data.remove_prefix(name_end + 1);
  if (!data.starts_with(',')) return 0;
  data.remove_prefix(1);
  while (data.starts_with(' ')) data.remove_prefix(1);
  if (!data.starts_with(kSequence)) return 0;
  data.remove_prefix(kSequence.size());
  while (data.starts_with(' ')) data.remove_prefix(1);
  uint64_t sequence = 0;
  const char* end = std::from_chars(data.data(), data.data() + data.size(), sequence).ptr;
  data.remove_prefix(static_cast<size_t>(end - data.data()));
  return data == "}" ? sequence : 0;
}

}  // namespace

StreamAnswer ParseStreamAnswer(std::string_view data, bool no_responders) {
  if (no_responders) return Refused("no stream stores this subject");
  if (const uint64_t sequence = PlainSequence(data); sequence > 0) {
    StreamAnswer plain;
    plain.sequence = sequence;
    return plain;
  }
  const auto json = nlohmann::json::parse(data, nullptr, false);
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
  const StreamAnswer answer = ParseStreamAnswer(reply->data, reply->no_responders);
  if (answer.sequence == 0) {
    return answer.never || answer.code != 0 ? Reject(answer.error) : Retry(answer.error);
  }
  return PubAck{answer.sequence, answer.duplicate};
}

}  // namespace lyceum::wire
