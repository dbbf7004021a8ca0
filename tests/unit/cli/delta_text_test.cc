#include "cli/delta_text.h"

#include <gtest/gtest.h>

namespace lyceum::cli {
namespace {

envelope::ReceivedMessage Delta(const std::string& request, uint32_t attempt, uint32_t offset,
                                const std::string& text) {
  envelope::ReceivedMessage message;
  message.is_delta = true;
  message.request_id = request;
  message.attempt = attempt;
  message.offset = offset;
  message.delta_text = text;
  return message;
}

envelope::ReceivedMessage Retract(const std::string& request, uint32_t attempt) {
  envelope::ReceivedMessage message;
  message.is_retract = true;
  message.request_id = request;
  message.attempt = attempt;
  return message;
}

TEST(DeltaText, PartsAreSaidOnceInTheirOrder) {
  DeltaText deltas;
  deltas.Add(Delta("a", 1, 0, "one "));
  deltas.Add(Delta("a", 1, 4, "two"));
  deltas.Add(Delta("a", 1, 0, "one "));
  deltas.Add(Delta("a", 1, 2, "e two three"));
  EXPECT_EQ(deltas.text(), "one two three");
}

TEST(DeltaText, WhatIsRetractedIsGoneAndAnEarlierAttemptStaysSilent) {
  DeltaText deltas;
  deltas.Add(Delta("a", 1, 0, "wrong"));
  deltas.Add(Retract("a", 1));
  EXPECT_EQ(deltas.text(), "");
  deltas.Add(Delta("a", 2, 0, "right"));
  deltas.Add(Delta("a", 1, 5, " more"));
  EXPECT_EQ(deltas.text(), "right");
  deltas.Add(Retract("a", 1));
  EXPECT_EQ(deltas.text(), "right") << "the retract was of the attempt before";
}

TEST(DeltaText, AMissingPartIsSeen) {
  DeltaText deltas;
  deltas.Add(Delta("a", 1, 10, "end"));
  EXPECT_EQ(deltas.text(), "…end");
}

TEST(DeltaText, RequestsAndTheirTextAreBounded) {
  DeltaText deltas;
  for (int i = 0; i < 100; ++i) deltas.Add(Delta(std::to_string(i), 1, 0, "x"));
  EXPECT_EQ(deltas.text(), "x\nx\nx\nx");
  const std::string part(1000, 'y');
  for (uint32_t i = 0; i < 200; ++i) deltas.Add(Delta("99", 1, 1 + i * 1000, part));
  EXPECT_LE(deltas.text().size(), DeltaText::kBytesMax + 8);
}

}  // namespace
}  // namespace lyceum::cli
