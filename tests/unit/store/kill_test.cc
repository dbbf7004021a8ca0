// kill -9 in the middle of commits: nothing that was reported is lost, and no commit is there in
// part.
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>

#include "base/clock.h"
#include "fixture.h"

namespace lyceum::store {
namespace {

struct Committer {
  pid_t pid = -1;
  int reports = -1;
};

Committer StartCommitter(const std::string& folder, const std::string& seed) {
  int pipes[2];
  CHECK(pipe(pipes) == 0);
  const pid_t pid = fork();
  CHECK(pid >= 0);
  if (pid == 0) {
    dup2(pipes[1], STDOUT_FILENO);
    close(pipes[0]);
    close(pipes[1]);
    execl(LYCEUM_COMMITTER, "committer", folder.c_str(), seed.c_str(), nullptr);
    _exit(127);
  }
  close(pipes[1]);
  return {pid, pipes[0]};
}

// The last sequence reported after `count` reports at least, or what there is when it ends.
uint64_t ReadReports(const Committer& committer, uint64_t count) {
  uint64_t last = 0;
  const Deadline deadline = In(std::chrono::seconds(30));
  for (uint64_t read_count = 0; read_count < count; ++read_count) {
    pollfd ready{committer.reports, POLLIN, 0};
    if (poll(&ready, 1, static_cast<int>(LeftMs(deadline))) != 1) break;
    uint64_t sequence = 0;
    if (read(committer.reports, &sequence, sizeof sequence) != sizeof sequence) break;
    last = sequence;
  }
  return last;
}

TEST_F(StoreTest, NoCommitIsLostOrHalvedByKill) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  printf("seed %llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random(seed);
  const UserId user("ada");
  for (int round = 0; round < 10; ++round) {
    const Committer committer = StartCommitter(folder_.db(), std::to_string(seed + round));
    uint64_t reported = ReadReports(committer, 20 + random() % 1500);
    kill(committer.pid, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(committer.pid, &status, 0), committer.pid);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the committer ended by itself: " << status;
    reported = std::max(reported, ReadReports(committer, UINT64_MAX));
    close(committer.reports);
    ASSERT_GT(reported, 0u);

    Open();
    const auto got = store_->GetApplied(1);
    ASSERT_TRUE(got && *got);
    const uint64_t applied = (*got)->sequence;
    EXPECT_GE(applied, reported);
    EXPECT_EQ(store_->GetRecords(1, user, 0, SIZE_MAX).value().size(), applied);
    const auto history = store_->GetHistory(1, user, 1, UINT64_MAX).value();
    EXPECT_EQ(history.size(), applied);
    EXPECT_EQ(store_->GetSession(1, user).value(), history.back());
    const uint64_t kept = std::min<uint64_t>(applied, 8);
    const auto letters = store_->GetLetters(1, {}, SIZE_MAX).value();
    const auto timers = store_->GetDueTimers(1, INT64_MAX, SIZE_MAX).value();
    EXPECT_EQ(letters.size(), kept);
    EXPECT_EQ(timers.due.size(), kept);
    EXPECT_EQ(letters.back().id.sequence, applied);
    EXPECT_EQ(letters.back().bytes, history.back());
    EXPECT_EQ(timers.due.back().bytes, history.back());
    store_.reset();
  }
}

}  // namespace
}  // namespace lyceum::store
