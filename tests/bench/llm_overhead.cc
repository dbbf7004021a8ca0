// What it costs to ask a language model, against a server that speaks as they do, in a process of
// its own on loopback:
//
//   client       time from the request to the first bytes of text, through HttpClient and through
//                plain curl (one easy handle, used again and again), in turns
//   transfers    of HttpClient, a number at once, each answered after a wait: the processor time of
//                this process alone, in per cent of one core
//   tool worker  the same two of a whole lyceum-tool-worker, from the request on NATS to the deltas
//                that a gateway hears. First piece: against plain curl asking the same server.
//                Load: calls that begin all at once, and such that begin evenly; beside a bare tool
//                that makes the same hops and does nothing else (bare_tool.cc).
//
// bench_llm [--asks 2000] [--in-flight 500] [--wait-ms 2000] [--rounds 3] [--calls 200]
//           [--before-ms 50] [--seconds 10] [--gap-ms 0]
// A table with the bars, and a line of JSON. Exit code 1: something was not answered, or answered
// otherwise than the model did.
#include <fmt/format.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <latch>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "bench/bare_tool_worker.h"
#include "bench/figures.h"
#include "bench/llm_server_process.h"
#include "bench/llm_tool_worker.h"
#include "bench/plain_curl.h"
#include "support/stack.h"
#include "wire/http.h"

namespace lyceum::bench {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr std::chrono::seconds kWhole{60};
constexpr size_t kWarm = 50;  // Asks that are not counted.
// A text is whole a little before its slot is free: when many end at once, of as many.
constexpr size_t kSpareSlots = 500;

struct Plan {
  size_t asks = 2000;
  size_t in_flight = 500;
  int wait_ms = 2000;
  int rounds = 3;
  size_t calls = 200;
  int before_ms = 50;
  int seconds = 10;
  int gap_ms = 0;
};

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

wire::HttpRequest Request(const std::string& url) {
  wire::HttpRequest request;
  request.url = url;
  request.headers = {{"content-type", "application/json"}};
  request.body = kShortAsk;
  request.deadline = In(kWhole);
  return request;
}

double FirstPiece(wire::HttpClient& client, const std::string& url) {
  const Deadline begun = Steady::now();
  wire::HttpTransfer transfer = client.Begin(Request(url));
  if (!Wait(transfer.Head()) || !Wait(transfer.Read()))
    throw std::runtime_error("the client failed");
  const double first = SecondsSince(begun);
  if (!Wait(transfer.ReadAll(1 << 20))) throw std::runtime_error("the client failed");
  return first;
}

struct Transfers {
  double cpu_s = 0;
  double wall_s = 0;
  uint64_t answered = 0;
};

Task<void> AskInTurn(wire::HttpClient& client, const std::string& url, int rounds,
                     std::atomic<uint64_t>* answered, std::latch* done) {
  for (int round = 0; round < rounds; ++round) {
    wire::HttpTransfer transfer = client.Begin(Request(url));
    const Result<std::string> body = co_await transfer.ReadAll(1 << 20);
    if (!body) break;
    ++*answered;
  }
  done->count_down();
}

// Waves of requests that all wait at once.
Transfers InFlight(wire::HttpClient& client, const std::string& url, size_t in_flight, int rounds) {
  std::atomic<uint64_t> answered{0};
  Transfers load;
  const double cpu_before = CpuSeconds();
  const Deadline begun = Steady::now();
  std::latch done(static_cast<ptrdiff_t>(in_flight));
  for (size_t i = 0; i < in_flight; ++i) {
    Detach(AskInTurn(client, url, rounds, &answered, &done));
  }
  done.wait();
  load.wall_s = SecondsSince(begun);
  load.cpu_s = CpuSeconds() - cpu_before;
  load.answered = answered;
  return load;
}

// The same asked in two ways, in turns, after a warm-up.
struct Pair {
  std::vector<double> plain_ms, ours_ms;

  template <class Plain, class Ours>
  Pair(size_t asks, Plain plain, Ours ours) {
    for (size_t i = 0; i < asks + kWarm; ++i) {
      const double one = plain();
      const double other = ours();
      if (i < kWarm) continue;
      plain_ms.push_back(one * 1e3);
      ours_ms.push_back(other * 1e3);
    }
  }
  double Added(double q) const { return Quantile(ours_ms, q) - Quantile(plain_ms, q); }
  void Print(const char* name, const char* bar) const {
    fmt::print("{:<16}{:>10}{:>10}\n", "", "p50 ms", "p99 ms");
    fmt::print("{:<16}{:>10.3f}{:>10.3f}\n", "plain curl", Quantile(plain_ms, 0.5),
               Quantile(plain_ms, 0.99));
    fmt::print("{:<16}{:>10.3f}{:>10.3f}\n", name, Quantile(ours_ms, 0.5), Quantile(ours_ms, 0.99));
    fmt::print("{:<16}{:>10.3f}{:>10.3f}   {}\n", "added", Added(0.5), Added(0.99), bar);
  }
  json Figures() const {
    return {{"plain_p50_ms", Quantile(plain_ms, 0.5)},
            {"plain_p99_ms", Quantile(plain_ms, 0.99)},
            {"ours_p50_ms", Quantile(ours_ms, 0.5)},
            {"ours_p99_ms", Quantile(ours_ms, 0.99)},
            {"added_p50_ms", Added(0.5)},
            {"added_p99_ms", Added(0.99)}};
  }
};

// Where all that was asked was answered, once, and acked by the log.
void CheckSent(const Sent& sent) {
  if (sent.drained && sent.errors == 0 && sent.accepted == sent.asked &&
      sent.results == sent.asked) {
    return;
  }
  throw std::runtime_error(fmt::format("asked {}, accepted {}, results {}, errors {}", sent.asked,
                                       sent.accepted, sent.results, sent.errors));
}

json MeasureClient(const Plan& plan, const LlmServerProcess& quick, const LlmServerProcess& slow) {
  wire::HttpClient::Options options;
  options.transfers_max = plan.in_flight;
  options.connections_kept_max = plan.in_flight;
  const auto client = wire::HttpClient::Start(options);
  if (!client) throw std::runtime_error(client.error().text);
  PlainCurl curl(quick.messages());
  const Pair pair(
      plan.asks, [&] { return curl.FirstPiece(); },
      [&] { return FirstPiece(**client, quick.messages()); });
  fmt::print("HTTP client, first piece of text, {} asks each\n", plan.asks);
  pair.Print("client", "");

  const Transfers load = InFlight(**client, slow.messages(), plan.in_flight, plan.rounds);
  const double percent = 100 * load.cpu_s / load.wall_s;
  fmt::print("\nHTTP client, {} in flight, each answered after {} ms, {} rounds\n", plan.in_flight,
             plan.wait_ms, plan.rounds);
  fmt::print("answered {}, wall {:.2f} s, processor {:.3f} s: {:.1f} % of a core\n\n",
             load.answered, load.wall_s, load.cpu_s, percent);
  if (load.answered != plan.in_flight * static_cast<uint64_t>(plan.rounds)) {
    throw std::runtime_error("the client has lost an answer");
  }
  return {{"first_piece", pair.Figures()},
          {"in_flight",
           {{"answered", load.answered}, {"wall_s", load.wall_s}, {"cpu_percent", percent}}}};
}

json MeasureFirstDelta(const Plan& plan, test::Stack& stack, const LlmServerProcess& steady) {
  LlmToolWorker worker(stack, steady.url(), plan.in_flight + kSpareSlots);
  PlainCurl curl(steady.messages());
  const Pair pair(
      plan.calls, [&] { return curl.FirstPiece(); }, [&] { return worker.FirstDelta(); });
  CheckSent(worker.Stop());
  fmt::print("tool worker, first delta, a server that waits {} ms, {} calls each\n", plan.before_ms,
             plan.calls);
  pair.Print("tool worker", "bar: p50 <= 2 ms");
  return pair.Figures();
}

// How calls begin: all at once, and again when they are answered; or evenly over the wait.
struct Way {
  const char* name;
  milliseconds spread;
};

json MeasureLoad(const Plan& plan, const Way& way, test::Stack& stack,
                 const LlmServerProcess& slow) {
  const milliseconds wait(plan.wait_ms);
  LlmToolWorker worker(stack, slow.url(), plan.in_flight + kSpareSlots);
  const Load load =
      worker.Keep(plan.in_flight, way.spread, 2 * wait, milliseconds(1000 * plan.seconds));
  CheckSent(worker.Stop());
  fmt::print(
      "\ntool worker, {:.0f} calls in flight, begun {}, each answered after {} ms, {:.1f} s\n",
      load.in_flight, way.name, plan.wait_ms, load.wall_s);
  fmt::print(
      "answered {}, deltas {}, processor {:.3f} s: {:.0f} us a call, {:.1f} % of a core   "
      "bar: < 10 %\n",
      load.answered, load.deltas, load.cpu_s, load.CallUs(), load.CpuPercent());
  return {
      {"in_flight", load.in_flight},     {"answered", load.answered}, {"deltas", load.deltas},
      {"wall_s", load.wall_s},           {"cpu_s", load.cpu_s},       {"call_us", load.CallUs()},
      {"cpu_percent", load.CpuPercent()}};
}

// The same hops without all that a tool worker is for.
json MeasureBare(const Plan& plan, const Way& way, test::Stack& stack,
                 const LlmServerProcess& slow) {
  const milliseconds wait(plan.wait_ms);
  BareToolWorker bare(stack, slow.messages());
  const Load load =
      bare.Keep(plan.in_flight, way.spread, 2 * wait, milliseconds(1000 * plan.seconds));
  fmt::print("the bare tool, the same: {:.0f} us a call, {:.1f} % of a core\n", load.CallUs(),
             load.CpuPercent());
  return {
      {"answered", load.answered}, {"call_us", load.CallUs()}, {"cpu_percent", load.CpuPercent()}};
}

void Run(const Plan& plan) {
  // Before the first thread of this process: they are its children.
  const LlmServerProcess quick(LlmServerProcess::Pace{});
  const LlmServerProcess steady({.before = milliseconds(plan.before_ms)});
  const LlmServerProcess waves({.before = milliseconds(plan.wait_ms)});
  LlmServerProcess slow({.before = milliseconds(plan.wait_ms), .gap = milliseconds(plan.gap_ms)});
  test::Stack stack;
  stack.ImportCourse(test::SourceFile("ops/courses/fractions.toml"));

  json line = {{"bench", "llm"}};
  line["client"] = MeasureClient(plan, quick, waves);
  line["first_delta"] = MeasureFirstDelta(plan, stack, steady);
  const Way at_once{"all at once", milliseconds(0)};
  const Way evenly{"evenly", milliseconds(plan.wait_ms)};
  line["load"] = MeasureLoad(plan, at_once, stack, slow);
  line["bare"] = MeasureBare(plan, at_once, stack, slow);
  line["load_evenly"] = MeasureLoad(plan, evenly, stack, slow);
  line["bare_evenly"] = MeasureBare(plan, evenly, stack, slow);
  fmt::print("connections to the server: {}\n", slow.Stop());
  line["bars"] = {{"first_delta_added_p50_ms", 2}, {"load_cpu_percent", 10}};
  fmt::print("{}\n", line.dump());
}

}  // namespace
}  // namespace lyceum::bench

int main(int argc, char** argv) {
  lyceum::bench::Plan plan;
  CLI::App app{"What it costs to ask a language model", "bench_llm"};
  app.add_option("--asks", plan.asks)->check(CLI::Range(1, 1'000'000));
  app.add_option("--in-flight", plan.in_flight)->check(CLI::Range(1, 1000));
  app.add_option("--wait-ms", plan.wait_ms)->check(CLI::Range(1, 10'000));
  app.add_option("--rounds", plan.rounds)->check(CLI::Range(1, 1000));
  app.add_option("--calls", plan.calls)->check(CLI::Range(1, 100'000));
  app.add_option("--before-ms", plan.before_ms)->check(CLI::Range(0, 10'000));
  app.add_option("--seconds", plan.seconds)->check(CLI::Range(1, 3600));
  app.add_option("--gap-ms", plan.gap_ms)->check(CLI::Range(0, 1000));
  CLI11_PARSE(app, argc, argv);
  try {
    lyceum::bench::Run(plan);
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_llm: {}\n", error.what());
    return 1;
  }
  return 0;
}
