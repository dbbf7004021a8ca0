#include "fleet.h"

#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include "envelope/codec.h"

namespace lyceum::chaos {
namespace {

constexpr size_t kLogBytesMax = 20'000;
constexpr int64_t kAliveMs = 500;
constexpr uint64_t kDiskBytes = uint64_t{2} << 30;  // Its own, a copy of it, and what was damaged.
constexpr uint64_t kDiskBytesLeft = 256 << 10;      // What is written meanwhile.

std::string End(std::string text) {
  return text.size() < kLogBytesMax ? text : text.substr(text.size() - kLogBytesMax);
}

}  // namespace

int64_t NowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now().time_since_epoch())
      .count();
}

Fleet::Fleet(test::Stack* stack)
    : stack_(stack),
      has_disks_(unshare(CLONE_NEWNS) == 0 &&
                 mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0) {}

Fleet::~Fleet() {
  for (const auto& [id, worker] : workers_) Keep(id, *worker);
  workers_.clear();
  for (const auto& [id, lines] : lines_) umount2((dir_ / id).c_str(), MNT_DETACH);
}

// In no time: nobody waits here while gigabytes are written.
void Fleet::FillDisk(const std::string& id) {
  const std::string path = dir_ / id;
  struct statvfs disk {};
  if (statvfs(path.c_str(), &disk) != 0) throw std::runtime_error("can not look at " + path);
  ResizeDisk(id, (disk.f_blocks - disk.f_bfree) * disk.f_frsize + kDiskBytesLeft);
}

void Fleet::FreeDisk(const std::string& id) { ResizeDisk(id, kDiskBytes); }

void Fleet::ResizeDisk(const std::string& id, uint64_t bytes) {
  const std::string size = fmt::format("size={}", bytes);
  if (mount("lyceum-test", (dir_ / id).c_str(), "tmpfs", MS_REMOUNT, size.c_str()) != 0) {
    throw std::runtime_error("can not give the disk of " + id + " another size");
  }
}

test::Process& Fleet::Start(const std::string& id) {
  if (!workers_.contains(id)) {
    std::filesystem::create_directory(dir_ / id);
    const std::string size = "size=" + std::to_string(kDiskBytes);
    if (has_disks_ && mount("lyceum-test", (dir_ / id).c_str(), "tmpfs", 0, size.c_str()) != 0) {
      throw std::runtime_error("can not mount a disk for " + id);
    }
  }
  auto& worker = workers_[id];
  if (worker) {
    earlier_logs_ = End(earlier_logs_ + worker->err());
    Keep(id, *worker);
  }
  worker.reset();
  Forget(id);
  auto& lines = lines_[id];
  for (size_t node = lines.size(); node < stack_->nodes(); ++node) {
    lines.push_back(std::make_unique<test::CutLine>(stack_->node(node).port()));
  }
  auto env = stack_->env_for("session_worker");
  env["NATS_URL"].clear();
  for (const auto& line : lines) {
    env["NATS_URL"] += "nats://127.0.0.1:" + std::to_string(line->port()) + ",";
  }
  // Core dumps: who may look at its memory may stop one of its threads too.
  worker = std::make_unique<test::Process>(
      std::vector<std::string>{test::Program("lyceum-session-worker"), "--id", id, "--data-dir",
                               FolderOf(id), "--shards", "1", "--core-dumps"},
      env);
  return *worker;
}

void Fleet::Keep(const std::string& id, const test::Process& worker) {
  if (logs_folder_.empty()) return;
  std::filesystem::create_directories(logs_folder_);
  test::WriteFile(fmt::format("{}/{:04}-{}.log", logs_folder_, ++logs_kept_, id), worker.err());
}

void Fleet::Cut(const std::string& id) {
  for (const auto& line : lines_.at(id)) line->Cut();
}

void Fleet::Restore(const std::string& id) {
  for (const auto& line : lines_.at(id)) line->Restore();
}

std::vector<std::string> Fleet::ids() const {
  std::vector<std::string> ids;
  for (const auto& [id, worker] : workers_) ids.push_back(id);
  return ids;
}

std::string Fleet::Logs() const {
  std::string logs = earlier_logs_;
  for (const auto& [id, worker] : workers_) {
    logs += fmt::format("{}, which {}:\n{}", id, worker->running() ? "runs" : "has ended",
                        End(worker->err()));
  }
  return logs;
}

void Fleet::Watch() {
  watching_ = stack_->Connect("operator");
  box_ = std::make_shared<wire::MessageBox>(10'000);
  auto subscription = watching_->Subscribe(subjects_.AllWorkerHeartbeats(), "", box_, 0);
  if (!subscription) throw std::runtime_error(subscription.error().text);
  heartbeats_ = std::make_unique<wire::Subscription>(std::move(*subscription));
}

void Fleet::Forget(const std::string& id) {
  const auto found = said_.find(id);
  if (found == said_.end()) return;
  ended_.insert(found->second.heartbeat.boot);
  said_.erase(found);
}

// As whatever keeps services running does.
void Fleet::RestartDamaged() {
  constexpr int kDamaged = 4;
  for (const std::string& id : ids()) {
    if (!worker(id).running() && worker(id).Wait(Steady::now()) == kDamaged) Start(id);
  }
}

bool Fleet::Look(size_t workers, std::set<std::string>* owners) {
  while (auto message = box_->Pop(Steady::now())) {
    auto heartbeat = envelope::DecodeWorkerHeartbeat(message->data, tutor::Encoding::kProtobuf);
    if (!heartbeat || ended_.contains(heartbeat->boot)) continue;
    const std::string worker = heartbeat->worker;
    said_[worker] = {NowMs(), std::move(*heartbeat)};
  }
  size_t alive = 0;
  bool all_read = true;  // At the end of their logs: whoever is next may be lost.
  std::map<uint32_t, std::pair<size_t, size_t>> partitions;  // Owners and standbys.
  for (const auto& [worker, said] : said_) {
    if (NowMs() - said.at_ms > kAliveMs || said.heartbeat.leaving) continue;
    ++alive;
    all_read &= std::any_of(said.heartbeat.partitions.begin(), said.heartbeat.partitions.end(),
                            [](const auto& partition) { return !partition.role.empty(); });
    for (const auto& partition : said.heartbeat.partitions) {
      if (partition.role.empty()) continue;
      all_read &= partition.state == "reading";
      auto& [owned, followed] = partitions[partition.partition];
      owned += partition.role == "owner" ? 1 : 0;
      followed += partition.role == "standby" ? 1 : 0;
      if (partition.role == "owner") owners->insert(worker);
    }
  }
  return alive == workers && all_read && partitions.size() == subjects_.partitions() &&
         std::all_of(partitions.begin(), partitions.end(), [](const auto& one) {
           return one.second.first == 1 && one.second.second >= 1;
         });
}

bool Fleet::IsReady(size_t workers) {
  RestartDamaged();
  std::set<std::string> owners;
  return Look(workers, &owners);
}

bool Fleet::IsSettled(size_t workers) {
  std::set<std::string> owners;
  return Look(workers, &owners) && owners.size() == workers;
}

std::set<uint32_t> Fleet::OwnedBy(const std::string& id) const {
  std::set<uint32_t> owned;
  const auto found = said_.find(id);
  if (found == said_.end()) return owned;
  for (const auto& partition : found->second.heartbeat.partitions) {
    if (partition.role == "owner") owned.insert(partition.partition);
  }
  return owned;
}

}  // namespace lyceum::chaos
