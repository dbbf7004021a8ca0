// Events: what lies on lyceum.in.<class>.<user>.
#include "base/check.h"
#include "envelope/convert.h"
#include "envelope/proto_io.h"
#include "tutor/limits.h"
#include "tutor/names.h"

namespace lyceum::envelope {
namespace {

// Writes a kind into its field of the oneof.
struct KindWriter {
  v1::Event* out;

  void operator()(const tutor::Start& start) const {
    auto* to = out->mutable_start();
    to->set_course(start.course.value);
    to->set_version(start.version);
    to->set_topic(start.topic.value);
    if (start.context != tutor::Context{}) Write(start.context, to->mutable_context());
    if (start.busy_policy != tutor::BusyPolicy::kReplyWait) {
      to->set_busy_policy(std::string(tutor::Name(start.busy_policy)));
    }
    to->set_again(start.again);
  }
  void operator()(const tutor::UserMessage& message) const {
    auto* to = out->mutable_message();
    to->set_text(message.text);
    switch (message.intent) {
      case tutor::Intent::kUnspecified:
        break;
      case tutor::Intent::kAnswer:
        to->set_intent(v1::Message::ANSWER);
        break;
      case tutor::Intent::kQuestion:
        to->set_intent(v1::Message::QUESTION);
        break;
    }
  }
  void operator()(const tutor::Hint&) const { out->mutable_hint(); }
  void operator()(const tutor::Skip&) const { out->mutable_skip(); }
  void operator()(const tutor::Continue&) const { out->mutable_continue_(); }
  void operator()(const tutor::Attach& attach) const {
    out->mutable_attach()->set_after_n(attach.after_n);
  }
  void operator()(const tutor::Detach&) const { out->mutable_detach(); }
  void operator()(const tutor::Stop&) const { out->mutable_stop(); }
  void operator()(const tutor::Review& review) const {
    out->mutable_review()->set_n(review.n);
    out->mutable_review()->set_text(review.text);
  }
  void operator()(const tutor::Supervise& supervise) const {
    auto* to = out->mutable_supervise();
    to->set_draft(supervise.draft.value);
    switch (supervise.decision) {
      case tutor::Decision::kApprove:
        to->mutable_approve();
        break;
      case tutor::Decision::kEdit:
        to->set_edit(supervise.text);
        break;
      case tutor::Decision::kReplace:
        to->set_replace(supervise.text);
        break;
    }
  }
  void operator()(const tutor::ToolResult& result) const {
    Write(result.reply, out->mutable_tool_result());
  }
  void operator()(const tutor::TimerFired& timer) const {
    out->mutable_timer()->set_token(timer.token);
  }
  void operator()(const tutor::ForceRemediation& force) const {
    out->mutable_force_remediation()->set_error_id(force.error.value);
  }
  void operator()(const tutor::ForceSkip&) const { out->mutable_force_skip(); }
  void operator()(const tutor::GotoTopic& go) const {
    out->mutable_goto_topic()->set_topic(go.topic.value);
  }
  void operator()(const tutor::RetryCall&) const { out->mutable_retry(); }
  void operator()(const tutor::End& end) const { out->mutable_end()->set_reason(end.reason); }
  void operator()(const tutor::Shutdown& shutdown) const {
    out->mutable_shutdown()->set_reason(shutdown.reason);
  }
  void operator()(const tutor::InvariantViolated&) const { CHECK(false); }
};

tutor::Start ReadStart(const v1::Start& in, Reader& reader) {
  const Reader::Inside inside(reader, "start");
  tutor::Start start;
  start.course = CourseId(reader.IdText("course", in.course()));
  start.version = reader.IdOrEmpty("version", in.version());
  start.topic = TopicId(reader.IdOrEmpty("topic", in.topic()));
  {
    const Reader::Inside context(reader, "context");
    start.context = Read(in.context(), reader);
  }
  if (!in.busy_policy().empty()) {
    start.busy_policy = reader.Word<tutor::BusyPolicy>("busy_policy", in.busy_policy());
  }
  start.again = in.again();
  return start;
}

// Too long for the session or empty is not refused here: the session answers that itself.
tutor::UserMessage ReadMessage(v1::Message& in, Reader& reader) {
  const Reader::Inside inside(reader, "message");
  tutor::UserMessage message;
  message.text = reader.MovedText("text", in.mutable_text(), kMessageTextBytesMax);
  switch (in.intent()) {
    case v1::Message::UNSPECIFIED:
      break;
    case v1::Message::ANSWER:
      message.intent = tutor::Intent::kAnswer;
      break;
    case v1::Message::QUESTION:
      message.intent = tutor::Intent::kQuestion;
      break;
    default:
      reader.Refuse("intent", "must be one of UNSPECIFIED, ANSWER, QUESTION");
  }
  return message;
}

tutor::Supervise ReadSupervise(v1::Supervise& in, Reader& reader) {
  const Reader::Inside inside(reader, "supervise");
  tutor::Supervise supervise;
  supervise.draft = CallId(reader.IdText("draft", in.draft()));
  switch (in.decision_case()) {
    case v1::Supervise::kApprove:
      break;
    case v1::Supervise::kEdit:
      supervise.decision = tutor::Decision::kEdit;
      supervise.text = reader.MovedText("edit", in.mutable_edit(), tutor::kToolTextBytesMax);
      break;
    case v1::Supervise::kReplace:
      supervise.decision = tutor::Decision::kReplace;
      supervise.text = reader.MovedText("replace", in.mutable_replace(), tutor::kToolTextBytesMax);
      break;
    case v1::Supervise::DECISION_NOT_SET:
      reader.Refuse("decision", "one must be set: approve, edit, replace");
      break;
  }
  return supervise;
}

std::string ReadReason(const v1::Reason& in, std::string_view kind, Reader& reader) {
  const Reader::Inside inside(reader, kind);
  return reader.Text("reason", in.reason(), kReasonBytesMax);
}

tutor::EventKind ReadKind(v1::Event& in, Reader& reader) {
  switch (in.kind_case()) {
    case v1::Event::kStart:
      return ReadStart(in.start(), reader);
    case v1::Event::kMessage:
      return ReadMessage(*in.mutable_message(), reader);
    case v1::Event::kHint:
      return tutor::Hint{};
    case v1::Event::kSkip:
      return tutor::Skip{};
    case v1::Event::kContinue:
      return tutor::Continue{};
    case v1::Event::kAttach:
      return tutor::Attach{in.attach().after_n()};
    case v1::Event::kDetach:
      return tutor::Detach{};
    case v1::Event::kStop:
      return tutor::Stop{};
    case v1::Event::kReview:
      return tutor::Review{in.review().n(),
                           reader.Text("review.text", in.review().text(), kReviewTextBytesMax)};
    case v1::Event::kToolResult: {
      const Reader::Inside inside(reader, "tool_result");
      return tutor::ToolResult{Read(*in.mutable_tool_result(), reader)};
    }
    case v1::Event::kTimer:
      return tutor::TimerFired{reader.IdText("timer.token", in.timer().token())};
    case v1::Event::kForceRemediation:
      return tutor::ForceRemediation{ErrorId(
          reader.IdOrEmpty("force_remediation.error_id", in.force_remediation().error_id()))};
    case v1::Event::kForceSkip:
      return tutor::ForceSkip{};
    case v1::Event::kGotoTopic:
      return tutor::GotoTopic{TopicId(reader.IdText("goto_topic.topic", in.goto_topic().topic()))};
    case v1::Event::kRetry:
      return tutor::RetryCall{};
    case v1::Event::kEnd:
      return tutor::End{ReadReason(in.end(), "end", reader)};
    case v1::Event::kShutdown:
      return tutor::Shutdown{ReadReason(in.shutdown(), "shutdown", reader)};
    case v1::Event::kSupervise:
      return ReadSupervise(*in.mutable_supervise(), reader);
    case v1::Event::kBarrier:
      reader.Refuse("barrier", "is written by session workers alone");
      return tutor::Hint{};
    case v1::Event::kForget:
      reader.Refuse("forget", "is written by `lyceum forget` alone");
      return tutor::Hint{};
    case v1::Event::KIND_NOT_SET:
      break;
  }
  reader.Refuse(
      "kind",
      "one must be set: start, message, hint, skip, continue, attach, detach, "
      "tool_result, timer, force_remediation, force_skip, goto_topic, retry, end, shutdown");
  return tutor::Hint{};
}

}  // namespace

void Write(const tutor::Event& event, v1::Event* out) {
  out->set_id(event.id.value);
  out->set_client(event.client.value);
  std::visit(KindWriter{out}, event.kind);
}

DecodedEvent Read(const v1::Event& in, Encoding encoding, Reader& reader) {
  v1::Event copy = in;
  return Read(copy, encoding, reader);
}

DecodedEvent Read(v1::Event& in, Encoding encoding, Reader& reader) {
  DecodedEvent decoded;
  decoded.event.id = EventId(reader.IdText("id", in.id()));
  if (!in.client().empty())
    decoded.event.client = ClientId(reader.TokenText("client", in.client()));
  decoded.trace = reader.IdOrEmpty("trace", in.trace());
  decoded.event.encoding = encoding;
  decoded.event.kind = ReadKind(in, reader);
  return decoded;
}

RecordClass ClassOf(const tutor::EventKind& kind) {
  struct Classify {
    RecordClass operator()(const tutor::Start&) const { return RecordClass::kUser; }
    RecordClass operator()(const tutor::UserMessage&) const { return RecordClass::kUser; }
    RecordClass operator()(const tutor::Hint&) const { return RecordClass::kUser; }
    RecordClass operator()(const tutor::Skip&) const { return RecordClass::kUser; }
    RecordClass operator()(const tutor::Continue&) const { return RecordClass::kUser; }
    RecordClass operator()(const tutor::Attach&) const { return RecordClass::kUser; }
    RecordClass operator()(const tutor::Detach&) const { return RecordClass::kUser; }
    RecordClass operator()(const tutor::Stop&) const { return RecordClass::kUser; }
    RecordClass operator()(const tutor::Review&) const { return RecordClass::kUser; }
    RecordClass operator()(const tutor::ToolResult&) const { return RecordClass::kTool; }
    RecordClass operator()(const tutor::TimerFired&) const { return RecordClass::kTimer; }
    RecordClass operator()(const tutor::ForceRemediation&) const { return RecordClass::kAdmin; }
    RecordClass operator()(const tutor::ForceSkip&) const { return RecordClass::kAdmin; }
    RecordClass operator()(const tutor::GotoTopic&) const { return RecordClass::kAdmin; }
    RecordClass operator()(const tutor::RetryCall&) const { return RecordClass::kAdmin; }
    RecordClass operator()(const tutor::End&) const { return RecordClass::kAdmin; }
    RecordClass operator()(const tutor::Shutdown&) const { return RecordClass::kAdmin; }
    RecordClass operator()(const tutor::Supervise&) const { return RecordClass::kTeacher; }
    RecordClass operator()(const tutor::InvariantViolated&) const {
      CheckFailed(__FILE__, __LINE__, "an event that is never on the wire");
    }
  };
  return std::visit(Classify{}, kind);
}

std::string EncodeEvent(const tutor::Event& event, Encoding encoding, std::string_view trace) {
  v1::Event out;
  Write(event, &out);
  out.set_trace(std::string(trace));
  return WriteMessage(out, encoding);
}

Result<tutor::Event> EventFromJson(std::string_view json) {
  v1::Event in;
  if (auto parsed = ParseMessage(json, Encoding::kJson, &in); !parsed) return parsed.error();
  const bool without_id = in.id().empty();
  if (without_id) in.set_id("-");
  Reader reader;
  tutor::Event event = Read(in, Encoding::kJson, reader).event;
  if (without_id) event.id = EventId();
  return reader.Finish(std::move(event));
}

}  // namespace lyceum::envelope
