// Servers that misbehave, by name: what they mean is the answer, and nothing else is heard of it;
// where they mean none, the next provider's is, from its begin.
#include "support/quirks.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "llm/client.h"

namespace lyceum::llm {
namespace {

using std::chrono::milliseconds;

const std::string kNext = "Two halves make a whole \xc2\xbd + \xc2\xbd = 1.";

class QuirkTest : public ::testing::TestWithParam<test::Quirk> {
 protected:
  QuirkTest()
      : odd_([](const test::LlmCall&) { return GetParam().reply; }),
        well_([](const test::LlmCall&) {
          test::LlmReply reply;
          reply.text = kNext;
          return reply;
        }) {
    const Api api = GetParam().anthropic ? Api::kAnthropic : Api::kOpenAi;
    Config config;
    for (test::LlmServer* server : {&odd_, &well_}) {
      Provider provider;
      provider.name = server == &odd_ ? "odd" : "well";
      provider.api = api;
      provider.base_url = server->url() + (api == Api::kOpenAi ? "/v1" : "");
      provider.model = "m";
      config.providers.push_back(provider);
    }
    client_ = Client::Make(config, wire::HttpClient::Start({}).value()).value();
  }
  Ask Question() {
    Ask ask;
    ask.chat.turns = {{Turn::Role::kUser, "What is a half?"}};
    ask.tool = "clarify_concept";
    ask.deadline = In(milliseconds(30'000));
    ask.on_text = [this](std::string_view text) { heard_ += text; };
    ask.on_retract = [this] { heard_.clear(); };
    return ask;
  }

  test::LlmServer odd_, well_;
  std::shared_ptr<Client> client_;
  std::string heard_;  // Since the last retract.
};

TEST_P(QuirkTest, TheAnswerIsWholeAndSoon) {
  const test::Quirk& quirk = GetParam();
  const Deadline begun = Steady::now();
  const Reply reply = Wait(client_->AskText(Question()));
  EXPECT_LT(Steady::now() - begun, milliseconds(3'000));
  ASSERT_NE(reply.answer(), nullptr) << reply.failure()->text;
  EXPECT_EQ(reply.attempts[0].outcome, quirk.outcome);
  EXPECT_EQ(reply.answer()->text, quirk.answers ? test::kMeant : kNext);
  EXPECT_EQ(heard_, reply.answer()->text);
  EXPECT_EQ(reply.attempts.size(), quirk.answers ? 1u : 2u) << "the next one is asked at once";
}

INSTANTIATE_TEST_SUITE_P(Servers, QuirkTest, ::testing::ValuesIn(test::AllQuirks()),
                         [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace lyceum::llm
