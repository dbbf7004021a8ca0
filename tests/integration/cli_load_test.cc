// `lyceum load` against a whole Lyceum.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/stack.h"

namespace lyceum::test {
namespace {

class Load : public testing::Test {
 protected:
  Load() {
    stack.ImportCourse(course);
    stack.StartSessionWorker();
    tools = stack.StartToolWorker("tools-1");
  }
  Ran Run(std::vector<std::string> more) {
    std::vector<std::string> args = {"load", course, "--seconds", "2", "--warm-up", "0"};
    args.insert(args.end(), more.begin(), more.end());
    return stack.Lyceum("gateway", args);
  }

  const std::string course = SourceFile("ops/courses/fractions.toml");
  Stack stack;
  std::unique_ptr<Process> tools;
};

TEST_F(Load, AClosedLoopLosesAndDoublesNothing) {
  const std::string pids = std::to_string(stack.session_worker().pid()) + "," +
                           std::to_string(tools->pid()) + "," + std::to_string(stack.nats().pid());
  const Ran ran = Run({"--learners", "20", "--seed", "7", "--cpu-pids", pids});
  ASSERT_EQ(ran.code, 0) << ran.out << ran.err;
  const auto line = nlohmann::json::parse(ran.out);
  EXPECT_GT(line.at("turns"), 20);
  EXPECT_GT(line.at("p50_ms"), 0.0);
  EXPECT_LE(line.at("p50_ms"), line.at("p99_ms"));
  EXPECT_EQ(line.at("lost"), 0);
  EXPECT_EQ(line.at("doubled"), 0);
  EXPECT_EQ(line.at("out_of_order"), 0);
  const auto cpu = line.at("cpu_s_per_1000_turns");
  for (const char* program :
       {"lyceum", "lyceum-session-worker", "lyceum-tool-worker", "nats-server"}) {
    EXPECT_GT(cpu.value(program, -1.0), 0.0) << program << cpu;
  }
  EXPECT_EQ(cpu.size(), 4) << cpu;
  EXPECT_NE(ran.err.find("20 learners, closed loop"), std::string::npos) << ran.err;
}

TEST_F(Load, AnOpenLoopBeginsTurnsAtItsRate) {
  const Ran ran = Run({"--learners", "50", "--rate", "100", "--encoding", "json"});
  ASSERT_EQ(ran.code, 0) << ran.out << ran.err;
  const auto line = nlohmann::json::parse(ran.out);
  // 200 turns begin in the two seconds, and no more; on a busy machine some end after them.
  EXPECT_LE(line.at("turns"), 200);
  EXPECT_GT(line.at("turns"), 100);
}

TEST_F(Load, AProcessThatDoesNotRunIsRefused) {
  for (const char* pids : {"999999999", "x"}) {
    const Ran ran = Run({"--cpu-pids", pids});
    EXPECT_EQ(ran.code, 2) << ran.out << ran.err;
    EXPECT_NE(ran.err.find("--cpu-pids"), std::string::npos) << ran.err;
  }
}

TEST_F(Load, AServerThatIsAwayIsToldSo) {
  const Ran ran =
      test::Run({Program("lyceum"), "load", course, "--nats-url", "nats://127.0.0.1:1"}, {});
  EXPECT_EQ(ran.code, 3) << ran.out << ran.err;
}

TEST_F(Load, AMixOfNothingIsRefused) {
  for (const char* mix : {"right=0", "right=x", "left=1", "right=1,,", ""}) {
    const Ran ran = Run({"--mix", mix});
    EXPECT_EQ(ran.code, 2) << mix << ran.out << ran.err;
    EXPECT_NE(ran.err.find("--mix"), std::string::npos) << ran.err;
  }
}

}  // namespace
}  // namespace lyceum::test
