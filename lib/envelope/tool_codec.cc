// Between the dispatcher and the tool workers: requests, acks, cancels, refusals.
#include <algorithm>

#include "base/check.h"
#include "envelope/convert.h"
#include "envelope/proto_io.h"
#include "envelope/shape.h"
#include "envelope/tool_args_out.h"
#include "envelope/tool_requests.h"
#include "tutor/limits.h"
#include "tutor/names.h"

namespace lyceum::envelope {
namespace {

constexpr uint32_t kAttemptField = 2;
constexpr uint32_t kDeadlineField = 5;
constexpr size_t kRefusedReasonBytesMax = 1024;

// `dispatch` writes the two fields that change from one dispatch to the next.
template <class Out, class Dispatch>
void Describe(Out& out, const ToolRequest& request, Dispatch dispatch) {
  out.Text(1, "id", request.id.value);
  dispatch(out, kAttemptField);
  out.Text(3, "tool", tutor::Name(request.tool));
  out.Text(4, "user", request.user.value);
  dispatch(out, kDeadlineField);
  out.Text(6, "reply_subject", request.reply_subject);
  out.Text(7, "stream_subject", request.stream_subject);
  Field(out, 8, "args", request.args);
  if (request.context != tutor::Context{}) Field(out, 9, "context", request.context);
  out.Text(10, "trace", request.trace);
  out.Bool(11, "stream_json", request.stream_json);
  out.Texts(12, "stream_subjects", request.stream_subjects);
  out.Texts(13, "stream_json_subjects", request.stream_json_subjects);
}

template <class Out>
void DescribeWhole(Out& out, const ToolRequest& request) {
  Describe(out, request, [&](Out& to, uint32_t field) {
    if (field == kAttemptField) {
      to.Number(field, "attempt", request.attempt);
    } else if (request.deadline_ms != 0) {
      to.Time(field, "deadline", request.deadline_ms);
    }
  });
}

// An ack as our own tool workers write it in JSON, without anything that has to be unescaped.
// Empty: it is written in another way, or not an ack.
std::optional<ToolAckView> ReadPlainJsonAck(std::string_view data) {
  const auto skip = [&data](std::string_view text) {
    if (!data.starts_with(text)) return false;
    data.remove_prefix(text.size());
    return true;
  };
  const auto plain_text = [&data]() {
    size_t end = 0;
    while (end < data.size() && data[end] > ' ' && data[end] < 0x7F && data[end] != '"' &&
           data[end] != '\\') {
      ++end;
    }
    const std::string_view text = data.substr(0, end);
    data.remove_prefix(end);
    return text;
  };
  ToolAckView ack;
  if (!skip(R"({"id":")")) return std::nullopt;
  ack.id = plain_text();
  if (!skip(R"(",)")) return std::nullopt;
  if (skip(R"("accepted":{"worker":")")) {
    ack.accepted = true;
    ack.worker = plain_text();
    if (!skip(R"("}})")) return std::nullopt;
  } else if (!skip(R"("busy":{}})")) {
    return std::nullopt;
  }
  if (!data.empty()) return std::nullopt;
  return ack;
}

// The same in protobuf: each field once at most. Empty likewise.
std::optional<ToolAckView> ReadPlainProtoAck(std::string_view data) {
  ToolAckView ack;
  bool busy = false;
  RawReader reader(data);
  RawField field;
  while (!reader.done()) {
    if (!reader.Next(&field) || field.wire_type != 2) return std::nullopt;
    if (field.number == 1 && ack.id.empty()) {
      ack.id = field.bytes;
    } else if (field.number == 2 && !ack.accepted && !busy) {
      RawReader inner(field.bytes);
      RawField worker;
      if (inner.done() || !inner.Next(&worker) || worker.number != 1 || worker.wire_type != 2 ||
          !inner.done()) {
        return std::nullopt;
      }
      ack.accepted = true;
      ack.worker = worker.bytes;
    } else if (field.number == 3 && field.bytes.empty() && !ack.accepted && !busy) {
      busy = true;
    } else {
      return std::nullopt;
    }
  }
  if (!ack.accepted && !busy) return std::nullopt;
  return ack;
}

bool IsWhole(const ToolAckView& ack) {
  return !ack.id.empty() && ack.id.size() <= kIdBytesMax && IsUtf8(ack.id) &&
         !HasControlCharacters(ack.id) && (!ack.accepted || IsToken(ack.worker));
}

}  // namespace

std::vector<StreamTarget> StreamTargetsOf(const ToolRequest& request) {
  const auto encoding_if = [](bool json) { return json ? Encoding::kJson : Encoding::kProtobuf; };
  std::vector<StreamTarget> targets;
  for (const std::string& subject : request.stream_subjects) {
    const std::vector<std::string>& json = request.stream_json_subjects;
    const bool is_json = std::find(json.begin(), json.end(), subject) != json.end();
    targets.push_back({subject, encoding_if(is_json)});
  }
  if (targets.empty() && !request.stream_subject.empty()) {
    targets.push_back({request.stream_subject, encoding_if(request.stream_json)});
  }
  return targets;
}

std::string EncodeToolRequest(const ToolRequest& request, Encoding encoding) {
  std::string bytes;
  if (encoding == Encoding::kJson) {
    JsonOut out(&bytes);
    DescribeWhole(out, request);
  } else {
    ProtoOut out(&bytes);
    DescribeWhole(out, request);
  }
  return bytes;
}

void AppendToolRequestBase(std::string* bytes, const ToolRequest& request) {
  ProtoOut out(bytes);
  Describe(out, request, [](ProtoOut&, uint32_t) {});
}

std::string EncodeToolRequestBase(const ToolRequest& request) {
  std::string bytes;
  AppendToolRequestBase(&bytes, request);
  return bytes;
}

// Zeros are written too: of a message that stands there twice the fields are merged, and what is
// left out the second time would keep its first value.
void AppendAttempt(std::string* bytes, uint32_t attempt, int64_t deadline_unix_ms) {
  ProtoOut out(bytes);
  out.VarintField(kAttemptField, attempt);
  const SplitTime time = Split(deadline_unix_ms);
  out.MessageSet(kDeadlineField, "deadline", [&](ProtoOut& to) {
    to.VarintField(1, static_cast<uint64_t>(time.seconds));
    to.VarintField(2, static_cast<uint64_t>(time.nanos));
  });
}

Result<std::string> ToolRequestAsJson(std::string_view base, uint32_t attempt,
                                      int64_t deadline_unix_ms) {
  v1::ToolRequest request;
  if (auto parsed = ParseRow(base, &request); !parsed) return parsed.error();
  request.set_attempt(attempt);
  WriteTime(deadline_unix_ms, request.mutable_deadline());
  return WriteMessage(request, Encoding::kJson);
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
  if (static_cast<size_t>(in.stream_subjects_size()) > tutor::kClientsMax) {
    reader.Refuse("stream_subjects", "must be at most 8");
  }
  if (in.stream_json_subjects_size() > in.stream_subjects_size()) {
    reader.Refuse("stream_json_subjects", "must be among stream_subjects");
  }
  request.stream_subjects.assign(in.stream_subjects().begin(), in.stream_subjects().end());
  request.stream_json_subjects.assign(in.stream_json_subjects().begin(),
                                      in.stream_json_subjects().end());
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
  std::string bytes;
  ProtoOut out(&bytes);
  out.Text(1, "id", ack.id.value);
  if (ack.accepted) {
    out.MessageSet(2, "accepted", [&](ProtoOut& to) { to.Text(1, "worker", ack.worker); });
  } else {
    out.MessageSet(3, "busy", [](ProtoOut&) {});
  }
  return bytes;
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

Result<ToolAckView> ReadToolAck(std::string_view data, Encoding encoding, ToolAck* spare) {
  const auto plain = encoding == Encoding::kJson ? ReadPlainJsonAck(data) : ReadPlainProtoAck(data);
  if (plain && IsWhole(*plain)) return *plain;
  auto ack = DecodeToolAck(data, encoding);
  if (!ack) return ack.error();
  *spare = std::move(*ack);
  return ToolAckView{spare->id.value, spare->accepted, spare->worker};
}

std::string EncodeToolCancel(const CallId& id) {
  std::string bytes;
  {
    JsonOut out(&bytes);
    out.Text(1, "id", id.value);
  }
  return bytes;
}

Result<CallId> DecodeToolCancel(std::string_view data, Encoding encoding) {
  v1::ToolCancel in;
  if (auto parsed = ParseMessage(data, encoding, &in); !parsed) return parsed.error();
  Reader reader;
  CallId id(reader.IdText("id", in.id()));
  return reader.Finish(std::move(id));
}

std::string EncodeToolRefused(const ToolRefused& refused) {
  CHECK(!refused.reason.empty());
  std::string bytes;
  {
    JsonOut out(&bytes);
    out.Text(1, "id", refused.id.value);
    out.Text(2, "reason", CutUtf8(refused.reason, kRefusedReasonBytesMax));
  }
  return bytes;
}

Result<ToolControl> DecodeToolControl(std::string_view data, Encoding encoding) {
  v1::ToolRefused in;  // A cancel is the same without a reason.
  if (auto parsed = ParseMessage(data, encoding, &in); !parsed) return parsed.error();
  Reader reader;
  CallId id(reader.IdText("id", in.id()));
  std::string reason = reader.Text("reason", in.reason(), kRefusedReasonBytesMax);
  ToolControl control = ToolCancel{id};
  if (!reason.empty()) control = ToolRefused{std::move(id), std::move(reason)};
  return reader.Finish(std::move(control));
}

Result<ToolRefused> DecodeToolRefused(std::string_view data, Encoding encoding) {
  auto control = DecodeToolControl(data, encoding);
  if (!control) return control.error();
  if (auto* refused = std::get_if<ToolRefused>(&*control)) return std::move(*refused);
  return Reject("reason: must not be empty");
}

}  // namespace lyceum::envelope
