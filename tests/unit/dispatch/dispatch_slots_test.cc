// What the dispatch table makes of the slots and the encodings that workers tell.
#include "dispatch_table_vocabulary.h"

namespace lyceum::dispatch {
namespace {

TEST_F(DispatchTableTest, KnownSlotsAreFilledAndNotOverfilled) {
  Beat("w", {}, 2, 2);
  for (int n = 1; n <= 4; ++n) Add(n);
  EXPECT_EQ(Out(), (Texts{"1#1", "2#1"}));
  Accept(1, "w");
  Accept(2, "w");
  EXPECT_EQ(Out(), Texts{});
  End(1);
  EXPECT_EQ(Out(), Texts{"3#1"});
  Beat("v", {}, 1, 1);
  EXPECT_EQ(Out(), Texts{"4#1"}) << "another worker's slot counts too";
}
TEST_F(DispatchTableTest, ASlotBusyWithAnotherToolIsTaken) {
  table_.OnHeartbeat({"w", {"check_answer", "give_hint"}, 1, 1, {}, false, false}, now_);
  Add(1, "give_hint");
  Add(2);
  Accept(1, "w");
  EXPECT_EQ(Out(), Texts{"1#1"}) << "the only slot is spoken for";
  End(1);
  EXPECT_EQ(Out(), Texts{"2#1"});
}

TEST_F(DispatchTableTest, WhoWaitsLongestForASharedSlotIsNextWhateverItsTool) {
  table_.OnHeartbeat(
      {"w", {"check_answer", "give_hint", "present_material"}, 1, 1, {}, false, false}, now_);
  Add(1);
  Add(2, "present_material");
  Add(3);
  Add(4, "give_hint");
  EXPECT_EQ(Out(), Texts{"1#1"});
  for (int n = 1; n <= 3; ++n) {
    Accept(n, "w");
    End(n);
    EXPECT_EQ(Out(), Texts{std::to_string(n + 1) + "#1"});
  }
}

TEST_F(DispatchTableTest, ProtobufIsForThoseWhoAllReadIt) {
  const auto goes_as_protobuf = [&](int n) {
    Add(n);
    std::vector<Action> actions;
    table_.DrainActions(&actions);
    return std::get<SendRequest>(actions.at(0)).protobuf;
  };
  EXPECT_FALSE(goes_as_protobuf(1)) << "nobody is known";
  table_.OnHeartbeat({"w", {"check_answer"}, 9, 9, {}, true, false}, now_);
  EXPECT_TRUE(goes_as_protobuf(2));
  table_.OnHeartbeat({"v", {"check_answer"}, 9, 9, {}, false, false}, now_);
  EXPECT_FALSE(goes_as_protobuf(3));
}

TEST_F(DispatchTableTest, TheSlotsOfASilentWorkerCountNoMore) {
  Beat("w", {}, 1, 1);
  Beat("v", {}, 1, 1);
  for (int n = 1; n <= 3; ++n) Add(n);
  EXPECT_EQ(Out(), (Texts{"1#1", "2#1"}));
  Accept(1, "w");
  Accept(2, "v");
  Pass(1'900);
  Beat("v", {2}, 0, 1);
  Pass(200);
  EXPECT_EQ(Out(), Texts{}) << "w is silent: its call waits again, and v has no slot for it";
  End(2);
  EXPECT_EQ(Out(), Texts{"1#2"});
}

}  // namespace
}  // namespace lyceum::dispatch
