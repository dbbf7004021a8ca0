// The ledger of a tool worker says what its providers were asked for: what they told, the reserve
// where they did not; each request once, whoever was killed, stopped, asked again or folded again.
// LibreChat #15889: stopped or repeated turns were billed wrongly.
#include "llm/ledger.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <mutex>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "llm/chat.h"
#include "support/eventually.h"
#include "support/gateway.h"
#include "support/llm_server.h"
#include "support/stack.h"

namespace lyceum::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const std::string kText = "Two halves make a whole.";

struct Account {
  uint64_t requests = 0, unknown = 0, input = 0, output = 0;
  bool operator==(const Account&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Account& account) {
  return out << account.requests << " requests, " << account.unknown << " unknown, "
             << account.input << " in, " << account.output << " out";
}

// What a request may cost at most, by what the provider has of it.
void AddReserve(const LlmCall& call, Account* account) {
  const auto body = nlohmann::json::parse(call.body);
  account->input += llm::TokensAtMost(body.at("system").get<std::string>());
  for (const auto& turn : body.at("messages")) {
    account->input += llm::TokensAtMost(turn.at("content").get<std::string>());
  }
  account->input += llm::TokensAtMost("");  // No schema.
  account->output += body.at("max_tokens").get<uint64_t>();
  ++account->unknown;
}

class LedgerOfAToolWorker : public ::testing::Test {
 protected:
  void Start() {
    WriteFile(dir_ / "lyceum.toml",
              fmt::format("[llm]\nuser_tokens_per_day = 100000000\n[[llm.provider]]\n"
                          "name = \"near\"\napi = \"anthropic\"\nbase_url = \"{}\"\n"
                          "key_env = \"\"\nmodel = \"m\"\nbackoff_ms = 1\nbreaker_open_ms = 10\n",
                          server_.url()));
    stack_.ImportCourse(SourceFile("ops/courses/fractions.toml"));
    StartTools();
    stack_.StartSessionWorker();
    gateway_.Listen("c");
    ASSERT_TRUE(
        gateway_.Send("ada", R"({"id":"start","client":"c","start":{"course":"fractions"}})"));
    ASSERT_TRUE(Said("start")) << stack_.session_worker_logs() << tools_->err();
  }
  void StartTools() {
    tools_ =
        stack_.StartToolWorker("tools-1", {"--config", dir_ / "lyceum.toml", "--prompts",
                                           SourceFile("ops/prompts"), "--ledger-dir", Folder()});
  }
  std::string Folder() const { return dir_ / "data"; }
  void Ask(const std::string& id) {
    ASSERT_TRUE(gateway_.Send("ada", fmt::format(R"({{"id":"{}","client":"c","message":{{"text":)"
                                                 R"("What is a half?","intent":"QUESTION"}}}})",
                                                 id)));
  }
  // The tutor's text in reply to it.
  bool Said(const std::string& id) {
    return gateway_
        .Hear(
            "c",
            [&](const Gateway::Received& received) {
              return !received.is_delta && !received.is_retract &&
                     received.message.in_reply_to.value == id &&
                     BodyOf<tutor::TextOut>(received) != nullptr;
            },
            seconds(30))
        .has_value();
  }
  // As the command prints it, of all days: a test may run over midnight.
  Account Printed() {
    const Ran ran =
        test::Run({Program("lyceum-tool-worker"), "--print-ledger", "--ledger-dir", Folder()});
    EXPECT_EQ(ran.code, 0) << ran.err;
    std::istringstream lines(ran.out);
    std::string line;
    std::getline(lines, line);
    Account sum;
    while (std::getline(lines, line)) {
      std::istringstream words(line);
      std::string day, provider;
      Account one;
      words >> day >> provider >> one.requests >> one.unknown >> one.input >> one.output;
      EXPECT_EQ(provider, "near") << line;
      sum = {sum.requests + one.requests, sum.unknown + one.unknown, sum.input + one.input,
             sum.output + one.output};
    }
    return sum;
  }
  // What the provider says: each of its calls, by what the script did with it.
  Account Provider() {
    Account account;
    const std::lock_guard lock(mutex_);
    for (const LlmCall& call : server_.calls()) {
      ++account.requests;
      const Trouble trouble = troubles_[call.number];
      if (trouble == Trouble::kStatus) continue;
      if (trouble == Trouble::kStall) {
        AddReserve(call, &account);
        continue;
      }
      account.input += LlmReply{}.input_tokens;
      account.output += OutputTokens(kText);
    }
    return account;
  }
  bool Settles() {
    return Eventually(seconds(30), [&] { return Printed() == Provider(); });
  }
  void Next(Trouble trouble) {
    const std::lock_guard lock(mutex_);
    next_ = trouble;
  }

  std::mutex mutex_;  // Of the two below.
  Trouble next_ = Trouble::kNone;
  std::map<uint64_t, Trouble> troubles_;
  LlmServer server_{[this](const LlmCall& call) {
    const std::lock_guard lock(mutex_);
    LlmReply reply{.text = kText};
    reply.trouble = troubles_[call.number] = std::exchange(next_, Trouble::kNone);
    if (reply.trouble == Trouble::kStatus) reply.status = 500;
    return reply;
  }};
  TempDir dir_;
  Stack stack_;
  Gateway gateway_{stack_.nats().Connect("gateway")};
  std::unique_ptr<Process> tools_;
};

TEST_F(LedgerOfAToolWorker, IsWhatTheProviderWasAskedForThroughKillsStopsRetriesAndReplays) {
  Start();
  // Killed in the middle of a call: it is in the ledger before, and asked again afterwards.
  Next(Trouble::kStall);
  Ask("killed");
  ASSERT_TRUE(Eventually(seconds(20), [&] { return server_.call_count() == 1; }));
  EXPECT_EQ(Printed(), Provider()) << tools_->err();
  tools_->Kill9();
  EXPECT_EQ(Printed(), Provider());
  StartTools();
  ASSERT_TRUE(Said("killed")) << stack_.session_worker_logs() << tools_->err();
  ASSERT_EQ(server_.call_count(), 2u);
  EXPECT_TRUE(Settles()) << Printed() << " and not " << Provider();
  EXPECT_EQ(Provider().unknown, 1u);

  // Stopped.
  Next(Trouble::kStall);
  Ask("stopped");
  ASSERT_TRUE(Eventually(seconds(20), [&] { return server_.call_count() == 3; }));
  ASSERT_TRUE(gateway_.Send("ada", R"({"id":"stop","client":"c","stop":{}})"));
  EXPECT_TRUE(Eventually(seconds(10), [&] { return server_.calls()[2].closed_by_peer; }));
  EXPECT_TRUE(Settles()) << Printed() << " and not " << Provider();

  // Asked again by the worker itself.
  Next(Trouble::kStatus);
  Ask("again");
  ASSERT_TRUE(Said("again")) << tools_->err();
  EXPECT_EQ(server_.call_count(), 5u);
  EXPECT_TRUE(Settles()) << Printed() << " and not " << Provider();

  // Folded again: by another session worker, and from the beginning by a command.
  const uint64_t calls = server_.call_count();
  stack_.session_worker().Kill9();
  stack_.StartSessionWorker();
  const Ran replayed = stack_.Lyceum("operator", {"replay", "ada", "--verify"});
  EXPECT_EQ(replayed.code, 0) << replayed.out << replayed.err;
  Ask("after");
  ASSERT_TRUE(Said("after")) << stack_.session_worker_logs();
  EXPECT_EQ(server_.call_count(), calls + 1);

  // And once more killed, where nothing is under way.
  EXPECT_TRUE(Settles()) << Printed() << " and not " << Provider();
  tools_->Kill9();
  StartTools();
  Ask("last");
  ASSERT_TRUE(Said("last")) << tools_->err();
  EXPECT_TRUE(Settles()) << Printed() << " and not " << Provider();
  EXPECT_EQ(Provider().unknown, 2u);
  EXPECT_EQ(Provider().requests, calls + 2);
}

TEST_F(LedgerOfAToolWorker, ASecondWorkerInItsFolderAndADamagedOneAreRefused) {
  Start();
  auto second =
      stack_.StartToolWorker("tools-2", {"--config", dir_ / "lyceum.toml", "--prompts",
                                         SourceFile("ops/prompts"), "--ledger-dir", Folder()});
  EXPECT_EQ(second->Wait(In(seconds(20))), 2) << second->err();
  EXPECT_NE(second->err().find("--ledger-dir"), std::string::npos) << second->err();
  tools_->Kill9();
  std::string text = ReadFile(Folder() + "/ledger");
  text[0] = 'L';
  WriteFile(Folder() + "/ledger", text);
  StartTools();
  EXPECT_EQ(tools_->Wait(In(seconds(20))), 4) << tools_->err();
  EXPECT_NE(tools_->err().find("move it away"), std::string::npos) << tools_->err();
  EXPECT_EQ(
      test::Run({Program("lyceum-tool-worker"), "--print-ledger", "--ledger-dir", Folder()}).code,
      4);
}

}  // namespace
}  // namespace lyceum::test
