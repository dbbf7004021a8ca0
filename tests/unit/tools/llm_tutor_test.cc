// What the text tools say with language models, well and badly.
#include "tools/llm_tutor.h"

#include <gtest/gtest.h>

#include <thread>

#include "llm_fixture.h"
#include "support/eventually.h"
#include "tutor/names.h"
#include "tutor/reveal.h"

namespace lyceum::tools {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::Trouble;

constexpr char kKind[] = "Look at where the light goes, and what a leaf makes of it all day.";
constexpr char kLeaky[] =
    "Look at where the light goes. The word that you look for is photosynthesis, of course.";

class LlmText : public LlmTutorTest {
 protected:
  tutor::ClarifyConceptArgs Asks(const char* question = "word") const {
    tutor::ClarifyConceptArgs args;
    args.text = "What does a leaf do?";
    if (question != nullptr) args.question = View(question);
    return args;
  }
  std::vector<tutor::ToolArgs> TextArgs() const {
    return {tutor::PresentMaterialArgs{{}, 0, "A leaf takes in light."}, Asks(), Asks(nullptr),
            tutor::GiveHintArgs{{}, View("word"), 1, 3, {}},
            tutor::RemediateKnownErrorArgs{{},
                                           ErrorId("breathing"),
                                           "That uses sugar up.",
                                           tutor::Strategy::kExplanation,
                                           View("word"),
                                           "oxygen"}};
  }
  static std::string TextOf(const ToolAnswer& answer) {
    if (auto* ok = std::get_if<tutor::PresentMaterialOk>(&answer.outcome)) return ok->text;
    if (auto* ok = std::get_if<tutor::ClarifyConceptOk>(&answer.outcome)) return ok->text;
    if (auto* ok = std::get_if<tutor::GiveHintOk>(&answer.outcome)) return ok->text;
    if (auto* ok = std::get_if<tutor::RemediateKnownErrorOk>(&answer.outcome)) return ok->text;
    const auto* error = std::get_if<tutor::ToolError>(&answer.outcome);
    return error == nullptr ? "no text" : "error " + error->code;
  }
  std::string BuiltIn(const tutor::ToolArgs& args) const {
    const envelope::ToolRequest request = Request(args);
    return TextOf(BuiltInTutor(source_).Run({request}));
  }
};

TEST_P(LlmText, IsStreamedAndIsTheAnswer) {
  Near(InTurn({Says(kKind)}));
  for (const tutor::ToolArgs& args : TextArgs()) {
    heard_ = {};
    const ToolAnswer answer = Run(args);
    EXPECT_EQ(TextOf(answer), kKind);
    EXPECT_EQ(heard_.now, kKind);
    EXPECT_GT(heard_.most.size(), 1U) << "in pieces";
    EXPECT_EQ(heard_.retracts, 0);
    EXPECT_EQ(answer.provider, "a");
    EXPECT_EQ(answer.model,
              "a " + std::string(tutor::Name(static_cast<tutor::Tool>(args.index()))));
    EXPECT_EQ(answer.attempts, 1U);
    EXPECT_EQ(answer.fallbacks, 0U);
    EXPECT_GT(answer.usage.input_tokens, 0U);
    EXPECT_FALSE(answer.degraded);
  }
}

TEST_P(LlmText, WithNoQuestionOpenThePiecesPassAsTheyCome) {
  test::LlmReply says = Says(kKind);
  says.gap = std::chrono::milliseconds(20);
  Near(InTurn({says}));
  Run(Asks(nullptr));
  ASSERT_FALSE(heard_.most.empty());
  EXPECT_TRUE(std::string(kKind).starts_with(heard_.most.front()));
  EXPECT_LT(heard_.most.front().size(), std::string(kKind).size());
}

TEST_P(LlmText, TheBuiltInTutorStandsInWhereNoModelAnswers) {
  Near(InTurn({Spoilt(Trouble::kStatus)}));
  Near(InTurn({Spoilt(Trouble::kStatus)}));
  for (const tutor::ToolArgs& args : TextArgs()) {
    const ToolAnswer answer = Run(args);
    EXPECT_EQ(TextOf(answer), BuiltIn(args));
    EXPECT_TRUE(answer.degraded);
    EXPECT_EQ(answer.provider, "");
    EXPECT_EQ(heard_.now, "");
  }
}

TEST_P(LlmText, AnotherProviderIsAskedAndItsNameIsInTheAnswer) {
  Near(InTurn({Spoilt(Trouble::kStatus)}));
  Near(InTurn({Says(kKind)}));
  const ToolAnswer answer = Run(Asks());
  EXPECT_EQ(TextOf(answer), kKind);
  EXPECT_EQ(answer.provider, "b");
  EXPECT_EQ(answer.attempts, 3U) << "two at the first";
  EXPECT_EQ(answer.fallbacks, 1U);
  EXPECT_FALSE(answer.degraded);
}

TEST_P(LlmText, WhatBreaksInTheMiddleIsTakenBack) {
  test::LlmReply spoilt = Spoilt(Trouble::kErrorEventLate, kKind);
  spoilt.gap = std::chrono::milliseconds(20);
  Near(InTurn({spoilt, Says(kKind)}));
  const ToolAnswer answer = Run(Asks(nullptr));
  EXPECT_EQ(TextOf(answer), kKind);
  EXPECT_EQ(heard_.now, kKind);
  EXPECT_EQ(heard_.retracts, 1);
}

TEST_P(LlmText, ARevealingTextIsTakenBackAndAskedForOnceMore) {
  Near(InTurn({Says(kLeaky), Says(kKind)}));
  const ToolAnswer answer = Run(Asks());
  EXPECT_EQ(TextOf(answer), kKind);
  EXPECT_EQ(heard_.now, kKind);
  EXPECT_FALSE(answer.degraded);
  EXPECT_EQ(answer.attempts, 2U);
  for (const std::string& seen : heard_.most) {
    EXPECT_FALSE(tutor::Reveals(seen, Question("word"))) << seen;
  }
  const auto asked = servers_[0]->calls();
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_NE(asked[1].last_user_text.find("gives the answer of the open question away"),
            std::string::npos);
}

TEST_P(LlmText, TwiceRevealingIsNotShown) {
  Near(InTurn({Says(kLeaky)}));
  const ToolAnswer answer = Run(Asks());
  EXPECT_EQ(calls(), 2U);
  EXPECT_EQ(TextOf(answer), BuiltIn(Asks()));
  EXPECT_TRUE(answer.degraded);
  EXPECT_EQ(heard_.now, "");
  for (const std::string& seen : heard_.most) {
    EXPECT_FALSE(tutor::Reveals(seen, Question("word"))) << seen;
  }
}

TEST_P(LlmText, TheLastHintMaySayItAll) {
  Near(InTurn({Says(kLeaky)}));
  const ToolAnswer last = Run(tutor::GiveHintArgs{{}, View("word"), 3, 3, {}});
  EXPECT_EQ(As<tutor::GiveHintOk>(last).text, kLeaky);
  EXPECT_TRUE(As<tutor::GiveHintOk>(last).bottom_out);
  EXPECT_EQ(heard_.now, kLeaky);
  const ToolAnswer before = Run(tutor::GiveHintArgs{{}, View("word"), 2, 3, {}});
  EXPECT_EQ(As<tutor::GiveHintOk>(before).text, "It begins with photo.");
  EXPECT_TRUE(before.degraded);
}

TEST_P(LlmText, OfAQuestionWhoseKeyIsNotKnownNothingIsSaidBeforeTheEnd) {
  Near(InTurn({Says(kKind)}));
  tutor::ClarifyConceptArgs args = Asks();
  args.question->id = QuestionId("generated-3-4-0");
  EXPECT_EQ(TextOf(Run(args)), kKind);
  EXPECT_TRUE(heard_.most.empty());
}

TEST_P(LlmText, OneThatWasCutOffByItsLengthSaysSo) {
  Near(InTurn({Spoilt(test::Trouble::kMaxTokens, "A leaf takes in light and")}));
  tutor::ClarifyConceptArgs args;
  args.text = "What does a leaf do?";
  const ToolAnswer answer = Run(args);
  const std::string text = TextOf(answer);
  EXPECT_TRUE(text.starts_with("A leaf takes in light and")) << text;
  EXPECT_NE(text.find("stops here because it became too long"), std::string::npos) << text;
  EXPECT_EQ(heard_.now, text);
}

TEST_P(LlmText, WhatAModelThinksIsNotSaid) {
  Near(InTurn({Says("Hm, a leaf.</think>\n\nA leaf takes in light.")}));
  tutor::ClarifyConceptArgs args;
  args.text = "What does a leaf do?";
  const ToolAnswer answer = Run(args);
  EXPECT_EQ(TextOf(answer), "A leaf takes in light.");
  EXPECT_EQ(heard_.now, "A leaf takes in light.");
}

TEST_P(LlmText, AnEmptyTextIsNone) {
  Near(InTurn({Says("  \n ")}));
  const ToolAnswer answer = Run(Asks());
  EXPECT_EQ(TextOf(answer), BuiltIn(Asks()));
  EXPECT_TRUE(answer.degraded);
}

TEST_P(LlmText, TheBuiltInTutorAnswersBeforeTheDeadlineOfASilentModel) {
  Near(InTurn({Spoilt(Trouble::kNoFirstByte)}));
  time_ = milliseconds(1200);
  const Deadline deadline = In(time_);
  const ToolAnswer answer = Run(Asks());
  EXPECT_LT(Steady::now(), deadline);
  EXPECT_EQ(TextOf(answer), BuiltIn(Asks()));
  EXPECT_TRUE(answer.degraded);
  EXPECT_EQ(calls(), 1U);
}

TEST_P(LlmText, WithTooLittleTimeNobodyIsAsked) {
  Near(InTurn({Says(kKind)}));
  time_ = milliseconds(400);
  const ToolAnswer answer = Run(Asks());
  EXPECT_EQ(TextOf(answer), BuiltIn(Asks()));
  EXPECT_TRUE(answer.degraded);
  EXPECT_EQ(calls(), 0U);
}

TEST_P(LlmText, ACancelEndsItAtOnce) {
  Near(InTurn({Spoilt(Trouble::kNoFirstByte)}));
  toolbox();
  time_ = seconds(60);
  std::thread canceller([this] {
    EXPECT_TRUE(test::Eventually(seconds(10), [this] { return calls() == 1; }));
    stop_.request_stop();
  });
  const Deadline soon = In(seconds(20));
  EXPECT_EQ(TextOf(Run(Asks())), "error cancelled");
  EXPECT_LT(Steady::now(), soon);
  canceller.join();
}

INSTANTIATE_TEST_SUITE_P(Api, LlmText, ::testing::Values(llm::Api::kAnthropic, llm::Api::kOpenAi),
                         ApiName);

}  // namespace
}  // namespace lyceum::tools
