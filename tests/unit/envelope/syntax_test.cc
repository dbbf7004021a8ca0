// Bytes that are no message at all: each has its refusal, none quotes what was sent, none crashes.
#include <gtest/gtest.h>

#include <iostream>
#include <random>

#include "contract.h"
#include "envelope/journal.h"
#include "envelope/rows.h"
#include "lyceum/v1/lyceum.pb.h"
#include "seed.h"

namespace lyceum::envelope {
namespace {

constexpr Encoding kJson = Encoding::kJson;
constexpr Encoding kProtobuf = Encoding::kProtobuf;

std::string Refusal(std::string_view data, Encoding encoding = kJson) {
  const auto decoded = DecodeEvent(data, encoding, RecordClass::kUser);
  return decoded ? "accepted" : decoded.error().text;
}

TEST(Syntax, WhatIsNotJsonIsRefusedByItsByte) {
  const std::pair<std::string, std::string> wrong[] = {
      {"", "0: expected an object"},
      {"[]", "0: expected an object"},
      {"null", "0: expected an object"},
      {"{", "1: expected a name in double quotes"},
      {"{}x", "2: expected the end"},
      {R"({id:"e"})", "1: expected a name in double quotes"},
      {R"({'id':'e'})", "1: expected a name in double quotes"},
      {R"({"id" "e"})", "6: expected ':'"},
      {R"({"id":})", "6: expected a value"},
      {R"({"id":secret})", "6: expected a value"},
      {R"({"id":tru})", "6: expected a value"},
      {R"({"id":"e",})", "10: expected a name in double quotes"},
      {R"({"id":"e" "hint":{}})", "10: expected ',' or '}'"},
      {R"({"id":["e" 1]})", "11: expected ',' or ']'"},
      {R"({"id":["e",]})", "11: expected a value"},
      {R"({"id":"e)", "8: expected '\"' at the end of a string"},
      {R"({"id":"\q"})", "8: expected a JSON escape after '\\'"},
      {R"({"id":"\u12g4"})", "11: expected four hexadecimal digits after \\u"},
      {R"({"id":"\ud800"})", "13: expected a whole pair of \\u surrogates"},
      {R"({"id":"\ud800\u0041"})", "19: expected a whole pair of \\u surrogates"},
      {R"({"id":"\udc00"})", "13: expected a whole pair of \\u surrogates"},
      {"{\"id\":\"a\nb\"}", "8: expected control characters in a string to be escaped"},
      {R"({"attach":{"after_n":01}})", "22: expected ',' or '}'"},
      {R"({"attach":{"after_n":1.}})", "23: expected a digit"},
      {R"({"attach":{"after_n":1e}})", "23: expected a digit"},
      {R"({"attach":{"after_n":-}})", "22: expected a digit"},
      {R"({"attach":{"after_n":+1}})", "21: expected a value"},
      {R"({"attach":{"after_n":NaN}})", "21: expected a value"},
  };
  for (const auto& [json, where] : wrong) {
    EXPECT_EQ(Refusal(json), "not valid JSON at byte " + where) << json;
  }
  EXPECT_EQ(Refusal(std::string("{\"id\":\"e\",\"hint\":{}}\0", 21)),
            "not valid JSON at byte 20: expected the end");
  EXPECT_EQ(
      Refusal(" {\"id\" :\t\"e\\u00e9\\ud83e\\udd89\\n\\\"\\/\"\r\n, \"attach\":{\"after_n\":1}} "),
      "id: must be 1 to 128 bytes without control characters");
  EXPECT_EQ(Refusal(R"( {"id" : "e\u00e9\ud83e\udd89\"\/" , "attach": {"after_n" : 10 } } )"),
            "accepted");
}

TEST(Syntax, WrongTypesNameTheirFieldAndQuoteNothing) {
  const std::pair<std::string, std::string> wrong[] = {
      {R"({"id":5})", "id: not a value of the field's type"},
      {R"({"id":{"a":"secret"}})", "the message: a value does not have its field's type"},
      {R"({"message":"secret"})", "message: not a value of the field's type"},
      {R"({"message":["secret"]})", "message: takes one value, not a list"},
      {R"({"message":{"text":["secret"]}})", "message.text: takes one value, not a list"},
      {R"({"message":{"intent":"secret"}})", "message.intent: not a value of the field's type"},
      {R"({"attach":{"after_n":"secret"}})", "attach.after_n: not a value of the field's type"},
      {R"({"attach":{"after_n":-1}})", "attach.after_n: not a value of the field's type"},
      {R"({"attach":{"after_n":1.5}})", "attach.after_n: not a value of the field's type"},
      {R"({"attach":{"after_n":5000000000}})", "attach.after_n: not a value of the field's type"},
      {R"({"tool_result":{"ok":{"check_answer":{"score":1e999}}}})",
       "the message: a value does not have its field's type"},
  };
  for (const auto& [json, text] : wrong) EXPECT_EQ(Refusal(json), text) << json;
}

TEST(Syntax, UnknownFieldsAreRefused) {
  EXPECT_EQ(Refusal(R"({"id":"e","hint":{},"mood":"secret"})"), "mood: unknown field");
  EXPECT_EQ(Refusal(R"({"id":"e","message":{"txt":"secret"}})"), "message.txt: unknown field");
  EXPECT_EQ(Refusal(R"({"id":"e","hint":{"secret words":1}})"), "hint: unknown field");
  EXPECT_EQ(Refusal(R"({"id":"e","start":{"course":"c","context":{"mood":1}}})"),
            "start.context.mood: unknown field");
  EXPECT_EQ(Refusal(R"({"@type":"x"})"), "the message: unknown field");
}

TEST(Syntax, UnknownFieldsOfProtobufAreRefused) {
  v1::Event event;
  event.set_id("e");
  event.mutable_message()->set_text("hm");
  v1::Event top = event;
  top.GetReflection()->MutableUnknownFields(&top)->AddLengthDelimited(999, "secret");
  EXPECT_EQ(Refusal(top.SerializeAsString(), kProtobuf), "the message: unknown field number 999");
  auto* inner = event.mutable_message();
  inner->GetReflection()->MutableUnknownFields(inner)->AddVarint(77, 1);
  EXPECT_EQ(Refusal(event.SerializeAsString(), kProtobuf), "message: unknown field number 77");
}

TEST(Syntax, TextThatIsNotUtf8IsRefused) {
  EXPECT_EQ(Refusal("{\"id\":\"e\",\"message\":{\"text\":\"\xFF\"}}"),
            "not valid JSON: the text is not UTF-8");
  v1::Event event;
  event.set_id("e");
  event.mutable_message()->set_text("secret \xC3");
  EXPECT_EQ(Refusal(event.SerializeAsString(), kProtobuf), "message.text: must be UTF-8");
  event.mutable_start()->set_course("c");
  event.mutable_start()->mutable_context()->add_objectives("fine");
  event.mutable_start()->mutable_context()->add_objectives("\xED\xA0\x80");
  EXPECT_EQ(Refusal(event.SerializeAsString(), kProtobuf),
            "start.context.objectives[1]: must be UTF-8");
  event.set_id("\xFE");
  EXPECT_EQ(Refusal(event.SerializeAsString(), kProtobuf), "id: must be UTF-8");
}

TEST(Syntax, DeepNestingIsRefusedBeforeItIsRead) {
  const auto nested = [](int depth) {
    std::string json = R"({"x":)";
    for (int i = 0; i < depth; ++i) json += "[";
    for (int i = 0; i < depth; ++i) json += "]";
    return json + "}";
  };
  EXPECT_EQ(Refusal(nested(31)), "x: unknown field");
  EXPECT_EQ(Refusal(nested(32)), "not valid JSON at byte 36: expected no deeper nesting than 32");
  EXPECT_EQ(Refusal(nested(400'000)),
            "not valid JSON at byte 36: expected no deeper nesting than 32");
  std::string objects = "{";
  for (int i = 0; i < 50'000; ++i) objects += R"("a":{)";
  EXPECT_EQ(Refusal(objects), "not valid JSON at byte 160: expected no deeper nesting than 32");
}

TEST(Syntax, DeepNestingOfProtobufIsRefused) {
  std::string groups;  // Start-group tags of an unknown field.
  for (int i = 0; i < 100'000; ++i) groups += "\xA3\x06";
  EXPECT_NE(Refusal(groups, kProtobuf), "accepted");
}

TEST(Syntax, NoMessageIsAnEmptyPayload) {
  EXPECT_EQ(Refusal("", kProtobuf), "id: must be 1 to 128 bytes without control characters");
  EXPECT_EQ(Refusal(std::string(1024 * 1024 + 1, ' ')), "the payload: 1 MiB at most");
  EXPECT_EQ(Refusal(std::string(1024 * 1024 + 1, ' '), kProtobuf), "the payload: 1 MiB at most");
}

TEST(Syntax, TheSenderOfARefusedEventIsFound) {
  const auto from = [](const std::string& data) {
    const auto sender = PeekSender(data, EncodingOf({}, data));
    return sender ? sender->client.value + " " + sender->id.value : "nobody";
  };
  EXPECT_EQ(from(R"({"id":"e","client":"c1","mood":{"deep":[1]}})"), "c1 e");
  EXPECT_EQ(from(R"({"id":"e","client":"c1","message":"no object"})"), "c1 e");
  EXPECT_EQ(from(R"({"id":7,"client":"c1"})"), "c1 ");
  EXPECT_EQ(from(R"({"id":"a\nb","client":"c1"})"), "c1 ");
  EXPECT_EQ(from(R"({"id":")" + std::string(129, 'a') + R"(","client":"c1"})"), "c1 ");
  EXPECT_EQ(from(R"({"id":"e","client":"a.b"})"), "nobody");
  EXPECT_EQ(from(R"({"id":"e"})"), "nobody");
  EXPECT_EQ(from(R"({"id":"e","client":"c1")"), "nobody");
  v1::Event event;
  event.set_id("e");
  event.set_client("c1");
  EXPECT_EQ(from(event.SerializeAsString()), "c1 e");
  EXPECT_EQ(from(event.SerializeAsString() + "\xFF\xFF"), "c1 e");
  event.set_client("a b");
  EXPECT_EQ(from(event.SerializeAsString()), "nobody");
}

// --- Garbage ------------------------------------------------------------------------------------

void DecodeAll(const std::string& data) {
  for (const Encoding encoding : {kJson, kProtobuf}) {
    for (const RecordClass record_class : {RecordClass::kUser, RecordClass::kTool}) {
      const auto event = DecodeEvent(data, encoding, record_class);
      // What was accepted can be written, and is accepted again.
      if (!event) continue;
      ASSERT_TRUE(DecodeEvent(EncodeEvent(event->event, kJson, event->trace), kJson, record_class));
    }
    (void)PeekSender(data, encoding);
    (void)DecodeClientMessage(data, encoding).has_value();
    (void)DecodeToolRequest(data, encoding).has_value();
    ToolAck spare;
    const auto ack = DecodeToolAck(data, encoding);
    const auto view = ReadToolAck(data, encoding, &spare);
    ASSERT_EQ(ack.has_value(), view.has_value());
    if (ack) {
      ASSERT_EQ(ack->id.value, view->id);
      ASSERT_EQ(ack->accepted, view->accepted);
      ASSERT_EQ(ack->worker, view->worker);
    }
    (void)DecodeWorkerHeartbeat(data, encoding).has_value();
    (void)DecodePartitionCommand(data, encoding).has_value();
    (void)DecodePartitionReply(data, encoding).has_value();
    (void)DecodeToolControl(data, encoding).has_value();
    (void)DecodeBarrier(data, encoding).has_value();
    (void)DecodeToolHeartbeat(data, encoding).has_value();
    (void)DecodeToolCancel(data, encoding).has_value();
    (void)DecodeQuery(data, encoding).has_value();
    (void)DecodeSessionView(data, encoding).has_value();
  }
  (void)DecodeDeadLetter(data).has_value();
  (void)DecodeTopic(data).has_value();
  (void)ToJson("Session", data).has_value();
  (void)DecodeSession(data).has_value();
  const std::string_view chunks[] = {data};
  (void)MessagesIn(chunks, 0, UINT32_MAX, 100, 1 << 20).has_value();
  (void)HistoryIn(chunks, 1, UINT64_MAX, 1 << 20).has_value();
  (void)RecordsIn(chunks, 0, 100).has_value();
}

TEST(Syntax, GarbageNeverCrashes) {
  const uint64_t seed = Seed();
  std::cout << "LYCEUM_SEED=" << seed << "\n";
  std::mt19937_64 random(seed);
  std::vector<std::string> seeds;
  for (const auto& [record_class, json] : EventSamples()) {
    seeds.push_back(json);
    const auto event = DecodeEvent(json, kJson, record_class);
    ASSERT_TRUE(event);
    seeds.push_back(EncodeEvent(event->event, kProtobuf, event->trace));
  }
  for (const auto& json : ClientMessageSamples()) seeds.push_back(json);
  for (const auto& json : ToolRequestSamples()) seeds.push_back(json);
  for (const auto& json : ToolAckSamples()) {
    seeds.push_back(json);
    seeds.push_back(EncodeToolAck(*DecodeToolAck(json, kJson)));
  }
  seeds.push_back(WorkerHeartbeatSample());
  seeds.push_back(BarrierSample());
  for (const auto& json : PartitionCommandSamples()) seeds.push_back(json);
  for (const auto& json : PartitionReplySamples()) seeds.push_back(json);
  JournalWriter journal;
  journal.AddRecord(17);
  journal.AddMessage(5, 17, 9, kJson, ClientMessageSamples()[0]);
  journal.AddHistory({10, 1, tutor::Role::kLearner, "message", "hm"});
  seeds.push_back(journal.chunk());
  for (int i = 0; i < 20'000; ++i) {
    std::string data;
    if (i % 4 == 0) {
      data.resize(random() % 64);
      for (char& c : data) c = static_cast<char>(random());
    } else {
      data = seeds[random() % seeds.size()];
      const size_t flips = 1 + random() % 4;
      for (size_t f = 0; f < flips; ++f) data[random() % data.size()] = static_cast<char>(random());
      if (random() % 4 == 0) data.resize(random() % data.size());
    }
    SCOPED_TRACE(i);
    DecodeAll(data);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace lyceum::envelope
