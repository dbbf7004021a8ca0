// Lessons with servers of language models that misbehave: the learner gets a whole answer soon, and
// sees nothing else of it in the end; a learner who goes on stops what is under way at once.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <string>

#include "support/eventually.h"
#include "support/gateway.h"
#include "support/quirks.h"
#include "support/stack.h"
#include "wire/http.h"

namespace lyceum::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const std::string kNext = "Two halves make a whole, \xc2\xbd + \xc2\xbd = 1.";

// What the deltas of a request say in the end.
class Screen {
 public:
  void Show(const envelope::ReceivedMessage& received) {
    std::string& said = said_[received.request_id];
    if (received.is_retract) said.clear();
    if (!received.is_delta) return;
    if (received.offset != said.size()) broken_ = true;
    said += received.delta_text;
  }
  bool Shows(const std::string& text) const {
    for (const auto& [request, said] : said_) {
      if (said.find(text) != std::string::npos) return true;
    }
    return false;
  }
  bool broken() const { return broken_; }
  const std::map<std::string, std::string>& said() const { return said_; }

 private:
  std::map<std::string, std::string> said_;
  bool broken_ = false;
};

class QuirksLesson : public ::testing::Test {
 protected:
  // Two providers of the format, the odd one first; and a learner in the course's first segment.
  void Start(bool anthropic, const std::string& more = "") {
    const std::string base = anthropic ? "" : "/v1";
    std::string config = "[llm]\n";
    for (const LlmServer* server : {&odd_, &well_}) {
      config += fmt::format(
          "[[llm.provider]]\nname = \"{}\"\napi = \"{}\"\nbase_url = \"{}{}\"\nkey_env = \"\"\n"
          "model = \"m\"\nbreaker_open_ms = 10\n{}",
          server == &odd_ ? "odd" : "well", anthropic ? "anthropic" : "openai", server->url(), base,
          more);
    }
    WriteFile(dir_ / "lyceum.toml", config);
    stack_.ImportCourse(SourceFile("ops/courses/fractions.toml"));
    listen_ = fmt::format("127.0.0.1:{}", FreePort());
    tools_ =
        stack_.StartToolWorker("tools-1", {"--config", dir_ / "lyceum.toml", "--prompts",
                                           SourceFile("ops/prompts"), "--metrics-listen", listen_});
    stack_.StartSessionWorker();
    gateway_.Listen("c");
    ASSERT_TRUE(
        gateway_.Send("ada", R"({"id":"start","client":"c","start":{"course":"fractions"}})"));
    ASSERT_TRUE(gateway_.Hear("c",
                              [](const Gateway::Received& received) {
                                return !received.is_delta && !received.is_retract &&
                                       BodyOf<tutor::TextOut>(received) != nullptr &&
                                       received.message.state == tutor::StateName::kExposition;
                              }))
        << stack_.session_worker_logs() << tools_->err();
  }
  bool Ask(const std::string& id) {
    return gateway_.Send("ada", fmt::format(R"({{"id":"{}","client":"c","message":{{"text":)"
                                            R"("What is a half?","intent":"QUESTION"}}}})",
                                            id));
  }
  // Answers well twice, so that the odd one is not left alone for the failures before.
  bool OddIsAsked() {
    Odd({});
    const uint64_t before = odd_.call_count();
    return Eventually(seconds(20), [&] {
      const std::string id = fmt::format("well-{}", ++asked_);
      return Ask(id) && gateway_.Reply("c", id) && odd_.call_count() >= before + 2;
    });
  }
  double Metric(const std::string& name) {
    auto http = wire::HttpClient::Start({}).value();
    auto transfer = http->Begin({.method = "GET",
                                 .url = "http://" + listen_ + "/metrics",
                                 .headers = {},
                                 .body = {},
                                 .deadline = In(seconds(5))});
    const auto body = Wait(transfer.ReadAll(1 << 20));
    if (!body) return -1;
    double sum = 0;
    for (size_t at = body->find("\n" + name + "{"); at != std::string::npos;
         at = body->find("\n" + name + "{", at + 1)) {
      sum += std::stod(body->substr(body->find("} ", at) + 2));
    }
    return sum;
  }

  LlmScript odd_script_;  // Set before a question.
  std::mutex mutex_;      // Of odd_script_.
  void Odd(LlmScript script) {
    const std::lock_guard lock(mutex_);
    odd_script_ = std::move(script);
  }
  LlmServer odd_{[this](const LlmCall& call) {
    const std::lock_guard lock(mutex_);
    return odd_script_ ? odd_script_(call) : LlmReply{.text = kNext};
  }};
  LlmServer well_{[](const LlmCall&) { return LlmReply{.text = kNext}; }};
  TempDir dir_;
  Stack stack_;
  Gateway gateway_{stack_.nats().Connect("gateway")};
  std::unique_ptr<Process> tools_;
  std::string listen_;
  int asked_ = 0;
};

class QuirksLessonOf : public QuirksLesson, public ::testing::WithParamInterface<bool> {};

TEST_P(QuirksLessonOf, EachEndsInAWholeAnswerWithinThreeSeconds) {
  Start(GetParam());
  for (const Quirk& quirk : AllQuirks()) {
    if (quirk.anthropic != GetParam()) continue;
    SCOPED_TRACE(quirk.name);
    ASSERT_TRUE(OddIsAsked());
    Odd([&](const LlmCall&) { return quirk.reply; });
    const Deadline begun = Steady::now();
    ASSERT_TRUE(Ask(quirk.name));
    Screen screen;
    const auto reply = gateway_.Hear("c", [&](const Gateway::Received& received) {
      screen.Show(received);
      return !received.is_delta && !received.is_retract &&
             received.message.in_reply_to.value == quirk.name;
    });
    ASSERT_TRUE(reply) << stack_.session_worker_logs() << tools_->err();
    EXPECT_LT(Steady::now() - begun, seconds(3));
    const auto* text = BodyOf<tutor::TextOut>(*reply);
    ASSERT_NE(text, nullptr) << "a message of kind " << reply->message.body.index() << "\n"
                             << tools_->err();
    EXPECT_EQ(text->text, quirk.answers ? kMeant : kNext);
    EXPECT_FALSE(screen.broken());
    EXPECT_FALSE(screen.Shows(kThought)) << "in the end";
    for (const auto& [request, said] : screen.said()) {
      EXPECT_TRUE(text->text.starts_with(said)) << said;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, QuirksLessonOf, ::testing::Values(false, true),
                         [](const auto& instance) {
                           return std::string(instance.param ? "Messages" : "Completions");
                         });

// cloudflare/agents #1233: a stop that stops nothing, and a next message that is refused.
TEST_F(QuirksLesson, GoingOnStopsTheModelAtOnceAndTheNextMessageIsTaken) {
  Start(false);
  Odd([](const LlmCall&) {
    return LlmReply{.text = "one two three four five six", .trouble = Trouble::kStall};
  });
  ASSERT_TRUE(Ask("q-1"));
  ASSERT_TRUE(gateway_.Hear("c", [](const Gateway::Received& received) {
    return received.is_delta;
  })) << "it speaks";
  odd_.Forget();
  ASSERT_EQ(odd_.open_connections(), 1u);
  ASSERT_TRUE(gateway_.Send("ada", R"({"id":"skip","client":"c","skip":{}})"));
  EXPECT_TRUE(Eventually(milliseconds(500), [&] { return odd_.open_connections() == 0; }))
      << "the provider's socket is closed";
  Odd({});
  const Deadline begun = Steady::now();
  ASSERT_TRUE(Ask("q-2"));
  const auto reply = gateway_.Reply("c", "q-2");
  ASSERT_TRUE(reply);
  const auto* text = BodyOf<tutor::TextOut>(*reply);
  ASSERT_NE(text, nullptr) << "it is not refused, and does not wait";
  EXPECT_EQ(text->text, kNext);
  EXPECT_LT(Steady::now() - begun, seconds(1));
  // What was stopped is in the accounts, once: by what it may have cost, for nobody has told.
  const double requests = Metric("lyceum_llm_requests_total");
  EXPECT_EQ(requests, 2);
  EXPECT_GT(Metric("lyceum_llm_input_tokens_total"), 100) << "100 are of the second alone";
  EXPECT_EQ(Metric("lyceum_llm_running"), 0);
}

}  // namespace
}  // namespace lyceum::test
