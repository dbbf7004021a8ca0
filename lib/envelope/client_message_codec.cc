// Messages to clients: what lies on lyceum.out.<client>.
#include "base/check.h"
#include "envelope/content_out.h"
#include "envelope/convert.h"
#include "envelope/proto_io.h"
#include "tutor/names.h"

namespace lyceum::envelope {
namespace {

// Writes a body into its field of the oneof.
template <class Out>
struct BodyWriter {
  Out& out;

  void operator()(const tutor::TextOut& body) const { out.TextSet(10, "text", body.text); }
  void operator()(const tutor::QuestionOut& body) const {
    Field(out, 11, "question", body.question);
  }
  void operator()(const tutor::FeedbackOut& body) const {
    out.MessageSet(12, "feedback", [&](Out& to) {
      to.Text(1, "verdict", tutor::Name(body.verdict));
      to.Double(2, "score", body.score);
      to.Text(3, "text", body.text);
      if (body.known_error) to.Text(4, "known_error", body.known_error->value);
    });
  }
  void operator()(const tutor::HintOut& body) const {
    out.MessageSet(13, "hint", [&](Out& to) {
      to.Number(1, "level", body.level);
      to.Number(2, "of", body.of);
      to.Text(3, "text", body.text);
    });
  }
  void operator()(const tutor::WaitOut& body) const {
    out.MessageSet(14, "wait", [&](Out& to) {
      to.Bool(1, "kept", body.kept);
      to.Number(2, "place", body.place);
    });
  }
  void operator()(const tutor::ErrorOut& body) const {
    out.MessageSet(15, "error", [&](Out& to) {
      to.Text(1, "code", body.code);
      to.Text(2, "text", body.text);
      to.Bool(3, "retryable", body.retryable);
    });
  }
  void operator()(const tutor::ProgressOut& body) const { Progress(out, 16, body); }
  void operator()(const tutor::CompletedOut&) const {
    out.MessageSet(17, "completed", [](Out&) {});
  }
  void operator()(const tutor::RetractOut& body) const {
    out.MessageSet(19, "retract", [&](Out& to) { to.Text(1, "request_id", body.call.value); });
  }
  void operator()(const tutor::ResumedOut& body) const {
    out.MessageSet(20, "resumed", [&](Out& to) {
      to.Number(1, "first_n", body.first_n);
      to.Number(2, "last_n", body.last_n);
      to.Text(3, "topic", body.topic.value);
      if (body.progress) Progress(to, 4, *body.progress);
      if (body.question) Field(to, 5, "question", *body.question);
    });
  }
  void operator()(const tutor::DetachedOut& body) const {
    out.MessageSet(21, "detached", [&](Out& to) { to.Text(1, "reason", body.reason); });
  }

 private:
  static void Progress(Out& out, uint32_t field, const tutor::ProgressOut& body) {
    out.MessageSet(field, "progress", [&](Out& to) {
      to.Text(1, "topic", body.topic.value);
      to.Number(2, "done", body.done);
      to.Number(3, "total", body.total);
    });
  }
};

template <class Out>
void Describe(Out& out, const UserId& user, const tutor::ClientMessage& message) {
  out.Text(1, "user", user.value);
  out.Text(2, "id", message.id);
  out.Number(3, "n", message.n);
  out.Text(4, "in_reply_to", message.in_reply_to.value);
  if (message.at_ms != 0) out.Time(5, "at", message.at_ms);
  out.Text(6, "state", tutor::Name(message.state));
  std::visit(BodyWriter<Out>{out}, message.body);
}

tutor::FeedbackOut ReadFeedback(const v1::Feedback& in, Reader& reader) {
  tutor::FeedbackOut body{reader.Word<tutor::Verdict>("feedback.verdict", in.verdict()),
                          reader.Share("feedback.score", in.score()), in.text(), std::nullopt};
  if (!in.known_error().empty()) body.known_error = ErrorId(in.known_error());
  return body;
}

tutor::ProgressOut ReadProgress(const v1::Progress& in) {
  return {TopicId(in.topic()), in.done(), in.total()};
}

tutor::ResumedOut ReadResumed(const v1::Resumed& in, Reader& reader) {
  const Reader::Inside inside(reader, "resumed");
  tutor::ResumedOut body{in.first_n(), in.last_n(), TopicId(in.topic()), std::nullopt,
                         std::nullopt};
  if (in.has_progress()) body.progress = ReadProgress(in.progress());
  if (in.has_question()) {
    const Reader::Inside question(reader, "question");
    body.question = Read(in.question(), reader);
  }
  return body;
}

tutor::Body ReadBody(const v1::ClientMessage& in, Reader& reader) {
  switch (in.body_case()) {
    case v1::ClientMessage::kText:
      return tutor::TextOut{in.text()};
    case v1::ClientMessage::kQuestion: {
      const Reader::Inside inside(reader, "question");
      return tutor::QuestionOut{Read(in.question(), reader)};
    }
    case v1::ClientMessage::kFeedback:
      return ReadFeedback(in.feedback(), reader);
    case v1::ClientMessage::kHint:
      return tutor::HintOut{in.hint().level(), in.hint().of(), in.hint().text()};
    case v1::ClientMessage::kWait:
      return tutor::WaitOut{in.wait().kept(), in.wait().place()};
    case v1::ClientMessage::kError:
      return tutor::ErrorOut{in.error().code(), in.error().text(), in.error().retryable()};
    case v1::ClientMessage::kProgress:
      return ReadProgress(in.progress());
    case v1::ClientMessage::kCompleted:
      return tutor::CompletedOut{};
    case v1::ClientMessage::kDelta:
      return tutor::TextOut{};
    case v1::ClientMessage::kRetract:
      return tutor::RetractOut{CallId(in.retract().request_id())};
    case v1::ClientMessage::kResumed:
      return ReadResumed(in.resumed(), reader);
    case v1::ClientMessage::kDetached:
      return tutor::DetachedOut{in.detached().reason()};
    case v1::ClientMessage::BODY_NOT_SET:
      break;
  }
  reader.Refuse("body",
                "one must be set: text, question, feedback, hint, wait, error, progress, "
                "completed, delta, retract, resumed, detached");
  return tutor::TextOut{};
}

}  // namespace

ReceivedMessage Read(const v1::ClientMessage& in, Reader& reader) {
  ReceivedMessage received;
  received.user = UserId(reader.TokenText("user", in.user()));
  received.message.id = reader.IdOrEmpty("id", in.id());
  received.message.n = in.n();
  received.message.in_reply_to = EventId(reader.IdOrEmpty("in_reply_to", in.in_reply_to()));
  received.message.at_ms = reader.TimeMs("at", in.has_at(), in.at());
  received.message.body = ReadBody(in, reader);
  received.is_delta = in.has_delta();
  received.is_retract = in.has_retract();
  if (received.is_delta) {
    received.request_id = reader.IdText("delta.request_id", in.delta().request_id());
    received.attempt = in.delta().attempt();
    received.offset = in.delta().offset();
    received.delta_text = in.delta().text();
  } else if (received.is_retract) {
    received.request_id = reader.IdText("retract.request_id", in.retract().request_id());
    received.attempt = in.retract().attempt();
  }
  // A tool worker that streams does not know the state.
  const bool streamed = received.is_delta || received.is_retract;
  if (!streamed || !in.state().empty()) {
    received.message.state = reader.Word<tutor::StateName>("state", in.state());
  }
  return received;
}

void AppendClientMessage(std::string* bytes, const UserId& user,
                         const tutor::ClientMessage& message, Encoding encoding) {
  if (encoding == Encoding::kJson) {
    JsonOut out(bytes);
    Describe(out, user, message);
  } else {
    ProtoOut out(bytes);
    Describe(out, user, message);
  }
}

std::string EncodeClientMessage(const UserId& user, const tutor::ClientMessage& message,
                                Encoding encoding) {
  std::string bytes;
  AppendClientMessage(&bytes, user, message, encoding);
  return bytes;
}

void ClientMessageEncoder::Begin(const UserId& user, const tutor::ClientMessage& message) {
  user_ = &user;
  message_ = &message;
  for (Written& written : written_) written.valid = false;
}

std::string_view ClientMessageEncoder::Get(Encoding encoding) {
  CHECK(message_ != nullptr);
  Written& written = written_[static_cast<size_t>(encoding)];
  if (!written.valid) {
    if (written.bytes.capacity() > kKeptBytesMax) written.bytes = std::string();
    written.bytes.clear();
    AppendClientMessage(&written.bytes, *user_, *message_, encoding);
    written.valid = true;
  }
  return written.bytes;
}

std::string EncodeDelta(const UserId& user, const Delta& delta, Encoding encoding) {
  v1::ClientMessage out;
  out.set_user(user.value);
  out.mutable_delta()->set_request_id(delta.request.value);
  out.mutable_delta()->set_attempt(delta.attempt);
  out.mutable_delta()->set_offset(delta.offset);
  out.mutable_delta()->set_text(delta.text);
  return WriteMessage(out, encoding);
}

std::string EncodeRetract(const UserId& user, const CallId& request, uint32_t attempt,
                          Encoding encoding) {
  v1::ClientMessage out;
  out.set_user(user.value);
  out.mutable_retract()->set_request_id(request.value);
  out.mutable_retract()->set_attempt(attempt);
  return WriteMessage(out, encoding);
}

Result<ReceivedMessage> DecodeClientMessage(std::string_view data, Encoding encoding) {
  v1::ClientMessage in;
  if (auto parsed = ParseMessage(data, encoding, &in); !parsed) return parsed.error();
  Reader reader;
  auto received = Read(in, reader);
  return reader.Finish(std::move(received));
}

}  // namespace lyceum::envelope
