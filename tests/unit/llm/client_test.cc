// What is asked again, what goes elsewhere, what the listener hears and what is billed.
#include "llm/client.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "client_fixture.h"

namespace lyceum::llm {
namespace {

using std::chrono::milliseconds;
using test::Trouble;

INSTANTIATE_TEST_SUITE_P(Apis, ClientTest, ::testing::Values(Api::kAnthropic, Api::kOpenAi),
                         ApiName);

constexpr char kText[] = "A half is 1/2: \xc2\xbd, one of two equal parts.";

TEST_P(ClientTest, AGoodAnswerIsHeardInPieces) {
  test::LlmReply says = Says(kText);
  says.input_tokens = 40;
  says.cached_tokens = 30;
  says.gap = milliseconds(20);  // What comes at once is heard as one.
  Near(InTurn({says}));
  const Reply reply = AskIt();
  ASSERT_NE(reply.answer(), nullptr) << CodeOf(reply);
  EXPECT_EQ(reply.answer()->text, kText);
  EXPECT_EQ(reply.answer()->finish, Finish::kStop);
  EXPECT_EQ(reply.answer()->model, "model-a");
  EXPECT_EQ(heard_, kText);
  EXPECT_GT(pieces_, 1);
  EXPECT_EQ(retracts_, 0);
  EXPECT_EQ(Story(reply), "a first ok");
  EXPECT_EQ(reply.usage.input_tokens, 40u);
  EXPECT_EQ(reply.usage.cached_tokens, 30u);
  EXPECT_GT(reply.usage.output_tokens, 0u);
  EXPECT_GT(reply.attempts[0].first_text_ms, 0u);
}

TEST_P(ClientTest, AConnectionIsUsedAgain) {
  Near(InTurn({Says(kText)}));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(TextOf(AskIt()), kText);
  EXPECT_EQ(server().connections(), 1u);
}

TEST_P(ClientTest, TheToolChoosesTheModel) {
  Near(InTurn({Says("x")})).models["check_answer"] = "large";
  Ask ask = Question();
  ask.tool = "check_answer";
  EXPECT_EQ(Wait(client().AskText(ask)).answer()->model, "large");
  EXPECT_EQ(server().calls()[0].model, "large");
}

// One that passes is made good by another attempt, and what was said before is retracted.
struct Passing {
  Trouble trouble;
  const char* outcome;
  bool said;  // Text came before it.
};

TEST_P(ClientTest, WhatPassesIsAskedAgainAndSaidAnew) {
  const bool anthropic = GetParam() == Api::kAnthropic;
  const Passing all[] = {
      {Trouble::kErrorEvent, "overloaded_error", false},
      {Trouble::kErrorEventLate, "overloaded_error", true},
      {Trouble::kNoFirstByte, "first_byte", false},
      {Trouble::kStall, "stalled", true},
      {Trouble::kCutInEvent, "cut", true},
      {Trouble::kCutInCharacter, "cut", true},
      {Trouble::kCutBeforeEnd, "cut", true},
      {Trouble::kHugeEvent, "bad_stream", false},
      {Trouble::kWrongContentType, "bad_content_type", false},
      {Trouble::kInvalidJson, "bad_json", true},
      {Trouble::kInvalidUtf8, "bad_stream", true},
      {Trouble::kOnlyEmptyChoices, "empty", false},
      {Trouble::kNoFinishReason, "no_finish", true},
  };
  for (const Passing& each : all) {
    SCOPED_TRACE(std::string(each.outcome) + (anthropic ? " anthropic" : " openai"));
    config_ = {};
    client_.reset();
    heard_.clear();
    retracts_ = 0;
    test::LlmReply spoilt = Spoilt(each.trouble);
    spoilt.gap = milliseconds(20);  // What comes with the trouble is not heard.
    Provider& provider = Near(InTurn({spoilt, Says(kText)}));
    provider.bounds.first_byte = milliseconds(700);
    provider.bounds.between_bytes = milliseconds(700);
    const Reply reply = AskIt();
    EXPECT_EQ(Story(reply), std::string("a first ") + each.outcome + ", a retry ok");
    EXPECT_EQ(TextOf(reply), kText);
    EXPECT_EQ(heard_, kText);
    EXPECT_EQ(retracts_, each.said ? 1 : 0);
    EXPECT_EQ(servers_.back()->call_count(), 2u);
  }
}

TEST_P(ClientTest, StatusesThatPassAreAskedAgain) {
  for (const int status : {408, 409, 429, 500, 503, 529}) {
    config_ = {};
    client_.reset();
    Near(InTurn({Status(status), Says(kText)}));
    EXPECT_EQ(Story(AskIt()), "a first http_" + std::to_string(status) + ", a retry ok");
  }
}

TEST_P(ClientTest, WhatIsHarmlessIsAnAnswer) {
  std::vector<test::LlmReply> all;
  for (const Trouble trouble : {Trouble::kDrip, Trouble::kEmptyChoices, Trouble::kFinishWithContent,
                                Trouble::kNotStreamed, Trouble::kMaxTokens}) {
    all.push_back(Spoilt(trouble, kText));
  }
  test::LlmReply odd = Says(kText);
  odd.line_end = "\r\n";
  odd.comments = true;
  odd.write_bytes = 1;
  all.push_back(odd);
  odd.line_end = "\r";
  odd.gzip = true;
  all.push_back(odd);
  Near(InTurn(all));
  for (const test::LlmReply& each : all) {
    SCOPED_TRACE(static_cast<int>(each.trouble));
    heard_.clear();
    const Reply reply = AskIt();
    EXPECT_EQ(Story(reply), "a first ok");
    EXPECT_EQ(TextOf(reply), kText);
    EXPECT_EQ(heard_, kText);
    if (each.trouble == Trouble::kMaxTokens) {
      EXPECT_EQ(reply.answer()->finish, Finish::kLength);
    }
  }
}

TEST_P(ClientTest, AServerThatNeverSaysWhyItEndsCanBeTakenAsItIs) {
  Near(InTurn({Spoilt(Trouble::kNoFinishReason, kText)})).quirks.finish_reason = false;
  const Reply reply = AskIt();
  EXPECT_EQ(TextOf(reply), kText);
  EXPECT_EQ(reply.answer()->finish, Finish::kUnknown);
}

TEST_P(ClientTest, WhatBreaksOffIsAskedOfTheNextAtOnce) {
  test::LlmReply late = Spoilt(Trouble::kErrorEventLate);
  late.gap = milliseconds(20);
  Near(InTurn({late})).backoff = milliseconds(60'000);
  Near(InTurn({Says(kText)}));
  const Reply reply = AskIt();
  EXPECT_EQ(Story(reply), "a first overloaded_error, b fallback ok");
  EXPECT_EQ(heard_, kText);
  EXPECT_EQ(retracts_, 1);
}

TEST_P(ClientTest, SilenceInTheMiddleLastsAThirdOfTheTimeAtMost) {
  Near(InTurn({Spoilt(Trouble::kStall)}));
  Near(InTurn({Says(kText)}));
  Ask ask = Question();
  ask.deadline = In(milliseconds(3'000));
  const Reply reply = Wait(client().AskText(ask));
  EXPECT_EQ(Story(reply), "a first stalled, b fallback ok");
  EXPECT_LE(reply.attempts[0].latency_ms, 1'400u);
}

TEST_P(ClientTest, WhatDoesNotPassGoesElsewhereAtOnce) {
  struct Case {
    test::LlmReply reply;
    const char* outcome;
  };
  const Case cases[] = {{Spoilt(Trouble::kRefusal), "refused"},
                        {Spoilt(Trouble::kHugeBody), "too_large"},
                        {Spoilt(Trouble::kRedirect), "http_302"},
                        {Status(400), "http_400"},
                        {Status(401), "http_401"},
                        {Status(404), "http_404"},
                        {Status(413), "http_413"}};
  for (const Case& each : cases) {
    config_ = {};
    client_.reset();
    heard_.clear();
    Near(InTurn({each.reply}));
    Near(InTurn({Says(kText)}));
    const Reply reply = AskIt();
    EXPECT_EQ(Story(reply), std::string("a first ") + each.outcome + ", b fallback ok");
    EXPECT_EQ(TextOf(reply), kText);
    EXPECT_EQ(heard_, kText);
    EXPECT_EQ(reply.answer()->provider_index, 1u);
  }
}

TEST_P(ClientTest, WhoeverFailsToTheEndIsFollowedByTheNext) {
  Near(InTurn({Status(500)})).attempts = 2;
  Near(InTurn({Status(503), Says(kText)}));
  EXPECT_EQ(Story(AskIt()), "a first http_500, a retry http_500, b fallback http_503, b retry ok");
}

TEST_P(ClientTest, NobodyListensThere) {
  Near(InTurn({Says("x")})).attempts = 2;
  servers_.clear();
  Near(InTurn({Says(kText)}));
  EXPECT_EQ(Story(AskIt()), "a first connect, a retry connect, b fallback ok");
}

TEST_P(ClientTest, FailuresSayWhatAndWhetherLaterHelps) {
  struct Case {
    test::LlmReply reply;
    const char* code;
    bool retryable;
  };
  const Case cases[] = {{Status(500), "unavailable", true},
                        {Status(401), "unavailable", true},
                        {Status(400), "bad_request", false},
                        {Spoilt(Trouble::kRefusal), "refused", false}};
  for (const Case& each : cases) {
    config_ = {};
    client_.reset();
    Near(InTurn({each.reply}));
    const Reply reply = AskIt();
    ASSERT_NE(reply.failure(), nullptr);
    EXPECT_EQ(reply.failure()->code, each.code);
    EXPECT_EQ(reply.failure()->retryable, each.retryable) << each.code;
  }
}

TEST_P(ClientTest, TextOfACallThatFailsIsRetracted) {
  Near(InTurn({Spoilt(Trouble::kCutBeforeEnd)}));
  EXPECT_EQ(CodeOf(AskIt()), "unavailable");
  EXPECT_EQ(retracts_, 3);
  EXPECT_EQ(heard_, "");
}

TEST_P(ClientTest, RetryAfterIsHonoured) {
  test::LlmReply wait = Status(429);
  wait.retry_after_ms = "200";
  wait.retry_after = "9";
  Near(InTurn({wait, Says(kText)}));
  const Deadline begun = Steady::now();
  EXPECT_EQ(Story(AskIt()), "a first http_429, a retry ok");
  EXPECT_GE(Steady::now() - begun, milliseconds(200));
  EXPECT_LT(Steady::now() - begun, milliseconds(5'000));
}

TEST_P(ClientTest, AWaitThatDoesNotFitIsNotBegun) {
  for (const char* after : {"60", "Fri, 31 Dec 2100 23:59:59 GMT"}) {
    test::LlmReply wait = Status(429);
    wait.retry_after = after;
    config_ = {};
    client_.reset();
    Near(InTurn({wait}));
    Near(InTurn({Says(kText)}));
    const Deadline begun = Steady::now();
    EXPECT_EQ(Story(AskIt()), "a first http_429, b fallback ok");
    EXPECT_LT(Steady::now() - begun, milliseconds(3'000));
  }
}

TEST_P(ClientTest, TheProviderKnowsBetterWhetherToAskAgain) {
  test::LlmReply never = Status(500);
  never.should_retry = "false";
  test::LlmReply again = Status(400);
  again.should_retry = "true";
  Near(InTurn({never}));
  Near(InTurn({again, Says(kText)}));
  EXPECT_EQ(Story(AskIt()), "a first http_500, b fallback http_400, b retry ok");
}

TEST_P(ClientTest, ASilentProviderLeavesTimeForTheNext) {
  Near(InTurn({Spoilt(Trouble::kNoFirstByte)}));
  Near(InTurn({Says(kText)}));
  Ask ask = Question();
  ask.deadline = In(milliseconds(3'000));
  const Reply reply = Wait(client().AskText(ask));
  EXPECT_EQ(Story(reply), "a first first_byte, b fallback ok");
  EXPECT_LE(reply.attempts[0].latency_ms, 2'500u);
}

TEST_P(ClientTest, TheDeadlineEndsEverything) {
  test::LlmReply slow = Spoilt(Trouble::kDrip);
  slow.gap = milliseconds(20);
  Near(InTurn({slow}));
  Ask ask = Question();
  ask.deadline = In(milliseconds(400));
  const Reply reply = Wait(client().AskText(ask));
  EXPECT_EQ(CodeOf(reply), "deadline");
  EXPECT_EQ(reply.attempts.size(), 1u);
  EXPECT_EQ(heard_, "");
}

TEST_P(ClientTest, ThoseBeforeTheFirstProviderAreNotAsked) {
  Near(InTurn({Says("a")}));
  Near(InTurn({Says("b")}));
  Ask ask = Question();
  ask.first_provider = 1;
  EXPECT_EQ(Story(Wait(client().AskText(ask))), "b first ok");
  ask.first_provider = 2;
  EXPECT_EQ(CodeOf(Wait(client().AskText(ask))), "unavailable");
  EXPECT_EQ(server(0).call_count(), 0u);
}

TEST_P(ClientTest, CountersAddUp) {
  Near(InTurn({Status(500), Says(kText)}));
  (void)AskIt();
  (void)AskIt();
  const Client::Counters counters = client().counters()[0];
  EXPECT_EQ(counters.attempts, 3u);
  EXPECT_EQ(counters.ok, 2u);
  EXPECT_EQ(counters.failed, 1u);
  EXPECT_EQ(counters.retries, 1u);
  EXPECT_EQ(counters.input_tokens, 200u);
  EXPECT_EQ(counters.running, 0u);
}

}  // namespace
}  // namespace lyceum::llm
