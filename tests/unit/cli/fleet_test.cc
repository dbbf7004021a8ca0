#include "cli/fleet.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "cli/table.h"
#include "tutor/names.h"

namespace lyceum::cli {
namespace {

// Two partitions that are well, and a tool worker that serves all of the tutor's tools.
Fleet Well() {
  Fleet fleet;
  fleet.partition_count = 2;
  fleet.session_workers["s"] = {"s", 0, {0, 1}};
  for (uint32_t partition = 0; partition < 2; ++partition) {
    OwnerStatus& owner = fleet.owners[partition];
    owner.worker = "s";
    owner.partition.partition = partition;
    owner.partition.state = "reading";
    owner.partition.position = owner.partition.log_end = 100;
    owner.partition.fold_version = 7;
  }
  envelope::ToolHeartbeat& beat = fleet.tool_workers["t"];
  beat.worker = "t";
  beat.slots = beat.free = 8;
  for (int i = 0; i < tutor::kToolCount; ++i) {
    beat.tools.emplace_back(tutor::Name(static_cast<tutor::Tool>(i)));
  }
  fleet.dead_letters = 3;
  return fleet;
}

std::vector<std::string> CodesOf(const Fleet& fleet, uint64_t lag_max = 1'000) {
  std::vector<std::string> codes;
  for (const Problem& problem : ProblemsOf(fleet, lag_max)) {
    EXPECT_FALSE(problem.where.empty() || problem.text.empty() || problem.cure.empty())
        << problem.code;
    codes.push_back(problem.code);
  }
  return codes;
}
using Codes = std::vector<std::string>;

TEST(Fleet, OneThatIsWellHasNoProblem) { EXPECT_EQ(CodesOf(Well()), Codes{}); }

TEST(Fleet, WhatIsMissingIsAProblem) {
  Fleet fleet = Well();
  fleet.owners.erase(1);
  EXPECT_EQ(CodesOf(fleet), Codes{"no_owner"});
  fleet = Well();
  fleet.dead_letters.reset();
  EXPECT_EQ(CodesOf(fleet), Codes{"no_dead_letters"});
  fleet = Well();
  fleet.tool_workers["t"].tools.pop_back();
  EXPECT_EQ(CodesOf(fleet), Codes{"no_tool_worker"});
}

TEST(Fleet, WithoutAnySessionWorkerPartitionsAreNotCountedOneByOne) {
  Fleet fleet = Well();
  fleet.owners.clear();
  fleet.session_workers.clear();
  EXPECT_EQ(CodesOf(fleet), Codes{"no_session_worker"});
}

TEST(Fleet, AHaltSaysWhyAndHowToGoOn) {
  Fleet fleet = Well();
  fleet.owners[1].partition.state = "halted";
  fleet.owners[1].partition.halted_because = "the log is shorter";
  const auto problems = ProblemsOf(fleet, 1'000);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].code, "halted");
  EXPECT_EQ(problems[0].where, "partition 1");
  EXPECT_NE(problems[0].text.find("the log is shorter"), std::string::npos);
  EXPECT_EQ(problems[0].cure, "lyceum partition resume 1");
}

TEST(Fleet, ALagCountsWhereItIsMoreThanItMayBe) {
  Fleet fleet = Well();
  fleet.owners[0].partition.log_end = 1'100;
  EXPECT_EQ(CodesOf(fleet, 1'000), Codes{});
  EXPECT_EQ(CodesOf(fleet, 999), Codes{"lag"});
  // A position that is newer than the log's end that was told is none.
  fleet.owners[0].partition.position = 5'000;
  EXPECT_EQ(CodesOf(fleet, 0), Codes{});
}

TEST(Fleet, APartitionThatIsNotReadYetAndFoldVersionsThatDifferAreProblems) {
  Fleet fleet = Well();
  fleet.owners[0].partition.state = "catching_up";
  EXPECT_EQ(CodesOf(fleet), Codes{"not_reading"});
  fleet = Well();
  fleet.owners[0].partition.fold_version = 6;
  EXPECT_EQ(CodesOf(fleet), Codes{"fold_version"});
}

TEST(Fleet, AWorkerThatDrainsServesNothingAnyMore) {
  Fleet fleet = Well();
  fleet.tool_workers["t"].draining = true;
  EXPECT_EQ(CodesOf(fleet).size(), static_cast<size_t>(tutor::kToolCount));
}

TEST(Table, ColumnsAreAsWideAsTheirWidestCell) {
  Table table({{"name"}, {"n", true}});
  table.Add({"a", "1"});
  table.Add({"über", "200"});
  std::ostringstream out;
  table.Print(out);
  EXPECT_EQ(out.str(), "name    n\na       1\nüber  200\n");
}

TEST(Table, NothingInACellMovesTheCursor) {
  Table table({{"name"}});
  table.Add({"a\x1b[2J\nb"});
  std::ostringstream out;
  table.Print(out);
  const std::string text = out.str();
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
}

TEST(Table, WithoutARowItSaysNothing) {
  std::ostringstream out;
  Table({{"name"}}).Print(out);
  EXPECT_EQ(out.str(), "");
}

}  // namespace
}  // namespace lyceum::cli
