// The codecs of a shard's hot path, each beside the way that goes through a protobuf message: the
// same bytes, in the same run.
//
//   ...ByProtobuf   a message on the heap, every text and unknown field looked at by reflection
//                   after the parse (decoding: without making an event of it), or built field by
//                   field and written by protobuf (encoding)
#include <google/protobuf/util/json_util.h>

#include <utility>

#include "base/check.h"
#include "base/hash.h"
#include "base/token.h"
#include "bench/micro.h"
#include "envelope/events.h"
#include "envelope/journal.h"
#include "envelope/messages.h"
#include "envelope/rows.h"
#include "envelope/tool_requests.h"
#include "lyceum/v1/lyceum.pb.h"
#include "tutor/names.h"

namespace lyceum::bench {
namespace {

using benchmark::DoNotOptimize;
using benchmark::State;
using envelope::Encoding;
using envelope::RecordClass;

const std::string kText(180, 'x');

std::string MessageBytes() {
  return envelope::EncodeEvent({EventId("ada-17"), ClientId("ada-web"), Encoding::kProtobuf,
                                tutor::UserMessage{kText, tutor::Intent::kUnspecified}},
                               Encoding::kProtobuf);
}

std::string ResultBytes() {
  tutor::CheckAnswerOk ok;
  ok.question = QuestionId("q-17");
  ok.verdict = tutor::Verdict::kCorrect;
  ok.score = 1;
  ok.confidence = 1;
  ok.method = "numeric";
  ok.feedback = kText;
  return envelope::EncodeEvent(
      {EventId("3-1234567-1"), ClientId(), Encoding::kProtobuf,
       tutor::ToolResult{
           {.call = CallId("3-1234567-1"), .outcome = std::move(ok), .worker = "t1"}}},
      Encoding::kProtobuf);
}

tutor::ClientMessage Feedback() {
  return {.id = "3-1234567-2",
          .n = 17,
          .in_reply_to = EventId("ada-17"),
          .at_ms = 1'769'847'300'123,
          .state = tutor::StateName::kAwaitingAnswer,
          .body = tutor::FeedbackOut{tutor::Verdict::kCorrect, 1, kText, std::nullopt}};
}

envelope::ToolRequest Request() {
  tutor::CheckAnswerArgs args;
  args.question = {.id = QuestionId("q-17"),
                   .text = kText,
                   .format = tutor::AnswerFormat::kNumeric,
                   .answers = {"0.75", "3/4"},
                   .hints = {kText, kText},
                   .solution = kText};
  args.answer = "0.75";
  return {.id = CallId("3-1234567-1"),
          .tool = tutor::Tool::kCheckAnswer,
          .user = UserId("ada"),
          .deadline_ms = 1'769'847'300'123,
          .reply_subject = "lyceum.in.tool.ada",
          .stream_subject = "lyceum.out.ada-web",
          .args = std::move(args),
          .stream_subjects = {"lyceum.out.ada-web"}};
}

// --- Decoding -----------------------------------------------------------------------------------

void CheckByReflection(const google::protobuf::Message& message) {
  const auto* reflection = message.GetReflection();
  CHECK(reflection->GetUnknownFields(message).empty());
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  std::string scratch;
  for (const auto* field : fields) {
    CHECK(!field->is_repeated());  // None in these events.
    if (field->message_type() != nullptr) {
      CheckByReflection(reflection->GetMessage(message, field));
    } else if (field->type() == google::protobuf::FieldDescriptor::TYPE_STRING) {
      CHECK(IsUtf8(reflection->GetStringReference(message, field, &scratch)));
    }
  }
}

void DecodeByProtobuf(State& state, const std::string& bytes) {
  TimeCpu(state, [&] {
    v1::Event event;
    CHECK(event.ParseFromString(bytes));
    CheckByReflection(event);
  });
}

void Decode(State& state, const std::string& bytes, RecordClass record_class) {
  envelope::EventDecoder decoder;
  TimeCpu(state,
          [&] { CHECK(decoder.Decode(bytes, Encoding::kProtobuf, record_class).has_value()); });
}

void MessageEventByProtobuf(State& state) { DecodeByProtobuf(state, MessageBytes()); }
void MessageEvent(State& state) { Decode(state, MessageBytes(), RecordClass::kUser); }
void ResultEventByProtobuf(State& state) { DecodeByProtobuf(state, ResultBytes()); }
void ResultEvent(State& state) { Decode(state, ResultBytes(), RecordClass::kTool); }

// A megabyte of fields that nobody knows: what one such record costs its partition.
void GarbageEvent(State& state) {
  std::string garbage;
  while (garbage.size() < 1024 * 1024) garbage += "\x78\x01";
  envelope::EventDecoder decoder;
  TimeCpu(state, [&] {
    CHECK(!decoder.Decode(garbage, Encoding::kProtobuf, RecordClass::kUser).has_value());
  });
}

// --- Encoding -----------------------------------------------------------------------------------

void Fill(v1::ClientMessage* out) {
  out->set_user("ada");
  out->set_id("3-1234567-2");
  out->set_n(17);
  out->set_in_reply_to("ada-17");
  out->mutable_at()->set_seconds(1'769'847'300);
  out->mutable_at()->set_nanos(123'000'000);
  out->set_state(std::string(tutor::Name(tutor::StateName::kAwaitingAnswer)));
  out->mutable_feedback()->set_verdict(std::string(tutor::Name(tutor::Verdict::kCorrect)));
  out->mutable_feedback()->set_score(1);
  out->mutable_feedback()->set_text(kText);
}

void ClientMessageByProtobuf(State& state) {
  const bool json = state.range(0) == 1;
  TimeCpu(state, [&] {
    v1::ClientMessage out;
    Fill(&out);
    if (!json) {
      DoNotOptimize(out.SerializeAsString());
      return;
    }
    google::protobuf::util::JsonPrintOptions options;
    options.preserve_proto_field_names = true;
    std::string text;
    CHECK(google::protobuf::util::MessageToJsonString(out, &text, options).ok());
    DoNotOptimize(text);
  });
}

void ClientMessage(State& state) {
  const Encoding encoding = state.range(0) == 1 ? Encoding::kJson : Encoding::kProtobuf;
  const UserId user("ada");
  const tutor::ClientMessage message = Feedback();
  envelope::ClientMessageEncoder encoder;
  TimeCpu(state, [&] {
    encoder.Begin(user, message);
    DoNotOptimize(encoder.Get(encoding));
  });
}

void ToolRequestBase(State& state) {
  const envelope::ToolRequest request = Request();
  std::string bytes;
  TimeCpu(state, [&] {
    bytes.clear();
    envelope::AppendToolRequestBase(&bytes, request);
    DoNotOptimize(bytes);
  });
}

void ToolRequestAttempt(State& state) {
  const std::string base = envelope::EncodeToolRequestBase(Request());
  std::string bytes;
  TimeCpu(state, [&] {
    bytes = base;
    envelope::AppendAttempt(&bytes, 2, 1'769'847'300'123);
    DoNotOptimize(bytes);
  });
}

// What dispatching again was: the stored request decoded, changed and encoded.
void ToolRequestAttemptByDecoding(State& state) {
  const std::string whole = envelope::EncodeToolRequest(Request(), Encoding::kProtobuf);
  TimeCpu(state, [&] {
    auto request = envelope::DecodeToolRequest(whole, Encoding::kProtobuf);
    CHECK(request.has_value());
    request->attempt = 2;
    DoNotOptimize(envelope::EncodeToolRequest(*request, Encoding::kProtobuf));
  });
}

void ToolAck(State& state) {
  const std::string bytes =
      envelope::EncodeToolAck({.id = CallId("3-1234567-1"), .accepted = true, .worker = "t1"});
  envelope::ToolAck spare;
  TimeCpu(state,
          [&] { CHECK(envelope::ReadToolAck(bytes, Encoding::kProtobuf, &spare).has_value()); });
}

// --- Rows ---------------------------------------------------------------------------------------

// One record, the history entry of what the learner wrote, and the message that answers it.
void JournalAppend(State& state) {
  const std::string sent =
      envelope::EncodeClientMessage(UserId("ada"), Feedback(), Encoding::kProtobuf);
  const tutor::HistoryEntry entry{17, 1'769'847'300'123, tutor::Role::kLearner, "message", kText};
  envelope::JournalWriter writer;
  TimeCpu(state, [&] {
    if (writer.full()) writer = {};
    writer.AddRecord(1'234'567);
    writer.AddHistory(entry);
    writer.AddMessage(17, 1'234'567, 18, Encoding::kProtobuf, sent);
  });
}

void FingerprintOfRecord(State& state) {
  const std::string data = MessageBytes();
  TimeCpu(state, [&] { DoNotOptimize(Fingerprint("lyceum.p.3.user.ada", data, 1)); });
}

void Encodings(benchmark::internal::Benchmark* bench) {
  bench->ArgName("json")->Arg(0)->Arg(1)->UseManualTime();
}

BENCHMARK(MessageEventByProtobuf)->UseManualTime();
BENCHMARK(MessageEvent)->UseManualTime();
BENCHMARK(ResultEventByProtobuf)->UseManualTime();
BENCHMARK(ResultEvent)->UseManualTime();
BENCHMARK(GarbageEvent)->UseManualTime();
BENCHMARK(ClientMessageByProtobuf)->Apply(Encodings);
BENCHMARK(ClientMessage)->Apply(Encodings);
BENCHMARK(ToolRequestBase)->UseManualTime();
BENCHMARK(ToolRequestAttempt)->UseManualTime();
BENCHMARK(ToolRequestAttemptByDecoding)->UseManualTime();
BENCHMARK(ToolAck)->UseManualTime();
BENCHMARK(JournalAppend)->UseManualTime();
BENCHMARK(FingerprintOfRecord)->UseManualTime();

}  // namespace
}  // namespace lyceum::bench
