// The ledger: what is asked of providers outlives whoever asked, and counts once.
#include "llm/ledger.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <random>
#include <string>

#include "support/eventually.h"
#include "support/seed.h"
#include "support/temp_dir.h"

namespace lyceum::llm {
namespace {

using Rows = std::vector<LedgerRow>;
constexpr int64_t kDay = 20'000;

LedgerRequest Asks(const std::string& provider, uint32_t input, uint32_t output,
                   const std::string& user = "", int64_t day = kDay) {
  return {day, provider, user, {input, output, 0}};
}

class LedgerTest : public ::testing::Test {
 protected:
  std::unique_ptr<Ledger> Open(size_t growth_bytes = Ledger::kGrowthBytes) {
    return Ledger::Open(dir_.path(), growth_bytes).value();
  }
  std::string Text() { return test::ReadFile(dir_ / "ledger"); }
  // As a process leaves it that is killed now: what another one finds.
  void CopyTo(const test::TempDir& other) { test::WriteFile(other / "ledger", Text()); }
  Rows Read() { return Ledger::Read(dir_.path()).value(); }
  test::TempDir dir_;
};

TEST_F(LedgerTest, WhatHasEndedIsWhatTheProviderTold) {
  {
    const auto ledger = Open();
    const uint64_t first = ledger->Begin(Asks("a", 500, 1024)).value();
    const uint64_t second = ledger->Begin(Asks("a", 10, 1024)).value();
    ledger->End(second, {7, 3, 0}, false);
    ledger->End(first, {100, 20, 50}, false);
    ledger->End(ledger->Begin(Asks("b", 1, 2)).value(), {1, 2, 0}, true);
  }
  const Rows rows{{kDay, "a", 2, 0, 107, 23}, {kDay, "b", 1, 1, 1, 2}};
  EXPECT_EQ(Read(), rows);
  EXPECT_EQ(Open()->rows(), rows);
  EXPECT_EQ(Open()->rows(), rows);
}

TEST_F(LedgerTest, WhatAKilledProcessLeftOpenIsItsReserveOnceAndForAll) {
  const auto ledger = Open();
  ledger->End(ledger->Begin(Asks("a", 10, 10)).value(), {3, 4, 0}, false);
  (void)ledger->Begin(Asks("a", 500, 1024, "ada")).value();
  const Rows rows{{kDay, "a", 2, 1, 503, 1028}};
  EXPECT_EQ(ledger->rows(), rows);
  EXPECT_EQ(Read(), rows);  // Of one that runs.
  test::TempDir other;
  CopyTo(other);
  for (int i = 0; i < 3; ++i) {
    const auto again = Ledger::Open(other.path()).value();
    EXPECT_EQ(again->rows(), rows);
    EXPECT_EQ(again->spent().users.at("ada"), 1524u);
    EXPECT_EQ(again->spent().day, kDay);
  }
}

TEST_F(LedgerTest, ALineThatWasNotWrittenToItsEndSaysNothing) {
  const auto ledger = Open();
  (void)ledger->Begin(Asks("a", 1, 2)).value();
  const std::string before = Text();
  (void)ledger->Begin(Asks("a", 10, 20)).value();
  const std::string all = Text();
  for (size_t size = before.size(); size < all.size(); ++size) {
    test::TempDir other;
    test::WriteFile(other / "ledger", all.substr(0, size));
    const auto again = Ledger::Open(other.path()).value();
    EXPECT_EQ(again->rows(), (Rows{{kDay, "a", 1, 1, 1, 2}})) << size;
    (void)again->Begin(Asks("a", 100, 200)).value();
    EXPECT_EQ(Ledger::Read(other.path()).value(), (Rows{{kDay, "a", 2, 2, 101, 202}})) << size;
  }
}

TEST_F(LedgerTest, ADamagedOneIsNotBelieved) {
  {
    const auto ledger = Open();
    ledger->End(ledger->Begin(Asks("a", 1, 2)).value(), {1, 2, 0}, false);
  }
  const std::string whole = Text();
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string text = whole;
    text[at] = text[at] == '1' ? '2' : '1';
    test::WriteFile(dir_ / "ledger", text);
    const auto opened = Ledger::Open(dir_.path());
    if (at + 1 == whole.size()) continue;  // The last line is not whole: nothing was lost but it.
    ASSERT_FALSE(opened) << at;
    EXPECT_EQ(opened.error().fault, Fault::kFatal);
    EXPECT_NE(opened.error().text.find("move it away"), std::string::npos);
  }
}

TEST_F(LedgerTest, AFolderIsOfOneProcess) {
  const auto ledger = Open();
  const auto second = Ledger::Open(dir_.path());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().fault, Fault::kReject);
  EXPECT_NE(second.error().text.find("--ledger-dir"), std::string::npos);
}

TEST_F(LedgerTest, TokensOfUsersAreThoseOfTheNewestDayAndOnlyTheyAreNamed) {
  const auto ledger = Open();
  ledger->End(ledger->Begin(Asks("a", 9, 9, "ada")).value(), {1, 2, 0}, false);
  ledger->End(ledger->Begin(Asks("a", 9, 9, "bob", kDay + 1)).value(), {3, 4, 0}, false);
  EXPECT_EQ(ledger->spent().day, kDay + 1);
  EXPECT_EQ(ledger->spent().users, (std::map<std::string, uint64_t>{{"bob", 7}}));
  EXPECT_TRUE(test::Eventually(std::chrono::seconds(10), [&] {
    return Text().find("ada") == std::string::npos && Text().find("bob") != std::string::npos;
  })) << Text();
  EXPECT_EQ(Read(), (Rows{{kDay, "a", 1, 0, 1, 2}, {kDay + 1, "a", 1, 0, 3, 4}}));
}

TEST_F(LedgerTest, AUserCalledLikeNobodyIsSomebody) {
  for (const char* user : {"-", "_", "~"}) {
    const auto ledger = Open();
    ledger->End(ledger->Begin(Asks("a", 9, 9, user)).value(), {1, 0, 0}, false);
  }
  EXPECT_EQ(Open()->spent().users.size(), 3u);
}

TEST_F(LedgerTest, TheFileIsWrittenAnewWhenItHasGrownAndSaysTheSame) {
  const auto ledger = Open(1'000);
  const size_t begun = Text().size();
  const uint64_t open = ledger->Begin(Asks("a", 5, 6, "ada")).value();
  uint64_t requests = 0;
  const auto more = [&] {
    ledger->End(ledger->Begin(Asks("a", 9, 9, "ada")).value(), {2, 3, 0}, false);
    ++requests;
  };
  while (Text().size() < begun + 10'000) more();
  // While it is written anew more is asked.
  EXPECT_TRUE(test::Eventually(std::chrono::seconds(10), [&] {
    more();
    return Text().size() < begun + 5'000;
  }));
  for (int i = 0; i < 3; ++i) more();
  EXPECT_EQ(Read(), (Rows{{kDay, "a", requests + 1, 1, 2 * requests + 5, 3 * requests + 6}}));
  ledger->End(open, {1, 1, 0}, false);
  EXPECT_EQ(Read(), (Rows{{kDay, "a", requests + 1, 0, 2 * requests + 1, 3 * requests + 1}}));
}

TEST_F(LedgerTest, WhereItCannotBeWrittenNothingIsAskedAndNoEndIsLost) {
  const auto ledger = Open();
  const uint64_t open = ledger->Begin(Asks("a", 500, 600)).value();
  const auto ignored = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit full = before;
  full.rlim_cur = Text().size() + 3;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &full), 0);
  const auto refused = ledger->Begin(Asks("a", 1, 2));
  ledger->End(open, {5, 6, 0}, false);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, ignored);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, Fault::kRetry);
  EXPECT_EQ(ledger->rows(), (Rows{{kDay, "a", 1, 0, 5, 6}}));
  EXPECT_TRUE(test::Eventually(std::chrono::seconds(10),
                               [&] { return bool(ledger->Begin(Asks("b", 1, 2))); }));
  EXPECT_EQ(Read(), (Rows{{kDay, "a", 1, 0, 5, 6}, {kDay, "b", 1, 1, 1, 2}}));
}

// Any order of requests, ends, kills and openings: each request counts once.
TEST_F(LedgerTest, AnyOrderOfKillsCountsEachRequestOnce) {
  const uint64_t seed = test::Seed();
  std::mt19937_64 dice(seed);
  const auto roll = [&](uint64_t below) { return static_cast<uint32_t>(dice() % below); };
  std::map<std::string, LedgerRow> expected;
  const auto add = [&](const std::string& provider, const Usage& cost, bool unknown) {
    LedgerRow& row = expected[provider];
    row = {kDay,
           provider,
           row.requests + 1,
           row.unknown + (unknown ? 1 : 0),
           row.input_tokens + cost.input_tokens,
           row.output_tokens + cost.output_tokens};
  };
  for (int life = 0; life < 20; ++life) {
    const auto ledger = Open(500);
    std::map<uint64_t, LedgerRequest> open;
    for (uint32_t step = roll(60); step > 0; --step) {
      if (open.empty() || roll(2) == 0) {
        const LedgerRequest request = Asks(roll(2) ? "a" : "b", roll(1000), roll(1000));
        open[ledger->Begin(request).value()] = request;
        continue;
      }
      const auto ended = std::next(open.begin(), roll(open.size()));
      const Usage cost{roll(1000), roll(1000), 0};
      const bool unknown = roll(3) == 0;
      ledger->End(ended->first, cost, unknown);
      add(ended->second.provider, cost, unknown);
      open.erase(ended);
    }
    for (const auto& [number, request] : open) add(request.provider, request.reserve, true);
    Rows rows;
    for (const auto& [provider, row] : expected) rows.push_back(row);
    ASSERT_EQ(ledger->rows(), rows) << "seed " << seed;
    ASSERT_EQ(Read(), rows) << "seed " << seed;
  }
}

}  // namespace
}  // namespace lyceum::llm
