// What an owner and its standby have made of one log, compared block by block.
#include <gtest/gtest.h>

#include "shard/fold_digests.h"
#include "shard_world.h"

namespace lyceum::shard {
namespace {

// Of one record in 700 it makes something else, as a build with a bug would.
void AdvanceOtherwise(std::optional<tutor::Session>* session, const UserId& user,
                      const tutor::Event& event, const tutor::LogPosition& position,
                      tutor::Effects* effects) noexcept {
  tutor::Advance(session, user, event, position, effects);
  if (position.sequence % 700 != 699) return;
  effects->push_back(tutor::Unload{});
}

class DigestTest : public testing::Test {
 protected:
  DigestTest() { world_.AddTools(); }

  void AddTwo(Core of_the_second) {
    for (const char* name : {"a", "b"}) {
      Worker& worker = world_.AddWorker({0}, name);
      workers_.push_back(&worker);
    }
    if (of_the_second != &tutor::Advance) {
      workers_[1]->Kill();
      workers_[1]->options.core = of_the_second;
      ASSERT_TRUE(workers_[1]->Start());
    }
    ASSERT_TRUE(world_.Until([&] { return owner() != nullptr && standby() != nullptr; }, 10'000));
  }
  Worker* Of(Partition::Role role) {
    for (Worker* worker : workers_) {
      const Partition& partition = worker->partition(0);
      if (partition.role() == role && partition.caught_up()) return worker;
    }
    return nullptr;
  }
  Worker* owner() { return Of(Partition::Role::kOwner); }
  Worker* standby() { return Of(Partition::Role::kStandby); }
  uint64_t differ() {
    return workers_[0]->counters().digests_differ + workers_[1]->counters().digests_differ;
  }
  void Fill(uint64_t records) {
    if (ann_ == nullptr) ann_ = &world_.AddLearner(0);
    while (owner()->partition(0).position() < records) {
      const std::string asked = ann_->Ask();
      ASSERT_TRUE(world_.Until([&] { return ann_->answered(asked); }, 20'000));
    }
    world_.RunMs(1'000);
  }

  World world_{1};
  std::vector<Worker*> workers_;
  Client* ann_ = nullptr;
};

TEST_F(DigestTest, OwnerAndStandbyMakeTheSameOfALog) {
  AddTwo(&tutor::Advance);
  Fill(1'100);
  const FoldDigests::Block newest = owner()->partition(0).digest();
  EXPECT_EQ(newest.last % FoldDigests::kBlock, FoldDigests::kBlock - 1);
  EXPECT_GT(newest.last, 1'000u);
  EXPECT_EQ(standby()->partition(0).digest(), newest);
  EXPECT_EQ(differ(), 0u);
}

TEST_F(DigestTest, AfterAKillTheOneThatFoldsAgainHasTheSame) {
  AddTwo(&tutor::Advance);
  Fill(300);
  for (int i = 0; i < 3; ++i) {
    Worker* const killed = owner();
    killed->Kill();
    ASSERT_TRUE(killed->Start());
    ASSERT_TRUE(world_.Until([&] { return owner() != nullptr && standby() != nullptr; }, 10'000));
    Fill(owner()->partition(0).position() + 700);
    EXPECT_EQ(standby()->partition(0).digest(), owner()->partition(0).digest());
  }
  EXPECT_EQ(differ(), 0u);
}

TEST_F(DigestTest, AStandbyThatMakesAnotherThingOfARecordIsCounted) {
  AddTwo(&AdvanceOtherwise);
  Fill(1'100);
  EXPECT_EQ(differ(), 1u);
}

TEST(FoldDigests, KnowWhatTheyHaveSeenWholeAndNothingElse) {
  FoldDigests digests;
  const auto fold = [&](uint64_t from, uint64_t to) {
    for (uint64_t i = from; i <= to; ++i) {
      digests.AddOutput("said");
      digests.EndRecord(i, i * 3);
    }
  };
  fold(100, 511);  // The first block from its middle.
  EXPECT_FALSE(digests.Of(127));
  ASSERT_TRUE(digests.Of(511));
  EXPECT_EQ(digests.newest().last, 511u);
  fold(512, 600);
  fold(602, 767);  // One is missing.
  EXPECT_FALSE(digests.Of(639));
  EXPECT_TRUE(digests.Of(767));
  digests.Clear();
  EXPECT_FALSE(digests.Of(511));
}

TEST(FoldDigests, DependOnEachRecordAndOnWhatItPutsOut) {
  const auto of = [](uint64_t odd, std::string_view said, uint64_t fingerprint) {
    FoldDigests digests;
    for (uint64_t i = 256; i < 512; ++i) {
      digests.AddOutput(i == odd ? said : "said");
      digests.EndRecord(i, i == odd ? fingerprint : i);
    }
    return digests.Of(511).value();
  };
  const uint64_t plain = of(500, "said", 500);
  EXPECT_EQ(of(501, "said", 501), plain);
  EXPECT_NE(of(500, "seen", 500), plain);
  EXPECT_NE(of(500, "said", 501), plain);
}

TEST(FoldDigests, GoThroughAHeartbeat) {
  const FoldDigests::Block block{511, 0x0123456789abcdef};
  EXPECT_EQ(ToText(block), "511-0123456789abcdef");
  EXPECT_EQ(ReadDigest(ToText(block)), block);
  EXPECT_EQ(ToText({}), "");
  for (const char* text : {"", "511", "511-", "511-0123", "x-0123456789abcdef",
                           "511-0123456789abcdeg", "511-00123456789abcdef", "-0123456789abcdef"}) {
    EXPECT_EQ(ReadDigest(text), FoldDigests::Block()) << text;
  }
}

}  // namespace
}  // namespace lyceum::shard
