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

TEST(Intent, WhatTheGraderReadsIsAnAnswer) {
  tutor::Question numeric;
  numeric.format = tutor::AnswerFormat::kNumeric;
  numeric.answers = {"7/9"};
  for (const char* text : {"((7)/(9))", "7÷9", "⅞", "I got 7/9", "so I get 7/9", "seven ninths",
                           "**7/9**", "\\boxed{7/9}", "0.5"}) {
    EXPECT_EQ(ClassifyIntent(text, &numeric).intent, tutor::FoundIntent::kAnswer) << text;
  }
  tutor::Question choice;
  choice.format = tutor::AnswerFormat::kChoice;
  choice.choices = {"a kite", "a disc", "an arc"};
  choice.answers = {"a disc"};
  for (const char* text : {"option b", "B!", "**b**", "I think it is b", "a Disc!", "choice 2"}) {
    EXPECT_EQ(ClassifyIntent(text, &choice).intent, tutor::FoundIntent::kAnswer) << text;
  }
  tutor::Question text;
  text.format = tutor::AnswerFormat::kText;
  text.answers = {"how"};
  EXPECT_EQ(ClassifyIntent("How", &text).intent, tutor::FoundIntent::kAnswer);
  EXPECT_EQ(ClassifyIntent("7/9?", &numeric).intent, tutor::FoundIntent::kQuestion);
  EXPECT_EQ(ClassifyIntent("ok", &numeric).intent, tutor::FoundIntent::kContinue);
}

TEST(Intent, WhoDoesNotKnowGetsAHint) {
  tutor::Question question;
  question.format = tutor::AnswerFormat::kExpression;
  question.answers = {"2k+d"};
  for (const char* text :
       {"idk", "IDK!", "dunno", "no clue", "not sure", "idk how to start this", "I'm lost"}) {
    EXPECT_EQ(ClassifyIntent(text, &question).intent, tutor::FoundIntent::kHint) << text;
  }
  EXPECT_EQ(ClassifyIntent("idk what a factor is", &question).intent,
            tutor::FoundIntent::kQuestion);
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
