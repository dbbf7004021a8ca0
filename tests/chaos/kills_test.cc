// Programs killed with -9 at random moments while learners take a course: nothing acked is lost,
// nothing is said twice in two ways, and every session ends as in a run without kills.
#include "kills.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace lyceum::chaos {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// The sanitizers run everything some times slower: the same test with fewer learners.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr size_t kLearners = 60;
constexpr size_t kKills = 12;
#else
constexpr size_t kLearners = 500;
constexpr size_t kKills = 100;
#endif
constexpr size_t kLearnersOfServerKills = kLearners / 10;
constexpr size_t kServerKills = 10;
// What was sent and not confirmed when the worker died is sent again: of the learners in their
// lesson at that moment, some messages each. A whole checkpoint interval would be several thousand.
constexpr uint64_t kRepeatsPerKillMax = 200;

TEST_F(Kills, TheSessionWorkerIsKilledAtRandomMoments) {
  test::Stack quiet;
  const auto undisturbed = Undisturbed(quiet, kLearners);
  ASSERT_FALSE(HasFailure());

  test::Stack stack;
  const auto classroom = Open(stack, kLearners);
  const auto tools = stack.StartToolWorker("tools-1");
  stack.StartSessionWorker();
  Moments moments(seed, kKills, undisturbed->heard());
  const bool completed = classroom->Run(In(kRunMax), [&](uint64_t heard) {
    if (moments.Come(heard)) {
      stack.session_worker().Kill9();
      stack.StartSessionWorker();
    }
    return moments.Hold(heard);
  });
  EXPECT_TRUE(completed) << stack.session_worker_logs();
  EXPECT_EQ(moments.come(), kKills);
  ExpectTheSame(*classroom, *undisturbed);
  ExpectNothingAckedIsLost(stack, *classroom);
  ExpectReplayAgrees(stack, *classroom);
  uint64_t repeats = 0, asked = 0;
  for (const Learner& learner : classroom->learners()) {
    repeats += learner.repeats();
    asked += learner.asked_again();
  }
  // Whoever asks again gets what it has once more, at its own wish.
  EXPECT_LE(repeats, kKills * kRepeatsPerKillMax + asked * tutor::kMessagesKept);
  fmt::print(
      "{} kills during {} sessions, {} messages heard, {} of them repeats, {} events acked, "
      "{} times asked again\n",
      moments.come(), kLearners, classroom->heard(), repeats, classroom->acked().size(), asked);
}

TEST_F(Kills, TheServerIsKilledAtRandomMoments) {
  test::Stack quiet;
  const auto undisturbed = Undisturbed(quiet, kLearnersOfServerKills);
  ASSERT_FALSE(HasFailure());

  test::Stack stack;
  const auto classroom = Open(stack, kLearnersOfServerKills);
  const auto tools = stack.StartToolWorker("tools-1");
  stack.StartSessionWorker();
  Moments moments(seed, kServerKills, undisturbed->heard());
  const bool completed = classroom->Run(In(kRunMax), [&](uint64_t heard) {
    if (moments.Come(heard)) {
      stack.nats().Kill9();
      stack.nats().Restart();
    }
    return moments.Hold(heard);
  });
  EXPECT_TRUE(completed) << stack.session_worker_logs();
  EXPECT_EQ(moments.come(), kServerKills);
  ExpectTheSame(*classroom, *undisturbed);
  ExpectNothingAckedIsLost(stack, *classroom);
  ExpectReplayAgrees(stack, *classroom);
  EXPECT_TRUE(stack.session_worker().running());
}

}  // namespace
}  // namespace lyceum::chaos
