// The engine of a session worker: how many records a core folds.
//
//   bench_engine [--sessions N] [--in-flight W] [--rounds R] [--seed S] [--quick] [--alone]
//                [--course FILE]
//
// Alone: whole lessons of N learners, W of them going on at a time, lie in memory as they lie in
// one partition's log; a shard reads them as they come, over a wire with nothing behind it
// (log_wire.h): decoded, advanced, encoded, sent, dispatched, and in checkpoints on the disk, the last
// one too. A core: CPU time of the whole process, with RocksDB's threads. Catching up: the same
// records wait in a real nats-server, and are read by the partition's own reader; with and without
// folding them. Records a second of wall time, the server on this machine. Prints a table and one
// JSON line. Each figure is the median of the rounds; the bars are ratios to the reader alone.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "base/log.h"
#include "bench/engine_catch_up.h"
#include "bench/engine_cost.h"
#include "bench/log_shard.h"
#include "bench/records.h"
#include "envelope/codec.h"
#include "envelope/rows.h"
#include "envelope/topics.h"
#include "shard/named_topic.h"
#include "support/stack.h"
#include "support/temp_dir.h"
#include "tutor/advance.h"

namespace lyceum::bench {
namespace {

using nlohmann::ordered_json;

constexpr double kEngineBar = 0.30;   // Of the reader alone, both per core.
constexpr double kCatchUpBar = 0.25;  // Of the reader alone, both of wall time.
constexpr uint32_t kPartition = 3;
constexpr size_t kLessons = 64;  // That differ.
constexpr size_t kDigestRecords = 20'000;

struct Plan {
  size_t sessions = 3000;
  size_t in_flight = 500;
  size_t rounds = 3;
  uint64_t seed = 1;
  bool alone = false;  // Without the server: for a profile.
  std::string course = test::SourceFile("ops/courses/fractions.toml");
};

// The store that a shard has left behind.
std::unique_ptr<store::RocksStore> Open(const std::string& path) {
  auto opened = store::RocksStore::Open({.path = path});
  if (!opened) throw std::runtime_error(opened.error().text);
  return *std::move(opened);
}

struct Folded {
  Cost cost;  // Of folding, and of the last checkpoint.
  uint64_t checkpoints = 0;
  uint64_t checkpoint_bytes = 0;
};

class Bench {
 public:
  explicit Bench(const Plan& plan);
  void Run();

 private:
  double PerSecond(double seconds) const { return static_cast<double>(log_.size()) / seconds; }

  Folded Fold(std::span<const wire::StoredMessage> records, const std::string& path,
              size_t turn_records) const;
  void CheckAll(const std::string& path) const;
  double DecodeSeconds() const;
  double AdvanceSeconds() const;
  std::string DigestOf(size_t turn_records) const;
  void Stamp();
  void Alone();
  void CatchUp();
  void Show(const char* what, const char* name, const std::vector<double>& values, double bar = 0);

  const Plan plan_;
  const envelope::Subjects subjects_;
  std::vector<Lesson> lessons_;
  TopicRows topics_;
  std::vector<Learner> learners_;
  std::vector<wire::StoredMessage> log_;
  std::vector<double> per_core_;  // Of the rounds alone.
  ordered_json figures_;
};

Bench::Bench(const Plan& plan) : plan_(plan) {
  lessons_ = MakeLessons({.course_file = plan.course, .mix = {}}, kLessons, plan.seed);
  topics_ = TopicRowsOf(plan.course);
  uint64_t number = 0;
  for (const UserId& user : UsersOf(subjects_, kPartition, "user-", plan.sessions, &number)) {
    const Lesson& lesson = lessons_[learners_.size() % lessons_.size()];
    learners_.push_back({.user = user, .lesson = &lesson, .stop = lesson.lines.size()});
  }
  LogWriter writer(subjects_, kPartition, plan.seed);
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

void Bench::CheckAll(const std::string& path) const {
  const auto store = Open(path);
  for (const Learner& learner : learners_) {
    const auto row = store->GetSession(kPartition, learner.user.value);
    if (!row || !*row) throw std::runtime_error("there is no session of " + learner.user.value);
    const auto session = envelope::DecodeSession(**row);
    if (!session || MarkOf(*session) != learner.lesson->lines.back().after) {
      throw std::runtime_error("the session of " + learner.user.value +
                               " is not what its lesson makes of it");
    }
  }
}

Folded Bench::Fold(std::span<const wire::StoredMessage> records, const std::string& path,
                   size_t turn_records) const {
  LogShard shard({.path = path,
                  .topics = topics_,
                  .partitions = {static_cast<store::PartitionId>(kPartition)}},
                 {}, turn_records);
  shard.Append(kPartition, records);
  const CostClock clock;
  shard.Fold();
  shard.Stop();
  const shard::Counters& counters = shard.runner().counters();
  return {clock.Read(), counters.checkpoints, counters.checkpoint_bytes};
}

double Bench::DecodeSeconds() const {
  std::vector<envelope::RecordClass> classes;
  for (const wire::StoredMessage& record : log_) {
    classes.push_back(subjects_.ParseLog(record.subject)->record_class);
  }
  envelope::EventDecoder decoder;
  const CostClock clock;
  for (size_t i = 0; i < log_.size(); ++i) {
    if (!decoder.Decode(log_[i].data, tutor::Encoding::kProtobuf, classes[i])) {
      throw std::runtime_error("a record does not decode");
    }
  }
  return clock.Read().thread_s;
}

// Of the state machine alone, its events decoded before.
double Bench::AdvanceSeconds() const {
  struct Step {
    UserId user;
    tutor::Event event;
  };
  std::vector<Step> steps;
  std::map<std::string, std::shared_ptr<const tutor::Topic>> topics;
  for (const wire::StoredMessage& record : log_) {
    const auto parts = subjects_.ParseLog(record.subject);
    auto event =
        envelope::DecodeEvent(record.data, tutor::Encoding::kProtobuf, parts->record_class);
    if (!event) throw std::runtime_error("a record does not decode");
    if (tutor::LoadTopicOk* named = shard::TopicToFetch(&event->event)) {
      auto& topic = topics[named->digest];
      if (topic == nullptr) {
        topic =
            std::make_shared<const tutor::Topic>(*envelope::DecodeTopic(topics_.at(named->digest)));
      }
      named->topic = topic;
    }
    steps.push_back({parts->user, std::move(event->event)});
  }
  std::unordered_map<std::string, std::optional<tutor::Session>> sessions;
  tutor::Effects effects;
  const CostClock clock;
  for (size_t i = 0; i < steps.size(); ++i) {
    effects.clear();
    tutor::Advance(&sessions[steps[i].user.value], steps[i].user, steps[i].event,
                   {kPartition, log_[i].sequence, log_[i].time_ms}, &effects);
  }
  return clock.Read().thread_s;
}

// Of the rows of all sessions.
std::string Bench::DigestOf(size_t turn_records) const {
  const test::TempDir dir;
  Fold(std::span(log_).first(std::min(log_.size(), kDigestRecords)), dir.path(), turn_records);
  const auto store = Open(dir.path());
  std::string all;
  for (const Learner& learner : learners_) {
    const auto row = store->GetSession(kPartition, learner.user.value);
    if (!row) throw std::runtime_error("the store does not answer");
    all += row->value_or("") + '\n';
  }
  return Sha256Hex(all);
}

void Bench::Show(const char* what, const char* name, const std::vector<double>& values,
                 double bar) {
  const double median = Quantile(values, 0.5);
  figures_[name] = median;
  figures_[std::string(name) + "_least"] = Quantile(values, 0);
  figures_[std::string(name) + "_most"] = Quantile(values, 1);
  if (bar > 0) figures_[std::string(name) + "_bar"] = bar;
  const auto number = [&](double q) {
    const double value = Quantile(values, q);
    return value < 100 ? fmt::format("{:.2f}", value) : fmt::format("{:.0f}", value);
  };
  fmt::print("{:<58} {:>10} ({} to {}){}\n", what, number(0.5), number(0), number(1),
             bar > 0 ? fmt::format("  >= {:.2f}", bar) : "");
  std::fflush(stdout);
}

// As if they had just been stored: the shard takes the time of a record for the server's.
void Bench::Stamp() {
  for (wire::StoredMessage& record : log_) record.time_ms = UnixMs();
}

void Bench::Alone() {
  std::vector<double> per_thread, wall, background, checkpoint_bytes;
  for (size_t round = 1; round <= plan_.rounds; ++round) {
    const test::TempDir dir;
    Stamp();
    const Folded folded = Fold(log_, dir.path(), LogShard::kTurnRecords);
    CheckAll(dir.path());
    const Cost& cost = folded.cost;
    per_core_.push_back(PerSecond(cost.cpu_s));
    per_thread.push_back(PerSecond(cost.thread_s));
    wall.push_back(PerSecond(cost.wall_s));
    background.push_back(100 * (cost.cpu_s - cost.thread_s) / cost.cpu_s);
    checkpoint_bytes.push_back(static_cast<double>(folded.checkpoint_bytes) /
                               static_cast<double>(log_.size()));
    fmt::print(stderr, "alone, round {}: {:.0f} records/s per core, {} checkpoints\n", round,
               per_core_.back(), folded.checkpoints);
  }
  Show("engine alone, records/s per core", "engine_records_per_s_per_core", per_core_);
  Show("  of the folding thread's CPU alone", "engine_thread_records_per_s", per_thread);
  Show("  of wall time", "engine_wall_records_per_s", wall);
  Show("  the store's own threads, % of the CPU", "engine_background_percent", background);
  Show("  bytes in checkpoints, a record", "engine_checkpoint_bytes", checkpoint_bytes);
  const auto each_us = [&](double seconds) {
    return 1e6 * seconds / static_cast<double>(log_.size());
  };
  const double decode_us = each_us(DecodeSeconds()), advance_us = each_us(AdvanceSeconds());
  const double all_us = 1e6 / Quantile(per_core_, 0.5);
  figures_["record_us"] = all_us;
  figures_["record_decode_us"] = decode_us;
  figures_["record_advance_us"] = advance_us;
  fmt::print("  us of CPU a record: {:.2f}; decoding alone {:.2f}, Advance alone {:.2f}\n", all_us,
             decode_us, advance_us);
}

void Bench::CatchUp() {
  WaitingLog waiting(subjects_, kPartition, log_);
  fmt::print(stderr, "published {:.0f} records/s\n", waiting.publish_per_s());
  std::vector<double> reader, reader_cpu, folded, folded_cpu, engine_ratio, ratio;
  for (size_t round = 1; round <= plan_.rounds; ++round) {
    const Cost alone = waiting.ReadAlone();
    reader.push_back(PerSecond(alone.wall_s));
    reader_cpu.push_back(PerSecond(alone.cpu_s));
    const test::TempDir dir;
    const Cost cost = waiting.FoldInto(dir.path(), topics_);
    CheckAll(dir.path());
    folded.push_back(PerSecond(cost.wall_s));
    folded_cpu.push_back(PerSecond(cost.cpu_s));
    ratio.push_back(folded.back() / reader.back());
    engine_ratio.push_back(per_core_[round - 1] / reader_cpu.back());
    fmt::print(stderr, "catching up, round {}: {:.0f} records/s, the reader alone {:.0f}\n", round,
               folded.back(), reader.back());
  }
  Show("  the reader alone, per core of this process", "reader_records_per_s_per_core", reader_cpu);
  Show("engine to reader, both per core", "engine_ratio", engine_ratio, kEngineBar);
  Show("catching up from JetStream, records/s", "catch_up_records_per_s", folded);
  Show("  per core of this process", "catch_up_records_per_s_per_core", folded_cpu);
  Show("  the reader alone, records/s", "reader_records_per_s", reader);
  Show("catching up to reader", "catch_up_ratio", ratio, kCatchUpBar);
}

void Bench::Run() {
  fmt::print("{:<58} {:>10} {}\n", "median of the rounds", "", "(least to most)  bar");
  Alone();
  Stamp();
  if (DigestOf(1) != DigestOf(LogShard::kTurnRecords)) {
    throw std::runtime_error("how many records come at once changes what is folded");
  }
  fmt::print("  sessions are the same with 1 and with {} records a turn\n", LogShard::kTurnRecords);
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
  lyceum::InitLog("bench_engine", "", "error");
  try {
    lyceum::bench::Bench(plan).Run();
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_engine: {}\n", error.what());
    return 1;
  }
  return 0;
}
