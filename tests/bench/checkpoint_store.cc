// The checkpoint store alone, on the disk of $TMPDIR.
//   bench_checkpoint_store fill FOLDER SESSIONS CHUNKS   sessions with so many journal chunks each
//   bench_checkpoint_store open FOLDER quick|plain       how long a start takes; plain: every sync
//                                                        and every table before it returns
//   bench_checkpoint_store cold FOLDER SESSIONS          loading one session that is not in memory
//   bench_checkpoint_store write FOLDER SESSIONS SECONDS as many checkpoints of 1,000 sessions, at
//                                                        once: CPU and bytes of each
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/clock.h"
#include "base/executor.h"
#include "store/checkpoint_keys.h"
#include "store/database.h"
#include "store/rocks_store.h"

namespace lyceum::bench {
namespace {

using store::CheckpointBatch;
using store::RocksStore;

constexpr store::PartitionId kPartitions = 16;
constexpr size_t kSessionBytes = 600;
constexpr size_t kChunkBytes = 400;
constexpr size_t kChanged = 1'000;

double MsSince(Steady::time_point began) {
  return std::chrono::duration<double, std::milli>(Steady::now() - began).count();
}

double CpuSeconds() {
  rusage usage{};
  CHECK(getrusage(RUSAGE_SELF, &usage) == 0);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

uint64_t StatusKiB(const std::string& file, const std::string& name) {
  std::ifstream status(file);
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name + ":")) return std::stoull(line.substr(name.size() + 1));
  }
  return 0;
}

// A loop of one: runs what is posted to it in the thread that waits.
class Inbox final : public Executor {
 public:
  void Post(std::function<void()> task) override {
    {
      std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    changed_.notify_one();
  }
  void RunOne() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !tasks_.empty(); });
    const auto task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
};

std::string UserOf(uint64_t i) { return fmt::format("learner-{}", i); }

// Half of it compresses away, as with text.
std::string Bytes(std::mt19937_64& random, size_t size) {
  std::string bytes(size, ' ');
  for (char& byte : bytes) byte = static_cast<char>('a' + random() % 16);
  return bytes;
}

std::unique_ptr<RocksStore> Open(const std::string& folder) {
  auto opened = RocksStore::Open({.path = folder});
  if (!opened) {
    fmt::print(stderr, "{}\n", opened.error().text);
    std::exit(1);
  }
  return std::move(opened).value();
}

void WriteAndWait(RocksStore* store, CheckpointBatch batch) {
  Inbox inbox;
  store->Write(std::make_shared<CheckpointBatch>(std::move(batch)), &inbox,
               [](const Result<void>& written) { CHECK(written); });
  inbox.RunOne();
}

void Fill(const std::string& folder, uint64_t sessions, uint64_t chunks) {
  auto store = Open(folder);
  std::mt19937_64 random(1);
  uint64_t sequence = 0;
  for (uint64_t round = 0; round < std::max<uint64_t>(chunks, 1); ++round) {
    for (uint64_t first = 0; first < sessions; first += kChanged * kPartitions) {
      for (store::PartitionId partition = 0; partition < kPartitions; ++partition) {
        CheckpointBatch batch(partition);
        for (uint64_t i = first + partition; i < std::min(first + kChanged * kPartitions, sessions);
             i += kPartitions) {
          const std::string user = UserOf(i);
          batch.PutSession(user, Bytes(random, kSessionBytes));
          batch.PutTimer(static_cast<int64_t>(4'000'000'000'000 + i), user);
          if (chunks > 0) batch.PutJournal(user, ++sequence, Bytes(random, kChunkBytes));
        }
        batch.SetCheckpoint({.sequence = sequence});
        WriteAndWait(store.get(), std::move(batch));
      }
    }
  }
}

void TimeOpen(const std::string& folder, bool quick) {
  const auto began = Steady::now();
  if (quick) {
    auto store = Open(folder);
    const double opened = MsSince(began);
    CHECK(store->GetCheckpoint(1).has_value());
    const double read = MsSince(began);
    CheckpointBatch batch(1);
    batch.SetCheckpoint({.sequence = 1});
    WriteAndWait(store.get(), std::move(batch));
    const double written = MsSince(began);
    while (!store->figures().settled) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    fmt::print("opened {:.1f} ms, read {:.1f}, written {:.1f}, settled {:.1f}\n", opened, read,
               written, MsSince(began));
    return;
  }
  auto database = store::OpenDatabase({.path = folder,
                                       .block_cache_bytes = 48 << 20,
                                       .write_buffer_bytes = 32 << 20,
                                       .verify_bytes_max = 1u << 30,
                                       .format = store::checkpoint_keys::kFormat});
  CHECK(database.has_value());
  fmt::print("opened {:.1f} ms\n", MsSince(began));
}

void Cold(const std::string& folder, uint64_t sessions) {
  auto store = Open(folder);
  std::mt19937_64 random(7);
  std::vector<double> took;
  for (int i = 0; i < 20'000; ++i) {
    const uint64_t user = random() % sessions;
    const auto began = Steady::now();
    const auto session =
        store->GetSession(static_cast<store::PartitionId>(user % kPartitions), UserOf(user));
    took.push_back(MsSince(began));
    CHECK(session && *session);
  }
  std::sort(took.begin(), took.end());
  fmt::print("cold session p50 {:.3f} ms, p99 {:.3f} ms, max {:.3f} ms; resident {} MiB\n",
             took[took.size() / 2], took[took.size() * 99 / 100], took.back(),
             StatusKiB("/proc/self/status", "VmRSS") / 1024);
}

void Write(const std::string& folder, uint64_t sessions, uint64_t checkpoints) {
  auto store = Open(folder);
  std::mt19937_64 random(9);
  std::vector<CheckpointBatch> batches;
  uint64_t sequence = 1'000'000'000;
  const double cpu_before = CpuSeconds();
  double making = 0;
  const auto began = Steady::now();
  for (uint64_t i = 0; i < checkpoints; ++i) {
    const double before = CpuSeconds();
    batches.clear();
    for (store::PartitionId p = 0; p < kPartitions; ++p) batches.emplace_back(p);
    for (size_t changed = 0; changed < kChanged; ++changed) {
      const uint64_t user = random() % sessions;
      auto& batch = batches[user % kPartitions];
      batch.PutSession(UserOf(user), Bytes(random, kSessionBytes));
      batch.PutJournal(UserOf(user), ++sequence, Bytes(random, kChunkBytes));
    }
    making += CpuSeconds() - before;
    for (auto& batch : batches) {
      batch.SetCheckpoint({.sequence = sequence});
      WriteAndWait(store.get(), std::move(batch));
    }
  }
  const double cpu = CpuSeconds() - cpu_before - making;
  fmt::print(
      "{} checkpoints in {:.1f} s: CPU {:.2f} ms each, written {:.0f} KiB each; resident {} MiB\n",
      checkpoints, MsSince(began) / 1000, 1000 * cpu / static_cast<double>(checkpoints),
      static_cast<double>(StatusKiB("/proc/self/io", "write_bytes")) / 1024 /
          static_cast<double>(checkpoints),
      StatusKiB("/proc/self/status", "VmRSS") / 1024);
}

int Run(const std::vector<std::string>& args) {
  const auto number = [&](size_t i) { return std::strtoull(args[i].c_str(), nullptr, 10); };
  if (args.size() == 4 && args[0] == "fill") {
    Fill(args[1], number(2), number(3));
  } else if (args.size() == 3 && args[0] == "open") {
    TimeOpen(args[1], args[2] == "quick");
  } else if (args.size() == 3 && args[0] == "cold") {
    Cold(args[1], number(2));
  } else if (args.size() == 4 && args[0] == "write") {
    Write(args[1], number(2), number(3));
  } else {
    fmt::print(stderr,
               "usage: bench_checkpoint_store fill FOLDER SESSIONS CHUNKS | open FOLDER "
               "quick|plain | cold FOLDER SESSIONS | write FOLDER SESSIONS CHECKPOINTS\n");
    return 2;
  }
  return 0;
}

}  // namespace
}  // namespace lyceum::bench

int main(int argc, char** argv) { return lyceum::bench::Run({argv + 1, argv + argc}); }
