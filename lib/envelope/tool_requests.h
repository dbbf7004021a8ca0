// Tool requests and what answers them at once: lyceum.tool.<tool>, the reply subject, and
// lyceum.toolctl.<id>.
//
// What tool workers read they get in JSON, so that the author of a tool can read what goes by,
// unless they ask for protobuf; what session workers alone read (acks) is protobuf, since there is
// much of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "envelope/encoding.h"
#include "tutor/call.h"

namespace lyceum::envelope {

struct ToolRequest {
  CallId id;
  uint32_t attempt = 1;
  tutor::Tool tool = tutor::Tool::kLoadTopic;
  UserId user;
  int64_t deadline_ms = 0;  // Unix ms.
  std::string reply_subject;
  std::string stream_subject;  // The first of stream_subjects.
  tutor::ToolArgs args;
  tutor::Context context;
  std::string trace;
  bool stream_json = false;  // There deltas are in JSON, protobuf otherwise.
  std::vector<std::string> stream_subjects;
  std::vector<std::string> stream_json_subjects;  // Those of them where deltas are in JSON.
};
// Where deltas of this request go, and how each is written: stream_subjects, or the one of a request
// that has stream_subject alone.
struct StreamTarget {
  std::string subject;
  Encoding encoding = Encoding::kProtobuf;
  bool operator==(const StreamTarget&) const = default;
};
std::vector<StreamTarget> StreamTargetsOf(const ToolRequest& request);

std::string EncodeToolRequest(const ToolRequest& request, Encoding encoding);
Result<ToolRequest> DecodeToolRequest(std::string_view data, Encoding encoding);

// What stays the same however often a request is dispatched: protobuf, without attempt and
// deadline. AppendAttempt completes it; the last attempt that is appended counts.
std::string EncodeToolRequestBase(const ToolRequest& request);
void AppendToolRequestBase(std::string* bytes, const ToolRequest& request);
void AppendAttempt(std::string* bytes, uint32_t attempt, int64_t deadline_unix_ms);
// A completed request for a worker that reads JSON. kFatal: the base is not one of ours.
Result<std::string> ToolRequestAsJson(std::string_view base, uint32_t attempt,
                                      int64_t deadline_unix_ms);

struct ToolAck {
  CallId id;
  bool accepted = false;
  std::string worker;
};
std::string EncodeToolAck(const ToolAck& ack);
Result<ToolAck> DecodeToolAck(std::string_view data, Encoding encoding);
// The same without a copy: views into `data`. `spare` holds the text of what is written in an
// unusual way (JSON with escapes or spaces); it must live as long as the views.
struct ToolAckView {
  std::string_view id;
  bool accepted = false;
  std::string_view worker;
};
Result<ToolAckView> ReadToolAck(std::string_view data, Encoding encoding, ToolAck* spare);

// Stop working on it: the call has ended.
std::string EncodeToolCancel(const CallId& id);
Result<CallId> DecodeToolCancel(std::string_view data, Encoding encoding);

// A result was not understood; the call has ended as an error.
struct ToolRefused {
  CallId id;
  std::string reason;  // What does not fit, 1 to 1,024 bytes. A longer one is cut in writing.
};
std::string EncodeToolRefused(const ToolRefused& refused);
Result<ToolRefused> DecodeToolRefused(std::string_view data, Encoding encoding);

// Whatever lies on lyceum.toolctl.<id>: a cancel has no reason.
struct ToolCancel {
  CallId id;
};
using ToolControl = std::variant<ToolCancel, ToolRefused>;
Result<ToolControl> DecodeToolControl(std::string_view data, Encoding encoding);

}  // namespace lyceum::envelope
