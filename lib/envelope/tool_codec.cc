// Between the dispatcher and the tool workers. What tool workers read (requests, cancels) they get
// in JSON, so that the author of a tool can read what goes by, unless they ask for protobuf; what
// session workers alone read (acks, heartbeats) is protobuf, since there is much of it.
#include "envelope/convert.h"
#include "envelope/proto_io.h"
#include "tutor/names.h"

namespace lyceum::envelope {
namespace {

constexpr int kInFlightMax = 4096;
constexpr int kToolsMax = 64;

}  // namespace

std::string EncodeToolRequest(const ToolRequest& request, Encoding encoding) {
  v1::ToolRequest out;
  out.set_id(request.id.value);
  out.set_attempt(request.attempt);
  out.set_tool(std::string(tutor::Name(request.tool)));
  out.set_user(request.user.value);
  if (request.deadline_ms != 0) WriteTime(request.deadline_ms, out.mutable_deadline());
  out.set_reply_subject(request.reply_subject);
  out.set_stream_subject(request.stream_subject);
  Write(request.args, out.mutable_args());
  if (request.context != tutor::Context{}) Write(request.context, out.mutable_context());
  out.set_trace(request.trace);
  out.set_stream_json(request.stream_json);
  return WriteMessage(out, encoding);
}

Result<ToolRequest> DecodeToolRequest(std::string_view data, Encoding encoding) {
  v1::ToolRequest in;
  if (auto parsed = ParseMessage(data, encoding, &in); !parsed) return parsed.error();
  Reader reader;
  ToolRequest request;
  request.id = CallId(reader.IdText("id", in.id()));
  request.attempt = in.attempt();
  request.tool = reader.Word<tutor::Tool>("tool", in.tool());
  request.user = UserId(reader.TokenText("user", in.user()));
  request.deadline_ms = reader.TimeMs("deadline", in.has_deadline(), in.deadline());
  request.reply_subject = in.reply_subject();
  request.stream_subject = in.stream_subject();
  {
    const Reader::Inside inside(reader, "args");
    request.args = Read(in.args(), reader);
  }
  if (request.args.index() != static_cast<size_t>(request.tool)) {
    reader.Refuse("args", "must be of the tool that is asked for");
  }
  {
    const Reader::Inside inside(reader, "context");
    request.context = Read(in.context(), reader);
  }
  request.trace = reader.IdOrEmpty("trace", in.trace());
  request.stream_json = in.stream_json();
  return reader.Finish(std::move(request));
}

std::string EncodeToolAck(const ToolAck& ack) {
  v1::ToolAck out;
  out.set_id(ack.id.value);
  if (ack.accepted) {
    out.mutable_accepted()->set_worker(ack.worker);
  } else {
    out.mutable_busy();
  }
  return WriteMessage(out, Encoding::kProtobuf);
}

Result<ToolAck> DecodeToolAck(std::string_view data, Encoding encoding) {
  v1::ToolAck in;
  if (auto parsed = ParseMessage(data, encoding, &in); !parsed) return parsed.error();
  Reader reader;
  ToolAck ack;
  ack.id = CallId(reader.IdText("id", in.id()));
  if (in.answer_case() == v1::ToolAck::ANSWER_NOT_SET) {
    reader.Refuse("answer", "one must be set: accepted, busy");
  }
  ack.accepted = in.has_accepted();
  if (ack.accepted) ack.worker = reader.TokenText("accepted.worker", in.accepted().worker());
  return reader.Finish(std::move(ack));
}

std::string EncodeToolHeartbeat(const ToolHeartbeat& heartbeat) {
  v1::ToolHeartbeat out;
  out.set_worker(heartbeat.worker);
  for (const auto& tool : heartbeat.tools) out.add_tools(tool);
  out.set_slots(heartbeat.slots);
  out.set_free(heartbeat.free);
  out.set_draining(heartbeat.draining);
  for (const auto& call : heartbeat.in_flight) out.add_in_flight(call.value);
  out.set_protobuf(heartbeat.protobuf);
  out.set_direct(heartbeat.direct);
  return WriteMessage(out, Encoding::kProtobuf);
}

Result<ToolHeartbeat> DecodeToolHeartbeat(std::string_view data, Encoding encoding) {
  v1::ToolHeartbeat in;
  if (auto parsed = ParseMessage(data, encoding, &in); !parsed) return parsed.error();
  Reader reader;
  ToolHeartbeat heartbeat;
  heartbeat.worker = reader.TokenText("worker", in.worker());
  if (in.tools_size() > kToolsMax) reader.Refuse("tools", "must be at most 64");
  for (const auto& tool : in.tools()) heartbeat.tools.push_back(reader.TokenText("tools", tool));
  heartbeat.slots = in.slots();
  heartbeat.free = in.free();
  heartbeat.draining = in.draining();
  heartbeat.protobuf = in.protobuf();
  heartbeat.direct = in.direct();
  if (in.in_flight_size() > kInFlightMax) reader.Refuse("in_flight", "must be at most 4096");
  for (const auto& call : in.in_flight()) {
    heartbeat.in_flight.emplace_back(reader.IdText("in_flight", call));
  }
  return reader.Finish(std::move(heartbeat));
}

std::string EncodeToolCancel(const CallId& id) {
  v1::ToolCancel out;
  out.set_id(id.value);
  return WriteMessage(out, Encoding::kJson);
}

Result<CallId> DecodeToolCancel(std::string_view data, Encoding encoding) {
  v1::ToolCancel in;
  if (auto parsed = ParseMessage(data, encoding, &in); !parsed) return parsed.error();
  Reader reader;
  CallId id(reader.IdText("id", in.id()));
  return reader.Finish(std::move(id));
}

}  // namespace lyceum::envelope
