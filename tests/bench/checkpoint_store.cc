// The checkpoint store alone, on the disk of $TMPDIR.
//   bench_checkpoint_store fill FOLDER SESSIONS CHUNKS   sessions with so many journal chunks each
//   bench_checkpoint_store open FOLDER quick|synced|plain  how long a start takes; synced: it waits
//                                                        for its syncs; plain: and reads the tables
//   bench_checkpoint_store cold FOLDER SESSIONS          loading one session that is not in memory
//   bench_checkpoint_store write FOLDER SESSIONS CHECKPOINTS  of 1,000 sessions each, one after the
//                                                        other: CPU and bytes of each
//   bench_checkpoint_store layout user|sequence|family FOLDER SESSIONS CHECKPOINTS
//       the same with RocksDB alone, for three keys of the journal: p 'j' user sequence; p 'j'
//       sequence, each chunk naming the one before; p 'j' user sequence in a column family of its
//       own with universal compaction
#include <fmt/format.h>
#include <rocksdb/write_batch.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/check.h"
#include "base/clock.h"
#include "base/executor.h"
#include "store/checkpoint_keys.h"
#include "store/database.h"
#include "store/rocks_store.h"
#include "support/eventually.h"

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
  uint64_t bits = 0;
  for (size_t i = 0; i < size; ++i, bits >>= 4) {
    if (i % 16 == 0) bits = random();
    bytes[i] = static_cast<char>('a' + bits % 16);
  }
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

void TimeOpen(const std::string& folder, const std::string& how) {
  const auto began = Steady::now();
  if (how == "quick") {
    auto store = Open(folder);
    const double opened = MsSince(began);
    CHECK(store->GetCheckpoint(1).has_value());
    const double read = MsSince(began);
    CheckpointBatch batch(1);
    batch.SetCheckpoint({.sequence = 1});
    WriteAndWait(store.get(), std::move(batch));
    const double written = MsSince(began);
    CHECK(test::Eventually(std::chrono::minutes(5), [&] { return store->figures().settled; }));
    fmt::print("opened {:.1f} ms, read {:.1f}, written {:.1f}, settled {:.1f}\n", opened, read,
               written, MsSince(began));
    return;
  }
  auto database = store::OpenDatabase({.path = folder,
                                       .block_cache_bytes = 48 << 20,
                                       .write_buffer_bytes = 32 << 20,
                                       .verify_bytes_max = how == "plain" ? 1u << 30 : 0,
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

double ThreadCpuSeconds() {
  timespec now{};
  CHECK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

rocksdb::Slice SliceOf(std::string_view bytes) { return {bytes.data(), bytes.size()}; }

class Layout {
 public:
  Layout(const std::string& kind, const std::string& folder, uint64_t sessions)
      : by_sequence_(kind == "sequence"), last_(sessions, 0) {
    auto database = store::OpenDatabase({.path = folder,
                                         .block_cache_bytes = 48 << 20,
                                         .write_buffer_bytes = 32 << 20,
                                         .format = store::checkpoint_keys::kFormat});
    CHECK(database.has_value());
    database_ = std::move(*database);
    journal_ = database_.db->DefaultColumnFamily();
    if (kind == "family") {
      rocksdb::ColumnFamilyOptions options(database_.db->GetOptions());
      options.compaction_style = rocksdb::kCompactionStyleUniversal;
      CHECK(database_.db->CreateColumnFamily(options, "journal", &journal_).ok());
      own_.reset(journal_);
    }
  }

  struct Cost {
    double writer = 0;  // CPU seconds of the writing thread alone.
    double making = 0;  // Of what a bench does and a shard would do itself.
  };
  // Checkpoints of the users that `next` names.
  template <class Next>
  Cost Write(uint64_t checkpoints, Next next) {
    Cost cost;
    for (uint64_t i = 0; i < checkpoints; ++i) {
      const double began = ThreadCpuSeconds();
      std::vector<rocksdb::WriteBatch> batches(kPartitions);
      for (size_t changed = 0; changed < kChanged; ++changed) {
        const uint64_t user = next();
        const auto p = static_cast<store::PartitionId>(user % kPartitions);
        const std::string name = UserOf(user);
        CHECK(batches[p]
                  .Put(SliceOf(store::checkpoint_keys::SessionKey(p, name)),
                       Bytes(random_, kSessionBytes))
                  .ok());
        ++sequence_;
        std::string chunk = Bytes(random_, kChunkBytes);
        if (by_sequence_) chunk.append(reinterpret_cast<const char*>(&last_[user]), 8);
        CHECK(batches[p].Put(journal_, SliceOf(KeyOf(p, name, sequence_)), chunk).ok());
        last_[user] = sequence_;
      }
      const double made = ThreadCpuSeconds();
      for (auto& batch : batches) CHECK(database_.db->Write({}, &batch).ok());
      cost.writer += ThreadCpuSeconds() - made;
      cost.making += made - began;
    }
    return cost;
  }

  // The whole journal of a user; how many chunks.
  size_t Read(uint64_t user) {
    const auto p = static_cast<store::PartitionId>(user % kPartitions);
    const std::string name = UserOf(user);
    size_t chunks = 0;
    if (by_sequence_) {
      std::string chunk;
      for (uint64_t sequence = last_[user]; sequence != 0; ++chunks) {
        CHECK(database_.db->Get({}, journal_, SliceOf(KeyOf(p, name, sequence)), &chunk).ok());
        std::memcpy(&sequence, chunk.data() + chunk.size() - 8, 8);
      }
      return chunks;
    }
    const auto begin = KeyOf(p, name, 0), end = KeyOf(p, name, UINT64_MAX);
    const rocksdb::Slice bound = SliceOf(begin);
    rocksdb::ReadOptions read;
    read.iterate_lower_bound = &bound;
    const std::unique_ptr<rocksdb::Iterator> it(database_.db->NewIterator(read, journal_));
    for (it->SeekForPrev(SliceOf(end)); it->Valid(); it->Prev()) ++chunks;
    CHECK(it->status().ok());
    return chunks;
  }

  void WaitForCompactions() {
    CHECK(database_.db->Flush({}, {database_.db->DefaultColumnFamily()}).ok());
    if (own_) CHECK(database_.db->Flush({}, journal_).ok());
    CHECK(test::Eventually(std::chrono::minutes(10), [&] {
      uint64_t running = 0, pending = 0, other = 0;
      CHECK(database_.db->GetIntProperty("rocksdb.num-running-compactions", &running));
      CHECK(database_.db->GetIntProperty(journal_, "rocksdb.compaction-pending", &other));
      CHECK(database_.db->GetIntProperty("rocksdb.compaction-pending", &pending));
      return running + pending + other == 0;
    }));
  }

 private:
  store::checkpoint_keys::Key KeyOf(store::PartitionId p, const std::string& name,
                                    uint64_t sequence) {
    if (!by_sequence_) return store::checkpoint_keys::JournalKey(p, name, sequence);
    return store::checkpoint_keys::Begin(p, store::checkpoint_keys::Kind::kJournal)
        .AddU64(sequence);
  }

  const bool by_sequence_;
  std::vector<uint64_t> last_;
  store::Database database_;
  rocksdb::ColumnFamilyHandle* journal_ = nullptr;
  std::unique_ptr<rocksdb::ColumnFamilyHandle> own_;
  uint64_t sequence_ = 0;
  std::mt19937_64 random_{3};
};

void CompareLayout(const std::string& kind, const std::string& folder, uint64_t sessions,
                   uint64_t checkpoints) {
  Layout layout(kind, folder, sessions);
  uint64_t user = 0;
  layout.Write(sessions / kChanged, [&] { return user++ % sessions; });
  layout.WaitForCompactions();
  std::mt19937_64 random(5);
  const auto began = Steady::now();
  const double cpu = CpuSeconds();
  const uint64_t bytes = StatusKiB("/proc/self/io", "write_bytes");
  const auto cost = layout.Write(checkpoints, [&] { return random() % sessions; });
  layout.WaitForCompactions();
  const auto count = static_cast<double>(checkpoints);
  fmt::print(
      "{}: {} checkpoints in {:.1f} s; CPU {:.2f} ms each, of it the writer {:.2f}; written "
      "{:.0f} KiB each\n",
      kind, checkpoints, MsSince(began) / 1000, 1000 * (CpuSeconds() - cpu - cost.making) / count,
      1000 * cost.writer / count,
      static_cast<double>(StatusKiB("/proc/self/io", "write_bytes") - bytes) / 1024 / count);
  size_t chunks = 0;
  const auto reading = Steady::now();
  for (int i = 0; i < 5'000; ++i) chunks += layout.Read(random() % sessions);
  fmt::print("{}: a journal of {:.1f} chunks is read in {:.1f} us\n", kind,
             static_cast<double>(chunks) / 5'000, 1000 * MsSince(reading) / 5'000);
}

int Run(const std::vector<std::string>& args) {
  const auto number = [&](size_t i) { return std::strtoull(args[i].c_str(), nullptr, 10); };
  if (args.size() == 4 && args[0] == "fill") {
    Fill(args[1], number(2), number(3));
  } else if (args.size() == 3 && args[0] == "open") {
    TimeOpen(args[1], args[2]);
  } else if (args.size() == 3 && args[0] == "cold") {
    Cold(args[1], number(2));
  } else if (args.size() == 4 && args[0] == "write") {
    Write(args[1], number(2), number(3));
  } else if (args.size() == 5 && args[0] == "layout") {
    CompareLayout(args[1], args[2], number(3), number(4));
  } else {
    fmt::print(stderr,
               "usage: bench_checkpoint_store fill FOLDER SESSIONS CHUNKS | open FOLDER "
               "quick|synced|plain | cold FOLDER SESSIONS | write FOLDER SESSIONS CHECKPOINTS | "
               "layout user|sequence|family FOLDER SESSIONS CHECKPOINTS\n");
    return 2;
  }
  return 0;
}

}  // namespace
}  // namespace lyceum::bench

int main(int argc, char** argv) { return lyceum::bench::Run({argv + 1, argv + argc}); }
