// One decoder reads event after event as a fresh one would, looks at each once, and tells why one
// is refused, where it belongs and who sent it.
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <iostream>
#include <random>

#include "base/token.h"
#include "contract.h"
#include "envelope/shape.h"
#include "lyceum/v1/lyceum.pb.h"
#include "seed.h"

namespace lyceum::envelope {
namespace {

constexpr Encoding kJson = Encoding::kJson;
constexpr Encoding kProtobuf = Encoding::kProtobuf;
constexpr RecordClass kClasses[] = {RecordClass::kUser, RecordClass::kAdmin, RecordClass::kTool,
                                    RecordClass::kTimer, RecordClass::kTeacher};

std::string BytesOf(const std::string& json) {
  v1::Event event;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(json, &event).ok()) << json;
  return event.SerializeAsString();
}

std::string SenderText(const std::optional<RefusedSender>& sender) {
  return sender ? sender->client.value + " " + sender->id.value : "nobody";
}

TEST(Decoder, ReadsEventAfterEvent) {
  EventDecoder decoder;
  for (int round = 0; round < 3; ++round) {
    for (const auto& [record_class, json] : EventSamples()) {
      for (const std::string& data : {json, BytesOf(json)}) {
        const Encoding encoding = EncodingOf({}, data);
        const auto decoded = decoder.Decode(data, encoding, record_class);
        ASSERT_TRUE(decoded) << decoded.error().text;
        EXPECT_EQ(EncodeEvent(decoded->event, kJson, decoded->trace), json);
        EXPECT_EQ(decoded->event.encoding, encoding);
      }
    }
  }
}

TEST(Decoder, NamesTheClassThatAnEventBelongsTo) {
  EventDecoder decoder;
  for (const auto& [own, json] : EventSamples()) {
    for (const RecordClass other : kClasses) {
      if (other == own) continue;
      const auto decoded = decoder.Decode(json, kJson, other);
      ASSERT_FALSE(decoded);
      EXPECT_EQ(decoded.error().text, DecodeEvent(json, kJson, other).error().text);
      EXPECT_EQ(decoder.refused().other_class, own);
    }
    ASSERT_FALSE(decoder.DecodeBarrier(json, kJson));
    EXPECT_EQ(decoder.refused().other_class, own);
  }
  // What is wrong in itself belongs nowhere.
  ASSERT_FALSE(decoder.Decode(R"({"id":"","hint":{}})", kJson, RecordClass::kAdmin));
  EXPECT_FALSE(decoder.refused().other_class);
  // What was refused before leaves nothing behind.
  ASSERT_TRUE(decoder.Decode(R"({"id":"e","hint":{}})", kJson, RecordClass::kUser));
  EXPECT_FALSE(decoder.refused().sender || decoder.refused().other_class);
}

TEST(Decoder, WhomToForgetIsNoEventOfALearner) {
  EventDecoder decoder;
  const std::string forget = EncodeForget(EventId("f"));
  EXPECT_TRUE(decoder.DecodeForget(forget, Encoding::kProtobuf));
  EXPECT_TRUE(decoder.DecodeForget(R"({"id":"f","forget":{}})", kJson));
  for (const RecordClass record_class : kClasses) {
    const auto decoded = decoder.Decode(forget, Encoding::kProtobuf, record_class);
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().text, "forget: belongs to class forget, and the subject says " +
                                        std::string(Name(record_class)));
    EXPECT_EQ(decoder.refused().other_class, RecordClass::kForget);
  }
  EXPECT_EQ(decoder.DecodeForget(R"({"id":"e","hint":{}})", kJson).error().text,
            "hint: belongs to class user, and the subject says forget");
  EXPECT_EQ(decoder.DecodeForget(BarrierSample(), kJson).error().text,
            "barrier: belongs to class barrier, and the subject says forget");
  EXPECT_EQ(decoder.DecodeBarrier(forget, Encoding::kProtobuf).error().text,
            "forget: belongs to class forget, and the subject says barrier");
  EXPECT_FALSE(decoder.DecodeForget(R"({"forget":{}})", kJson)) << "it has no id";
  EXPECT_EQ(EventFromJson(R"({"id":"f","forget":{}})").error().text,
            "forget: is written by `lyceum forget` alone");
}

TEST(Decoder, BarriersAndEventsAreKeptApart) {
  EventDecoder decoder;
  for (const std::string& barrier : {BarrierSample(), BytesOf(BarrierSample())}) {
    const Encoding encoding = EncodingOf({}, barrier);
    for (const RecordClass record_class : kClasses) {
      const auto decoded = decoder.Decode(barrier, encoding, record_class);
      ASSERT_FALSE(decoded);
      EXPECT_EQ(decoded.error().text, "barrier: belongs to class barrier, and the subject says " +
                                          std::string(Name(record_class)));
      EXPECT_EQ(decoder.refused().other_class, RecordClass::kBarrier);
    }
    EXPECT_TRUE(decoder.DecodeBarrier(barrier, encoding));
  }
  EXPECT_EQ(decoder.DecodeBarrier(R"({"id":"e","hint":{}})", kJson).error().text,
            "hint: belongs to class user, and the subject says barrier");
  EXPECT_TRUE(decoder.DecodeBarrier(R"({"id":"e"})", kJson)
                  .error()
                  .text.starts_with("kind: one must be set: "));
  EXPECT_EQ(EventFromJson(BarrierSample()).error().text,
            "barrier: is written by session workers alone");
}

TEST(Decoder, FindsWhoSentWhatIsRefused) {
  EventDecoder decoder;
  const auto from = [&decoder](const std::string& data) {
    const Encoding encoding = EncodingOf({}, data);
    EXPECT_FALSE(decoder.Decode(data, encoding, RecordClass::kAdmin)) << data;
    const std::string sender = SenderText(decoder.refused().sender);
    EXPECT_EQ(sender, SenderText(PeekSender(data, encoding))) << data;
    return sender;
  };
  EXPECT_EQ(from(R"({"id":"e","client":"c1","mood":{"deep":[1]}})"), "c1 e");
  EXPECT_EQ(from(R"({"client":"c1","id":"\u0065","message":"no object"})"), "c1 e");
  EXPECT_EQ(from(R"({"id":"e","client":"c1","hint":{}})"), "c1 e");
  EXPECT_EQ(from(R"({"id":"e","client":"c1","hint":{"id":"f","client":"c2"}})"), "c1 e");
  EXPECT_EQ(from(R"({"id":"e","client":7})"), "nobody");
  EXPECT_EQ(from(R"({"id":"e","client":")" + std::string(5'000, 'c') + R"("})"), "nobody");
  const std::string bytes = BytesOf(R"({"id":"e","client":"c1","hint":{}})");
  EXPECT_EQ(from(bytes), "c1 e");
  EXPECT_EQ(from("\xB8\x3E\x01" + bytes), "c1 e");  // An unknown field before all others.
  EXPECT_EQ(from(bytes + "\xFF"), "c1 e");
  EXPECT_EQ(from(std::string("\x0A\x01\xFF", 3) + bytes.substr(3)), "c1 ");
  EXPECT_EQ(from(std::string(1024 * 1024 + 1, ' ')), "nobody");
}

// --- The check before the parse agrees with a second one, made from the parsed message -----------

bool IsWhole(const google::protobuf::Message& message) {
  const auto* reflection = message.GetReflection();
  if (!reflection->GetUnknownFields(message).empty()) return false;
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  std::string scratch;
  for (const auto* field : fields) {
    const int count = field->is_repeated() ? reflection->FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      if (field->message_type() != nullptr &&
          !IsWhole(field->is_repeated() ? reflection->GetRepeatedMessage(message, field, i)
                                        : reflection->GetMessage(message, field))) {
        return false;
      }
      if (field->type() == google::protobuf::FieldDescriptor::TYPE_STRING &&
          !IsUtf8(field->is_repeated()
                      ? reflection->GetRepeatedStringReference(message, field, i, &scratch)
                      : reflection->GetStringReference(message, field, &scratch))) {
        return false;
      }
    }
  }
  return true;
}

TEST(Decoder, TheCheckBeforeTheParseAgreesWithOneAfterIt) {
  const uint64_t seed = Seed();
  std::cout << "LYCEUM_SEED=" << seed << "\n";
  std::mt19937_64 random(seed);
  std::vector<std::string> samples;
  for (const auto& sample : EventSamples()) samples.push_back(BytesOf(sample.json));
  const Shape& shape = Shape::Of(v1::Event::descriptor());
  int whole = 0;
  int refused = 0;
  for (int i = 0; i < 60'000; ++i) {
    std::string data = samples[random() % samples.size()];
    const size_t changes = random() % 4;
    for (size_t c = 0; c < changes; ++c) data[random() % data.size()] = static_cast<char>(random());
    if (random() % 8 == 0) data.resize(random() % data.size());
    if (random() % 8 == 0) data += samples[random() % samples.size()];
    v1::Event event;
    const bool parsed = event.ParseFromString(data);
    const bool checked = shape.Check(data, Shape::Texts::kChecked).has_value();
    // Where a field stands twice the last one counts, and the check looks at both: it may refuse
    // more. It may also leave to the parser what only that one knows, as a packed list.
    if (checked && parsed) {
      ASSERT_TRUE(IsWhole(event)) << i;
      ++whole;
    } else if (!checked && changes == 1 && parsed && event.SerializeAsString() == data) {
      ASSERT_FALSE(IsWhole(event)) << i << shape.Check(data, Shape::Texts::kChecked).error().text;
    }
    if (!checked) ++refused;
  }
  EXPECT_GT(whole, 5'000);
  EXPECT_GT(refused, 5'000);
}

}  // namespace
}  // namespace lyceum::envelope
