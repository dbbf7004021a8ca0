// Budgets, limits, breakers, cancelling, checks.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "client_fixture.h"
#include "support/eventually.h"
#include "support/temp_dir.h"

namespace lyceum::llm {
namespace {

using std::chrono::milliseconds;
using test::Eventually;
using test::Trouble;

class ClientLimitsTest : public ClientTest {};
INSTANTIATE_TEST_SUITE_P(Apis, ClientLimitsTest, ::testing::Values(Api::kAnthropic, Api::kOpenAi),
                         ApiName);

TEST_P(ClientLimitsTest, AUserWithoutTokensIsNotAsked) {
  test::LlmReply dear = Says("a half");
  dear.input_tokens = 900;
  Near(InTurn({dear}));
  config_.user_tokens_per_day = 2'000;
  EXPECT_EQ(Story(AskIt()), "a first ok");  // 1,024 of the output are reserved, some 900 used.
  EXPECT_EQ(Story(AskIt()), "a first ok");
  const Reply reply = AskIt();
  EXPECT_EQ(CodeOf(reply), "budget");
  EXPECT_FALSE(reply.failure()->retryable);
  EXPECT_EQ(client().budget_refusals(), 1u);
  EXPECT_EQ(server().call_count(), 2u);
  Ask other = Question();
  other.user = "bob";
  EXPECT_EQ(Story(Wait(client().AskText(other))), "a first ok");
}

TEST_P(ClientLimitsTest, WhatFailsBeforeItIsWorkedOnIsNotBilled) {
  Near(InTurn({Status(500)})).attempts = 10;
  config_.user_tokens_per_day = 1'200;
  const Reply reply = AskIt();
  EXPECT_EQ(CodeOf(reply), "unavailable");
  EXPECT_EQ(client().budget_refusals(), 0u);
}

TEST_P(ClientLimitsTest, WhatIsCutIsBilledByWhatWentOverTheWire) {
  Near(InTurn({Spoilt(Trouble::kCutBeforeEnd, std::string(8'000, 'x'))}));
  config_.user_tokens_per_day = 4'000;
  EXPECT_EQ(CodeOf(AskIt()), "budget");
  EXPECT_EQ(server().call_count(), 1u);
}

TEST_P(ClientLimitsTest, WhatAUserHasUsedIsKnownAfterARestart) {
  test::TempDir folder;
  const auto begin = [&] {
    client_.reset();  // It has the ledger open.
    client_ = Client::Make(config_, http_, Ledger::Open(folder.path()).value()).value();
  };
  test::LlmReply dear = Says("a half");
  dear.input_tokens = 900;
  Near(InTurn({dear, Spoilt(Trouble::kCutBeforeEnd), dear})).attempts = 1;
  config_.user_tokens_per_day = 3'500;
  http_ = wire::HttpClient::Start({}).value();
  begin();
  EXPECT_EQ(Story(AskIt()), "a first ok");
  begin();
  EXPECT_EQ(Story(AskIt()), "a first cut");  // It did not say what it cost: 1,024 at least.
  begin();
  EXPECT_EQ(Story(AskIt()), "a first ok");
  begin();
  EXPECT_EQ(CodeOf(AskIt()), "budget");
  EXPECT_EQ(server().call_count(), 3u);
  const std::vector<LedgerRow> rows = client_->ledger()->rows();
  uint64_t requests = 0, unknown = 0, input = 0;
  for (const LedgerRow& row : rows) {
    requests += row.requests;
    unknown += row.unknown;
    input += row.input_tokens;
  }
  EXPECT_EQ(requests, 3u);
  EXPECT_EQ(unknown, 1u);
  EXPECT_GT(input, 1'800u);
}

// LibreChat #15889: stopped or repeated turns were billed wrongly.
TEST_P(ClientLimitsTest, TheAccountsAreTheProvidersThroughRetriesRefusalsAndStops) {
  const std::string text = "one two three four five six";
  Near(InTurn({Says(text), Status(500), Says(text), Spoilt(Trouble::kRefusal, text),
               Spoilt(Trouble::kNotStreamed, text), Spoilt(Trouble::kStall, text)}));
  const uint32_t out = test::OutputTokens(text);
  (void)AskIt();
  (void)AskIt();  // Of which one costs nothing.
  (void)AskIt();  // Refused: billed all the same.
  (void)AskIt();
  Client::Counters counters = client().counters()[0];
  EXPECT_EQ(counters.attempts, 5u);
  EXPECT_EQ(counters.input_tokens, 400u);
  EXPECT_EQ(counters.output_tokens, 4 * out);
  // Stopped in the middle: the provider tells no more, so it is what was reserved.
  std::stop_source stop;
  Ask ask = Question();
  ask.stop = stop.get_token();
  ask.on_text = [&](std::string_view) { stop.request_stop(); };
  const Reply stopped = Wait(client().AskText(ask));
  EXPECT_EQ(CodeOf(stopped), "cancelled");
  EXPECT_GE(stopped.usage.input_tokens, InputTokensAtMost(ask.chat));
  EXPECT_EQ(stopped.usage.output_tokens, ask.chat.output_tokens_max);
  counters = client().counters()[0];
  EXPECT_EQ(counters.input_tokens, 400u + stopped.usage.input_tokens);
  EXPECT_EQ(counters.output_tokens, 4 * out + stopped.usage.output_tokens);
}

TEST_P(ClientLimitsTest, AFullProviderIsPassedOver) {
  test::LlmReply slow = Says("slow");
  slow.before = milliseconds(60'000);
  Near(InTurn({slow, Says("a")})).limits.concurrency = 1;
  Near(InTurn({Says("b")}));
  (void)client();
  std::stop_source stop;
  std::thread first([&] {
    Ask ask = Question();
    ask.on_text = nullptr;
    ask.deadline = In(milliseconds(60'000));
    ask.stop = stop.get_token();
    EXPECT_EQ(CodeOf(Wait(client().AskText(ask))), "cancelled");
  });
  EXPECT_TRUE(Eventually(milliseconds(5'000), [&] { return server(0).call_count() == 1; }));
  EXPECT_EQ(Story(AskIt()), "b fallback ok");
  stop.request_stop();
  first.join();
  EXPECT_EQ(Story(AskIt()), "a first ok");
}

TEST_P(ClientLimitsTest, WhenNobodyElseIsLeftRoomIsWaitedFor) {
  test::LlmReply slow = Says("slow");
  slow.before = milliseconds(300);
  Near(InTurn({slow})).limits.concurrency = 1;
  (void)client();
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      Ask ask = Question();
      ask.on_text = nullptr;
      if (Story(Wait(client().AskText(ask))) == "a first ok") ++good;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 4);
}

TEST_P(ClientLimitsTest, WaitingForRoomEndsWithTheDeadlineOrTheStop) {
  Near(InTurn({Says("x")})).limits.requests_per_min = 1;
  EXPECT_EQ(Story(AskIt()), "a first ok");
  Ask ask = Question();
  ask.deadline = In(milliseconds(200));
  EXPECT_EQ(CodeOf(Wait(client().AskText(ask))), "deadline");
  std::stop_source stop;
  ask.deadline = In(milliseconds(30'000));
  ask.stop = stop.get_token();
  std::string code;
  const Deadline begun = Steady::now();
  std::thread waiting([&] { code = CodeOf(Wait(client().AskText(ask))); });
  stop.request_stop();
  waiting.join();
  EXPECT_EQ(code, "cancelled");
  EXPECT_LT(Steady::now() - begun, milliseconds(10'000));
}

TEST_P(ClientLimitsTest, CancellingEndsTheTransferAtOnce) {
  Near(InTurn({Spoilt(Trouble::kStall)}));
  std::stop_source stop;
  Ask ask = Question();
  ask.deadline = In(milliseconds(60'000));
  ask.stop = stop.get_token();
  Reply reply;
  (void)client();
  std::thread asking([&] { reply = Wait(client().AskText(ask)); });
  EXPECT_TRUE(Eventually(milliseconds(5'000), [&] { return server().call_count() == 1; }));
  stop.request_stop();
  asking.join();
  EXPECT_EQ(CodeOf(reply), "cancelled");
  EXPECT_EQ(Story(reply), "a first cancelled");
  EXPECT_EQ(heard_, "");
  EXPECT_TRUE(Eventually(milliseconds(5'000), [&] { return server().calls()[0].closed_by_peer; }));
}

TEST_P(ClientLimitsTest, CancellingEndsTheWaitBeforeARetry) {
  test::LlmReply wait = Status(429);
  wait.retry_after = "50";
  Near(InTurn({wait}));
  std::stop_source stop;
  Ask ask = Question();
  ask.deadline = In(milliseconds(60'000));
  ask.stop = stop.get_token();
  Reply reply;
  (void)client();
  const Deadline begun = Steady::now();
  std::thread asking([&] { reply = Wait(client().AskText(ask)); });
  EXPECT_TRUE(
      Eventually(milliseconds(5'000), [&] { return client().counters()[0].attempts == 1; }));
  stop.request_stop();
  asking.join();
  EXPECT_EQ(CodeOf(reply), "cancelled");
  EXPECT_LT(Steady::now() - begun, milliseconds(20'000));
}

TEST_P(ClientLimitsTest, ABreakerOpensIsPassedOverAndClosesAgain) {
  std::atomic<bool> sick{true};
  Provider& a = Near([&](const test::LlmCall&) { return sick ? Status(500) : Says("a"); });
  a.attempts = 5;
  a.breaker_open = milliseconds(300);
  Near(InTurn({Says("b")}));
  Reply reply = AskIt();
  EXPECT_EQ(reply.attempts.size(), 6u) << Story(reply);
  EXPECT_EQ(client().counters()[0].breaker_opened, 1u);
  sick = false;
  // While it rests nothing is asked of it; then one probe closes it.
  EXPECT_TRUE(Eventually(milliseconds(5'000), [&] { return TextOf(reply = AskIt()) == "a"; }));
  EXPECT_EQ(server(0).call_count(), 6u);
  EXPECT_EQ(TextOf(AskIt()), "a");
}

TEST_P(ClientLimitsTest, AWrongKeyOpensTheBreakerAtOnce) {
  Near(InTurn({Status(401)}));
  EXPECT_EQ(Story(AskIt()), "a first http_401");
  const Reply reply = AskIt();
  EXPECT_EQ(CodeOf(reply), "unavailable");
  EXPECT_TRUE(reply.attempts.empty());
  EXPECT_EQ(server().call_count(), 1u);
}

TEST_P(ClientLimitsTest, OurOwnMistakesDoNotOpenTheBreaker) {
  Near(InTurn({Status(400)}));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Story(AskIt()), "a first http_400");
}

TEST_P(ClientLimitsTest, ChecksSayWhatToDo) {
  Near(InTurn({Says("ready")}));
  Near(InTurn({Status(401)}));
  Near(InTurn({Status(404)}));
  Near(InTurn({Says("x")})).base_url = "http://127.0.0.1:1";
  Near(InTurn({Spoilt(Trouble::kWrongContentType)}));
  Near(InTurn({Spoilt(Trouble::kNoFirstByte)})).bounds.first_byte = milliseconds(200);
  const std::vector<Client::Check> checks =
      Wait(client().CheckProviders({}, In(milliseconds(20'000))));
  ASSERT_EQ(checks.size(), 6u);
  EXPECT_TRUE(checks[0].good);
  EXPECT_NE(checks[0].text.find("answered in"), std::string::npos);
  const char* says[] = {"", "NOBODYS_API_KEY", "model-c", "base_url", "base_url", "first_byte_ms"};
  for (size_t i = 1; i < checks.size(); ++i) {
    EXPECT_FALSE(checks[i].good) << i;
    EXPECT_NE(checks[i].text.find(says[i]), std::string::npos) << checks[i].text;
    EXPECT_EQ(checks[i].text.find(kKey), std::string::npos);
  }
}

TEST_P(ClientLimitsTest, AServerOfItsOwnAuthorityIsTrustedByItsFile) {
  test::LlmServer::Options tls;
  tls.tls = true;
  test::LlmServer server([](const test::LlmCall&) { return Says("ready"); }, tls);
  Near(InTurn({Says("no")})).base_url = server.url() + (GetParam() == Api::kOpenAi ? "/v1" : "");
  EXPECT_EQ(Story(AskIt()).substr(0, 11), "a first tls");
  config_.providers[0].ca_file = server.ca_file();
  client_.reset();
  EXPECT_EQ(TextOf(AskIt()), "ready");
}

TEST_P(ClientLimitsTest, TheKeyIsInNoErrorAndInNoLog) {
  std::vector<test::LlmReply> all;
  for (int trouble = 0; trouble <= static_cast<int>(Trouble::kRedirect); ++trouble) {
    all.push_back(Spoilt(static_cast<Trouble>(trouble)));
    all.back().status = 401;  // It quotes the key.
  }
  for (const int status : {400, 403, 404, 429, 500}) all.push_back(Status(status));
  Provider& provider = Near(InTurn(all));
  provider.attempts = 1;
  provider.bounds.first_byte = milliseconds(300);
  provider.bounds.between_bytes = milliseconds(300);
  provider.breaker_open = milliseconds(1);
  std::string told;
  ::testing::internal::CaptureStderr();
  EXPECT_TRUE(Eventually(milliseconds(60'000), [&] {
    const Reply reply = AskIt();
    if (reply.failure() != nullptr) told += reply.failure()->text + reply.failure()->code;
    told += Story(reply);
    return server().call_count() >= all.size();
  }));
  for (const Client::Check& check : Wait(client().CheckProviders({}, In(milliseconds(5'000))))) {
    told += check.text;
  }
  const std::string logged = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(logged.find("http_401"), std::string::npos);
  EXPECT_NE(told.find("http_401"), std::string::npos);
  EXPECT_EQ((told + logged).find(kKey), std::string::npos);
  EXPECT_EQ((told + logged).find("1234567890"), std::string::npos);
  // The server did get it.
  EXPECT_NE((server().calls()[0].header("x-api-key") + server().calls()[0].header("authorization"))
                .find(kKey),
            std::string::npos);
}

}  // namespace
}  // namespace lyceum::llm
