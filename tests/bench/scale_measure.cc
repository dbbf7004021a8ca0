#include "bench/scale_measure.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>

#include "bench/engine_cost.h"
#include "bench/records.h"
#include "outbox/outbox.h"
#include "session/session_cache.h"
#include "support/nats_server.h"

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
  Loader(const ScalePlan& plan, store::Store* store) : plan_(plan) {
    for (uint32_t i = 0; i < subjects_.partitions(); ++i) {
      caches_.emplace_back(store, static_cast<store::PartitionId>(i),
                           SessionsMaxOfPartition(subjects_));
    }
  }

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

  uint64_t in_cache() const {
    uint64_t sessions = 0;
    for (const session::SessionCache& cache : caches_) sessions += cache.size();
    return sessions;
  }

 private:
  double LoadOne(uint64_t session) {
    const UserId user = UserOf(session);
    session::SessionCache& cache = caches_[subjects_.PartitionOf(user)];
    const Deadline begun = Steady::now();
    auto taken = Must(cache.Take(user));
    const double ms = 1e3 * SecondsSince(begun);
    if (!taken || taken->history_count < plan_.messages) {
      throw std::runtime_error("the session of " + user.value + " is not there");
    }
    cache.Put(*std::move(taken));
    cache.Committed();
    return ms;
  }

  const ScalePlan plan_;
  const envelope::Subjects subjects_;
  std::vector<session::SessionCache> caches_;
};

}  // namespace

Measured MeasureSessions(const ScalePlan& plan) {
  Measured measured;
  const std::string path = SessionsDir(plan);
  ForgetPages(path);
  const test::NatsServer server(test::NatsServer::Options{.roles = false});
  const auto connection = server.Connect("");
  const envelope::Subjects subjects;

  const Deadline opening = Steady::now();
  const std::unique_ptr<store::Store> store = OpenStore(path);
  measured.open_s = SecondsSince(opening);
  const Deadline adopting = Steady::now();
  const auto outbox = Must(
      outbox::Outbox::Start(connection, store.get(), {.subjects = subjects, .worker = "scale"}));
  for (uint32_t i = 0; i < subjects.partitions(); ++i) {
    const auto partition = static_cast<store::PartitionId>(i);
    if (!Must(store->GetApplied(partition)))
      throw std::runtime_error("a partition has no sessions");
    const Result<void> adopted = outbox->Adopt(partition);
    if (!adopted) throw std::runtime_error(adopted.error().text);
  }
  measured.adopt_s = SecondsSince(adopting);
  measured.after_open = MemoryNow();
  measured.disk_bytes = DiskBytes(path);

  ForgetPages(path);  // Opening has read some of them.
  std::optional<Loader> loader(std::in_place, plan, store.get());
  measured.load_ms = loader->Load();
  measured.in_cache = loader->in_cache();
  measured.after_loads = MemoryNow();
  loader.emplace(plan, store.get());
  const CostClock clock;
  measured.load_again_ms = loader->Load();
  measured.load_cpu_us =
      1e6 * clock.Read().thread_s / static_cast<double>(measured.load_again_ms.size());
  return measured;
}

}  // namespace lyceum::bench
