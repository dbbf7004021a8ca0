#include "llm/reasoning.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "support/seed.h"

namespace lyceum::llm {
namespace {

// What a reader sees in the end of a text that comes in pieces of so many bytes.
std::string Seen(const std::string& text, size_t bytes) {
  ReasoningFilter filter;
  std::string seen;
  const auto take = [&](ReasoningFilter::Shown shown) {
    if (shown.void_before) seen.clear();
    seen += shown.text;
  };
  for (size_t at = 0; at < text.size(); at += bytes) take(filter.Add(text.substr(at, bytes)));
  take(filter.Finish());
  return seen;
}

TEST(Reasoning, IsNotSeenHoweverItIsCut) {
  struct Case {
    const char* text;
    const char* seen;
  };
  const Case cases[] = {
      {"A half.", "A half."},
      {"<think>no</think>A half.", "A half."},
      {"<think>\nno\n</think>\n\nA half.", "A half."},
      {"<THINK>no</Think>A half.", "A half."},
      {"no\n</think>\nA half.", "A half."},
      {"<think>no <think> no</think> no</think>A half.", "A half."},
      {"A <think>no</think>half.", "A half."},
      {"<think>no", ""},
      {"A half.<think>no", "A half."},
      {"<thinking>no</thinking>A half.", "A half."},
      {"[THINK]no[/THINK]A half.", "A half."},
      {"\xe2\x97\x81think\xe2\x96\xb7no\xe2\x97\x81/think\xe2\x96\xb7"
       "A half.",
       "A half."},
      {"<|channel|>analysis<|message|>no<|end|><|start|>assistant<|channel|>final<|message|>A "
       "half.",
       "A half."},
      {"<|start|>assistant<|message|>A half.<|return|>", "A half."},
      {"<|channel|>analysis<|message|>no", ""},
      {"<|channel|>commentary to=x <|constrain|>json<|message|>{}<|call|>", ""},
      {"analysisNo, no.assistantfinalA half.", "A half."},
      {"analysis of a half.", "analysis of a half."},
      {"analysis", "analysis"},
      {"A half.<|im_end|>", "A half."},
      {"1 < 2 and a<b, [x], <b>bold</b>, \xe2\x82\xac 3 <thin",
       "1 < 2 and a<b, [x], <b>bold</b>, "
       "\xe2\x82\xac 3 <thin"},
      {"  A half.", "  A half."},
  };
  for (const Case& each : cases) {
    for (const size_t bytes : {1, 2, 3, 7, 1000}) {
      EXPECT_EQ(Seen(each.text, bytes), each.seen) << each.text << " in pieces of " << bytes;
    }
  }
}

TEST(Reasoning, WhatIsHiddenIsKeptForStructuredAnswers) {
  ReasoningFilter filter;
  filter.Add("<think>{\"a\":");
  filter.Add("1}");
  EXPECT_EQ(filter.hidden(), "{\"a\":1}");
  filter.Add(std::string(2 * kReasoningBytesMax, 'x'));
  EXPECT_EQ(filter.hidden().size(), kReasoningBytesMax);
}

TEST(Reasoning, AnyCutsShowTheSame) {
  std::mt19937_64 random(test::Seed());
  const char* parts[] = {"<think>",     "</think>", "<|channel|>", "analysis", "final",
                         "<|message|>", "<|end|>",  "text ",       "<",        "[THINK]",
                         "\n",          "[/THINK]", "<|start|>"};
  for (int round = 0; round < 5'000; ++round) {
    std::string text;
    for (size_t i = random() % 12; i > 0; --i) text += parts[random() % std::size(parts)];
    const std::string whole = Seen(text, 1000);
    EXPECT_EQ(Seen(text, 1 + random() % 5), whole) << text;
  }
}

}  // namespace
}  // namespace lyceum::llm
