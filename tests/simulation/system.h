// The inside of a simulation run; see simulation.h.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "simulation/client.h"
#include "simulation/dice.h"
#include "simulation/ledger.h"
#include "simulation/replay.h"
#include "simulation/simulation.h"
#include "simulation/tool_worker.h"
#include "simulation/worker.h"

namespace lyceum::simulation {

enum class FaultKind {
  kDisconnectWorker,
  kDisconnectClient,
  kDisconnectTool,
  kRestartServer,
  kCrash,
  kCrashAfterSteps,
  kCrashBeforeTurn,
  kCrashBeforeFlush,
  kSlowDisk,
  kFailingWrites,
  kFullDisk,
  kLoseCheckpoints,
  kLoseFlightPage,
  kLoseTail,
  kClockOfWorker,
  kClockOfServer,
  kGarbage,
  kDeadlyRecord,
  kToolMoods,
  kToolCrash,
  kTrim,
  kStall,
  kSkip,
  kBreakConsumers,
  kRefuse,
  kAckWithoutStoring,
  kLossyLinks,
  kBlockedWrites,
  kUpgrade,
  kSecondOwner,
  kLoseFolder,  // From here on not by the dice.
};
inline constexpr int kFaultKinds = static_cast<int>(FaultKind::kLoseFolder);
std::string_view Name(FaultKind kind);

inline constexpr char kStrayTimer[] = "0-1-1";  // The token of timers that nobody has set.

class System {
 public:
  explicit System(const Options& options);
  ~System();
  Outcome Run();

 private:
  struct Log {
    std::vector<wire::MemoryRecord> records;  // As it is now: what was lost is not there.
    uint64_t trimmed_below = 1;
  };
  struct Lost {
    int64_t at_us = 0;
    uint64_t after = 0;  // All above it was lost.
  };

  // --- Running (system.cc)
  void Fail(const std::string& text);
  void Trace(const std::string& line);
  // Until the condition holds. False: the time is over, or it has failed.
  bool RunUntil(const std::function<bool()>& condition, int64_t us_max);
  void RunForUs(int64_t us);
  void OnSpied(const wire::Arrived& arrived);
  void Watch();  // Some times a virtual second: what must hold all the while.
  void WatchLocks();
  void WatchOwners();
  Worker* OwnerOf(uint32_t partition);
  std::string Unsettled();  // Why this is not at rest; empty: it is.

  // --- Faults (faults.cc)
  void ChooseFaults();
  void NextFault();
  void Inject(FaultKind kind);
  void Mend();
  void LoseTail(uint32_t partition);
  uint64_t SnapshotOf(uint32_t partition) const;
  void Garbage();
  void Visit();
  void ForgetVisitor();
  uint32_t AnyPartition() { return static_cast<uint32_t>(dice_.Below(partitions_)); }
  std::string AnyStream();
  Worker& AnyWorker();
  std::set<uint64_t> BuriedOf(uint32_t partition) const;
  std::set<uint64_t> NeverSentOf(uint32_t partition) const;

  // --- Checks at rest (checks.cc)
  void ReadLogs();
  void CheckAtRest();
  void CheckPartition(uint32_t partition);
  void CheckTimerRecords(uint32_t partition);
  void CheckSession(uint32_t partition, const std::string& user, const ReplayedSession& replayed,
                    store::MemoryStore& store);
  void CheckClients();
  void CheckAcked();
  void CheckMemory();

  const Options options_;
  Dice dice_;
  uint32_t partitions_ = 2;
  envelope::Subjects subjects_;
  ManualClock clock_;
  Ledger ledger_;
  std::unique_ptr<wire::MemoryBroker> broker_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<Worker> second_owner_;
  int64_t latest_server_ms_ = 0;  // Where its clock was set back, what it said before.
  bool shared_ = false;           // Workers own partitions by lease alone.
  std::map<uint32_t, int64_t> two_owners_since_us_;
  std::map<uint32_t, Worker*> last_owner_, final_owner_;  // Of late; before all of them stopped.
  std::vector<std::unique_ptr<ToolWorker>> tools_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::unique_ptr<wire::MemoryWire> spy_;
  int64_t spy_since_us_ = INT64_MAX;  // It has all that was published since.
  std::string failure_;

  std::set<FaultKind> chosen_;
  int64_t next_fault_us_ = INT64_MAX;
  int64_t watch_us_ = 0;
  bool mended_ = false;
  int64_t trouble_us_ = 0;  // The last fault that may make a wait longer.

  std::map<std::string, Acked> acked_;  // By user and event.
  std::map<uint32_t, Log> logs_;
  std::map<uint32_t, std::vector<Lost>> lost_;
  uint64_t visits_ = 0;
  std::set<std::string> tainted_;  // Users some of whose records were lost by the broker.
  std::map<std::string, int64_t> locked_since_us_;  // By call: when its owner was fit first.
  std::map<uint32_t, Replayed> replayed_;
  uint64_t lineages_ = 0, buried_count_ = 0;
};

}  // namespace lyceum::simulation
