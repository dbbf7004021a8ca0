// Ten thousand calls over two providers that go wrong in every way: nothing is lost, mixed up,
// asked twice without a reason, or left open.
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <iterator>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "client_fixture.h"
#include "support/eventually.h"
#include "support/seed.h"

namespace lyceum::llm {
namespace {

using std::chrono::milliseconds;
using test::Trouble;

constexpr int kCalls = 10'000;
constexpr int kThreads =
    8;  // All of them are read in one: with a sanitizer it has no time for more.
constexpr uint32_t kTroublePercent = 20;

size_t OpenDescriptors() {
  return static_cast<size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                                           std::filesystem::directory_iterator()));
}

// Every question is answered with itself, or goes wrong by the number of its call.
test::LlmScript Mix(uint64_t seed) {
  return [seed](const test::LlmCall& call) {
    std::mt19937_64 random(seed ^ (call.number * 0x9e3779b97f4a7c15ULL));
    test::LlmReply reply = Says("You asked: " + call.last_user_text);
    reply.gzip = random() % 4 == 0;
    if (random() % 100 >= kTroublePercent) return reply;
    static const int kStatuses[] = {400, 408, 409, 413, 429, 500, 503, 529};
    // All but the redirect: that is no passing trouble, and the breaker opens at once.
    reply.trouble = static_cast<Trouble>(random() % static_cast<int>(Trouble::kRedirect));
    reply.status = kStatuses[random() % std::size(kStatuses)];
    reply.retry_after_ms = std::to_string(random() % 5);
    return reply;
  };
}

class ClientMixTest : public ClientTest {
 protected:
  void MakeShort(Provider& provider) {
    // Long enough for one thread that reads the answers of all of them, under a sanitizer too.
    provider.bounds.first_byte = milliseconds(1000);
    provider.bounds.between_bytes = milliseconds(1000);
    provider.breaker_open = milliseconds(20);
    provider.limits.tokens_per_min = 1'000'000'000;
  }

  void AskNumber(int number) {
    Ask ask = Question();
    const std::string question = "question " + std::to_string(number) + "?";
    ask.chat.turns = {{Turn::Role::kUser, question}};
    ask.user = "user-" + std::to_string(number % 100);
    std::string heard;
    ask.on_text = [&](std::string_view text) { heard += text; };
    ask.on_retract = [&] { heard.clear(); };
    const Reply reply = Wait(client().AskText(ask));
    if (reply.answer() != nullptr) {
      ++answers_;
      // A cut by max_tokens says all of it here, too; bytes that are no text are dropped.
      EXPECT_EQ(reply.answer()->text, "You asked: " + question);
      EXPECT_EQ(heard, reply.answer()->text);
    } else {
      EXPECT_EQ(heard, "");
    }
    Usage sum;
    std::lock_guard lock(mutex_);
    for (const Attempt& attempt : reply.attempts) {
      EXPECT_TRUE(attempt.reason == "first" || attempt.reason == "retry" ||
                  attempt.reason == "fallback");
      EXPECT_NE(attempt.outcome, "");
      ++attempts_[attempt.provider + question];
      sum += attempt.usage;
      ++outcomes_[attempt.outcome];
    }
    EXPECT_EQ(sum.input_tokens, reply.usage.input_tokens);
    input_tokens_ += sum.input_tokens;
  }

  std::atomic<int> answers_{0};
  std::mutex mutex_;
  std::map<std::string, int> attempts_;  // By provider and question.
  std::map<std::string, int> outcomes_;
  uint64_t input_tokens_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Apis, ClientMixTest, ::testing::Values(Api::kAnthropic, Api::kOpenAi),
                         ApiName);

TEST_P(ClientMixTest, EveryCallIsAccountedFor) {
  const uint64_t seed = test::Seed();
  MakeShort(Near(Mix(seed)));
  MakeShort(Near(Mix(seed + 1)));
  config_.user_tokens_per_day = 1'000'000'000;
  const size_t descriptors = OpenDescriptors();
  ::testing::internal::CaptureStderr();
  (void)client();
  std::atomic<int> next{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int number = next++; number < kCalls / 2; number = next++) AskNumber(number);
    });
  }
  for (std::thread& thread : threads) thread.join();
  (void)::testing::internal::GetCapturedStderr();

  EXPECT_GT(answers_, kCalls / 2 * 95 / 100) << "seed " << seed;
  uint64_t attempts = 0, ok = 0, input_tokens = 0;
  for (const Client::Counters& each : client().counters()) {
    EXPECT_EQ(each.running, 0u);
    EXPECT_EQ(each.attempts, each.ok + each.failed);
    attempts += each.attempts;
    ok += each.ok;
    input_tokens += each.input_tokens;
  }
  EXPECT_EQ(ok, static_cast<uint64_t>(answers_.load()));
  EXPECT_EQ(input_tokens, input_tokens_);

  std::map<std::string, int> served;
  for (size_t i = 0; i < servers_.size(); ++i) {
    for (const test::LlmCall& call : server(i).calls()) {
      ++served[config_.providers[i].name + call.last_user_text];
    }
  }
  EXPECT_EQ(served, attempts_) << "seed " << seed;
  EXPECT_EQ(server(0).call_count() + server(1).call_count(), attempts);
  for (const auto& [outcome, count] : outcomes_) {
    RecordProperty(outcome, count);
  }
  EXPECT_GT(outcomes_.size(), 12u);

  client_.reset();
  http_.reset();
  EXPECT_TRUE(test::Eventually(milliseconds(10'000), [&] {
    return server(0).open_connections() + server(1).open_connections() == 0;
  }));
  EXPECT_TRUE(
      test::Eventually(milliseconds(10'000), [&] { return OpenDescriptors() <= descriptors; }));
}

}  // namespace
}  // namespace lyceum::llm
