// A tool result that does not fit goes back to its worker, and its call ends at once.
#include <fmt/format.h>

#include <vector>

#include "envelope/tool_requests.h"
#include "shard_world.h"

namespace lyceum::shard {
namespace {

class Results : public testing::Test {
 protected:
  Results() {
    worker.tap = [this](const wire::Outbound& message) {
      if (message.subject != world.subjects.ToolControl("tools")) return;
      auto refused = envelope::DecodeToolRefused(message.data, envelope::Encoding::kJson);
      if (refused) told.push_back(*std::move(refused));
    };
    tools.hangs = [](const auto&) { return true; };
  }
  // The learner waits for its answer to be checked; the id of that call.
  std::string Asked() {
    const size_t before = tools.requests.size();
    graded = ann.Say("12", tutor::Intent::kAnswer);
    EXPECT_TRUE(world.Until([&] { return tools.requests.size() > before; }));
    return tools.requests.back().id.value;
  }
  void Publish(const std::string& result) {
    world.PublishRaw(world.subjects.In(envelope::RecordClass::kTool, UserId(ann.user)),
                     fmt::format(R"({{"id":"r","tool_result":{}}})", result));
  }

  World world;
  Worker& worker = world.AddWorker({0, 1});
  ToolWorker& tools = world.AddTools();
  Client& ann = world.AddLearner(0);
  std::string graded;
  std::vector<envelope::ToolRefused> told;
};

class Unreadable : public Results, public testing::WithParamInterface<const char*> {};

TEST_P(Unreadable, EndsItsCallAtOnceAndItsWorkerIsTold) {
  const std::string id = Asked();
  Publish(fmt::format(R"({{"id":"{}","attempt":1,"tool":"check_answer","worker":"tools",{}}})", id,
                      GetParam()));
  EXPECT_TRUE(world.Until([&] { return ann.answered(graded); }, 200));
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].id.value, id);
  EXPECT_FALSE(told[0].reason.empty());
  EXPECT_EQ(ann.errors("bad_result"), 1u);
  EXPECT_EQ(tools.runs[id], 1) << "it is not lost";
}

// A field with a wrong value, one of a wrong type, one that does not exist, no outcome.
INSTANTIATE_TEST_SUITE_P(
    Results, Unreadable,
    testing::Values(
        R"("ok":{"check_answer":{"question_id":"q","verdict":"fine","score":1,"confidence":1}})",
        R"("ok":{"check_answer":{"question_id":"q","verdict":"correct","score":"high"}})",
        R"("ok":{"check_answer":{"verdikt":"correct"}})", R"("latency_ms":3)"));

TEST_F(Results, OneOfAnotherToolEndsItsCallAndItsWorkerIsTold) {
  const std::string id = Asked();
  Publish(fmt::format(
      R"({{"id":"{}","tool":"present_material","worker":"tools","ok":{{"present_material":{{"text":"x"}}}}}})",
      id));
  EXPECT_TRUE(world.Until([&] { return ann.answered(graded); }, 200));
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].id.value, id);
  EXPECT_NE(told[0].reason.find("check_answer"), std::string::npos) << told[0].reason;
  EXPECT_EQ(ann.errors("bad_result"), 1u);
}

TEST_F(Results, OneOfACallThatNobodyWaitsForEndsNothing) {
  const std::string id = Asked();
  Publish(R"({"id":"00-999-0","tool":"check_answer","worker":"tools","latency_ms":3})");
  world.RunMs(200);
  EXPECT_FALSE(ann.answered(graded));
  ASSERT_EQ(told.size(), 1u) << "its worker is told all the same";
  EXPECT_EQ(told[0].id.value, "00-999-0");
}

TEST_F(Results, OneThatNamesNoWorkerEndsItsCallAllTheSame) {
  const std::string id = Asked();
  Publish(fmt::format(R"({{"id":"{}","worker":"a b","ok":3}})", id));
  EXPECT_TRUE(world.Until([&] { return ann.answered(graded); }, 200));
  EXPECT_TRUE(told.empty());
}

}  // namespace
}  // namespace lyceum::shard
