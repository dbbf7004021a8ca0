// kill -9 in the middle of checkpoints: nothing that was reported is lost, and every checkpoint is
// there whole or not at all.
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>

#include "checkpoint_fixture.h"

namespace lyceum::store {
namespace {

struct Writer {
  pid_t pid = -1;
  int reports = -1;
};

Writer StartWriter(const std::string& folder, const std::string& seed) {
  int pipes[2];
  CHECK(pipe(pipes) == 0);
  const pid_t pid = fork();
  CHECK(pid >= 0);
  if (pid == 0) {
    dup2(pipes[1], STDOUT_FILENO);
    close(pipes[0]);
    close(pipes[1]);
    execl(LYCEUM_CHECKPOINT_WRITER, "writer", folder.c_str(), seed.c_str(), nullptr);
    _exit(127);
  }
  close(pipes[1]);
  return {pid, pipes[0]};
}

// The last sequence reported after `count` reports at least, or what there is when it ends.
uint64_t ReadReports(const Writer& writer, uint64_t count) {
  uint64_t last = 0;
  const Deadline deadline = In(std::chrono::seconds(30));
  for (uint64_t read_count = 0; read_count < count; ++read_count) {
    pollfd ready{writer.reports, POLLIN, 0};
    if (poll(&ready, 1, static_cast<int>(LeftMs(deadline))) != 1) break;
    uint64_t sequence = 0;
    if (read(writer.reports, &sequence, sizeof sequence) != sizeof sequence) break;
    last = sequence;
  }
  return last;
}

std::string Number(const std::string& text) { return text.substr(0, text.find(' ')); }

void ExpectWhole(RocksStore* store, uint64_t reported) {
  const auto checkpoint = store->GetCheckpoint(1).value();
  ASSERT_TRUE(checkpoint);
  const uint64_t sequence = checkpoint->sequence;
  EXPECT_GE(sequence, reported);
  EXPECT_EQ(checkpoint->fingerprint, 7 * sequence);
  size_t chunks = 0;
  for (uint64_t i = 0; i < 8; ++i) {
    const std::string user = "u" + std::to_string(i);
    // The last batch that wrote this user's rows.
    uint64_t own = sequence - (sequence - i) % 8;
    if (sequence < 8 && i > sequence) own = 0;
    if (own == 0) continue;
    const auto session = store->GetSession(1, user).value();
    ASSERT_TRUE(session) << user;
    EXPECT_EQ(Number(*session), std::to_string(own));
    const auto journal = store->GetJournal(1, user, UINT64_MAX, SIZE_MAX).value();
    ASSERT_FALSE(journal.empty());
    EXPECT_EQ(journal[0].first_sequence, own);
    EXPECT_EQ(journal[0].bytes, *session);
    chunks += journal.size();
  }
  EXPECT_EQ(chunks, sequence);
  const uint64_t kept = std::min<uint64_t>(sequence, 8);
  const auto timers = store->GetTimers(1, INT64_MAX, {}, SIZE_MAX).value();
  ASSERT_EQ(timers.size(), kept);
  EXPECT_EQ(timers.back().due_ms, static_cast<int64_t>(sequence));
  const auto dead = store->GetDeadLetters(1, SIZE_MAX).value();
  ASSERT_EQ(dead.size(), kept);
  EXPECT_EQ(dead.back().sequence, sequence);
}

TEST(CheckpointKill, EveryCheckpointIsWholeAfterKill) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  printf("seed %llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random(seed);
  const Folder folder;
  for (int round = 0; round < 12; ++round) {
    const Writer writer = StartWriter(folder.db(), std::to_string(seed + round));
    // Sometimes at once: while the start still makes up for its syncs.
    uint64_t reported = ReadReports(writer, round % 3 == 0 ? 1 + random() % 5 : random() % 1500);
    kill(writer.pid, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(writer.pid, &status, 0), writer.pid);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself: " << status;
    reported = std::max(reported, ReadReports(writer, UINT64_MAX));
    close(writer.reports);
    if (reported == 0) continue;  // Killed before its first one.

    auto opened = RocksStore::Open(SmallOptions(folder));
    ASSERT_TRUE(opened) << opened.error().text;
    ASSERT_NO_FATAL_FAILURE(ExpectWhole(opened->get(), reported));
  }
}

}  // namespace
}  // namespace lyceum::store
