// kill -9 of the session worker while learners take their turns, and its restart at once.
//
//   bench_restart [--learners W] [--kills K] [--tail S] [--store DIR] [--course FILE]
// First K kills, some seconds apart, with a checkpoint a second as usual: the longest time that each
// learner waits for an answer. Then a worker that takes no checkpoint but where its bound of records
// makes it is killed after S seconds, with a full tail: how long until it answers the first learner, and until it has
// caught up. --store: the sessions that bench_scale has made there are on the worker meanwhile, and at the
// end its folder is lost, and the log up to the snapshots trimmed: how long until it has all of them again. The
// folder is used up. Turns go through a canned gateway and a canned tool (lean.cc). Prints a table
// and one JSON line.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bench/figures.h"
#include "bench/kept_sessions.h"
#include "envelope/subjects.h"
#include "support/eventually.h"
#include "support/stack.h"
#include "wire/jetstream.h"

namespace lyceum::bench {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr double kGapBarMs = 2000;
constexpr double kReadyBarS = 3;
constexpr double kRestoreBarS = 10;  // Of 100,000 sessions.
constexpr seconds kStart{60};
constexpr seconds kSnapshots{300};
constexpr milliseconds kBetweenKills{4000};
constexpr milliseconds kLastPart{6000};  // After the last kill.

struct Plan {
  size_t learners = 200;
  int kills = 5;
  int tail = 12;  // Seconds of turns without a checkpoint.
  std::string course = test::SourceFile("ops/courses/fractions.toml");
  std::string store;
};

size_t Count(const std::string& text, const std::string& word) {
  size_t count = 0;
  for (size_t from = 0; (from = text.find(word, from)) != std::string::npos; ++from) ++count;
  return count;
}

// So long, of a gateway that goes on.
void WaitBeside(test::Process& gateway, milliseconds time) {
  if (gateway.Wait(In(time))) throw std::runtime_error("the gateway ended: " + gateway.err());
}

class Bench {
 public:
  explicit Bench(const Plan& plan);
  void Run();

 private:
  std::unique_ptr<test::Process> StartGateway(size_t learners, int run_s);
  void StartWorker(const std::vector<std::string>& more);
  json Gaps();
  json FullTail();
  json LostFolder();

  const Plan plan_;
  test::Stack stack_;
  std::unique_ptr<test::Process> tool_;
};

Bench::Bench(const Plan& plan) : plan_(plan) {
  stack_.ImportCourse(plan_.course);
  if (!plan_.store.empty()) {
    std::filesystem::rename(plan_.store, stack_.data_dir());
    BeginNewLog(stack_.data_dir());
  }
  tool_ = std::make_unique<test::Process>(
      std::vector<std::string>{LYCEUM_BENCH_LEAN, "tool", "--course", plan_.course},
      stack_.nats().env_for("tool_worker"));
  if (!test::Eventually(kStart, [&] { return Count(tool_->out(), "ready") > 0; })) {
    throw std::runtime_error("the canned tool does not start: " + tool_->err());
  }
}

// Until every partition reads.
void Bench::StartWorker(const std::vector<std::string>& more) {
  stack_.StartSessionWorker(more);
  const auto opened = [&] {
    return Count(stack_.session_worker().err(), "partition opened") >=
           envelope::Subjects().partitions();
  };
  if (!test::Eventually(kStart, opened)) {
    throw std::runtime_error("the session worker does not start: " + stack_.session_worker_logs());
  }
}

std::unique_ptr<test::Process> Bench::StartGateway(size_t learners, int run_s) {
  auto gateway = std::make_unique<test::Process>(
      std::vector<std::string>{LYCEUM_BENCH_LEAN, "gateway", "--course", plan_.course, "--learners",
                               std::to_string(learners), "--seconds", std::to_string(run_s)},
      stack_.nats().env_for("gateway"));
  if (!test::Eventually(kStart, [&] { return Count(gateway->out(), "begun") > 0; })) {
    throw std::runtime_error("the canned gateway does not start: " + gateway->err());
  }
  return gateway;
}

json Bench::Gaps() {
  StartWorker({});
  const milliseconds length = plan_.kills * kBetweenKills + kLastPart;
  const auto gateway = StartGateway(plan_.learners, static_cast<int>(length.count() / 1000) + 1);
  for (int kill = 0; kill < plan_.kills; ++kill) {
    WaitBeside(*gateway, kBetweenKills);
    stack_.session_worker().Kill9();
    stack_.StartSessionWorker();
  }
  if (gateway->Wait(In(length + kStart)) != 0) {
    throw std::runtime_error("the gateway failed: " + gateway->err() +
                             stack_.session_worker_logs());
  }
  const std::string out = gateway->out();
  json line = json::parse(out.substr(out.find('{')));
  stack_.session_worker().Kill9();
  return {{"gap_p99_ms", line.at("longest_p99_ms")},
          {"gap_p50_ms", line.at("longest_p50_ms")},
          {"gap_max_ms", line.at("max_ms")},
          {"turns", line.at("turns")}};
}

json Bench::FullTail() {
  StartWorker({"--checkpoint-ms", "3600000"});
  const auto gateway = StartGateway(plan_.learners, plan_.tail + 30);
  WaitBeside(*gateway, seconds(plan_.tail));
  stack_.session_worker().Kill9();
  const size_t answers = Count(gateway->out(), "after a pause");
  const Deadline begun = Steady::now();
  stack_.StartSessionWorker();
  const auto opened = [&] {
    return Count(stack_.session_worker().err(), "partition opened") >=
           envelope::Subjects().partitions();
  };
  double opened_s = 0;
  const bool answered = test::Eventually(kStart, [&] {
    if (opened_s == 0 && opened()) opened_s = SecondsSince(begun);
    return Count(gateway->out(), "after a pause") > answers;
  });
  const double answered_s = SecondsSince(begun);
  if (!answered) {
    throw std::runtime_error("nobody is answered after a restart: " + gateway->err() +
                             stack_.session_worker_logs());
  }
  gateway->Terminate();
  uint64_t tail = 0;
  std::string log = stack_.session_worker().err();
  for (size_t from = 0;
       (from = log.find("\"event\":\"partition opened\"", from)) != std::string::npos;) {
    const size_t end = log.find('\n', from);
    const size_t begin = log.rfind('{', from);
    const json line = json::parse(log.substr(begin, end - begin));
    tail += line.at("log_end").get<uint64_t>() - line.at("position").get<uint64_t>();
    from = end == std::string::npos ? log.size() : end;
  }
  return {{"tail_records", tail}, {"opened_s", opened_s}, {"first_answer_s", answered_s}};
}

// What the log still has is one record a partition: all else comes from the snapshots.
json Bench::LostFolder() {
  stack_.session_worker().Kill9();
  StartWorker({"--snapshot-s", "1"});
  const auto lines = [&](const std::string& role, const std::vector<std::string>& args) {
    std::vector<json> all;
    std::istringstream out(stack_.Lyceum(role, args).out);
    for (std::string line; std::getline(out, line);) all.push_back(json::parse(line));
    return all;
  };
  const bool trimmed = test::Eventually(kSnapshots, [&] {
    const auto begins = lines("admin", {"trim", "--older", "0s", "--json"});
    const auto ends = lines("operator", {"partition", "list", "--json"});
    for (size_t i = 0; i < begins.size() && i < ends.size(); ++i) {
      if (begins[i].at("begins") != ends[i].at("log_end")) return false;
    }
    return begins.size() == ends.size() && !begins.empty();
  });
  if (!trimmed) throw std::runtime_error("no snapshots: " + stack_.session_worker_logs());
  const auto stream =
      wire::GetStream(*stack_.Connect("operator"), envelope::Subjects().SnapshotStream());
  stack_.session_worker().Kill9();
  std::filesystem::remove_all(stack_.data_dir());
  const Deadline begun = Steady::now();
  StartWorker({});
  const double opened_s = SecondsSince(begun);
  const size_t restored = Count(stack_.session_worker().err(), "snapshot restored");
  if (restored < envelope::Subjects().partitions()) {
    throw std::runtime_error(fmt::format("{} partitions came from a snapshot: {}", restored,
                                         stack_.session_worker_logs()));
  }
  size_t sessions =
      lines("operator", {"sessions", "--limit", "10000000", "--format", "json"}).size();
  return {{"restored_sessions", sessions},
          {"snapshot_mib", static_cast<double>((*stream)->bytes) / (1 << 20)},
          {"restored_s", opened_s}};
}

void Bench::Run() {
  const json gaps = Gaps();
  const json tail = FullTail();
  const auto row = [](const char* what, double value, const std::string& bar = "") {
    fmt::print("{:<58} {:>12.2f}  {}\n", what, value, bar);
  };
  row("kill -9: longest gap a learner sees, p99 of learners, ms", gaps.at("gap_p99_ms"),
      fmt::format("<= {:.0f}", kGapBarMs));
  row("  p50 of learners, ms", gaps.at("gap_p50_ms"));
  row("full tail, records folded again", tail.at("tail_records"));
  row("  s until every partition reads", tail.at("opened_s"));
  row("  s until the first answer", tail.at("first_answer_s"),
      fmt::format("<= {:.0f}", kReadyBarS));
  json lost;
  if (!plan_.store.empty()) {
    lost = LostFolder();
    row("an empty folder: sessions that it had", lost.at("restored_sessions"));
    row("  MiB of the snapshots", lost.at("snapshot_mib"));
    row("  s until every partition reads", lost.at("restored_s"),
        fmt::format("<= {:.0f}", kRestoreBarS));
  }
  json line = {{"bench", plan_.store.empty() ? "restart" : "restart_beside_sessions"},
               {"learners", plan_.learners},
               {"kills", plan_.kills}};
  line.update(gaps);
  line.update(tail);
  if (!lost.is_null()) line.update(lost);
  fmt::print("{}\n", line.dump());
}

}  // namespace
}  // namespace lyceum::bench

int main(int argc, char** argv) {
  lyceum::bench::Plan plan;
  CLI::App app{"kill -9 of the session worker", "bench_restart"};
  app.add_option("--learners", plan.learners)->check(CLI::Range(1, 10'000));
  app.add_option("--kills", plan.kills)->check(CLI::Range(1, 1'000));
  app.add_option("--tail", plan.tail, "seconds of turns without a checkpoint")
      ->check(CLI::Range(1, 120));
  app.add_option("--course", plan.course);
  app.add_option("--store", plan.store)->check(CLI::ExistingDirectory);
  CLI11_PARSE(app, argc, argv);
  try {
    lyceum::bench::Bench(plan).Run();
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_restart: {}\n", error.what());
    return 1;
  }
  return 0;
}
