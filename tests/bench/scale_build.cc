#include "bench/scale_build.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace lyceum::bench {
namespace {

constexpr size_t kLessons = 64;
constexpr uint64_t kChunk = 8'000;  // Sessions whose records are in memory at a time.
constexpr size_t kInFlight = 64;    // Of a partition.
// So that no timer of these sessions falls due while others are measured beside them.
constexpr int64_t kAheadMs = 24 * 60 * 60 * 1000;
constexpr size_t kRoundsMax = 5;
constexpr uint64_t kGoOnSessions = Population::kSmall / kRoundsMax;
constexpr uint64_t kGoOnMessages = 30;
constexpr size_t kCohort = 64;
constexpr uint64_t kWindow = 40;  // Messages of each session of a cohort that are measured.
constexpr uint64_t kStep = 250;   // Of whose records are in memory at a time.

// Of the round whose ratio is the median.
Compared Median(std::vector<Compared> rounds) {
  std::sort(rounds.begin(), rounds.end(),
            [](const Compared& a, const Compared& b) { return a.ThreadRatio() < b.ThreadRatio(); });
  return rounds[rounds.size() / 2];
}

// Records of one fold, by partition.
using Records = std::vector<std::vector<wire::StoredMessage>>;

void FoldInto(LogShard& shard, const Records& records, Folded* folded) {
  for (uint32_t partition = 0; partition < records.size(); ++partition) {
    if (!records[partition].empty()) shard.Append(partition, records[partition]);
    folded->records += records[partition].size();
  }
  const CostClock clock;
  shard.FoldDurably();
  folded->cost += clock.Read();
}

}  // namespace

Population::Population(const ScalePlan& plan, const std::string& path)
    : plan_(plan),
      path_(path),
      lessons_(MakeLessons({.course_file = plan.course, .mix = {}}, kLessons, plan.seed)) {
  if (std::filesystem::exists(path)) {
    throw std::runtime_error(path + " is there already: name another folder");
  }
  for (uint32_t i = 0; i < subjects_.partitions(); ++i) {
    writers_.push_back(std::make_unique<LogWriter>(subjects_, i, plan.seed + i, kAheadMs));
  }
  Reopen();
}

Population::~Population() {
  if (shard_ != nullptr) shard_->Stop();
}

void Population::Reopen() {
  if (shard_ != nullptr) shard_->Stop();
  shard_.reset();
  std::map<store::PartitionId, uint64_t> last;
  for (const store::PartitionId partition : AllPartitions(subjects_)) {
    last[partition] = writers_[partition]->last_sequence();
  }
  shard_ = std::make_unique<LogShard>(ShardRunner::Options{.path = path_,
                                                           .topics = TopicRowsOf(plan_.course),
                                                           .partitions = AllPartitions(subjects_),
                                                           .ahead_ms = kAheadMs},
                                      last);
}

void Population::Fold(std::vector<std::vector<Learner>>& learners, Folded* folded) {
  Records records;
  for (size_t i = 0; i < learners.size(); ++i) {
    records.push_back(writers_[i]->WriteAll(learners[i], kInFlight));
  }
  FoldInto(*shard_, records, folded);
}

Folded Population::GrowTo(uint64_t sessions) {
  Folded folded;
  while (sessions_ < sessions) {
    std::vector<std::vector<Learner>> learners(writers_.size());
    for (const uint64_t end = std::min(sessions, sessions_ + kChunk); sessions_ < end;
         ++sessions_) {
      const Lesson& lesson = lessons_[sessions_ % lessons_.size()];
      UserId user = UserOf(sessions_);
      std::vector<Learner>& of_partition = learners[subjects_.PartitionOf(user)];
      of_partition.push_back(
          {.user = std::move(user), .lesson = &lesson, .stop = lesson.LinesUntil(plan_.messages)});
    }
    Fold(learners, &folded);
  }
  return folded;
}

Folded Population::GoOnRound(size_t round) {
  const uint64_t apart = (sessions_ - touched_) / (kRoundsMax * kGoOnSessions);
  if (apart == 0) throw std::runtime_error("too few sessions to go on");
  std::vector<std::vector<Learner>> learners(writers_.size());
  for (uint64_t i = 0; i < kGoOnSessions; ++i) {
    const uint64_t session = touched_ + (i * kRoundsMax + round) * apart;
    const Lesson& lesson = lessons_[session % lessons_.size()];
    UserId user = UserOf(session);
    std::vector<Learner>& of_partition = learners[subjects_.PartitionOf(user)];
    const size_t begin = lesson.LinesUntil(plan_.messages);
    of_partition.push_back({.user = std::move(user),
                            .lesson = &lesson,
                            .stop = lesson.LinesUntil(plan_.messages + kGoOnMessages, begin),
                            .next = begin});
  }
  Reopen();
  Folded folded;
  Fold(learners, &folded);
  return folded;
}

Compared Population::GoOn() {
  const std::string path = plan_.dir + "/small";
  std::vector<Compared> rounds;
  {
    Population small(plan_, path);
    small.GrowTo(kSmall);
    for (size_t round = 0; round < plan_.rounds; ++round) {
      const Folded there = small.GoOnRound(round);
      rounds.push_back(
          {.at = sessions_, .small_at = kSmall, .large = GoOnRound(round), .small = there});
    }
  }
  std::filesystem::remove_all(path);
  touched_ = sessions_;
  return Median(std::move(rounds));
}

namespace {

constexpr uint32_t kHistoryPartition = 3;

// Sessions of one partition that grow side by side. Their store goes with them.
class Cohort {
 public:
  Cohort(const ScalePlan& plan, const Lesson* lesson, const std::string& name)
      : lesson_(lesson),
        path_(plan.dir + "/" + name),
        shard_(std::make_unique<LogShard>(ShardRunner::Options{
            .path = path_,
            .topics = TopicRowsOf(plan.course),
            .partitions = {static_cast<store::PartitionId>(kHistoryPartition)}})),
        writer_(subjects_, kHistoryPartition, plan.seed) {
    uint64_t number = 0;
    for (UserId& user : UsersOf(subjects_, kHistoryPartition, "h", kCohort, &number)) {
      learners_.push_back({.user = std::move(user), .lesson = lesson_});
    }
  }
  ~Cohort() {
    shard_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  // Until each has so many messages in its history.
  Folded GoTo(uint64_t messages) {
    Folded folded;
    while (messages_ < messages) {
      messages_ = std::min(messages, messages_ + kStep);
      for (Learner& learner : learners_) learner.stop = lesson_->LinesUntil(messages_);
      Records records(kHistoryPartition + 1);
      records.back() = writer_.WriteAll(learners_, kCohort);
      FoldInto(*shard_, records, &folded);
    }
    return folded;
  }

 private:
  const envelope::Subjects subjects_;
  const Lesson* lesson_;
  const std::string path_;
  std::unique_ptr<LogShard> shard_;
  LogWriter writer_;
  std::vector<Learner> learners_;
  uint64_t messages_ = 0;
};

}  // namespace

std::vector<Compared> HistoryCosts(const ScalePlan& plan) {
  constexpr uint64_t kSmall = 10;
  constexpr std::array<uint64_t, 3> kAt = {100, 1'000, 10'000};
  const LessonPlan asking{.course_file = plan.course,
                          .mix = {.right = 0, .wrong = 0, .hint = 0, .question = 1, .second = 0},
                          .history_max = plan.history_max + (kRoundsMax + 1) * kWindow};
  const std::vector<Lesson> lessons = MakeLessons(asking, 1, plan.seed);
  std::vector<Compared> costs;
  Cohort large(plan, &lessons.front(), "long");
  for (const uint64_t at : kAt) {
    if (at > plan.history_max) break;
    std::vector<Compared> rounds;
    large.GoTo(at);
    for (size_t round = 0; round < plan.rounds; ++round) {
      Cohort small(plan, &lessons.front(), "short");
      small.GoTo(kSmall);
      const Folded there = small.GoTo(kSmall + kWindow);
      const uint64_t from = at + round * kWindow;
      rounds.push_back(
          {.at = at, .small_at = kSmall, .large = large.GoTo(from + kWindow), .small = there});
    }
    costs.push_back(Median(std::move(rounds)));
  }
  return costs;
}

}  // namespace lyceum::bench
