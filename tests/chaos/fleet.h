// Fleet: session workers of one cluster, each on a line of its own to the server, and what they say of
// their partitions.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "envelope/subjects.h"
#include "envelope/workers.h"
#include "support/cut_line.h"
#include "support/stack.h"

namespace lyceum::chaos {

class Fleet {
 public:
  // Where the system allows it each worker has a small disk of its own, seen by this process alone.
  explicit Fleet(test::Stack* stack);
  ~Fleet();
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  // Starts it, again too, on its own folder.
  test::Process& Start(const std::string& id);
  test::Process& worker(const std::string& id) { return *workers_.at(id); }
  // Its lines to all nodes of the server.
  void Cut(const std::string& id);
  void Restore(const std::string& id);
  std::string FolderOf(const std::string& id) const { return dir_ / id + "/data"; }
  bool has_disks() const { return has_disks_; }
  // Takes all that is left of its disk, and gives it back.
  void FillDisk(const std::string& id);
  void FreeDisk(const std::string& id);
  std::vector<std::string> ids() const;
  // What they have written, the last 20,000 bytes of each, and of those before.
  std::string Logs() const;
  // All they write goes to this folder too, a file for each process, once it has ended; empty: it does not.
  void KeepLogs(std::string folder) { logs_folder_ = std::move(folder); }

  // Hears the workers from now on.
  void Watch();
  // Each partition has one owner and a standby at least; `workers` are alive, and each is at the end of all logs that it reads.
  bool IsReady(size_t workers);
  // The same, and each worker owns something.
  bool IsSettled(size_t workers);
  // Of a worker, as it said last.
  std::set<uint32_t> OwnedBy(const std::string& id) const;

 private:
  struct Said {
    int64_t at_ms = 0;
    envelope::WorkerHeartbeat heartbeat;
  };
  // What the process of before has said says nothing of the next.
  void Forget(const std::string& id);
  void RestartDamaged();
  void ResizeDisk(const std::string& id, uint64_t bytes);
  bool Look(size_t workers, std::set<std::string>* owners);

  test::Stack* const stack_;
  const envelope::Subjects subjects_;
  const bool has_disks_;
  test::TempDir dir_;
  std::map<std::string, std::vector<std::unique_ptr<test::CutLine>>> lines_;
  std::map<std::string, std::unique_ptr<test::Process>> workers_;
  void Keep(const std::string& id, const test::Process& worker);

  std::string earlier_logs_;
  std::string logs_folder_;
  size_t logs_kept_ = 0;
  std::shared_ptr<wire::Connection> watching_;
  std::shared_ptr<wire::MessageBox> box_;
  std::unique_ptr<wire::Subscription> heartbeats_;
  std::map<std::string, Said> said_;
  std::set<std::string> ended_;  // Boots.
};

int64_t NowMs();  // Steady.

}  // namespace lyceum::chaos
