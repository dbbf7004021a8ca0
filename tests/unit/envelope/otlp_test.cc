// Spans as a collector takes them, against the field numbers of OTLP 1.x by hand.
#include <gtest/gtest.h>

#include "base/span_names.h"
#include "envelope/otlp_codec.h"
#include "otlp/v1/trace.pb.h"

namespace lyceum::envelope {
namespace {

// A field of a protobuf message: number << 3 | type, for numbers below 16.
std::string Field(int number, const std::string& bytes) {
  EXPECT_LT(bytes.size(), 128u);
  return std::string{static_cast<char>(number << 3 | 2), static_cast<char>(bytes.size())} + bytes;
}
std::string Varint(int number, char value) { return {static_cast<char>(number << 3), value}; }
std::string Fixed64(int number, char low) {
  return std::string{static_cast<char>(number << 3 | 1), low} + std::string(7, '\0');
}

Span Example() {
  return {.context = {0x0102030405060708u, 0x090a0b0c0d0e0f10u, 0x1112131415161718u, true},
          .parent = 0x2122232425262728u,
          .kind = SpanKind::kClient,
          .name = "chat m",
          .begin_ns = 3,
          .end_ns = 5,
          .attributes = {{span_names::kAttempt, int64_t{2}},
                         {span_names::kDegraded, true},
                         {span_names::kRequestModel, std::string("m")}},
          .error = "deadline"};
}

TEST(Otlp, ASpanHasTheNumbersThatCollectorsKnow) {
  const auto attribute = [](std::string_view key, const std::string& value) {
    return Field(9, Field(1, std::string(key)) + Field(2, value));
  };
  const std::string flags = std::string("\x85\x01\x01", 3) + std::string(3, '\0');  // 16, 32 bits.
  const std::string span =
      Field(1, "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10") +
      Field(2, "\x11\x12\x13\x14\x15\x16\x17\x18") + Field(4, "\x21\x22\x23\x24\x25\x26\x27\x28") +
      Field(5, "chat m") + Varint(6, 3) + Fixed64(7, 3) + Fixed64(8, 5) +
      attribute("lyceum.attempt", Varint(3, 2)) + attribute("lyceum.degraded", Varint(2, 1)) +
      attribute("gen_ai.request.model", Field(1, "m")) +
      attribute("error.type", Field(1, "deadline")) + Field(15, Varint(3, 2)) + flags;
  const std::string bytes = EncodeSpans({"lyceum-gateway", "1", "g"}, {Example()});
  EXPECT_NE(bytes.find(span), std::string::npos);
  const auto resource = [](std::string_view key, const std::string& value) {
    return Field(1, Field(1, std::string(key)) + Field(2, Field(1, value)));
  };
  EXPECT_NE(bytes.find(Field(1, resource("service.name", "lyceum-gateway") +
                                    resource("service.version", "1") +
                                    resource("service.instance.id", "g"))),
            std::string::npos);
  EXPECT_NE(bytes.find(Field(3, std::string(span_names::kSchemaUrl))), std::string::npos);
}

TEST(Otlp, ARootHasNoParentAndWhatWentWellNoStatus) {
  Span span = Example();
  span.parent = 0;
  span.error.clear();
  otlp::v1::ExportRequest request;
  ASSERT_TRUE(request.ParseFromString(EncodeSpans({"p", "1", "w"}, {span, span})));
  ASSERT_EQ(request.resource_spans_size(), 1);
  ASSERT_EQ(request.resource_spans(0).scope_spans_size(), 1);
  ASSERT_EQ(request.resource_spans(0).scope_spans(0).spans_size(), 2);
  const auto& read = request.resource_spans(0).scope_spans(0).spans(1);
  EXPECT_EQ(read.parent_span_id(), "");
  EXPECT_FALSE(read.has_status());
  EXPECT_EQ(read.span_id().size(), 8u);
  EXPECT_EQ(read.attributes_size(), 3);
}

TEST(Otlp, TextsAreBoundedAndUtf8) {
  Span span = Example();
  span.name.assign(kSpanTextBytesMax - 1, 'x');
  span.name += "ä";
  span.attributes = {{span_names::kRequestModel, std::string("\xff\xfe")}};
  otlp::v1::ExportRequest request;
  ASSERT_TRUE(request.ParseFromString(EncodeSpans({"p", "1", "w"}, {span})));
  const auto& read = request.resource_spans(0).scope_spans(0).spans(0);
  EXPECT_EQ(read.name(), std::string(kSpanTextBytesMax - 1, 'x'));
  EXPECT_EQ(read.attributes(0).value().string_value(), "");
}

TEST(Otlp, WhatACollectorDidNotTakeIsRead) {
  EXPECT_EQ(RejectedSpans(""), 0u);
  EXPECT_EQ(RejectedSpans(Field(1, Varint(1, 3))), 3u);
  EXPECT_EQ(RejectedSpans("<html>"), 0u);
}

}  // namespace
}  // namespace lyceum::envelope
