// The client against real servers: what every test of it says.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "llm/client.h"
#include "support/llm_server.h"

namespace lyceum::llm {

inline constexpr char kKey[] = "sk-key-of-nobody-1234567890";

// Answers with the replies in turn; the last one stays.
test::LlmScript InTurn(std::vector<test::LlmReply> replies);
test::LlmReply Says(std::string text);
test::LlmReply Spoilt(test::Trouble trouble, std::string text = "one two three four five six");
test::LlmReply Status(int status);

class ClientTest : public ::testing::TestWithParam<Api> {
 protected:
  // A provider more, named a, b, c ... To be changed before the first question.
  Provider& Near(test::LlmScript script);
  Client& client();  // Made by the first call, which is to come before any thread.

  Ask Question();  // Of "ada", with ten seconds; what is said is kept in heard_.
  Reply AskIt();

  test::LlmServer& server(size_t i = 0) { return *servers_[i]; }
  // "a first http_500, a retry ok"
  static std::string Story(const Reply& reply);
  static std::string TextOf(const Reply& reply);
  static std::string CodeOf(const Reply& reply);

  Config config_;
  std::vector<std::unique_ptr<test::LlmServer>> servers_;
  std::shared_ptr<wire::HttpClient> http_;
  std::shared_ptr<Client> client_;
  std::string heard_;  // Since the last retract.
  int pieces_ = 0;
  int retracts_ = 0;
};

std::string ApiName(const ::testing::TestParamInfo<Api>& info);

}  // namespace lyceum::llm
