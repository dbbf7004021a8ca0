// Who owns which partition, as everyone computes it.
#include "shard/assignment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace lyceum::shard {
namespace {

std::vector<store::PartitionId> First(size_t count) {
  std::vector<store::PartitionId> partitions(count);
  std::iota(partitions.begin(), partitions.end(), store::PartitionId{0});
  return partitions;
}

std::vector<Candidate> Workers(size_t count, size_t partitions) {
  std::vector<Candidate> workers;
  for (size_t i = 0; i < count; ++i)
    workers.push_back({"w" + std::to_string(i), First(partitions)});
  return workers;
}

std::map<std::string, size_t> Shares(const std::map<store::PartitionId, std::string>& owners) {
  std::map<std::string, size_t> shares;
  for (const auto& [partition, worker] : owners) ++shares[worker];
  return shares;
}

TEST(Assignment, NobodyGetsMoreThanItsShare) {
  for (size_t count = 1; count <= 7; ++count) {
    const auto owners = AssignOwners(Workers(count, 16));
    ASSERT_EQ(owners.size(), 16u);
    for (const auto& [worker, share] : Shares(owners)) {
      EXPECT_LE(share, (16 + count - 1) / count) << worker << " of " << count;
    }
  }
}

TEST(Assignment, AWorkerThatComesMovesLittleMoreThanItsShare) {
  const auto before = AssignOwners(Workers(2, 64));
  const auto after = AssignOwners(Workers(3, 64));
  size_t moved = 0;
  for (const auto& [partition, worker] : after) moved += before.at(partition) == worker ? 0 : 1;
  EXPECT_GE(moved, 20u);
  EXPECT_LE(moved, 32u);
}

TEST(Assignment, WhatOthersMayNotOwnGoesToWhoMay) {
  std::vector<Candidate> workers = Workers(3, 4);
  for (store::PartitionId partition = 4; partition < 16; ++partition) {
    workers[1].may_own.push_back(partition);
  }
  const auto owners = AssignOwners(workers);
  ASSERT_EQ(owners.size(), 16u);
  for (store::PartitionId partition = 4; partition < 16; ++partition) {
    EXPECT_EQ(owners.at(partition), "w1");
  }
}

TEST(Assignment, TheOrderOfOnePartitionSaysNothingOfAnother) {
  const std::vector<Candidate> workers = Workers(5, 200);
  std::map<std::string, size_t> first;
  for (store::PartitionId partition = 0; partition < 200; ++partition) {
    const auto order = PreferredOrder(partition, workers);
    ASSERT_EQ(order.size(), 5u);
    ++first[order.front()];
  }
  for (const auto& [worker, count] : first)
    EXPECT_NEAR(static_cast<double>(count), 40, 25) << worker;
}

TEST(Assignment, WhatWasGivenToAWorkerIsItsOwnWhileItIsThere) {
  const std::vector<Candidate> workers = Workers(3, 16);
  const Moves moves = {{0, "w2"}, {1, "w2"}, {2, "w2"}, {3, "gone"}};
  const auto owners = AssignOwners(workers, moves);
  ASSERT_EQ(owners.size(), 16u);
  for (store::PartitionId partition = 0; partition < 3; ++partition) {
    EXPECT_EQ(owners.at(partition), "w2");
  }
  for (const auto& [worker, share] : Shares(owners)) EXPECT_LE(share, 6u) << worker;
  // More than its share, where it is told so; the others share the rest.
  Moves all;
  for (store::PartitionId partition = 0; partition < 10; ++partition) all[partition] = "w0";
  EXPECT_EQ(Shares(AssignOwners(workers, all)),
            (std::map<std::string, size_t>{{"w0", 10}, {"w1", 3}, {"w2", 3}}));
}

TEST(Assignment, WithNobodyThereIsNoOwner) { EXPECT_TRUE(AssignOwners({}).empty()); }

}  // namespace
}  // namespace lyceum::shard
