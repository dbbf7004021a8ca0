#include "client_fixture.h"

#include <algorithm>
#include <utility>

namespace lyceum::llm {

using std::chrono::milliseconds;

test::LlmScript InTurn(std::vector<test::LlmReply> replies) {
  return [replies = std::move(replies)](const test::LlmCall& call) {
    return replies[std::min<size_t>(call.number, replies.size()) - 1];
  };
}

test::LlmReply Says(std::string text) {
  test::LlmReply reply;
  reply.text = std::move(text);
  return reply;
}

test::LlmReply Spoilt(test::Trouble trouble, std::string text) {
  test::LlmReply reply = Says(std::move(text));
  reply.trouble = trouble;
  reply.piece_bytes = 4;
  return reply;
}

test::LlmReply Status(int status) {
  test::LlmReply reply = Spoilt(test::Trouble::kStatus);
  reply.status = status;
  return reply;
}

Provider& ClientTest::Near(test::LlmScript script) {
  servers_.push_back(std::make_unique<test::LlmServer>(std::move(script)));
  Provider provider;
  provider.name = std::string(1, static_cast<char>('a' + config_.providers.size()));
  provider.api = GetParam();
  provider.base_url = servers_.back()->url() + (provider.api == Api::kOpenAi ? "/v1" : "");
  provider.key_env = "NOBODYS_API_KEY";
  provider.key = kKey;
  provider.model = "model-" + provider.name;
  provider.backoff = milliseconds(1);
  config_.providers.push_back(provider);
  return config_.providers.back();
}

Client& ClientTest::client() {
  if (!client_) {
    http_ = wire::HttpClient::Start({}).value();
    client_ = Client::Make(config_, http_).value();
  }
  return *client_;
}

Ask ClientTest::Question() {
  Ask ask;
  ask.chat.turns = {{Turn::Role::kUser, "What is a half?"}};
  ask.tool = "clarify_concept";
  ask.user = "ada";
  ask.deadline = In(milliseconds(10'000));
  ask.on_text = [this](std::string_view text) {
    heard_ += text;
    ++pieces_;
  };
  ask.on_retract = [this] {
    EXPECT_FALSE(heard_.empty());
    heard_.clear();
    ++retracts_;
  };
  return ask;
}

Reply ClientTest::AskIt() { return Wait(client().AskText(Question())); }

std::string ClientTest::Story(const Reply& reply) {
  std::string story;
  for (const Attempt& attempt : reply.attempts) {
    story += (story.empty() ? "" : ", ") + attempt.provider + " " + attempt.reason + " " +
             attempt.outcome;
  }
  return story;
}

std::string ClientTest::TextOf(const Reply& reply) {
  return reply.answer() != nullptr ? reply.answer()->text : "";
}

std::string ClientTest::CodeOf(const Reply& reply) {
  return reply.failure() != nullptr ? reply.failure()->code : "";
}

std::string ApiName(const ::testing::TestParamInfo<Api>& info) {
  return info.param == Api::kAnthropic ? "Anthropic" : "OpenAi";
}

}  // namespace lyceum::llm
