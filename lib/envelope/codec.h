// Bytes <-> meaning. Protobuf stops here: no other library includes a generated header.
//
// Reading: the encoding is JSON where the header Content-Type is application/json or the first byte
// is '{', protobuf otherwise. Refused (kReject, with a text that names the field): what does not
// parse, unknown fields, text that is not UTF-8, ids that are not tokens, words that no table has,
// numbers out of range, texts over their bound (tutor/limits.h), nesting over 32, payloads over
// 1 MiB. The texts quote nothing of what was sent but names of fields.
// Writing: JSON with the names of the proto file and without empty fields, as proto3 JSON does.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "envelope/subjects.h"
#include "tutor/advance.h"

namespace lyceum::envelope {

using tutor::Encoding;

Encoding EncodingOf(std::string_view content_type, std::string_view data);

// --- Events -------------------------------------------------------------------------------------
struct DecodedEvent {
  tutor::Event event;
  std::string trace;  // W3C traceparent, or empty.
};
// Also checks that the kind belongs to the class. A learner's text up to 900 KiB passes: the
// session itself answers that one is too long or empty.
Result<DecodedEvent> DecodeEvent(std::string_view data, Encoding encoding,
                                 RecordClass record_class);
std::string EncodeEvent(const tutor::Event& event, Encoding encoding, std::string_view trace = {});
RecordClass ClassOf(const tutor::EventKind& kind);  // Not for InvariantViolated.
// Who to tell of an event that DecodeEvent refuses: what can be read of its id and client, if
// anything.
struct RefusedSender {
  EventId id;
  ClientId client;
};
std::optional<RefusedSender> PeekSender(std::string_view data, Encoding encoding);
// Checks JSON of an Event as a person wrote it (`lyceum send --event`) and gives it back as an
// event. Of any class; the id may be left out, whoever sends it gives it one.
Result<tutor::Event> EventFromJson(std::string_view json);

// --- To clients ---------------------------------------------------------------------------------
std::string EncodeClientMessage(const UserId& user, const tutor::ClientMessage& message,
                                Encoding encoding);
// What a tool says while it still speaks, as a message to the client. The offset is the number of
// bytes of this attempt's text before it.
struct Delta {
  CallId request;
  uint32_t attempt = 1;
  uint32_t offset = 0;
  std::string text;
};
std::string EncodeDelta(const UserId& user, const Delta& delta, Encoding encoding);
// All that this attempt has said so far is void.
std::string EncodeRetract(const UserId& user, const CallId& request, uint32_t attempt,
                          Encoding encoding);
struct ReceivedMessage {
  UserId user;
  tutor::ClientMessage message;  // Without body where it is a delta or retract.
  bool is_delta = false;
  bool is_retract = false;
  std::string request_id;  // Delta and retract.
  uint32_t attempt = 0;
  uint32_t offset = 0;
  std::string delta_text;
};
Result<ReceivedMessage> DecodeClientMessage(std::string_view data, Encoding encoding);

// --- Tools --------------------------------------------------------------------------------------
struct ToolRequest {
  CallId id;
  uint32_t attempt = 1;
  tutor::Tool tool = tutor::Tool::kLoadTopic;
  UserId user;
  int64_t deadline_ms = 0;  // Unix ms.
  std::string reply_subject;
  std::string stream_subject;
  tutor::ToolArgs args;
  tutor::Context context;
  std::string trace;
  bool stream_json = false;  // Deltas in JSON, protobuf otherwise.
};
std::string EncodeToolRequest(const ToolRequest& request, Encoding encoding);
Result<ToolRequest> DecodeToolRequest(std::string_view data, Encoding encoding);

struct ToolAck {
  CallId id;
  bool accepted = false;
  std::string worker;
};
std::string EncodeToolAck(const ToolAck& ack);
Result<ToolAck> DecodeToolAck(std::string_view data, Encoding encoding);

struct ToolHeartbeat {
  std::string worker;
  std::vector<std::string> tools;
  uint32_t slots = 0;
  uint32_t free = 0;
  bool draining = false;
  std::vector<CallId> in_flight;
  bool protobuf = false;  // It reads requests in protobuf.
  bool direct = false;    // It reads requests that are sent to it alone.
};
std::string EncodeToolHeartbeat(const ToolHeartbeat& heartbeat);
Result<ToolHeartbeat> DecodeToolHeartbeat(std::string_view data, Encoding encoding);

std::string EncodeToolCancel(const CallId& id);
Result<CallId> DecodeToolCancel(std::string_view data, Encoding encoding);

// --- Queries ------------------------------------------------------------------------------------
struct Query {
  uint32_t history_max = 100;
  bool records = false;
  uint64_t records_from = 0;
};
std::string EncodeQuery(const Query& query);
Result<Query> DecodeQuery(std::string_view data, Encoding encoding);

// The view of a session. `session` null: not found. Of a history that does not fit into one NATS
// message the newest entries stay.
struct ViewParts {
  const tutor::Session* session = nullptr;
  UserId user;
  uint32_t partition = 0;
  std::string owner;
  uint64_t epoch = 0;
  std::vector<tutor::HistoryEntry> history;
  std::vector<uint64_t> records;
};
std::string EncodeSessionView(const ViewParts& parts, Encoding encoding);
std::string EncodeQueryError(const std::string& code, const std::string& text, Encoding encoding);
// The parts of a view that a program looks at; `json` is the whole of it for people.
struct SessionView {
  bool found = false;
  std::string state;
  uint64_t applied_seq = 0;
  uint64_t history_count = 0;
  uint32_t n = 0;
  std::vector<uint64_t> records;
  std::string state_digest;
  std::string error;  // "code: text" where the query could not be answered.
  std::string json;
};
Result<SessionView> DecodeSessionView(std::string_view data, Encoding encoding);

// --- Dead letters -------------------------------------------------------------------------------
struct DeadLetter {
  uint32_t partition = 0;
  uint64_t sequence = 0;
  std::string subject;
  std::string reason;
  std::string text;
  uint32_t count = 1;
  int64_t at_ms = 0;
  std::string record;
};
// A record over 1000 KiB is cut to that, and the text says so: it has to fit into one NATS message.
std::string EncodeDeadLetter(const DeadLetter& letter);
Result<DeadLetter> DecodeDeadLetter(std::string_view data);

// --- Courses: the value of a topic in the course bucket -----------------------------------------
std::string EncodeTopic(const tutor::Topic& topic);  // Deterministic protobuf.
Result<tutor::Topic> DecodeTopic(std::string_view data);

// Any payload of the contract as JSON for people (`lyceum decode`): `type` is a message name of the
// proto files, e.g. "Event" or "Session" (the row). kReject for any other: the text lists them.
Result<std::string> ToJson(std::string_view type, std::string_view data);

}  // namespace lyceum::envelope
