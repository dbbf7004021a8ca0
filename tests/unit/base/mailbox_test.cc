#include "base/mailbox.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

namespace lyceum {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLong{10'000};

TEST(Mailbox, KeepsTheOrder) {
  Mailbox<int> box(3);
  EXPECT_TRUE(box.TryPush(1));
  EXPECT_TRUE(box.TryPush(2));
  EXPECT_EQ(box.size(), 2u);
  EXPECT_EQ(box.Pop(In(kLong)), 1);
  EXPECT_EQ(box.Pop(In(kLong)), 2);
}

TEST(Mailbox, WhenFullDropsAndCounts) {
  Mailbox<int> box(1);
  EXPECT_TRUE(box.TryPush(1));
  EXPECT_FALSE(box.TryPush(2));
  EXPECT_FALSE(box.Push(3, In(milliseconds(1))));
  EXPECT_EQ(box.dropped(), 2u);
  EXPECT_EQ(box.Pop(In(kLong)), 1);
}

TEST(Mailbox, PopEndsAtItsDeadline) {
  Mailbox<int> box(1);
  const auto start = Steady::now();
  EXPECT_EQ(box.Pop(In(milliseconds(20))), std::nullopt);
  EXPECT_GE(Steady::now() - start, milliseconds(20));
  EXPECT_TRUE(box.PopSome(5, In(milliseconds(1))).empty());
}

TEST(Mailbox, PushWaitsForRoom) {
  Mailbox<int> box(1);
  ASSERT_TRUE(box.TryPush(1));
  bool pushed = false;
  std::thread sender([&] { pushed = box.Push(2, In(kLong)); });
  EXPECT_EQ(box.Pop(In(kLong)), 1);
  EXPECT_EQ(box.Pop(In(kLong)), 2);
  sender.join();
  EXPECT_TRUE(pushed);
}

TEST(Mailbox, PopSomeTakesWhatIsThereUpToItsCount) {
  Mailbox<int> box(8);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(box.TryPush(i));
  EXPECT_EQ(box.PopSome(3, In(kLong)), (std::vector<int>{0, 1, 2}));
  EXPECT_EQ(box.PopSome(3, In(kLong)), (std::vector<int>{3, 4}));
}

TEST(Mailbox, ClosedTakesNothingMoreAndIsDrained) {
  Mailbox<int> box(2);
  ASSERT_TRUE(box.TryPush(1));
  box.Close();
  EXPECT_TRUE(box.closed());
  EXPECT_FALSE(box.TryPush(2));
  EXPECT_FALSE(box.Push(2, In(kLong)));
  EXPECT_EQ(box.Pop(In(kLong)), 1);
  EXPECT_EQ(box.Pop(In(kLong)), std::nullopt);
}

TEST(Mailbox, CloseWakesWhoWaits) {
  auto box = std::make_shared<Mailbox<int>>(1);
  std::optional<int> popped = 7;
  std::thread reader([&] { popped = box->Pop(In(kLong)); });
  box->Close();
  reader.join();
  EXPECT_EQ(popped, std::nullopt);
}

TEST(Mailbox, ManySendersLoseNothing) {
  constexpr int kSenders = 4;
  constexpr int kEach = 2'000;
  Mailbox<int> box(16);
  std::vector<std::thread> senders;
  for (int s = 0; s < kSenders; ++s) {
    senders.emplace_back([&box, s] {
      for (int i = 0; i < kEach; ++i) (void)box.Push(s * kEach + i, In(kLong));
    });
  }
  std::vector<int> last(kSenders, -1);
  int count = 0;
  while (count < kSenders * kEach) {
    const auto items = box.PopSome(7, In(kLong));
    ASSERT_FALSE(items.empty());
    for (const int item : items) {
      EXPECT_LT(last[item / kEach], item);  // Each sender's own order.
      last[item / kEach] = item;
      ++count;
    }
  }
  for (auto& sender : senders) sender.join();
  EXPECT_EQ(box.dropped(), 0u);
}

}  // namespace
}  // namespace lyceum
