#include "bench/scale_measure.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <numeric>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>

#include "bench/engine_cost.h"
#include "bench/log_shard.h"
#include "shard/session_table.h"

namespace lyceum::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kPassMax{60};

template <class T>
T Must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().text);
  return *std::move(result);
}

uint64_t StatusBytes(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name + ":")) return 1024 * std::stoull(line.substr(name.size() + 1));
  }
  throw std::runtime_error("/proc/self/status has no " + name);
}

Memory MemoryNow() { return {StatusBytes("VmRSS"), StatusBytes("VmHWM")}; }

uint64_t DiskBytes(const std::string& path) {
  uint64_t bytes = 0;
  for (const auto& file : fs::recursive_directory_iterator(path)) {
    if (file.is_regular_file()) bytes += file.file_size();
  }
  return bytes;
}

// So that reading comes from the disk, as after a start of the machine.
void ForgetPages(const std::string& path) {
  for (const auto& file : fs::recursive_directory_iterator(path)) {
    if (!file.is_regular_file()) continue;
    const int fd = open(file.path().c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) throw std::runtime_error("can not open " + file.path().string());
    fdatasync(fd);  // Pages that are not written yet stay.
    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    close(fd);
  }
}

class Loader {
 public:
  Loader(const ScalePlan& plan, store::CheckpointStore* store)
      : plan_(plan), table_(store, ShardRunner::Options().memory_bytes) {}

  std::vector<double> Load() {
    std::mt19937_64 random(plan_.seed);
    const uint64_t first = random() % plan_.sessions;
    // A step that shares no factor with the count comes by every session before it repeats one.
    uint64_t step = random() % plan_.sessions | 1;
    while (std::gcd(step, plan_.sessions) != 1) step += 2;
    std::vector<double> load_ms;
    const uint64_t count = std::min(plan_.loads, plan_.sessions);
    const Deadline end = In(kPassMax);
    for (uint64_t i = 0; i < count && Steady::now() < end; ++i) {
      load_ms.push_back(LoadOne((first + i * step) % plan_.sessions));
    }
    return load_ms;
  }

  uint64_t in_memory() const { return table_.size(); }

 private:
  double LoadOne(uint64_t session) {
    const UserId user = UserOf(session);
    const auto partition = static_cast<store::PartitionId>(subjects_.PartitionOf(user));
    const Deadline begun = Steady::now();
    const shard::SessionEntry* entry = Must(table_.Load(partition, user.value));
    const double loaded_s = SecondsSince(begun);
    if (entry == nullptr || !entry->damaged.empty() ||
        entry->session->history_count < plan_.messages) {
      throw std::runtime_error("the session of " + user.value + " is not there");
    }
    const Deadline shrinking = Steady::now();
    table_.Shrink(0);
    return 1e3 * (loaded_s + SecondsSince(shrinking));
  }

  const ScalePlan plan_;
  const envelope::Subjects subjects_;
  shard::SessionTable table_;
};

}  // namespace

Measured MeasureSessions(const ScalePlan& plan) {
  Measured measured;
  const std::string path = SessionsDir(plan);
  ForgetPages(path);
  const Deadline opening = Steady::now();
  // A store alone first: the shard's own is the one that stays.
  Must(store::RocksStore::Open({.path = path})).reset();
  measured.open_s = SecondsSince(opening);

  ForgetPages(path);
  const envelope::Subjects subjects;
  std::map<store::PartitionId, uint64_t> last;
  {
    const auto store = Must(store::RocksStore::Open({.path = path}));
    for (const store::PartitionId partition : AllPartitions(subjects)) {
      const auto checkpoint = Must(store->GetCheckpoint(partition));
      if (!checkpoint) throw std::runtime_error("a partition has no sessions");
      last[partition] = checkpoint->sequence;
    }
  }
  ForgetPages(path);
  const Deadline starting = Steady::now();
  LogShard shard({.path = path, .partitions = AllPartitions(subjects)}, last);
  measured.ready_s = SecondsSince(starting);
  measured.after_open = MemoryNow();
  measured.disk_bytes = DiskBytes(path);

  ForgetPages(path);  // Opening has read some of them.
  std::optional<Loader> loader(std::in_place, plan, &shard.runner().store());
  measured.load_ms = loader->Load();
  measured.in_memory = loader->in_memory();
  measured.after_loads = MemoryNow();
  loader.emplace(plan, &shard.runner().store());
  const CostClock clock;
  measured.load_again_ms = loader->Load();
  measured.load_cpu_us =
      1e6 * clock.Read().thread_s / static_cast<double>(measured.load_again_ms.size());
  return measured;
}

}  // namespace lyceum::bench
