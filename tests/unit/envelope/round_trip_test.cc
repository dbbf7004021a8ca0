// Every message of the contract is read and written without loss, in both encodings.
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <set>

#include "base/digest.h"
#include "contract.h"
#include "field_coverage.h"
#include "full_session.h"
#include "lyceum/v1/lyceum.pb.h"
#include "tutor/limits.h"

namespace lyceum::envelope {
namespace {

constexpr Encoding kJson = Encoding::kJson;
constexpr Encoding kProtobuf = Encoding::kProtobuf;

template <class Message>
std::string ToBytes(const std::string& json) {
  Message message;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(json, &message).ok()) << json;
  return message.SerializeAsString();
}

TEST(Contract, EventsComeBackInBothEncodings) {
  for (const auto& [record_class, json] : EventSamples()) {
    SCOPED_TRACE(json);
    const auto from_json = DecodeEvent(json, kJson, record_class);
    ASSERT_TRUE(from_json) << from_json.error().text;
    EXPECT_EQ(from_json->event.encoding, kJson);
    EXPECT_EQ(EncodeEvent(from_json->event, kJson, from_json->trace), json);

    const std::string bytes = EncodeEvent(from_json->event, kProtobuf, from_json->trace);
    EXPECT_EQ(bytes, ToBytes<v1::Event>(json));
    const auto from_bytes = DecodeEvent(bytes, kProtobuf, record_class);
    ASSERT_TRUE(from_bytes) << from_bytes.error().text;
    EXPECT_EQ(from_bytes->event.encoding, kProtobuf);
    EXPECT_EQ(EncodeEvent(from_bytes->event, kJson, from_bytes->trace), json);
  }
}

TEST(Contract, ClientMessagesComeBackInBothEncodings) {
  for (const std::string& json : ClientMessageSamples()) {
    SCOPED_TRACE(json);
    const auto from_json = DecodeClientMessage(json, kJson);
    ASSERT_TRUE(from_json) << from_json.error().text;
    EXPECT_EQ(EncodeClientMessage(from_json->user, from_json->message, kJson), json);

    const auto bytes = EncodeClientMessage(from_json->user, from_json->message, kProtobuf);
    EXPECT_EQ(bytes, ToBytes<v1::ClientMessage>(json));
    const auto from_bytes = DecodeClientMessage(bytes, kProtobuf);
    ASSERT_TRUE(from_bytes) << from_bytes.error().text;
    EXPECT_EQ(EncodeClientMessage(from_bytes->user, from_bytes->message, kJson), json);
  }
}

TEST(Contract, StreamedTextIsRead) {
  for (const std::string& data :
       {StreamSamples()[0], ToBytes<v1::ClientMessage>(StreamSamples()[0])}) {
    const auto delta = DecodeClientMessage(data, EncodingOf({}, data));
    ASSERT_TRUE(delta) << delta.error().text;
    EXPECT_TRUE(delta->is_delta && !delta->is_retract);
    EXPECT_EQ(delta->request_id, "3-17-1");
    EXPECT_EQ(delta->attempt, 1u);
    EXPECT_EQ(delta->offset, 42u);
    EXPECT_EQ(delta->delta_text, "A li");
  }
  const auto retract = DecodeClientMessage(StreamSamples()[1], kJson);
  ASSERT_TRUE(retract) << retract.error().text;
  EXPECT_TRUE(retract->is_retract && !retract->is_delta);
  EXPECT_EQ(retract->request_id, "3-17-1");
  EXPECT_EQ(retract->attempt, 2u);
}

TEST(Contract, StreamedTextIsWritten) {
  const UserId user("ana");
  const CallId call("3-17-1");
  for (const Encoding encoding : {kJson, kProtobuf}) {
    const std::string delta = EncodeDelta(user, {call, 1, 42, "A li"}, encoding);
    const std::string retract = EncodeRetract(user, call, 2, encoding);
    if (encoding == kJson) {
      EXPECT_EQ(delta, StreamSamples()[0]);
      EXPECT_EQ(retract, StreamSamples()[1]);
    } else {
      EXPECT_EQ(delta, ToBytes<v1::ClientMessage>(StreamSamples()[0]));
      EXPECT_EQ(retract, ToBytes<v1::ClientMessage>(StreamSamples()[1]));
    }
  }
}

TEST(Contract, ToolRequestsComeBack) {
  for (const std::string& json : ToolRequestSamples()) {
    SCOPED_TRACE(json);
    const auto from_json = DecodeToolRequest(json, kJson);
    ASSERT_TRUE(from_json) << from_json.error().text;
    EXPECT_EQ(EncodeToolRequest(*from_json, kJson), json);
    EXPECT_EQ(EncodeToolRequest(*from_json, kProtobuf), ToBytes<v1::ToolRequest>(json));
    const auto from_bytes = DecodeToolRequest(ToBytes<v1::ToolRequest>(json), kProtobuf);
    ASSERT_TRUE(from_bytes) << from_bytes.error().text;
    EXPECT_EQ(EncodeToolRequest(*from_bytes, kJson), json);
  }
}

TEST(Contract, ToolWorkersSignalsComeBack) {
  for (const std::string& json : ToolAckSamples()) {
    for (const std::string& data : {json, ToBytes<v1::ToolAck>(json)}) {
      const auto ack = DecodeToolAck(data, EncodingOf({}, data));
      ASSERT_TRUE(ack) << ack.error().text;
      EXPECT_EQ(EncodeToolAck(*ack), ToBytes<v1::ToolAck>(json));
    }
  }
  const std::string beat = ToolHeartbeatSample();
  for (const std::string& data : {beat, ToBytes<v1::ToolHeartbeat>(beat)}) {
    const auto heartbeat = DecodeToolHeartbeat(data, EncodingOf({}, data));
    ASSERT_TRUE(heartbeat) << heartbeat.error().text;
    EXPECT_EQ(EncodeToolHeartbeat(*heartbeat), ToBytes<v1::ToolHeartbeat>(beat));
  }
  EXPECT_EQ(EncodeToolCancel(CallId("3-17-1")), R"({"id":"3-17-1"})");
  EXPECT_EQ(DecodeToolCancel(R"({"id":"3-17-1"})", kJson)->value, "3-17-1");
  EXPECT_EQ(DecodeToolCancel("\x0A\x06"
                             "3-17-1",
                             kProtobuf)
                ->value,
            "3-17-1");
}

TEST(Contract, TopicsComeBackAndTheirBytesAreTheSameEachTime) {
  const auto topic = DecodeTopic(TopicSample());
  ASSERT_TRUE(topic) << topic.error().text;
  const std::string bytes = EncodeTopic(*topic);
  EXPECT_EQ(bytes, EncodeTopic(*topic));
  const auto again = DecodeTopic(bytes);
  ASSERT_TRUE(again) << again.error().text;
  EXPECT_TRUE(*again == *topic);
  // Through the contract's own reader, so that no field is lost on both ways.
  EXPECT_EQ(bytes, ToBytes<v1::Topic>(TopicSample()));

  const auto loaded =
      DecodeEvent(ToolResultEvent("load_topic", TopicSample()), kJson, RecordClass::kTool);
  ASSERT_TRUE(loaded) << loaded.error().text;
  const auto& reply = std::get<tutor::ToolResult>(loaded->event.kind).reply;
  EXPECT_TRUE(*std::get<tutor::LoadTopicOk>(reply.outcome).topic == *topic);
  EXPECT_EQ(std::get<tutor::LoadTopicOk>(reply.outcome).digest, Sha256Hex(bytes));
}

TEST(Contract, ATopicMayBeNamedInsteadOfSent) {
  const auto loaded =
      DecodeEvent(ToolResultEvent("load_topic", NamedTopicSample()), kJson, RecordClass::kTool);
  ASSERT_TRUE(loaded) << loaded.error().text;
  const auto again =
      DecodeEvent(EncodeEvent(loaded->event, kProtobuf), kProtobuf, RecordClass::kTool);
  ASSERT_TRUE(again) << again.error().text;
  const auto& ok =
      std::get<tutor::LoadTopicOk>(std::get<tutor::ToolResult>(again->event.kind).reply.outcome);
  EXPECT_TRUE(ok.is_to_be_fetched());
  EXPECT_EQ(ok.digest, std::string(64, 'a'));
  EXPECT_EQ(*ok.name, (tutor::TopicRef{CourseId("c1"), "v1", TopicId("t1")}));
}

TEST(Contract, ANamedTopicIsANameAndNothingElse) {
  const auto error = [](const std::string& topic) {
    const auto loaded =
        DecodeEvent(ToolResultEvent("load_topic", topic), kJson, RecordClass::kTool);
    return loaded ? std::string() : loaded.error().text;
  };
  const std::string digest = R"("digest":")" + std::string(64, '0') + R"(")";
  const std::string name = R"("topic":"t","course":"c","version":"v")";
  EXPECT_EQ(error("{" + name + "," + digest + "}"), "");
  EXPECT_NE(error("{" + name + R"(,"material":["m"],)" + digest + "}").find("digest"),
            std::string::npos);
  EXPECT_NE(error("{" + name + R"(,"digest":"abc"})").find("64 lower-case hex"), std::string::npos);
  EXPECT_NE(error(R"({"topic":"t","course":"c",)" + digest + "}").find("version"),
            std::string::npos);
  EXPECT_NE(error(R"({"course":"c","version":"v",)" + digest + "}").find("topic"),
            std::string::npos);
}

TEST(Topics, ANamedOneIsTakenWhereItIsWhatTheNameSays) {
  const auto topic = DecodeTopic(TopicSample());
  ASSERT_TRUE(topic);
  const std::string bytes = EncodeTopic(*topic);
  const tutor::LoadTopicOk named{nullptr, Sha256Hex(bytes), tutor::TopicRef{}};
  const auto read = DecodeNamedTopic(named, bytes);
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_TRUE(*read == *topic);
  EXPECT_FALSE(DecodeNamedTopic(named, bytes + " "));
  EXPECT_FALSE(DecodeNamedTopic({nullptr, Sha256Hex("x"), tutor::TopicRef{}}, "x"));
}

TEST(Topics, KeysHaveNoTilde) {
  const auto key = TopicKey({CourseId("a course"), "v1", TopicId("t1")});
  ASSERT_TRUE(key);
  EXPECT_EQ(key->find('~'), std::string::npos);
  EXPECT_TRUE(key->starts_with("topic.=")) << *key;
  EXPECT_FALSE(TopicKey({CourseId(""), "v1", TopicId("t1")}));
  EXPECT_FALSE(TopicKey({CourseId("c"), "", TopicId("t1")}));
}

TEST(Contract, DeadLettersComeBack) {
  DeadLetter letter{3,
                    17,
                    "lyceum.p.3.user.ana",
                    "undecodable",
                    "id: must not be empty",
                    2,
                    1'769'847'300'123,
                    std::string("\0\xFF{", 3)};
  const auto again = DecodeDeadLetter(EncodeDeadLetter(letter));
  ASSERT_TRUE(again) << again.error().text;
  EXPECT_EQ(again->partition, letter.partition);
  EXPECT_EQ(again->sequence, letter.sequence);
  EXPECT_EQ(again->subject, letter.subject);
  EXPECT_EQ(again->reason, letter.reason);
  EXPECT_EQ(again->text, letter.text);
  EXPECT_EQ(again->count, letter.count);
  EXPECT_EQ(again->at_ms, letter.at_ms);
  EXPECT_EQ(again->record, letter.record);
}

TEST(Contract, DeadLettersFitIntoOneMessage) {
  DeadLetter letter;
  letter.text = "what to do";
  letter.record = std::string(1024 * 1024, 'x');
  const auto again = DecodeDeadLetter(EncodeDeadLetter(letter));
  ASSERT_TRUE(again) << again.error().text;
  EXPECT_TRUE(again->cut);
  EXPECT_EQ(again->record, letter.record.substr(0, 988 * 1024));
  EXPECT_EQ(again->text, "what to do (the record is cut to its first 1011712 of 1048576 bytes)");
  EXPECT_FALSE(DecodeDeadLetter(EncodeDeadLetter({.record = "x"}))->cut);
}

TEST(Contract, DeadLettersFitIntoWhatTheServerTakes) {
  DeadLetter letter{3, 17, std::string(8'000, 's'),  "undecodable", std::string(70'000, 't'),
                    2, 1,  std::string(300'000, 'x')};
  for (const size_t payload_bytes_max : {64u * 1024, 100u * 1024, 1024u * 1024}) {
    const std::string bytes = EncodeDeadLetter(letter, payload_bytes_max);
    EXPECT_LE(bytes.size(), payload_bytes_max - kDeadLetterHeadroom);
    const auto again = DecodeDeadLetter(bytes);
    ASSERT_TRUE(again) << again.error().text;
    EXPECT_EQ(again->cut, payload_bytes_max < letter.record.size());
    EXPECT_EQ(again->text.find("is cut to its first") != std::string::npos, again->cut);
  }
}

TEST(Contract, DeadLettersOfAnySubjectCanBeRead) {
  const auto again = DecodeDeadLetter(EncodeDeadLetter({.subject = "a.\xFF.b", .text = "\xC3"}));
  ASSERT_TRUE(again) << again.error().text;
  EXPECT_EQ(again->subject, "a.?.b");
  EXPECT_EQ(again->text, "?");
}

TEST(Contract, WorkerHeartbeatsComeBack) {
  const std::string json = WorkerHeartbeatSample();
  for (const std::string& data : {json, ToBytes<v1::WorkerHeartbeat>(json)}) {
    const auto heartbeat = DecodeWorkerHeartbeat(data, EncodingOf({}, data));
    ASSERT_TRUE(heartbeat) << heartbeat.error().text;
    EXPECT_EQ(heartbeat->partitions[1].position, 9007199254740993u);
    EXPECT_EQ(EncodeWorkerHeartbeat(*heartbeat), ToBytes<v1::WorkerHeartbeat>(json));
  }
  const auto refusal = [](const std::string& beat) {
    return DecodeWorkerHeartbeat(beat, kJson).error().text;
  };
  EXPECT_EQ(refusal(R"({"worker":"w","boot":"b","partitions":[{},{"confirmed":"1"}]})"),
            "partitions[1].confirmed: must not be ahead of position");
  EXPECT_EQ(refusal(R"({"worker":"w","boot":"b","partitions":[{"partition":1024}]})"),
            "partitions[0].partition: must be below 1024");
}

TEST(Contract, PartitionCommandsAndRepliesComeBack) {
  for (const std::string& json : PartitionCommandSamples()) {
    for (const std::string& data : {json, ToBytes<v1::PartitionCommand>(json)}) {
      const auto command = DecodePartitionCommand(data, EncodingOf({}, data));
      ASSERT_TRUE(command) << command.error().text;
      EXPECT_EQ(EncodePartitionCommand(*command), json);
    }
  }
  for (const std::string& json : PartitionReplySamples()) {
    const auto reply = DecodePartitionReply(json, kJson);
    ASSERT_TRUE(reply) << reply.error().text;
    EXPECT_EQ(EncodePartitionReply(*reply, kJson), json);
    EXPECT_EQ(EncodePartitionReply(*reply, kProtobuf), ToBytes<v1::PartitionReply>(json));
  }
  const auto refusal = [](const std::string& command) {
    return DecodePartitionCommand(command, kJson).error().text;
  };
  EXPECT_EQ(refusal("{}"), "command: must be one of resume, rebuild, list, move");
  EXPECT_EQ(refusal(R"({"list":{"state":"asleep"}})").substr(0, 11), "list.state:");
  EXPECT_EQ(refusal(R"({"list":{"after":"a.b"}})").substr(0, 11), "list.after:");
  EXPECT_EQ(refusal(R"({"list":{"like":")" + std::string(129, 'x') + R"("}})"),
            "list.like: must be at most 128 bytes");
  EXPECT_EQ(refusal(R"({"rebuild":{"user":"a.b"}})").substr(0, 13), "rebuild.user:");
  EXPECT_EQ(refusal(R"({"stop":{}})"), "stop: unknown field");
}

TEST(Contract, AToolWorkerTellsACancelFromARefusal) {
  const auto cancel = DecodeToolControl(EncodeToolCancel(CallId("3-17-1")), kJson);
  ASSERT_TRUE(cancel) << cancel.error().text;
  EXPECT_EQ(std::get<ToolCancel>(*cancel).id.value, "3-17-1");
  const auto refused = DecodeToolControl(ToolRefusedSample(), kJson);
  ASSERT_TRUE(refused) << refused.error().text;
  EXPECT_EQ(EncodeToolRefused(std::get<ToolRefused>(*refused)), ToolRefusedSample());
  EXPECT_EQ(EncodeToolRefused(
                *DecodeToolRefused(ToBytes<v1::ToolRefused>(ToolRefusedSample()), kProtobuf)),
            ToolRefusedSample());
  EXPECT_EQ(DecodeToolRefused(R"({"id":"1"})", kJson).error().text, "reason: must not be empty");
  EXPECT_EQ(DecodeToolRefused(EncodeToolRefused({CallId("1"), std::string(5'000, 'x')}), kJson)
                ->reason.size(),
            1024u);
}

TEST(Contract, BarriersComeBack) {
  for (const std::string& data : {BarrierSample(), ToBytes<v1::Event>(BarrierSample())}) {
    const auto barrier = DecodeBarrier(data, EncodingOf({}, data));
    ASSERT_TRUE(barrier) << barrier.error().text;
    EXPECT_EQ(barrier->fold_version, 2u);
    EXPECT_EQ(EncodeBarrier(*barrier), ToBytes<v1::Event>(BarrierSample()));
  }
  EXPECT_EQ(DecodeBarrier(R"({"id":"b","barrier":{}})", kJson).error().text,
            "barrier.fold_version: must be 1 or more");
}

TEST(Contract, EncodingIsToldByHeaderOrFirstByte) {
  EXPECT_EQ(EncodingOf("application/json", ""), kJson);
  EXPECT_EQ(EncodingOf("Application/JSON; charset=utf-8", "x"), kJson);
  EXPECT_EQ(EncodingOf("", "{"), kJson);
  EXPECT_EQ(EncodingOf("", ""), kProtobuf);
  EXPECT_EQ(EncodingOf("application/jsonl", "x"), kProtobuf);
  EXPECT_EQ(EncodingOf("application/x-protobuf", "\x0A"), kProtobuf);
}

TEST(Contract, EventsOfPeopleMayLackAnId) {
  const auto event = EventFromJson(R"({"hint":{}})");
  ASSERT_TRUE(event) << event.error().text;
  EXPECT_TRUE(event->id.empty());
  EXPECT_EQ(EventFromJson(R"({"id":"x","retry":{}})")->id.value, "x");
  EXPECT_EQ(EventFromJson(R"({"hin":{}})").error().text, "hin: unknown field");
}

// --- Functions ----------------------------------------------------------------------------------

TEST(Functions, RequestsAndResultsSurviveBothWays) {
  const auto request = DecodeFunctionRequest(FunctionRequestSample(), Encoding::kJson);
  ASSERT_TRUE(request) << request.error().text;
  EXPECT_EQ(request->json, R"({"word":"ratio"})");
  EXPECT_EQ(EncodeFunctionRequest(*request), FunctionRequestSample());
  const auto result = DecodeFunctionResult(FunctionResultSample(), Encoding::kJson);
  ASSERT_TRUE(result) << result.error().text;
  EXPECT_EQ(EncodeFunctionResult(*result, Encoding::kJson), FunctionResultSample());
  const auto again =
      DecodeFunctionResult(EncodeFunctionResult(*result, Encoding::kProtobuf), Encoding::kProtobuf);
  ASSERT_TRUE(again) << again.error().text;
  EXPECT_EQ(std::get<std::string>(again->outcome), R"({"meaning":7})");
}

// Sessions neither ask for functions nor have their results.
TEST(Functions, AreNoPartOfWhatASessionReads) {
  EXPECT_FALSE(DecodeToolRequest(FunctionRequestSample(), Encoding::kJson));
  const auto event = DecodeEvent(FunctionResultSample(), Encoding::kJson, RecordClass::kTool);
  ASSERT_FALSE(event);
  EXPECT_NE(event.error().text.find("tool"), std::string::npos) << event.error().text;
}

TEST(Drafts, AreReadAsWritten) {
  const tutor::Session session = FullSession(AllStates().back());
  tutor::ShowDraft show{.draft = std::get<tutor::AwaitingApproval>(session.state).draft,
                        .course = CourseId("algebra"),
                        .topic = TopicId("lines"),
                        .undecided = tutor::Undecided::kAsIs,
                        .at_ms = 1'769'847'300'123};
  std::set<std::string> set;
  const auto read = [&] {
    const std::string bytes = EncodeDraft(UserId("ana"), show);
    v1::Draft message;
    EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(bytes, &message).ok()) << bytes;
    CollectSetFields(message, &set);
    auto draft = DecodeDraft(bytes, EncodingOf({}, bytes));
    EXPECT_TRUE(draft) << draft.error().text;
    return *std::move(draft);
  };
  const ReceivedDraft open = read();
  EXPECT_EQ(open.user, UserId("ana"));
  EXPECT_EQ(open.id, show.draft->call.id);
  EXPECT_EQ(open.course, CourseId("algebra"));
  EXPECT_EQ(open.tool, "remediate_known_error");
  EXPECT_EQ(open.asked, show.draft->call.text);
  EXPECT_EQ(open.text, show.draft->text);
  EXPECT_EQ(open.authored, show.draft->authored);
  EXPECT_EQ(open.due_ms, show.draft->due_ms);
  EXPECT_EQ(open.outcome, "");
  show.outcome = "edit";
  show.in_reply_to = EventId("e1");
  const ReceivedDraft decided = read();
  EXPECT_EQ(decided.outcome, "edit");
  EXPECT_EQ(decided.in_reply_to, EventId("e1"));
  EXPECT_EQ(decided.text, "") << "it waits no more";
  for (const std::string& name : AllFields(v1::Draft::descriptor())) {
    // Those of a question have samples of their own.
    const bool own = name.find(".Draft.") != std::string::npos;
    EXPECT_TRUE(!own || set.contains(name)) << name;
  }
}

TEST(Drafts, OneThatIsTooLargeGoesWithoutWhatStandsBesideIt) {
  auto draft = std::make_shared<tutor::Draft>();
  draft->call.id = CallId("3-1-1");
  draft->text = std::string(tutor::kToolTextBytesMax, '\x01');  // Six bytes each, in JSON.
  draft->authored = draft->text;
  draft->question.emplace().text = std::string(512 * 1024, 'x');
  const std::string bytes = EncodeDraft(UserId("ana"), {.draft = draft});
  EXPECT_LT(bytes.size(), 1000u * 1024);
  EXPECT_EQ(DecodeDraft(bytes, Encoding::kJson)->text, draft->text);
}

// --- No field of the contract is missing from the samples ---------------------------------------

template <class Type>
void ExpectAllFieldsSet(const std::vector<std::string>& samples) {
  std::set<std::string> set;
  for (const std::string& json : samples) {
    Type message;
    ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(json, &message).ok()) << json;
    CollectSetFields(message, &set);
  }
  for (const std::string& name : AllFields(Type::descriptor()))
    EXPECT_TRUE(set.contains(name)) << name;
}

TEST(Contract, TheSamplesSetEveryField) {
  std::vector<std::string> events;
  for (const auto& sample : EventSamples()) events.push_back(sample.json);
  events.push_back(BarrierSample());
  events.push_back(R"({"id":"f","forget":{}})");
  events.push_back(FunctionResultSample());
  ExpectAllFieldsSet<v1::Event>(events);
  std::vector<std::string> messages = ClientMessageSamples();
  messages.insert(messages.end(), StreamSamples().begin(), StreamSamples().end());
  ExpectAllFieldsSet<v1::ClientMessage>(messages);
  std::vector<std::string> requests = ToolRequestSamples();
  requests.push_back(FunctionRequestSample());
  ExpectAllFieldsSet<v1::ToolRequest>(requests);
  ExpectAllFieldsSet<v1::ToolAck>(ToolAckSamples());
  ExpectAllFieldsSet<v1::ToolHeartbeat>({ToolHeartbeatSample()});
  ExpectAllFieldsSet<v1::Topic>({TopicSample(), NamedTopicSample()});
  ExpectAllFieldsSet<v1::ToolRefused>({ToolRefusedSample()});
  ExpectAllFieldsSet<v1::WorkerHeartbeat>({WorkerHeartbeatSample()});
  ExpectAllFieldsSet<v1::PartitionCommand>(PartitionCommandSamples());
  ExpectAllFieldsSet<v1::PartitionReply>(PartitionReplySamples());
}

}  // namespace
}  // namespace lyceum::envelope
