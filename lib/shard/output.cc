#include "shard/output.h"

#include <algorithm>
#include <utility>

#include "envelope/events.h"
#include "envelope/tool_requests.h"
#include "tutor/error_code.h"

namespace lyceum::shard {

tutor::Encoding KeptEncoding(const tutor::Session& session) {
  return session.clients.empty() ? tutor::Encoding::kProtobuf : session.clients.front().encoding;
}

std::string ToolRequestBase(const envelope::Subjects& subjects, const tutor::Session& session,
                            const tutor::Call& call, tutor::ToolArgs args, std::string_view trace) {
  envelope::ToolRequest request;
  request.id = call.id;
  request.tool = call.tool;
  request.user = session.user;
  request.reply_subject = subjects.In(envelope::RecordClass::kTool, session.user);
  // What waits for a teacher is not streamed.
  const bool streams = session.context.supervision == tutor::Supervision::kNone;
  for (const tutor::AttachedClient& client : session.clients) {
    if (!streams) break;
    request.stream_subjects.push_back(subjects.Out(client.id));
    if (client.encoding != tutor::Encoding::kJson) continue;
    request.stream_json_subjects.push_back(request.stream_subjects.back());
  }
  if (streams && !session.clients.empty()) {
    request.stream_subject = request.stream_subjects.front();
    request.stream_json = session.clients.front().encoding == tutor::Encoding::kJson;
  }
  request.args = std::move(args);
  request.context = session.context;
  request.trace = trace;
  return envelope::EncodeToolRequestBase(request);
}

std::string TimerRecord(const tutor::Timer& timer) {
  const tutor::Event fired{.id = EventId(timer.token), .kind = tutor::TimerFired{timer.token}};
  return envelope::EncodeEvent(fired, tutor::Encoding::kProtobuf);
}

std::vector<tutor::AttachedClient> RefusalReaders(const Refused& refused,
                                                  const tutor::Session* session) {
  std::vector<tutor::AttachedClient> readers;
  if (refused.of_learner && session != nullptr) readers = session->clients;
  if (!refused.sender || refused.sender->client.empty()) return readers;
  const ClientId& sender = refused.sender->client;
  const auto is_sender = [&](const tutor::AttachedClient& one) { return one.id == sender; };
  if (std::none_of(readers.begin(), readers.end(), is_sender)) {
    readers.push_back({sender, refused.encoding});
  }
  return readers;
}

tutor::ClientMessage RefusalMessage(const tutor::LogPosition& position, const Refused& refused,
                                    const tutor::Session* session) {
  const bool damaged = refused.reason == Refusal::kDamaged;
  tutor::ClientMessage message;
  message.id = tutor::IdAt(position, 0);
  if (refused.sender) message.in_reply_to = refused.sender->id;
  message.at_ms = position.time_ms;
  message.state =
      session != nullptr ? tutor::NameOf(session->state) : tutor::StateName::kExposition;
  const auto code = damaged ? tutor::ErrorCode::kDamaged : tutor::ErrorCode::kRefused;
  message.body = tutor::ErrorOut{.code = std::string(tutor::Name(code)), .text = refused.text};
  return message;
}

envelope::DeadLetter DeadLetterOf(uint32_t partition, const Record& record,
                                  const Refused& refused) {
  envelope::DeadLetter letter;
  letter.partition = partition;
  letter.sequence = record.sequence;
  letter.subject = std::string(record.subject);
  letter.reason = std::string(Name(refused.reason));
  letter.text = refused.text;
  letter.count = 1;
  letter.at_ms = record.time_ms;
  letter.record = std::string(record.data);
  return letter;
}

}  // namespace lyceum::shard
