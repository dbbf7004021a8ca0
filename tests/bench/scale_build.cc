#include "bench/scale_build.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>

#include "session/session_worker.h"

namespace lyceum::bench {
namespace {

constexpr size_t kLessons = 64;
constexpr uint64_t kChunk = 8'000;  // Sessions whose records are in memory at a time.
constexpr size_t kInFlight = 64;    // Of a partition.
constexpr size_t kRounds = 3;
constexpr uint64_t kGoOnSessions = 320;
constexpr uint64_t kGoOnMessages = 30;
constexpr size_t kCohort = 128;
constexpr uint64_t kWindow = 50;  // Messages of each session of a cohort that are measured.
constexpr uint64_t kStep = 250;   // Of whose records are in memory at a time.
// Far ahead, so that no timer of these sessions falls due while they are measured.
constexpr int64_t kFirstMs = 4'000'000'000'000;

Folded Median(std::vector<Folded> rounds) {
  std::sort(rounds.begin(), rounds.end(),
            [](const Folded& a, const Folded& b) { return a.ThreadUs() < b.ThreadUs(); });
  return rounds[rounds.size() / 2];
}

void FoldInto(EnginePartition& partition, LogWriter& writer, std::vector<Learner>& learners,
              size_t in_flight, Folded* folded) {
  const auto records = writer.WriteAll(learners, in_flight);
  const CostClock clock;
  partition.Fold(records);
  folded->cost += clock.Read();
  folded->records += records.size();
}

}  // namespace

size_t SessionsMaxOfPartition(const envelope::Subjects& subjects) {
  const session::SessionWorker::Options options{.subjects = subjects};
  return options.sessions_max / subjects.partitions();
}

std::unique_ptr<store::Store> OpenStore(const std::string& path) {
  auto opened = store::Store::Open({.path = path});
  if (!opened) throw std::runtime_error(opened.error().text);
  return *std::move(opened);
}

Population::Population(const ScalePlan& plan)
    : plan_(plan),
      lessons_(MakeLessons({.course_file = plan.course, .mix = {}}, kLessons, plan.seed)),
      store_(OpenStore(SessionsDir(plan))) {
  for (uint32_t i = 0; i < subjects_.partitions(); ++i) {
    partitions_.push_back(std::make_unique<EnginePartition>(
        store_.get(),
        session::PartitionOptions{.subjects = subjects_,
                                  .partition = static_cast<store::PartitionId>(i),
                                  .sessions_max = SessionsMaxOfPartition(subjects_)}));
    if (partitions_.back()->applied() > 0) {
      throw std::runtime_error(SessionsDir(plan) + " holds sessions already: name another folder");
    }
    writers_.push_back(std::make_unique<LogWriter>(subjects_, i, kFirstMs, plan.seed + i));
  }
}

void Population::Fold(std::vector<std::vector<Learner>>& learners, Folded* folded) {
  for (size_t i = 0; i < learners.size(); ++i) {
    FoldInto(*partitions_[i], *writers_[i], learners[i], kInFlight, folded);
  }
}

Folded Population::GrowTo(uint64_t sessions) {
  Folded folded;
  while (sessions_ < sessions) {
    std::vector<std::vector<Learner>> learners(partitions_.size());
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

Folded Population::GoOn() {
  const uint64_t fresh = sessions_ - touched_;
  if (fresh < kRounds * kGoOnSessions) throw std::runtime_error("too few sessions to go on");
  const uint64_t apart = fresh / (kRounds * kGoOnSessions);
  std::vector<Folded> rounds(kRounds);
  for (size_t round = 0; round < kRounds; ++round) {
    std::vector<std::vector<Learner>> learners(partitions_.size());
    for (uint64_t i = 0; i < kGoOnSessions; ++i) {
      const uint64_t session = touched_ + (i * kRounds + round) * apart;
      const Lesson& lesson = lessons_[session % lessons_.size()];
      UserId user = UserOf(session);
      std::vector<Learner>& of_partition = learners[subjects_.PartitionOf(user)];
      const size_t begin = lesson.LinesUntil(plan_.messages);
      of_partition.push_back({.user = std::move(user),
                              .lesson = &lesson,
                              .stop = lesson.LinesUntil(plan_.messages + kGoOnMessages, begin),
                              .next = begin});
    }
    for (auto& partition : partitions_) partition->cache().Clear();
    Fold(learners, &rounds[round]);
  }
  touched_ = sessions_;
  return Median(std::move(rounds));
}

std::vector<HistoryCost> HistoryCosts(const ScalePlan& plan) {
  constexpr std::array<uint64_t, 4> kAt = {10, 100, 1'000, 10'000};
  constexpr uint32_t kPartition = 3;
  LessonPlan asking{.course_file = plan.course,
                    .mix = {.right = 0, .wrong = 0, .hint = 0, .question = 1, .second = 0}};
  asking.history_max = plan.history_max + 2 * kWindow;
  const std::vector<Lesson> lessons = MakeLessons(asking, 1, plan.seed);
  const envelope::Subjects subjects;
  std::vector<std::vector<Folded>> measured(kAt.size());
  uint64_t number = 0;
  for (size_t cohort = 0; cohort < kRounds; ++cohort) {
    const std::string path = plan.dir + "/history-" + std::to_string(cohort);
    auto store = OpenStore(path);
    EnginePartition partition(
        store.get(),
        {.subjects = subjects, .partition = static_cast<store::PartitionId>(kPartition)});
    LogWriter writer(subjects, kPartition, kFirstMs, plan.seed + cohort);
    std::vector<Learner> learners;
    for (UserId& user : UsersOf(subjects, kPartition, "h", kCohort, &number)) {
      learners.push_back({.user = std::move(user), .lesson = &lessons.front()});
    }
    uint64_t messages = 0;
    const auto go_to = [&](uint64_t goal, Folded* folded) {
      while (messages < goal) {
        messages = std::min(goal, messages + kStep);
        for (Learner& learner : learners) learner.stop = lessons.front().LinesUntil(messages);
        FoldInto(partition, writer, learners, kCohort, folded);
      }
    };
    for (size_t i = 0; i < kAt.size() && kAt[i] <= plan.history_max; ++i) {
      Folded unmeasured;
      go_to(kAt[i], &unmeasured);
      measured[i].emplace_back();
      go_to(kAt[i] + kWindow, &measured[i].back());
    }
    store.reset();
    std::filesystem::remove_all(path);
  }
  std::vector<HistoryCost> costs;
  for (size_t i = 0; i < kAt.size(); ++i) {
    if (!measured[i].empty()) costs.push_back({kAt[i], Median(std::move(measured[i]))});
  }
  return costs;
}

}  // namespace lyceum::bench
