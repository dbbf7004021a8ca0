// What a gateway costs: memory of idle WebSockets, and what it adds to a turn, against a plain NATS client in one run.
//
//   bench_gateway [--idle N] [--learners W] [--rounds N] [--seconds S] [--pace-ms P] [--course FILE]
// One nats-server, session worker, tool worker and lyceum-gateway. N learners hold a WebSocket and say nothing. Each round, W
// learners ask a question each P ms, first as a plain NATS client (one process, a publish and a subscription), then through the
// gateway (one process, a WebSocket each); and one learner asks as fast as it is answered, both ways. A table of medians, and one
// JSON line. CPU is that of all processes that take part (nats-server, session, tool, gateway, client), a turn; the gateway's
// part has what the idle sockets cost. Each bar is a line that ends with `holds` or `misses`. `bench_gateway client ...` is one of those clients (gateway_client.h).
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/signals.h"
#include "bench/figures.h"
#include "bench/gateway_client.h"
#include "bench/process_cpu.h"
#include "support/eventually.h"
#include "support/stack.h"

namespace lyceum::bench {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr std::chrono::seconds kStart{120};
constexpr milliseconds kMargin{300};

// What must hold.
constexpr double kIdleKiBMax = 32;
constexpr double kAddedMsMax = 0.3;
constexpr double kCpuRatioMax = 1.3;

struct Plan {
  int idle = 5000;
  int learners = 200;
  int rounds = 3;
  int seconds = 8;
  int pace_ms = 1000;
  std::string course = test::SourceFile("ops/courses/fractions.toml");
};

double ResidentKiB(pid_t pid) {
  std::ifstream status(fmt::format("/proc/{}/status", pid));
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmRSS:", 0) == 0) return std::stod(line.substr(6));
  }
  throw std::runtime_error("no such process");
}

// Of one way, at one pace.
struct Figures {
  std::vector<double> p50_ms, p99_ms, turns_per_s, cpu_ms;
  std::map<std::string, std::vector<double>> cpu_by_process;  // ms a turn.
  double p50() const { return Quantile(p50_ms, 0.5); }
  double cpu() const { return Quantile(cpu_ms, 0.5); }
  double cpu_without_tool() const { return cpu() - Quantile(cpu_by_process.at("tool"), 0.5); }
};

class World {
 public:
  explicit World(const Plan& plan) : plan_(plan) {
    stack_.ImportCourse(plan.course);
    stack_.StartSessionWorker();
    tools_ = stack_.StartToolWorker("tools-1", {"--slots", "256"});
    std::ofstream(dir_ / "secret") << kBenchSecret;
    gateway_ = std::make_unique<test::Process>(
        std::vector<std::string>{test::Program("lyceum-gateway"), "--listen", "127.0.0.1:0",
                                 "--jwt-key-file", dir_ / "secret", "--jwt-issuer", kBenchIssuer,
                                 "--events-per-minute", "60000", "--handshakes-per-minute",
                                 "1000000"},
        stack_.nats().env_for("gateway"));
    if (!test::Eventually(kStart, [&] { return Port() != 0; })) {
      throw std::runtime_error("the gateway does not start: " + gateway_->err());
    }
    for (const auto& [users, count] : std::map<std::string, int>{{"idle-", plan.idle},
                                                                 {"n-", plan.learners},
                                                                 {"g-", plan.learners},
                                                                 {"n1-", 1},
                                                                 {"g1-", 1}}) {
      if (count == 0) continue;
      auto begin = StartClient("begin", users, count, {});
      if (begin->Wait(In(kStart)) != 0) throw std::runtime_error("begin: " + begin->err());
    }
  }

  double IdleKiBEach() {
    if (plan_.idle == 0) return 0;
    const double before = ResidentKiB(gateway_->pid());
    idle_ = StartClient("idle", "idle-", plan_.idle, {});
    WaitForReady(*idle_);
    // Until what was sent on the way is gone from the buffers.
    if (idle_->Wait(In(std::chrono::seconds(5)))) throw std::runtime_error(idle_->err());
    return (ResidentKiB(gateway_->pid()) - before) / plan_.idle;
  }

  void Measure(const std::string& way, int learners, int pace_ms, Figures* figures) {
    const std::string users = std::string(way == "nats" ? "n" : "g") + (learners == 1 ? "1-" : "-");
    auto client = StartClient(
        way, users, learners,
        {"--pace-ms", std::to_string(pace_ms), "--seconds", std::to_string(plan_.seconds)});
    WaitForReady(*client);
    const auto wait = [&](milliseconds time) {
      if (client->Wait(In(time))) throw std::runtime_error("the client ended: " + client->err());
    };
    wait(milliseconds(2000) + kMargin);
    Pids pids = {{"nats-server", stack_.nats().pid()},
                 {"session", stack_.session_worker().pid()},
                 {"tool", tools_->pid()},
                 {"client", client->pid()}};
    if (way == "socket") pids["gateway"] = gateway_->pid();
    const CpuWindow window(pids);
    const Deadline begun = Steady::now();
    wait(std::chrono::seconds(plan_.seconds) - 2 * kMargin);
    const std::map<std::string, double> cpu = window.Seconds();
    const double wall_s = SecondsSince(begun);
    if (client->Wait(In(kStart)) != 0) throw std::runtime_error("a client: " + client->err());
    const std::string out = client->out();
    const json line = json::parse(out.substr(out.find('{')));
    const double turns_per_s = line.at("turns").get<double>() / plan_.seconds;
    figures->p50_ms.push_back(line.at("p50_ms"));
    figures->p99_ms.push_back(line.at("p99_ms"));
    figures->turns_per_s.push_back(turns_per_s);
    double all = 0;
    for (const auto& [name, used_s] : cpu) {
      const double each_ms = 1000 * used_s / wall_s / turns_per_s;
      figures->cpu_by_process[name].push_back(each_ms);
      all += each_ms;
    }
    figures->cpu_ms.push_back(all);
  }

 private:
  int Port() {
    const std::string err = gateway_->err();
    const size_t at = err.find(R"("port":)");
    if (at == std::string::npos) return 0;
    return port_ = std::stoi(err.substr(at + 7));
  }
  std::unique_ptr<test::Process> StartClient(const std::string& way, const std::string& users,
                                             int learners, std::vector<std::string> more) {
    std::vector<std::string> args = {"/proc/self/exe", "client",
                                     "--way",          way,
                                     "--users",        users,
                                     "--learners",     std::to_string(learners),
                                     "--gateway-port", std::to_string(port_),
                                     "--course-id",    "fractions"};
    args.insert(args.end(), more.begin(), more.end());
    return std::make_unique<test::Process>(args, stack_.nats().env_for("gateway"));
  }
  static void WaitForReady(test::Process& client) {
    if (!test::Eventually(kStart, [&] {
          return client.out().find("ready") != std::string::npos || !client.running();
        })) {
      throw std::runtime_error("a client does not start");
    }
    if (!client.running()) throw std::runtime_error("a client ended: " + client.err());
  }

  const Plan plan_;
  test::TempDir dir_;
  test::Stack stack_;
  std::unique_ptr<test::Process> tools_;
  std::unique_ptr<test::Process> gateway_;
  std::unique_ptr<test::Process> idle_;
  int port_ = 0;
};

void PrintRow(const std::string& what, const Figures& figures) {
  fmt::print("{:<28}{:>9.1f}{:>9.3f}{:>9.3f}{:>9.3f}  ", what, Quantile(figures.turns_per_s, 0.5),
             figures.p50(), Quantile(figures.p99_ms, 0.5), figures.cpu());
  for (const auto& [name, each] : figures.cpu_by_process) {
    fmt::print(" {} {:.3f}", name, Quantile(each, 0.5));
  }
  fmt::print("\n");
}

void PrintBar(const std::string& what, double bar, double found) {
  fmt::print("{}: {:.2f}, at most {:g}: {}\n", what, found, bar, found <= bar ? "holds" : "misses");
}

void Run(const Plan& plan) {
  World world(plan);
  const double idle_kib = world.IdleKiBEach();
  Figures nats, socket, nats_one, socket_one;
  for (int round = 1; round <= plan.rounds; ++round) {
    world.Measure("nats", plan.learners, plan.pace_ms, &nats);
    world.Measure("socket", plan.learners, plan.pace_ms, &socket);
    world.Measure("nats", 1, 0, &nats_one);
    world.Measure("socket", 1, 0, &socket_one);
    fmt::print(stderr, "round {} of {}\n", round, plan.rounds);
  }
  const double cpu_ratio = socket.cpu() / nats.cpu();
  const double cpu_ratio_without_tool = socket.cpu_without_tool() / nats.cpu_without_tool();
  fmt::print("{:<28}{:>9}{:>9}{:>9}{:>9}   CPU by process, ms a turn\n", "medians", "turns/s",
             "p50 ms", "p99 ms", "CPU ms");
  PrintRow(fmt::format("{} learners, NATS", plan.learners), nats);
  PrintRow(fmt::format("{} learners, gateway", plan.learners), socket);
  PrintRow("1 learner, NATS", nats_one);
  PrintRow("1 learner, gateway", socket_one);
  fmt::print(
      "{} idle sockets: {:.1f} KiB each; added p50 {:.3f} ms at {} learners, {:.3f} ms at 1; "
      "CPU of a turn {:.2f} x, without the tool worker {:.2f} x\n",
      plan.idle, idle_kib, socket.p50() - nats.p50(), plan.learners,
      socket_one.p50() - nats_one.p50(), cpu_ratio, cpu_ratio_without_tool);
  if (plan.idle > 0) {
    PrintBar(fmt::format("KiB of an idle socket of {}", plan.idle), kIdleKiBMax, idle_kib);
  }
  PrintBar(fmt::format("ms added to a turn at {} learners, p50", plan.learners), kAddedMsMax,
           socket.p50() - nats.p50());
  PrintBar("CPU of a turn through the gateway, of one without, all processes", kCpuRatioMax,
           cpu_ratio);
  fmt::print("{}\n", json{{"bench", "gateway"},
                          {"idle_sockets", plan.idle},
                          {"idle_kib_each", idle_kib},
                          {"learners", plan.learners},
                          {"pace_ms", plan.pace_ms},
                          {"nats_p50_ms", nats.p50_ms},
                          {"gateway_p50_ms", socket.p50_ms},
                          {"added_p50_ms", socket.p50() - nats.p50()},
                          {"added_p50_ms_of_one", socket_one.p50() - nats_one.p50()},
                          {"nats_cpu_ms", nats.cpu_ms},
                          {"gateway_cpu_ms", socket.cpu_ms},
                          {"cpu_ratio", cpu_ratio},
                          {"cpu_ratio_without_tool", cpu_ratio_without_tool}}
                         .dump());
}

}  // namespace
}  // namespace lyceum::bench

int main(int argc, char** argv) {
  lyceum::bench::Plan plan;
  lyceum::bench::ClientPlan client_plan;
  CLI::App app{"What a gateway costs", "bench_gateway"};
  app.add_option("--idle", plan.idle)->check(CLI::Range(0, 9'000));
  app.add_option("--learners", plan.learners)->check(CLI::Range(1, 900));
  app.add_option("--rounds", plan.rounds)->check(CLI::Range(1, 100));
  app.add_option("--seconds", plan.seconds)->check(CLI::Range(2, 600));
  app.add_option("--pace-ms", plan.pace_ms)->check(CLI::Range(0, 60'000));
  app.add_option("--course", plan.course);
  CLI::App* client = app.add_subcommand("client", "One of its clients");
  client->add_option("--way", client_plan.way);
  client->add_option("--users", client_plan.users);
  client->add_option("--learners", client_plan.learners);
  client->add_option("--pace-ms", client_plan.pace_ms);
  client->add_option("--seconds", client_plan.seconds);
  client->add_option("--gateway-port", client_plan.gateway_port);
  client->add_option("--course-id", client_plan.course);
  CLI11_PARSE(app, argc, argv);
  try {
    if (*client) {
      lyceum::CatchStopSignals();
      return lyceum::bench::RunClient(client_plan);
    }
    lyceum::bench::Run(plan);
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_gateway: {}\n", error.what());
    return 1;
  }
  return 0;
}
