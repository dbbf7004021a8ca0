#include "bench/turns_side.h"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <numeric>
#include <stdexcept>
#include <utility>
#include <vector>

#include "bench/kept_sessions.h"
#include "envelope/subjects.h"
#include "support/eventually.h"

namespace lyceum::bench {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr milliseconds kRelayWarmUp{1000};
constexpr milliseconds kLoadWarmUp{2000};
// At both ends of a gateway's window: it begins a little later than its process.
constexpr milliseconds kMargin{300};
constexpr std::chrono::seconds kStart{60};

// The processes whose turns are counted.
struct Running {
  pid_t server = 0, session = 0, tool = 0;
};

bool Says(const test::Process& process, const std::string& word) {
  return process.out().find(word) != std::string::npos;
}

void WaitFor(const test::Process& process, const std::string& word, const std::string& what) {
  if (!test::Eventually(kStart, [&] { return Says(process, word); })) {
    throw std::runtime_error(what + " does not start: " + process.err());
  }
}

// Waits until `gateway` measures (`warm_up` from now), reads the CPU of all, and then its line.
TurnsRun Watch(test::Process& gateway, const Running& running, milliseconds warm_up, int seconds,
               const std::function<std::string()>& more) {
  const auto wait = [&](milliseconds time) {
    if (gateway.Wait(In(time)))
      throw std::runtime_error("the gateway ended: " + gateway.err() + more());
  };
  wait(warm_up + kMargin);
  const CpuWindow window(Pids{{"nats-server", running.server},
                              {"session", running.session},
                              {"tool", running.tool},
                              {"gateway", gateway.pid()}});
  const Deadline begun = Steady::now();
  wait(std::chrono::seconds(seconds) - 2 * kMargin);
  const std::map<std::string, double> cpu = window.Seconds();
  const double wall_s = std::chrono::duration<double>(Steady::now() - begun).count();
  const auto code = gateway.Wait(In(std::chrono::seconds(seconds + 60)));
  if (code != 0) throw std::runtime_error("the gateway failed: " + gateway.err() + more());
  const std::string out = gateway.out();
  const json line = json::parse(out.substr(out.find('{')));
  TurnsRun run;
  run.turns_per_s = line.at("turns_per_s");
  run.p50_ms = line.at("p50_ms");
  run.p99_ms = line.at("p99_ms");
  for (const auto& [name, used_s] : cpu) run.cpu_s[name] = 1000 * used_s / wall_s / run.turns_per_s;
  return run;
}

}  // namespace

double TurnsRun::CpuOfAll() const {
  return std::accumulate(cpu_s.begin(), cpu_s.end(), 0.0,
                         [](double sum, const auto& one) { return sum + one.second; });
}

// --- The bare relay ------------------------------------------------------------------------------

std::unique_ptr<test::Process> RelaySide::StartRole(const std::string& role, bool buffered) {
  std::vector<std::string> args = {LYCEUM_BENCH_RELAY, role};
  if (buffered) args.emplace_back("--buffered");
  auto process = std::make_unique<test::Process>(
      args, stack_.nats().env_for(role == "session" ? "session_worker" : "tool_worker"));
  WaitFor(*process, "ready", "the relay");
  return process;
}

TurnsRun RelaySide::Run(int in_flight, bool buffered, int seconds) {
  const auto session = StartRole("session", buffered);
  const auto tool = StartRole("tool", buffered);
  std::vector<std::string> args = {LYCEUM_BENCH_RELAY,        "gateway",   "--learners",
                                   std::to_string(in_flight), "--seconds", std::to_string(seconds)};
  if (buffered) args.emplace_back("--buffered");
  test::Process gateway(args, stack_.nats().env_for("gateway"));
  return Watch(gateway, {stack_.nats().pid(), session->pid(), tool->pid()}, kRelayWarmUp, seconds,
               [&] { return session->err() + tool->err(); });
}

// --- Lyceum --------------------------------------------------------------------------------------

LyceumSide::LyceumSide(const Options& options) : options_(options) {
  stack_.ImportCourse(options_.course);
  if (!options_.store.empty()) {
    std::filesystem::rename(options_.store, stack_.data_dir());
    BeginNewLog(stack_.data_dir());
  }
  stack_.StartSessionWorker();
  if (options_.lean) {
    tools_ = std::make_unique<test::Process>(
        std::vector<std::string>{LYCEUM_BENCH_LEAN, "tool", "--course", options_.course},
        stack_.nats().env_for("tool_worker"));
    WaitFor(*tools_, "ready", "the canned tool");
  } else {
    tools_ = stack_.StartToolWorker("tools-1", {"--slots", "256"});
  }
  WaitForPartitions();
}

void LyceumSide::WaitForPartitions() {
  const auto opened = [&] {
    const std::string log = stack_.session_worker_logs();
    size_t count = 0;
    for (size_t at = 0; (at = log.find("partition opened", at)) != std::string::npos; ++at) ++count;
    return count >= envelope::Subjects().partitions();
  };
  if (!test::Eventually(kStart, opened)) {
    throw std::runtime_error("the session worker does not start: " + stack_.session_worker_logs());
  }
}

TurnsRun LyceumSide::Run(int in_flight, int seconds) {
  std::vector<std::string> args;
  const std::string learners = std::to_string(in_flight);
  if (options_.lean) {
    args = {LYCEUM_BENCH_LEAN, "gateway", "--course",  options_.course,
            "--learners",      learners,  "--seconds", std::to_string(seconds)};
  } else {
    args = {test::Program("lyceum"),
            "load",
            options_.course,
            "--learners",
            learners,
            "--seconds",
            std::to_string(seconds),
            "--warm-up",
            std::to_string(kLoadWarmUp.count() / 1000),
            "--mix",
            "right=100"};
  }
  test::Process gateway(args, stack_.nats().env_for("gateway"));
  // The canned gateway warms up once all its learners have begun, and says so.
  if (options_.lean) WaitFor(gateway, "begun", "the canned gateway");
  return Watch(gateway, {stack_.nats().pid(), stack_.session_worker().pid(), tools_->pid()},
               options_.lean ? kRelayWarmUp : kLoadWarmUp, seconds,
               [&] { return gateway.out() + stack_.session_worker_logs() + tools_->err(); });
}

}  // namespace lyceum::bench
