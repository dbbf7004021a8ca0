// A tool worker that hangs (SIGSTOP) under load costs its share of the pool, and no more.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>

#include "envelope/subjects.h"
#include "envelope/workers.h"
#include "support/eventually.h"
#include "support/stack.h"

namespace lyceum {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

// LYCEUM_HUNG_SECONDS: how long, for who wants to see it go on.
int HungSeconds() {
  const char* text = std::getenv("LYCEUM_HUNG_SECONDS");
  return text == nullptr ? 6 : std::clamp(std::atoi(text), 1, 600);
}

class HungToolWorker : public testing::TestWithParam<size_t> {
 protected:
  HungToolWorker() {
    stack.ImportCourse(course);
    stack.StartSessionWorker();
    for (size_t i = 0; i < GetParam(); ++i) {
      tools.push_back(stack.StartToolWorker(fmt::format("tools-{}", i), {"--slots", "256"}));
    }
  }
  // True: every tool worker is heard, and can be asked alone.
  bool AllAreDirect() {
    const auto connection = stack.nats().Connect("session_worker");
    const auto box = std::make_shared<wire::MessageBox>(1024);
    const auto subscribed = connection->Subscribe(envelope::Subjects().AllHeartbeats(), "", box, 0);
    std::set<std::string> direct;
    const Deadline deadline = In(seconds(20));
    while (direct.size() < tools.size() && Steady::now() < deadline) {
      const auto message = box->Pop(In(milliseconds(100)));
      if (!message) continue;
      const auto beat = envelope::DecodeToolHeartbeat(
          message->data, envelope::EncodingOf(message->header("Content-Type"), message->data));
      if (beat && beat->direct) direct.insert(beat->worker);
    }
    return direct.size() == tools.size();
  }
  std::unique_ptr<test::Process> Load(int for_seconds) {
    return std::make_unique<test::Process>(
        std::vector<std::string>{test::Program("lyceum"), "load", course, "--learners", "200",
                                 "--seconds", std::to_string(for_seconds), "--warm-up", "1",
                                 "--mix", "right=70,wrong=30"},
        stack.nats().env_for("gateway"));
  }
  json Report(test::Process& load) {
    EXPECT_EQ(load.Wait(In(seconds(60 + HungSeconds()))), 0) << load.out() << load.err();
    return json::parse(load.out(), nullptr, false);
  }

  const std::string course = test::SourceFile("ops/courses/fractions.toml");
  test::Stack stack;
  std::vector<std::unique_ptr<test::Process>> tools;
};

TEST_P(HungToolWorker, CostsItsShareAndNoDeadline) {
  ASSERT_TRUE(AllAreDirect());
  const json before = Report(*Load(3));
  const auto load = Load(HungSeconds());
  // From its first line on it measures.
  ASSERT_TRUE(test::Eventually(seconds(20), [&] { return !load->err().empty(); }));
  tools.front()->Signal(SIGSTOP);
  const json during = Report(*load);
  tools.front()->Signal(SIGCONT);
  const std::string figures = before.dump() + "\n" + during.dump();
  RecordProperty("figures", figures);
  ASSERT_TRUE(before.is_object() && during.is_object()) << figures;
  EXPECT_GE(during.at("turns_per_s"), 0.45 * before.at("turns_per_s").get<double>()) << figures;
  EXPECT_LE(during.at("p99_ms"), 1000.0) << figures;
  EXPECT_EQ(during.at("errors"), 0) << figures;
  EXPECT_EQ(during.at("lost"), 0) << figures;

  // Where it wakes, it serves again, and what it answers too late disturbs nobody.
  const json after = Report(*Load(2));
  ASSERT_TRUE(after.is_object());
  EXPECT_EQ(after.at("errors"), 0) << after;
  EXPECT_EQ(after.at("lost"), 0) << after;
}

INSTANTIATE_TEST_SUITE_P(Workers, HungToolWorker, testing::Values(2, 4));

}  // namespace
}  // namespace lyceum
