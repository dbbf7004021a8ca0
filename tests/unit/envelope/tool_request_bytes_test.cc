// A request whose attempt and deadline are appended is the request with that attempt and deadline.
#include <gtest/gtest.h>

#include "contract.h"
#include "envelope/codec.h"
#include "envelope/tool_requests.h"

namespace lyceum::envelope {
namespace {

TEST(ToolRequestBytes, WhatIsAppendedIsTheAttemptAndTheDeadline) {
  for (const std::string& sample : ToolRequestSamples()) {
    SCOPED_TRACE(sample);
    auto request = DecodeToolRequest(sample, Encoding::kJson);
    ASSERT_TRUE(request) << request.error().text;
    request->attempt = 0;
    request->deadline_ms = 0;
    const std::string base = EncodeToolRequest(*request, Encoding::kProtobuf);
    for (const int64_t deadline_ms : {int64_t{1}, int64_t{999}, int64_t{1'700'000'000'000},
                                      int64_t{1'700'000'000'127}, int64_t{253'402'300'799'999}}) {
      for (const uint32_t attempt : {1u, 3u, 127u, 128u, UINT32_MAX}) {
        std::string bytes = base;
        AppendAttempt(&bytes, 2, 1'234'567'890'123);  // The last one counts.
        AppendAttempt(&bytes, attempt, deadline_ms);
        const auto complete = DecodeToolRequest(bytes, Encoding::kProtobuf);
        ASSERT_TRUE(complete) << complete.error().text;
        request->attempt = attempt;
        request->deadline_ms = deadline_ms;
        const std::string json = EncodeToolRequest(*request, Encoding::kJson);
        EXPECT_EQ(EncodeToolRequest(*complete, Encoding::kJson), json);
        const auto as_json = ToolRequestAsJson(base, attempt, deadline_ms);
        ASSERT_TRUE(as_json) << as_json.error().text;
        EXPECT_EQ(*as_json, json);
      }
    }
  }
}

TEST(ToolRequestBytes, ABaseThatIsNoneIsFatal) {
  const auto json = ToolRequestAsJson("\xff\xff nonsense", 1, 1);
  ASSERT_FALSE(json);
  EXPECT_EQ(json.error().fault, Fault::kFatal);
}

}  // namespace
}  // namespace lyceum::envelope
