// ShardRunner: one shard of a session worker with its store, driven turn by turn by whoever measures
// it, over whatever wire.
//
//   ShardRunner runner(&wire, {.path = dir});
//   while (runner.folded() < count) runner.Turn(wire.Deliver(64) > 0 ? 0 : 10);
//   runner.Stop();
// One thread, and the store's own. Everything throws where a partition halts or the store fails.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "shard/shard.h"
#include "store/rocks_store.h"
#include "wire/event_loop.h"

namespace lyceum::bench {

class AheadClock final : public Clock {
 public:
  explicit AheadClock(int64_t ahead_ms) : ahead_ms_(ahead_ms) {}
  int64_t SteadyMs() const override { return clock_.SteadyMs(); }
  int64_t UnixMs() const override { return clock_.UnixMs() + ahead_ms_; }

 private:
  const SystemClock clock_;
  const int64_t ahead_ms_;
};

// Bytes of topics by their digest, as the store has them.
using TopicRows = std::map<std::string, std::string>;

class ShardRunner {
 public:
  struct Options {
    std::string path;  // Of the folder, as a session worker has it.
    // Those that the records name: written before the shard starts, as if all had been loaded once.
    TopicRows topics = {};
    std::vector<store::PartitionId> partitions;
    size_t memory_bytes = 256 << 20;
    bool sends = true;     // False: every record is older than what may still be sent.
    int64_t ahead_ms = 0;  // Its clock, before this machine's: as the records' (LogWriter).
  };
  // `loop` and `wire` outlive it. `each_turn`: what else is to be done between the handlers and the
  // shard's turn. Turns until all partitions read.
  ShardRunner(wire::EventLoop* loop, wire::Wire* wire, const Options& options,
              std::function<void()> each_turn);
  ~ShardRunner();

  // One turn of the loop, which waits at most so long where nothing is due.
  void Turn(int64_t wait_ms_max);
  // Reads no more, and writes a last checkpoint.
  void Stop();

  uint64_t folded() const { return shard_->counters().records; }
  const shard::Counters& counters() const { return shard_->counters(); }
  shard::Shard& shard() { return *shard_; }
  store::RocksStore& store() { return *store_; }

 private:
  void WriteTopics(const Options& options);
  void Check();

  wire::EventLoop* const loop_;
  const std::function<void()> each_turn_;
  AheadClock clock_;
  SeededRandom random_{1};
  std::unique_ptr<store::RocksStore> store_;
  std::unique_ptr<store::FlightPage> flight_;
  std::unique_ptr<shard::Shard> shard_;
  int64_t checked_ms_ = 0;
};

// All 16, in order.
std::vector<store::PartitionId> AllPartitions(const envelope::Subjects& subjects);

}  // namespace lyceum::bench
