// What a key-value bucket over a Wire keeps to, real and in memory.
#include <gtest/gtest.h>

#include <algorithm>

#include "log_contract.h"
#include "wire/kv.h"

namespace lyceum::wire {
namespace {

TEST_P(KvContract, AKeyIsCreatedOnce) {
  world_->CreateBucket("b");
  auto wire = Connected(), other = Connected();
  auto got = Get(*wire, "lease.3.1");
  ASSERT_TRUE(got);
  EXPECT_FALSE(*got);
  const std::string value("a\0\xff+/=", 6);
  auto created = Create(*wire, "lease.3.1", value);
  ASSERT_TRUE(created);
  EXPECT_TRUE(*created);
  created = Create(*other, "lease.3.1", "another");
  ASSERT_TRUE(created);
  EXPECT_FALSE(*created);
  got = Get(*other, "lease.3.1");
  ASSERT_TRUE(got && *got);
  EXPECT_EQ(**got, value);
  created = Create(*wire, "empty", "");
  ASSERT_TRUE(created && *created);
  got = Get(*wire, "empty");
  ASSERT_TRUE(got && *got);
  EXPECT_EQ(**got, "");
}

TEST_P(KvContract, KeysAreListedByTheirBeginning) {
  world_->CreateBucket("b");
  auto wire = Connected();
  const auto keys = [&](const std::string& filter) {
    std::optional<Result<std::vector<std::string>>> listed;
    KvKeys(*wire, "b", filter,
           [&](Result<std::vector<std::string>> found) { listed = std::move(found); });
    EXPECT_TRUE(Until([&] { return listed.has_value(); }));
    EXPECT_TRUE(*listed);
    std::sort((*listed)->begin(), (*listed)->end());
    return **listed;
  };
  EXPECT_TRUE(keys("skip.3.>").empty());
  for (const char* key : {"skip.3.17", "skip.3.9", "skip.30.1", "lease.3.1"}) {
    ASSERT_TRUE(Create(*wire, key, "w"));
  }
  EXPECT_EQ(keys("skip.3.>"), (std::vector<std::string>{"skip.3.17", "skip.3.9"}));
  EXPECT_EQ(keys("lease.3.1"), (std::vector<std::string>{"lease.3.1"}));
}

TEST_P(KvContract, OneOfManyWhoCreateAtOnceWins) {
  world_->CreateBucket("b");
  std::vector<std::unique_ptr<Wire>> wires;
  for (int i = 0; i < 4; ++i) wires.push_back(Connected());
  for (int round = 0; round < 20; ++round) {
    int won = 0, lost = 0;
    for (auto& wire : wires) {
      KvCreate(*wire, "b", "k" + std::to_string(round), "v", [&](const Result<bool>& result) {
        ASSERT_TRUE(result);
        ++(*result ? won : lost);
      });
    }
    ASSERT_TRUE(Until([&] { return won + lost == 4; }));
    EXPECT_EQ(won, 1);
  }
}

TEST_P(KvContract, BadNamesAreRejectAndAMissingBucketIsRetry) {
  auto wire = Connected();
  for (const char* key : {"", "a b", "a.*", "a..b", "\xc3\xa9"}) {
    EXPECT_EQ(Create(*wire, key, "v").error().fault, Fault::kReject) << key;
    EXPECT_EQ(Get(*wire, key).error().fault, Fault::kReject) << key;
  }
  EXPECT_EQ(Create(*wire, "k", "v", "b.c").error().fault, Fault::kReject);
  EXPECT_EQ(Get(*wire, "k", "").error().fault, Fault::kReject);
  EXPECT_EQ(Create(*wire, "k", std::string(2 << 20, 'x')).error().fault, Fault::kReject);
  EXPECT_EQ(Create(*wire, "k", "v").error().fault, Fault::kRetry);
  EXPECT_EQ(Get(*wire, "k").error().fault, Fault::kRetry);
}

}  // namespace
}  // namespace lyceum::wire
