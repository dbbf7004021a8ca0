// The session worker as a process: how it ends, who may run beside it, how many threads it has.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "support/eventually.h"
#include "support/stack.h"

namespace lyceum {
namespace {

using std::chrono::seconds;

bool HasOpened(test::Process& worker, size_t partitions) {
  return test::Eventually(seconds(60), [&] {
    size_t opened = 0;
    const std::string log = worker.err();
    for (size_t at = 0; (at = log.find("partition opened", at)) != std::string::npos; ++at) {
      ++opened;
    }
    return opened >= partitions;
  });
}

std::map<std::string, int> ThreadsOf(pid_t pid) {
  std::map<std::string, int> threads;
  const std::filesystem::path tasks = fmt::format("/proc/{}/task", pid);
  for (const auto& task : std::filesystem::directory_iterator(tasks)) {
    std::string name = test::ReadFile((task.path() / "comm").string());
    if (name.starts_with("shard-")) name = "shard";
    while (!name.empty() && name.back() == '\n') name.pop_back();
    ++threads[name];
  }
  return threads;
}

TEST(Engine, SigtermWithMetricsEndsAtOnce) {
  test::Stack stack;
  int64_t fastest_ms = INT64_MAX;
  // The fastest of some: a busy machine is no fact of the program.
  for (int i = 0; i < 4; ++i) {
    const std::string listen = fmt::format("127.0.0.1:{}", test::FreePort());
    test::Process& worker = stack.StartSessionWorker({"--metrics-listen", listen});
    ASSERT_TRUE(HasOpened(worker, 16)) << worker.err();
    const int64_t begun_ms = UnixMs();
    worker.Terminate();
    ASSERT_EQ(worker.Wait(In(seconds(20))), 0) << worker.err();
    fastest_ms = std::min(fastest_ms, UnixMs() - begun_ms);
  }
  EXPECT_LT(fastest_ms, 300);
}

TEST(Engine, OfTwoWorkersWithOneNameTheSecondEndsWith2AndSaysWhatToDo) {
  test::Stack stack;
  test::Process& first = stack.StartSessionWorker();
  ASSERT_TRUE(HasOpened(first, 16)) << first.err();
  test::TempDir dir;
  test::Process second(
      {test::Program("lyceum-session-worker"), "--id", "session-test", "--data-dir", dir / "data"},
      stack.nats().env_for("session_worker"));
  EXPECT_EQ(second.Wait(In(seconds(30))), 2) << second.err();
  EXPECT_NE(second.err().find("--id"), std::string::npos) << second.err();
  EXPECT_TRUE(first.running());
}

TEST(Engine, AWorkerOwnsNothingButWhatItMayOwn) {
  test::Stack stack;
  test::Process& first = stack.StartSessionWorker({"--own", "0-7"});
  ASSERT_TRUE(HasOpened(first, 8)) << first.err();
  test::TempDir dir;
  test::Process second({test::Program("lyceum-session-worker"), "--id", "second", "--data-dir",
                        dir / "data", "--own", "8-15"},
                       stack.nats().env_for("session_worker"));
  ASSERT_TRUE(HasOpened(second, 8)) << second.err();
  for (const test::Process* worker : {&first, &second}) {
    EXPECT_EQ(worker->err().find("\"standby\""), std::string::npos) << worker->err();
  }
}

TEST(Engine, SixteenPartitionsHaveFiveThreadsBesideTheShards) {
  test::Stack stack;
  test::Process& worker = stack.StartSessionWorker({"--shards", "4"});
  ASSERT_TRUE(HasOpened(worker, 16)) << worker.err();
  std::map<std::string, int> threads;
  // Those that only start something end by themselves.
  const bool few = test::Eventually(seconds(10), [&] {
    threads = ThreadsOf(worker.pid());
    // The main thread, which is the first shard's, three of nats.c, and a timer of RocksDB's that has
    // no name.
    return threads["lyceum-session-"] <= 5 && threads["watchdog"] == 1 && threads["shard"] == 3 &&
           threads["store-writer"] == 1;
  });
  std::string all;
  for (const auto& [name, count] : threads) all += fmt::format("{} {}\n", count, name);
  EXPECT_TRUE(few) << all;
  size_t named = threads.size();
  for (const char* known :
       {"lyceum-session-", "shard", "store-writer", "watchdog", "rocksdb:high", "rocksdb:low"}) {
    named -= threads.count(known);
  }
  EXPECT_EQ(named, 0u) << all;
}

}  // namespace
}  // namespace lyceum
