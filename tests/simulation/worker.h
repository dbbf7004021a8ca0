// A session worker of the simulation: the real Shard over the doors in memory. Its store and its
// flight page live on when it dies.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/manual_clock.h"
#include "shard/shard.h"
#include "simulation/actor.h"
#include "simulation/dice.h"
#include "simulation/doors.h"
#include "simulation/ledger.h"

namespace lyceum::simulation {

class Worker final : public Actor {
 public:
  struct Options {
    shard::Options shard;
    std::vector<store::PartitionId> partitions;
    uint64_t seed = 1;
    Bug bug = Bug::kNone;
    bool supervised = true;  // Started again when it has ended by itself.
  };
  // `written` is told of each checkpoint batch; `fail` of what must never be.
  struct Hooks {
    std::function<void(Worker*, const store::CheckpointBatch&)> written;
    std::function<void(std::string)> fail;
    std::function<void(std::string)> trace;
  };
  Worker(wire::MemoryBroker* broker, ManualClock* clock, Options options, Ledger* ledger,
         Hooks hooks);
  ~Worker() override;

  // ---- The process
  void Start();
  // As by kill -9, now. It starts again after so long.
  void Crash(int64_t down_us);
  void Retire();  // Likewise, and never again.
  // It dies by itself, between two steps, after so many of them.
  void CrashAfter(uint64_t steps) { fuse_->Light(steps); }
  // It dies in its next turn, when all is noted and nothing written; or before that turn.
  void CrashBeforeFlush();
  void CrashBeforeTurn() { die_before_turn_ = true; }
  bool alive() const { return shard_ != nullptr; }
  bool over() const { return over_; }  // Ended by itself, for a reason; it is not started again.
  bool stopped() const { return stopped_; }
  void BeginStop();
  // Runs what may end it, and catches its death.
  void Guard(const std::function<void()>& run);

  // ---- Its machine
  store::MemoryStore& disk() { return store_; }
  store::FlightPage& flight() { return *flight_; }
  OffsetClock& wall() { return wall_; }
  void LoseFlightPage() { lose_flight_ = true; }
  // When it dies.
  void LoseFolder() { lose_flight_ = lose_disk_ = true; }
  void SetFoldVersion(uint32_t version) { options_.shard.fold_version = version; }
  void SetWriteUs(int64_t us_max) { write_us_max_ = us_max; }
  // So many of the next writes fail.
  void FailWrites(uint32_t count) { fail_writes_ = count; }
  void ResumeHalted();

  shard::Shard* shard() { return shard_.get(); }
  const std::vector<store::PartitionId>& partitions() const { return options_.partitions; }
  const shard::Options& shard_options() const { return options_.shard; }
  bool Owns(uint32_t partition) const;
  uint64_t crashes() const { return crashes_; }
  uint64_t restores() const {
    return restores_ + (shard_ ? shard_->counters().restores.load() : 0);
  }
  int64_t flight_lost_us() const { return flight_lost_us_; }
  // What the core sees: the record that is being folded, and how often a core ran.
  void OnFolding(uint64_t sequence) { folding_ = sequence; }
  Fuse& fuse() { return *fuse_; }
  Bug bug() const { return options_.bug; }
  uint64_t NextCounter() { return ++counter_; }
  // Past everything that decides whether it may.
  void SendAtOnce(const tutor::Session& session, const tutor::Effects& effects);
  static Worker* folding_now();  // Whose core is running.

  int64_t NextUs() const override;
  void Run() override;
  void OnTouched() override;
  wire::MemoryBroker::ClientId client() const override {
    return wire_ == nullptr ? 0 : wire_->client();
  }

 private:
  class LoopExecutor;
  void EndShard();
  void OnDeath();
  void CompleteWrites();
  void Check();

  wire::MemoryBroker* const broker_;
  ManualClock* const clock_;
  Options options_;
  Ledger* const ledger_;
  const Hooks hooks_;
  Dice dice_;
  OffsetClock wall_;
  store::MemoryStore store_;
  std::unique_ptr<store::FlightPage> flight_;
  uint64_t process_ = 0;  // One more for each start.
  std::unique_ptr<Fuse> fuse_;
  std::unique_ptr<LoopExecutor> executor_;
  std::unique_ptr<DoorWire> wire_;
  std::unique_ptr<DoorStore> door_store_;
  std::unique_ptr<SeededRandom> random_;
  std::unique_ptr<shard::Shard> shard_;
  int64_t turn_us_ = INT64_MAX;
  int64_t start_us_ = INT64_MAX;
  int64_t down_us_ = 100'000;
  int64_t write_us_max_ = 20'000;
  uint32_t fail_writes_ = 0;
  uint64_t crashes_ = 0;
  uint64_t folding_ = 0;
  uint64_t counter_ = 0;
  int64_t flight_lost_us_ = INT64_MIN / 2;
  bool die_before_turn_ = false;
  uint64_t restores_ = 0;  // Of the shards that are gone.
  bool lose_flight_ = false;
  bool lose_disk_ = false;
  bool over_ = false;
  bool stopping_ = false;
  bool stopped_ = false;
};

// The cores of the simulation: tutor::Advance, with a fold version to come, and deadly events.
void SimulatedCore(std::optional<tutor::Session>* session, const UserId& user,
                   const tutor::Event& event, const tutor::LogPosition& position,
                   tutor::Effects* effects);

}  // namespace lyceum::simulation
