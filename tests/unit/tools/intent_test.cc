#include "tools/intent.h"

#include <gtest/gtest.h>

#include "tutor/names.h"

namespace lyceum::tools {
namespace {

TEST(Intent, LinesAreToldApart) {
  tutor::Question numeric;
  numeric.format = tutor::AnswerFormat::kNumeric;
  numeric.answers = {"3/4"};
  struct Case {
    const char* text;
    const char* intent;
  };
  const Case cases[] = {
      {"What is a denominator?", "question"},
      {"why", "question"},
      {"I don't understand the line", "question"},
      {"is it 3/4?", "question"},
      {"3/4", "answer"},
      {"the answer is three quarters", "answer"},
      {"Hint, please", "hint"},
      {"I'm stuck", "hint"},
      {"I don't know", "hint"},
      {"can I have another hint?", "hint"},
      {"skip this question", "skip"},
      {"next", "continue"},
      {"ok", "continue"},
      {"tell me a joke", "off_topic"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(tutor::Name(ClassifyIntent(c.text, &numeric).intent), c.intent) << c.text;
  }
}

TEST(Intent, WithoutAQuestionNothingIsAnAnswer) {
  for (const char* text : {"3/4", "the answer is 3/4", "b"}) {
    EXPECT_NE(ClassifyIntent(text, nullptr).intent, tutor::FoundIntent::kAnswer) << text;
  }
}

TEST(Intent, YesMayBeAChoice) {
  tutor::Question question;
  question.format = tutor::AnswerFormat::kChoice;
  question.choices = {"Yes", "No"};
  EXPECT_EQ(ClassifyIntent("yes", &question).intent, tutor::FoundIntent::kAnswer);
  EXPECT_EQ(ClassifyIntent("yes", nullptr).intent, tutor::FoundIntent::kContinue);
}

TEST(Intent, WhatIsUnclearHasLittleConfidence) {
  EXPECT_LT(ClassifyIntent("lorem ipsum dolor", nullptr).confidence, 0.6);
  EXPECT_LT(ClassifyIntent("", nullptr).confidence, 0.6);
}

}  // namespace
}  // namespace lyceum::tools
