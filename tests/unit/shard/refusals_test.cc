// Who is told of a record that cannot be read.

#include <gtest/gtest.h>

#include "shard_world.h"

namespace lyceum::shard {
namespace {

using envelope::RecordClass;

class Refusals : public testing::Test {
 protected:
  // Published, and looked at: ann's question after it is answered.
  void Publish(RecordClass record_class, std::string_view data, std::string_view type = "") {
    world.PublishRaw(world.subjects.In(record_class, UserId(ann.user)), data, type);
    const std::string asked = ann.Ask();
    ASSERT_TRUE(world.Until([&] { return ann.answered(asked); }));
  }
  void SetUp() override {
    tab.Attach(0);
    ASSERT_TRUE(world.Until([&] { return tab.count<tutor::ResumedOut>() == 1; }));
  }

  World world;
  Worker& worker = world.AddWorker({0, 1});
  ToolWorker& tools = world.AddTools();
  Client& ann = world.AddLearner(0);
  Client& tab = world.AddClient(ann.user, "tab", tutor::Encoding::kJson);
  Client& stranger = world.AddClient(ann.user, "stranger");
};

TEST_F(Refusals, WhatCannotBeReadIsToldToAllClientsOfTheSession) {
  size_t count = 0;
  for (const std::string_view data :
       {std::string_view("\xff\xff garbage"), std::string_view("{ no JSON"),
        std::string_view(R"({"id":"x","message":{"text":"\ud800"}})"),
        std::string_view("{\"id\":\"x\",\"message\":{\"text\":\"\xff\"}}"),
        std::string_view(R"({"id":"x","force_skip":{}})")}) {
    Publish(RecordClass::kUser, data);
    ++count;
    EXPECT_EQ(ann.errors("refused"), count) << data;
    EXPECT_EQ(tab.errors("refused"), count) << data;
    EXPECT_EQ(world.DeadLetters().size(), count) << data;
  }
  EXPECT_EQ(worker.counters().refused, count);
  EXPECT_EQ(stranger.came.size(), 0u);
}

TEST_F(Refusals, ASenderThatIsNotAttachedIsToldToo) {
  Publish(RecordClass::kUser, R"({"id":"x","client":"stranger","hint":{},"colour":"red"})");
  EXPECT_EQ(stranger.errors("refused"), 1u);
  EXPECT_EQ(ann.errors("refused"), 1u);
  // One that is attached is told once.
  Publish(RecordClass::kUser, R"({"id":"y","client":"tab","hint":{},"colour":"red"})");
  EXPECT_EQ(tab.errors("refused"), 2u);
  EXPECT_EQ(tab.repeats, 0u);
}

TEST_F(Refusals, WhatToolsAndOperatorsSendIsNotToldToLearners) {
  Publish(RecordClass::kTool, "\xff\xff garbage");
  Publish(RecordClass::kAdmin, R"({"id":"x","client":"stranger","colour":"red"})");
  EXPECT_EQ(ann.errors("refused"), 0u);
  EXPECT_EQ(tab.errors("refused"), 0u);
  EXPECT_EQ(stranger.errors("refused"), 1u);
}

TEST_F(Refusals, ASubjectThatNamesNoUserIsCountedAndDead) {
  const std::string prefix = "lyceum.p.0.user.";
  size_t count = 0;
  for (const std::string& user : {std::string("\xC3\xA4"
                                              "d\xC3\xA4"),
                                  std::string(65, 'a')}) {
    world.PublishRaw(prefix + user, R"({"id":"x","client":"ann","hint":{}})");
    ++count;
    ASSERT_TRUE(world.Until([&] { return world.DeadLetters().size() == count; })) << user;
    const envelope::DeadLetter dead = world.DeadLetters().back();
    EXPECT_EQ(dead.reason, "bad_subject");
    EXPECT_NE(dead.text.find("base64url"), std::string::npos) << dead.text;
  }
  EXPECT_EQ(worker.counters().refused, count);
}

TEST_F(Refusals, AnAttachIsAnsweredBeforeTheMessagesComeAgain) {
  Client& late = world.AddClient(ann.user, "late", tutor::Encoding::kJson);
  world.RunMs(100);
  late.Attach(0);
  ASSERT_TRUE(world.Until([&] { return late.whole() > 0; }));
  world.RunMs(500);
  ASSERT_FALSE(late.came.empty());
  const auto* resumed = std::get_if<tutor::ResumedOut>(&late.came[0].message.message.body);
  ASSERT_NE(resumed, nullptr);
  EXPECT_EQ(resumed->first_n, 1u);
  EXPECT_EQ(resumed->last_n, late.whole());
  ASSERT_TRUE(resumed->question);
}

}  // namespace
}  // namespace lyceum::shard
