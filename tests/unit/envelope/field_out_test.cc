// What is written without a message in between is, byte for byte, what protobuf writes.
#include "envelope/field_out.h"

#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <iostream>
#include <limits>
#include <random>

#include "contract.h"
#include "envelope/messages.h"
#include "envelope/tool_requests.h"
#include "lyceum/v1/lyceum.pb.h"
#include "seed.h"

namespace lyceum::envelope {
namespace {

constexpr Encoding kJson = Encoding::kJson;
constexpr Encoding kProtobuf = Encoding::kProtobuf;

std::string ProtobufsJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  EXPECT_TRUE(google::protobuf::util::MessageToJsonString(message, &json, options).ok());
  return json;
}

void AppendUtf8(std::string* text, uint32_t c) {
  if (c < 0x80) {
    text->push_back(static_cast<char>(c));
    return;
  }
  const int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
  const uint32_t lead = more == 1 ? 0xC0 : more == 2 ? 0xE0 : 0xF0;
  text->push_back(static_cast<char>(lead | c >> (6 * more)));
  for (int i = more - 1; i >= 0; --i) {
    text->push_back(static_cast<char>(0x80 | (c >> (6 * i) & 0x3F)));
  }
}

TEST(FieldOut, EveryCharacterIsEscapedAsProtobufDoes) {
  for (uint32_t first = 0; first < 0x110000; first += 64) {
    v1::ClientMessage message;
    std::string text;
    for (uint32_t c = first; c < first + 64; ++c) {
      if (c < 0xD800 || c > 0xDFFF) AppendUtf8(&text, c);
    }
    if (text.empty()) continue;
    message.set_id(text);
    std::string json;
    {
      JsonOut out(&json);
      out.Text(2, "id", text);
    }
    ASSERT_EQ(json, ProtobufsJson(message)) << std::hex << first;
  }
}

TEST(FieldOut, NumbersAndTimesAreProtobufs) {
  const uint64_t seed = Seed();
  std::cout << "LYCEUM_SEED=" << seed << "\n";
  std::mt19937_64 random(seed);
  using Limits = std::numeric_limits<double>;
  std::vector<double> values = {0.0,
                                -0.0,
                                0.1,
                                0.5,
                                1,
                                1e15,
                                1e16,
                                1e17,
                                1e300,
                                1e-7,
                                1.0 / 3,
                                2.0 / 3,
                                100,
                                123456789012345678.0,
                                -1,
                                1e21,
                                0.001,
                                Limits::min(),
                                Limits::max(),
                                Limits::denorm_min(),
                                Limits::infinity(),
                                -Limits::infinity(),
                                Limits::quiet_NaN()};
  for (int i = 0; i < 5'000; ++i) values.push_back(std::bit_cast<double>(random()));
  for (int i = 0; i < 5'000; ++i) values.push_back(static_cast<double>(random() % 1'001) / 1'000);
  for (const double value : values) {
    v1::Feedback feedback;
    feedback.set_score(value);
    std::string json;
    {
      JsonOut out(&json);
      out.Double(2, "score", value);
    }
    ASSERT_EQ(json, ProtobufsJson(feedback)) << std::hexfloat << value;
    std::string bytes;
    ProtoOut(&bytes).Double(2, "score", value);
    ASSERT_EQ(bytes, feedback.SerializeAsString());
  }
  std::vector<int64_t> times = {
      0, 1, 999, 1'000, -1, -1'000, 951'782'399'999, 951'782'400'000, -999, INT64_MIN, INT64_MAX};
  for (int i = 0; i < 20'000; ++i) {
    times.push_back(static_cast<int64_t>(random() % 400'000'000'000'000) - 80'000'000'000'000);
  }
  for (const int64_t ms : times) {
    const SplitTime time = Split(ms);
    v1::ClientMessage message;
    message.mutable_at()->set_seconds(time.seconds);
    message.mutable_at()->set_nanos(time.nanos);
    std::string json;
    {
      JsonOut out(&json);
      out.Time(5, "at", ms);
    }
    ASSERT_EQ(json, ProtobufsJson(message)) << ms;
    std::string bytes;
    ProtoOut(&bytes).Time(5, "at", ms);
    ASSERT_EQ(bytes, message.SerializeAsString()) << ms;
  }
}

// Sizes of one, two and three bytes, one inside the other.
TEST(FieldOut, LongMessagesKeepTheirSizes) {
  for (const size_t size :
       {0u, 1u, 100u, 120u, 125u, 126u, 127u, 128u, 129u, 16'370u, 16'383u, 16'384u, 70'000u}) {
    tutor::ClientMessage message;
    message.id = "1-2-3";
    message.body = tutor::QuestionOut{
        {QuestionId("q"), std::string(size, 'x'), tutor::AnswerFormat::kChoice, {"", "a"}}};
    v1::ClientMessage again;
    const std::string bytes = EncodeClientMessage(UserId("ana"), message, kProtobuf);
    ASSERT_TRUE(again.ParseFromString(bytes)) << size;
    EXPECT_EQ(again.question().text().size(), size);
    EXPECT_EQ(again.SerializeAsString(), bytes);
    EXPECT_EQ(EncodeClientMessage(UserId("ana"), message, kJson), ProtobufsJson(again));
  }
}

TEST(FieldOut, AnEmptyBodyIsWritten) {
  tutor::ClientMessage message;
  message.body = tutor::TextOut{};
  EXPECT_EQ(EncodeClientMessage(UserId("ana"), message, kJson),
            R"({"user":"ana","state":"exposition","text":""})");
  const auto again =
      DecodeClientMessage(EncodeClientMessage(UserId("ana"), message, kProtobuf), kProtobuf);
  ASSERT_TRUE(again) << again.error().text;
}

TEST(FieldOut, AnEncoderGivesEachMessageInBothEncodings) {
  ClientMessageEncoder encoder;
  for (const std::string& json : ClientMessageSamples()) {
    const auto message = DecodeClientMessage(json, kJson);
    ASSERT_TRUE(message) << message.error().text;
    encoder.Begin(message->user, message->message);
    for (int client = 0; client < 2; ++client) {
      EXPECT_EQ(encoder.Get(kJson), json);
      EXPECT_EQ(encoder.Get(kProtobuf),
                EncodeClientMessage(message->user, message->message, kProtobuf));
    }
  }
}

// --- Tool requests ----------------------------------------------------------------------------

constexpr int64_t kDeadlineMs = 1'769'847'330'500;

TEST(ToolRequestBase, IsCompletedByEachAttempt) {
  for (const std::string& json : ToolRequestSamples()) {
    auto request = DecodeToolRequest(json, kJson);
    ASSERT_TRUE(request) << request.error().text;
    const std::string base = EncodeToolRequestBase(*request);
    EXPECT_EQ(base, EncodeToolRequestBase(*request));
    std::string bytes = base;
    for (const auto& [attempt, deadline_ms] :
         {std::pair{1u, kDeadlineMs}, {3u, kDeadlineMs + 1'500}, {2u, int64_t{2'000}}}) {
      AppendAttempt(&bytes, attempt, deadline_ms);
      request->attempt = attempt;
      request->deadline_ms = deadline_ms;
      const auto again = DecodeToolRequest(bytes, kProtobuf);
      ASSERT_TRUE(again) << again.error().text;
      EXPECT_EQ(EncodeToolRequest(*again, kJson), EncodeToolRequest(*request, kJson));
      const auto as_json = ToolRequestAsJson(base, attempt, deadline_ms);
      ASSERT_TRUE(as_json) << as_json.error().text;
      EXPECT_EQ(*as_json, EncodeToolRequest(*request, kJson));
    }
  }
  EXPECT_EQ(ToolRequestAsJson("\xFF", 1, 0).error().fault, Fault::kFatal);
}

TEST(ToolRequestBase, ListsAllWhoListen) {
  const auto request = DecodeToolRequest(ToolRequestSamples()[0], kJson);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->stream_subjects, (std::vector<std::string>{"lyceum.out.c1", "lyceum.out.c0"}));
  EXPECT_EQ(request->stream_subject, "lyceum.out.c1");
  std::string many = R"({"id":"1","tool":"load_topic","user":"ana","args":{"load_topic":{}},)"
                     R"("stream_subjects":["a")";
  for (int i = 0; i < 8; ++i) many += R"(,"a")";
  EXPECT_EQ(DecodeToolRequest(many + "]}", kJson).error().text,
            "stream_subjects: must be at most 8");
}

TEST(ToolAcks, AreReadWithoutACopy) {
  for (const std::string& json : ToolAckSamples()) {
    const auto ack = DecodeToolAck(json, kJson);
    ASSERT_TRUE(ack);
    for (const std::string& data : {json, EncodeToolAck(*ack)}) {
      ToolAck spare;
      const auto view = ReadToolAck(data, EncodingOf({}, data), &spare);
      ASSERT_TRUE(view) << view.error().text;
      EXPECT_EQ(view->id, ack->id.value);
      EXPECT_EQ(view->accepted, ack->accepted);
      EXPECT_EQ(view->worker, ack->worker);
      EXPECT_TRUE(view->id.data() >= data.data() && view->id.data() < data.data() + data.size());
      EXPECT_TRUE(spare.id.empty());
    }
  }
  ToolAck spare;
  const std::string unusual = R"({ "accepted": {"worker":"t1"}, "id":"3-\u0031" })";
  const auto view = ReadToolAck(unusual, kJson, &spare);
  ASSERT_TRUE(view) << view.error().text;
  EXPECT_EQ(view->id, "3-1");
  EXPECT_EQ(view->worker, "t1");
  for (const std::string wrong :
       {R"({"id":"1","accepted":{"worker":"a.b"}})", R"({"id":"","busy":{}})", R"({"id":"1"})",
        R"({"id":"1","busy":{}}x)", R"({"id":"1","busy":{},"busy":{}})"}) {
    const auto refused = ReadToolAck(wrong, kJson, &spare);
    EXPECT_EQ(refused.has_value(), DecodeToolAck(wrong, kJson).has_value()) << wrong;
    if (!refused) {
      EXPECT_EQ(refused.error().text, DecodeToolAck(wrong, kJson).error().text);
    }
  }
}

}  // namespace
}  // namespace lyceum::envelope
