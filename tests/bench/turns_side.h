// What runs on one server and is measured as a whole: the bare relay, Lyceum, or Lyceum between a
// canned gateway and a canned tool (lean.cc).
//
// Turns are counted by the gateway over its window. CPU is read by pid over the inner part of that
// window, so that nobody's start or end is in it. Everything throws where a program fails.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "bench/process_cpu.h"
#include "support/stack.h"

namespace lyceum::bench {

struct TurnsRun {
  double turns_per_s = 0;
  double p50_ms = 0;
  double p99_ms = 0;
  std::map<std::string, double> cpu_s;  // Per 1,000 turns: nats-server, session, tool, gateway.
  double CpuOfAll() const;
};

class RelaySide {
 public:
  TurnsRun Run(int in_flight, bool buffered, int seconds);

 private:
  std::unique_ptr<test::Process> StartRole(const std::string& role, bool buffered);

  test::Stack stack_;
};

class LyceumSide {
 public:
  struct Options {
    std::string course;
    std::string store;  // Sessions that are there already, made by bench_scale; empty: none.
    bool lean = false;
  };
  explicit LyceumSide(const Options& options);
  TurnsRun Run(int in_flight, int seconds);
  pid_t session_worker() { return stack_.session_worker().pid(); }

 private:
  void WaitForPartitions();

  const Options options_;
  test::Stack stack_;
  std::unique_ptr<test::Process> tools_;
};

}  // namespace lyceum::bench
