// Answers that have to fit: judged, repaired once, else asked of the next provider.
#include <gtest/gtest.h>

#include <string>

#include "client_fixture.h"

namespace lyceum::llm {
namespace {

class ClientJsonTest : public ClientTest {
 protected:
  Reply AskFitting() {
    Ask ask = Question();
    ask.chat.schema = R"({"type":"object"})";
    ask.chat.schema_name = "verdict";
    const Judge judge = [](std::string_view text) {
      return text.starts_with('{') ? "" : "it is no JSON object";
    };
    return Wait(client().AskJson(ask, judge));
  }
};

INSTANTIATE_TEST_SUITE_P(Apis, ClientJsonTest, ::testing::Values(Api::kAnthropic, Api::kOpenAi),
                         ApiName);

TEST_P(ClientJsonTest, AFittingAnswerIsTakenAndNotHeard) {
  Near(InTurn({Says("{\"a\":1}")}));
  const Reply reply = AskFitting();
  EXPECT_EQ(TextOf(reply), "{\"a\":1}");
  EXPECT_TRUE(server().calls()[0].wants_schema);
  EXPECT_EQ(pieces_, 0);
}

TEST_P(ClientJsonTest, TheInputOfAToolIsTheAnswer) {
  Near(InTurn({Says("{\"a\":1}")})).quirks.schema =
      GetParam() == Api::kAnthropic ? SchemaWay::kTool : SchemaWay::kJsonObject;
  EXPECT_EQ(TextOf(AskFitting()), "{\"a\":1}");
  EXPECT_TRUE(server().calls()[0].wants_schema);
}

TEST_P(ClientJsonTest, WhatDoesNotFitIsRepairedOnce) {
  Near(InTurn({Says("Sure! a is 1"), Says("{\"a\":1}")}));
  const Reply reply = AskFitting();
  EXPECT_EQ(Story(reply), "a first bad_result, a repair ok");
  EXPECT_EQ(TextOf(reply), "{\"a\":1}");
  const std::vector<test::LlmCall> calls = server().calls();
  EXPECT_NE(calls[1].last_user_text.find("it is no JSON object"), std::string::npos);
  EXPECT_NE(calls[1].body.find("Sure! a is 1"), std::string::npos);
  EXPECT_EQ(reply.usage.input_tokens, 200u);
}

TEST_P(ClientJsonTest, ARepairThatFailsToArriveIsAskedAgain) {
  Near(InTurn({Says("no"), Status(500), Says("{}")}));
  EXPECT_EQ(Story(AskFitting()), "a first bad_result, a repair http_500, a retry ok");
}

TEST_P(ClientJsonTest, AfterTheRepairTheNextProviderIsAskedFromTheBegin) {
  Near(InTurn({Says("no")}));
  Near(InTurn({Says("{}")}));
  EXPECT_EQ(Story(AskFitting()), "a first bad_result, a repair bad_result, b fallback ok");
  EXPECT_EQ(server(1).calls()[0].last_user_text, "What is a half?");
}

TEST_P(ClientJsonTest, WhenNobodyFitsTheResultIsBad) {
  Near(InTurn({Says("no")}));
  const Reply reply = AskFitting();
  EXPECT_EQ(CodeOf(reply), "bad_result");
  EXPECT_FALSE(reply.failure()->retryable);
  EXPECT_EQ(server().call_count(), 2u);
  // What the model said is not told to the operator.
  EXPECT_EQ(reply.failure()->text, "a: bad_result, a: bad_result");
}

}  // namespace
}  // namespace lyceum::llm
