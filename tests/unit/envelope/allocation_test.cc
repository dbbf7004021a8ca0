// What the hot path allocates: counted, so that it cannot grow unseen.
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include "allocations.h"
#include "contract.h"
#include "envelope/journal.h"
#include "lyceum/v1/lyceum.pb.h"

namespace lyceum::envelope {
namespace {

constexpr Encoding kJson = Encoding::kJson;
constexpr Encoding kProtobuf = Encoding::kProtobuf;

// Once to warm up, then counted.
template <class Call>
size_t Allocations(Call call) {
  call();
  const size_t before = AllocationsOfThisThread();
  call();
  return AllocationsOfThisThread() - before;
}

std::string BytesOf(const std::string& json) {
  v1::Event event;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(json, &event).ok()) << json;
  return event.SerializeAsString();
}

TEST(Allocations, AreCounted) {
  EXPECT_EQ(Allocations([] { ::operator delete(::operator new(8)); }), 1u);
}

TEST(Allocations, SubjectsAreTakenApartAndAppendedWithoutAny) {
  const Subjects subjects("school.north", 16);
  std::string subject;
  for (const std::string user : {"a-user-of-more-than-fifteen", "~YS5iLmMuZC5lLmYuZy5oLmku"}) {
    const std::string log = subjects.Log(3, RecordClass::kTool, UserId(user));
    EXPECT_EQ(Allocations([&] {
                EXPECT_TRUE(subjects.ParseLogFast(log));
                (void)subjects.PartitionOf(std::string_view(user));
                subject.clear();
                subjects.AppendOut(&subject, user);
                subject.clear();
                subjects.AppendIn(&subject, RecordClass::kTimer, user);
                subject.clear();
                AppendToolReply(&subject, "_INBOX.0123456789", "3-123456789-1", 7);
                EXPECT_TRUE(ParseToolReply(subject, "_INBOX.0123456789"));
              }),
              0u);
  }
}

// One for each text over fifteen bytes that the event keeps.
TEST(Allocations, AnEventCostsItsLongTexts) {
  EventDecoder decoder;
  const auto count = [&](const std::string& json, RecordClass record_class) {
    const std::string data = BytesOf(json);
    return Allocations([&] { EXPECT_TRUE(decoder.Decode(data, kProtobuf, record_class)); });
  };
  EXPECT_EQ(count(R"({"id":"e1","client":"c1","hint":{}})", RecordClass::kUser), 0u);
  EXPECT_EQ(count(R"({"id":"e1","client":"c1","message":{"text":"x = 4"}})", RecordClass::kUser),
            0u);
  const std::string text(200, 'x');
  EXPECT_EQ(count(R"({"id":"e1","client":"c1","message":{"text":")" + text + R"("}})",
                  RecordClass::kUser),
            1u);
  EXPECT_LE(count(ToolResultEvent("check_answer",
                                  R"({"question_id":"q1","verdict":"correct","score":1,)"
                                  R"("confidence":1,"method":"numeric","feedback":{"text":")" +
                                      text + R"("}})"),
                  RecordClass::kTool),
            1u);
  EXPECT_LE(count(R"({"id":"an-id-of-more-than-15","timer":{"token":"3-123456789012-1"}})",
                  RecordClass::kTimer),
            4u);
}

// A megabyte that is no event: nothing of it is built.
TEST(Allocations, GarbageCostsItsErrorAlone) {
  EventDecoder decoder;
  std::string unknown;  // Small fields that nobody knows.
  while (unknown.size() < 1024 * 1024 - 2) unknown += "\x78\x01";
  std::string late = BytesOf(R"({"id":"e1","client":"c1","message":{"text":"x"}})");
  while (late.size() < 1024 * 1024 - 2) late += "\x0A\x00";
  late.back() = '\xFF';
  for (const std::string& data :
       {unknown, std::string(1024 * 1024, '\xFF'), std::string(1024 * 1024, 'x'), late}) {
    EXPECT_LE(
        Allocations([&] { EXPECT_FALSE(decoder.Decode(data, kProtobuf, RecordClass::kUser)); }),
        16u);
  }
}

TEST(Allocations, WritingCostsNoneOnceThereIsRoom) {
  ClientMessageEncoder encoder;
  for (const std::string& json : ClientMessageSamples()) {
    const auto received = DecodeClientMessage(json, kJson);
    ASSERT_TRUE(received);
    EXPECT_EQ(Allocations([&] {
                encoder.Begin(received->user, received->message);
                (void)encoder.Get(kJson);
                (void)encoder.Get(kProtobuf);
              }),
              0u)
        << json;
  }
  std::string bytes;
  for (const std::string& json : ToolRequestSamples()) {
    const auto request = DecodeToolRequest(json, kJson);
    ASSERT_TRUE(request);
    EXPECT_EQ(Allocations([&] {
                bytes.clear();
                AppendToolRequestBase(&bytes, *request);
                AppendAttempt(&bytes, 2, 1'769'847'330'500);
              }),
              0u)
        << json;
  }
}

TEST(Allocations, AnAckIsReadWithoutAny) {
  for (const std::string& json : ToolAckSamples()) {
    const auto ack = DecodeToolAck(json, kJson);
    ASSERT_TRUE(ack);
    for (const std::string& data : {json, EncodeToolAck(*ack)}) {
      ToolAck spare;
      EXPECT_EQ(Allocations([&] { EXPECT_TRUE(ReadToolAck(data, EncodingOf({}, data), &spare)); }),
                0u);
    }
  }
}

TEST(Allocations, AJournalIsReadWithoutAny) {
  JournalWriter writer;
  writer.AddRecord(300);
  writer.AddMessage(5, 300, 8, kJson, ClientMessageSamples()[0]);
  writer.AddHistory({9, 1, tutor::Role::kLearner, "message", "hm"});
  EXPECT_EQ(Allocations([&] {
              JournalReader reader(writer.chunk());
              while (reader.Next()->has_value()) continue;
            }),
            0u);
}

}  // namespace
}  // namespace lyceum::envelope
