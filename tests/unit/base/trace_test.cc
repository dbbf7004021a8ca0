#include "base/trace.h"

#include <gtest/gtest.h>

#include <set>

namespace lyceum {
namespace {

constexpr char kGiven[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
constexpr char kUnsampled[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

struct Kept final : SpanSink {
  void Add(Span span) override { spans.push_back(std::move(span)); }
  std::vector<Span> spans;
};

TEST(Traceparent, WhatIsReadIsWrittenAgain) {
  const auto context = ParseTraceparent(kGiven);
  ASSERT_TRUE(context);
  EXPECT_EQ(context->trace_high, 0x0af7651916cd43ddu);
  EXPECT_EQ(context->trace_low, 0x8448eb211c80319cu);
  EXPECT_EQ(context->span, 0xb7ad6b7169203331u);
  EXPECT_TRUE(context->sampled);
  EXPECT_EQ(Traceparent(*context), kGiven);
  EXPECT_EQ(Traceparent(*ParseTraceparent(kUnsampled)), kUnsampled);
  EXPECT_EQ(TraceIdIn(kGiven), "0af7651916cd43dd8448eb211c80319c");
}

TEST(Traceparent, ALaterVersionIsReadAsFarAsItIsKnown) {
  const std::string later = "01" + std::string(kGiven).substr(2);
  EXPECT_TRUE(ParseTraceparent(later));
  EXPECT_TRUE(ParseTraceparent(later + "-more"));
  EXPECT_FALSE(ParseTraceparent(later + "more"));
  EXPECT_FALSE(ParseTraceparent(std::string(kGiven) + "-more"));
}

TEST(Traceparent, WhatIsNoneIsRefused) {
  const std::string good = kGiven;
  for (size_t i = 0; i < good.size(); ++i) {
    for (const char c : {'G', 'A', ' ', '\n', '\0'}) {
      std::string bad = good;
      bad[i] = c;
      EXPECT_FALSE(ParseTraceparent(bad)) << bad;
    }
    EXPECT_FALSE(ParseTraceparent(good.substr(0, i)));
  }
  EXPECT_FALSE(ParseTraceparent("ff" + good.substr(2)));
  EXPECT_FALSE(ParseTraceparent("00-" + std::string(32, '0') + good.substr(35)));
  EXPECT_FALSE(ParseTraceparent(good.substr(0, 36) + std::string(16, '0') + "-01"));
  EXPECT_EQ(TraceIdIn("ada writes"), "");
}

TEST(Tracer, AChildIsOfTheTraceThatWasGiven) {
  Kept kept;
  Tracer tracer(&kept, 0);  // Of what is given, whoever began it has decided.
  const auto given = *ParseTraceparent(kGiven);
  tracer.End(Tracer::Begin(tracer.Under(kGiven), SpanKind::kClient, "a"));
  tracer.End(Tracer::Begin(tracer.Under(kUnsampled), SpanKind::kClient, "b"));
  ASSERT_EQ(kept.spans.size(), 1u);
  const Span& span = kept.spans[0];
  EXPECT_EQ(span.context.trace_high, given.trace_high);
  EXPECT_EQ(span.context.trace_low, given.trace_low);
  EXPECT_EQ(span.parent, given.span);
  EXPECT_NE(span.context.span, given.span);
  EXPECT_GT(span.begin_ns, 0);
  EXPECT_GE(span.end_ns, span.begin_ns);
}

TEST(Tracer, WithoutATraceOneBegins) {
  Kept kept;
  Tracer tracer(&kept, 1);
  std::set<std::string> traces;
  for (const char* given : {"", "", "nothing of the kind"}) {
    const Tracer::Place place = tracer.Under(given);
    EXPECT_EQ(place.parent, 0u);
    EXPECT_TRUE(place.context.sampled);
    traces.insert(std::string(TraceIdIn(Traceparent(place.context))));
  }
  EXPECT_EQ(traces.size(), 3u);
}

TEST(Tracer, DerivedIdsAreTheSameEachTime) {
  Kept kept;
  Tracer one(&kept, 1), other(&kept, 1);
  EXPECT_EQ(one.Derived(kGiven, 7).context, other.Derived(kGiven, 7).context);
  EXPECT_EQ(one.Derived("", 7).context, other.Derived("", 7).context);
  EXPECT_NE(one.Derived(kGiven, 7).context.span, one.Derived(kGiven, 8).context.span);
  EXPECT_NE(one.Derived("", 7).context.trace_low, one.Derived("", 8).context.trace_low);
  EXPECT_TRUE(ParseTraceparent(Traceparent(one.Derived("", 0).context)));
}

TEST(Tracer, TheRatioIsOfTheTracesThatBegin) {
  Kept kept;
  for (const double ratio : {0.0, 0.25, 1.0}) {
    Tracer tracer(&kept, ratio);
    int sampled = 0;
    constexpr int kTraces = 20'000;
    for (int i = 0; i < kTraces; ++i) {
      sampled += tracer.Derived("", static_cast<uint64_t>(i)).context.sampled ? 1 : 0;
    }
    EXPECT_NEAR(static_cast<double>(sampled) / kTraces, ratio, 0.02);
  }
}

TEST(ErrorWord, OnlyWordsLeave) {
  EXPECT_EQ(ErrorWord("deadline"), "deadline");
  EXPECT_EQ(ErrorWord("http_429"), "http_429");
  EXPECT_EQ(ErrorWord("what Ada wrote"), "_OTHER");
  EXPECT_EQ(ErrorWord(std::string(65, 'a')), "_OTHER");
}

}  // namespace
}  // namespace lyceum
