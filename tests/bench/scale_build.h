// The sessions of one worker, made in bulk by a shard that folds their records, and what a record
// costs while there are more and more of them, or while one has more and more behind it.
//
// Costs are CPU seconds. Throws where anything fails.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench/engine_cost.h"
#include "bench/log_shard.h"
#include "bench/records.h"
#include "bench/scale.h"

namespace lyceum::bench {

struct Folded {
  Cost cost;  // Of folding, with its checkpoints: making the records is not counted.
  uint64_t records = 0;
  double ThreadUs() const { return 1e6 * cost.thread_s / static_cast<double>(records); }
  double ProcessUs() const { return 1e6 * cost.cpu_s / static_cast<double>(records); }
};

// The same work measured in turn in a large place and in a small one: on a machine that others use,
// too, only such neighbours can be compared. The median of the rounds, by the folding thread's CPU.
struct Compared {
  uint64_t at = 0;  // Sessions, or messages in the history, when measuring began.
  uint64_t small_at = 0;
  Folded large;
  Folded small;
  double ThreadRatio() const { return large.ThreadUs() / small.ThreadUs(); }
  double ProcessRatio() const { return large.ProcessUs() / small.ProcessUs(); }
};

class Population {
 public:
  static constexpr uint64_t kSmall = 1'000;  // Sessions.

  // `path`: of a store that does not exist yet.
  Population(const ScalePlan& plan, const std::string& path);
  ~Population();

  // Until there are so many sessions.
  Folded GrowTo(uint64_t sessions);
  // Some of the sessions that nobody has touched since they were made go on, none of them in
  // memory at first; in turn with those of a small population that is made for it.
  Compared GoOn();
  uint64_t sessions() const { return sessions_; }

 private:
  Folded GoOnRound(size_t round);
  void Fold(std::vector<std::vector<Learner>>& learners, Folded* folded);
  void Reopen();  // With no session in memory.

  const ScalePlan plan_;
  const std::string path_;
  const envelope::Subjects subjects_;
  const std::vector<Lesson> lessons_;
  std::unique_ptr<LogShard> shard_;
  std::vector<std::unique_ptr<LogWriter>> writers_;
  uint64_t sessions_ = 0;
  uint64_t touched_ = 0;  // Sessions below this one may have gone on.
};

// What a record costs to sessions with a long history. The learners ask, and are answered.
std::vector<Compared> HistoryCosts(const ScalePlan& plan);

}  // namespace lyceum::bench
