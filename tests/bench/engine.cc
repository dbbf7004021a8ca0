// The engine of a session worker: how many records a core folds.
//
//   bench_engine [--sessions N] [--in-flight W] [--rounds R] [--seed S] [--quick] [--alone]
//                [--course FILE]
//
// Alone: whole lessons of N learners, W of them going on at a time, lie in memory as they lie in
// one partition's log; decoded, advanced, encoded and committed to RocksDB by the session worker's
// own code, without NATS. A core: CPU time of the whole process, with RocksDB's threads. Catching
// up: the same records wait in a real nats-server, and are read by the partition's own reader; with
// and without folding them. Records a second of wall time, the server on this machine. Prints a
// table and one JSON line. Each figure is the median of the rounds.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "bench/engine_catch_up.h"
#include "bench/engine_cost.h"
#include "bench/engine_partition.h"
#include "bench/records.h"
#include "envelope/codec.h"
#include "support/stack.h"
#include "support/temp_dir.h"

namespace lyceum::bench {
namespace {

using nlohmann::ordered_json;

constexpr double kEngineBar = 200'000;
constexpr double kCatchUpBar = 150'000;
constexpr uint32_t kPartition = 3;
constexpr size_t kLessons = 64;  // That differ.
constexpr size_t kDigestRecords = 20'000;
constexpr int64_t kFirstMs = 1'800'000'000'000;  // Of the log in memory.

struct Plan {
  size_t sessions = 3000;
  size_t in_flight = 500;
  size_t rounds = 3;
  uint64_t seed = 1;
  bool alone = false;  // Without the server: for a profile.
  std::string course = test::SourceFile("ops/courses/fractions.toml");
};

std::unique_ptr<store::Store> Open(const std::string& path) {
  auto opened = store::Store::Open({.path = path});
  if (!opened) throw std::runtime_error(opened.error().text);
  return *std::move(opened);
}

class Bench {
 public:
  explicit Bench(const Plan& plan);
  void Run();

 private:
  session::PartitionOptions Options() const {
    return {.subjects = subjects_, .partition = static_cast<store::PartitionId>(kPartition)};
  }
  double PerSecond(double seconds) const { return static_cast<double>(log_.size()) / seconds; }

  Cost FoldAll();
  void CheckAll(store::Store& store) const;
  double DecodeSeconds() const;
  Split SplitOfTime();
  std::string DigestOf(const session::PartitionOptions& options) const;
  void Alone();
  void CatchUp();
  void Show(const char* what, const char* name, const std::vector<double>& values, double bar = 0);

  const Plan plan_;
  const envelope::Subjects subjects_;
  std::vector<Lesson> lessons_;
  std::vector<Learner> learners_;
  std::vector<wire::StoredMessage> log_;
  ordered_json figures_;
};

Bench::Bench(const Plan& plan) : plan_(plan) {
  lessons_ = MakeLessons({.course_file = plan.course, .mix = {}}, kLessons, plan.seed);
  uint64_t number = 0;
  for (const UserId& user : UsersOf(subjects_, kPartition, "user-", plan.sessions, &number)) {
    const Lesson& lesson = lessons_[learners_.size() % lessons_.size()];
    learners_.push_back({.user = user, .lesson = &lesson, .stop = lesson.lines.size()});
  }
  LogWriter writer(subjects_, kPartition, kFirstMs, plan.seed);
  log_ = writer.WriteAll(learners_, plan.in_flight);
  size_t bytes = 0;
  for (const wire::StoredMessage& record : log_) bytes += record.data.size();
  fmt::print(stderr, "{} sessions, {} records, {} bytes each, seed {}\n", plan.sessions,
             log_.size(), bytes / log_.size(), plan.seed);
  figures_ = {{"bench", "engine"},
              {"sessions", plan.sessions},
              {"in_flight", plan.in_flight},
              {"records", log_.size()},
              {"record_bytes", bytes / log_.size()},
              {"seed", plan.seed},
              {"rounds", plan.rounds}};
}

void Bench::CheckAll(store::Store& store) const {
  for (const Learner& learner : learners_) {
    auto session = session::LoadSession(store, kPartition, learner.user);
    if (!session) throw std::runtime_error(session.error().text);
    if (!*session || MarkOf(**session) != learner.lesson->lines.back().after) {
      throw std::runtime_error("the session of " + learner.user.value +
                               " is not what its lesson makes of it");
    }
  }
}

Cost Bench::FoldAll() {
  const test::TempDir dir;
  const CostClock clock;
  auto store = Open(dir.path());
  EnginePartition(store.get(), Options()).Fold(log_);
  store.reset();  // With what RocksDB still has to do.
  const Cost cost = clock.Read();
  CheckAll(*Open(dir.path()));
  return cost;
}

double Bench::DecodeSeconds() const {
  std::vector<envelope::RecordClass> classes;
  for (const wire::StoredMessage& record : log_) {
    classes.push_back(subjects_.ParseLog(record.subject)->record_class);
  }
  const CostClock clock;
  for (size_t i = 0; i < log_.size(); ++i) {
    if (!envelope::DecodeEvent(log_[i].data, tutor::Encoding::kProtobuf, classes[i])) {
      throw std::runtime_error("a record does not decode");
    }
  }
  return clock.Read().thread_s;
}

Split Bench::SplitOfTime() {
  const test::TempDir dir;
  auto store = Open(dir.path());
  EnginePartition partition(store.get(), Options());
  Split split;
  partition.Watch(&split);
  partition.Fold(log_);
  return split;
}

// Of all that the sessions are: their rows, their histories, and what is kept for clients.
std::string Bench::DigestOf(const session::PartitionOptions& options) const {
  const test::TempDir dir;
  auto store = Open(dir.path());
  const std::span<const wire::StoredMessage> some(log_.data(),
                                                  std::min(log_.size(), kDigestRecords));
  EnginePartition(store.get(), options).Fold(some);
  std::string all;
  for (const Learner& learner : learners_) {
    auto session = store->GetSession(kPartition, learner.user);
    auto history = store->GetHistory(kPartition, learner.user, 1, UINT64_MAX - 1);
    auto messages = store->GetMessages(kPartition, learner.user, 1, UINT32_MAX - 1);
    if (!session || !history || !messages) throw std::runtime_error("the store does not answer");
    all += session->value_or("") + '\n';
    for (const std::string& entry : *history) all += entry + '\n';
    for (const auto& message : *messages) all += message.bytes + '\n';
  }
  return Sha256Hex(all);
}

void Bench::Show(const char* what, const char* name, const std::vector<double>& values,
                 double bar) {
  const double median = Quantile(values, 0.5);
  figures_[name] = median;
  figures_[std::string(name) + "_least"] = Quantile(values, 0);
  figures_[std::string(name) + "_most"] = Quantile(values, 1);
  figures_[std::string(name) + "_least"] = Quantile(values, 0);
  figures_[std::string(name) + "_most"] = Quantile(values, 1);
  if (bar > 0) figures_[std::string(name) + "_bar"] = bar;
  fmt::print("{:<58} {:>10.0f} ({:.0f} to {:.0f}){}\n", what, median, Quantile(values, 0),
             Quantile(values, 1), bar > 0 ? fmt::format("  >= {:.0f}", bar) : "");
  std::fflush(stdout);
}

void Bench::Alone() {
  std::vector<double> per_core, per_thread, wall, background;
  for (size_t round = 1; round <= plan_.rounds; ++round) {
    const Cost cost = FoldAll();
    per_core.push_back(PerSecond(cost.cpu_s));
    per_thread.push_back(PerSecond(cost.thread_s));
    wall.push_back(PerSecond(cost.wall_s));
    background.push_back(100 * (cost.cpu_s - cost.thread_s) / cost.cpu_s);
    fmt::print(stderr, "alone, round {}: {:.0f} records/s per core\n", round, per_core.back());
  }
  Show("engine alone, records/s per core", "engine_records_per_s_per_core", per_core, kEngineBar);
  Show("  of the folding thread's CPU alone", "engine_thread_records_per_s", per_thread);
  Show("  of wall time", "engine_wall_records_per_s", wall);
  Show("  RocksDB's own threads, % of the CPU", "engine_background_percent", background);

  const auto each_us = [&](double seconds) {
    return 1e6 * seconds / static_cast<double>(log_.size());
  };
  const double decode_us = each_us(DecodeSeconds());
  const Split split = SplitOfTime();
  const std::pair<const char*, double> parts[] = {{"take", each_us(split.take_s)},
                                                  {"decode", decode_us},
                                                  {"advance", each_us(split.step_s) - decode_us},
                                                  {"letters_and_rows", each_us(split.add_s)},
                                                  {"session_rows", each_us(split.finish_s)},
                                                  {"commit", each_us(split.apply_s)}};
  fmt::print("  us of CPU a record:");
  for (const auto& [part, us] : parts) {
    fmt::print(" {} {:.1f}", part, us);
    figures_[fmt::format("record_{}_us", part)] = us;
  }
  const double rows = static_cast<double>(split.rows) / static_cast<double>(log_.size());
  figures_["record_rows"] = rows;
  fmt::print("\n  rows put and erased a record: {:.1f}\n", rows);
}

void Bench::CatchUp() {
  WaitingLog waiting(subjects_, kPartition, log_);
  fmt::print(stderr, "published {:.0f} records/s\n", waiting.publish_per_s());
  std::vector<double> reader, reader_cpu, folded, folded_cpu;
  for (size_t round = 1; round <= plan_.rounds; ++round) {
    const Cost alone = waiting.Read([](auto, int64_t) {});
    reader.push_back(PerSecond(alone.wall_s));
    reader_cpu.push_back(PerSecond(alone.cpu_s));
    const test::TempDir dir;
    auto store = Open(dir.path());
    EnginePartition partition(store.get(), Options());
    const Cost cost = waiting.Read(
        [&](auto records, int64_t created_ns) { partition.Fold(records, created_ns); });
    folded.push_back(PerSecond(cost.wall_s));
    folded_cpu.push_back(PerSecond(cost.cpu_s));
    CheckAll(*store);
    fmt::print(stderr, "catching up, round {}: {:.0f} records/s, the reader alone {:.0f}\n", round,
               folded.back(), reader.back());
  }
  Show("catching up from JetStream, records/s", "catch_up_records_per_s", folded, kCatchUpBar);
  Show("  per core of this process", "catch_up_records_per_s_per_core", folded_cpu);
  Show("  the reader alone, records/s", "reader_records_per_s", reader);
  Show("  the reader alone, per core of this process", "reader_records_per_s_per_core", reader_cpu);
}

void Bench::Run() {
  fmt::print("{:<58} {:>10} {}\n", "median of the rounds", "", "(least to most)  bar");
  Alone();
  const session::PartitionOptions many = Options();
  session::PartitionOptions one = many;
  one.batch_records_max = 1;
  if (DigestOf(one) != DigestOf(many)) {
    throw std::runtime_error("the size of a batch changes what is folded");
  }
  fmt::print("  sessions, histories and messages are the same for batches of 1 and of {}\n",
             many.batch_records_max);
  if (!plan_.alone) CatchUp();
  fmt::print("{}\n", figures_.dump());
}

}  // namespace
}  // namespace lyceum::bench

int main(int argc, char** argv) {
  lyceum::bench::Plan plan;
  CLI::App app{"How many records a core folds", "bench_engine"};
  bool quick = false;
  app.add_flag("--quick", quick, "1,000 sessions, one round");
  app.add_flag("--alone", plan.alone, "without the server");
  app.add_option("--sessions", plan.sessions)->check(CLI::Range(1, 100'000));
  app.add_option("--in-flight", plan.in_flight)->check(CLI::Range(1, 100'000));
  app.add_option("--rounds", plan.rounds)->check(CLI::Range(1, 100));
  app.add_option("--seed", plan.seed);
  app.add_option("--course", plan.course);
  CLI11_PARSE(app, argc, argv);
  if (quick) {
    plan.sessions = 1000;
    plan.rounds = 1;
  }
  lyceum::bench::Bench(plan).Run();
  return 0;
}
