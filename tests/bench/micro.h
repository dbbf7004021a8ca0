// How the micro benchmarks are timed. Google Benchmark chooses how often; the inputs of many calls
// are made first and the calls alone are timed, because its own pause costs more than most of what
// is measured here.
#pragma once

#include <benchmark/benchmark.h>

#include <ctime>
#include <string>
#include <vector>

#include "base/clock.h"
#include "bench/figures.h"
#include "support/stack.h"

namespace lyceum::bench {

inline constexpr size_t kCallsTimed = 256;

inline std::string CourseFile() { return test::SourceFile("ops/courses/fractions.toml"); }

inline double ThreadCpuSeconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// Processor time of this thread a call: what it does not share with others on the machine. `make`
// gives the input of one call.
template <class Make, class Call>
void TimeCpu(benchmark::State& state, Make make, Call call) {
  while (state.KeepRunningBatch(kCallsTimed)) {
    std::vector<decltype(make())> inputs;
    inputs.reserve(kCallsTimed);
    for (size_t i = 0; i < kCallsTimed; ++i) inputs.push_back(make());
    const double begun = ThreadCpuSeconds();
    for (auto& input : inputs) call(input);
    state.SetIterationTime(ThreadCpuSeconds() - begun);
  }
}

// The same of calls that change nothing.
template <class Call>
void TimeCpu(benchmark::State& state, Call call) {
  while (state.KeepRunningBatch(kCallsTimed)) {
    const double begun = ThreadCpuSeconds();
    for (size_t i = 0; i < kCallsTimed; ++i) call();
    state.SetIterationTime(ThreadCpuSeconds() - begun);
  }
}

// Wall time a call, for what waits for a disk.
template <class Make, class Call>
void TimeWall(benchmark::State& state, Make make, Call call) {
  for ([[maybe_unused]] auto iteration : state) {
    auto input = make();
    const Deadline begun = Steady::now();
    call(input);
    state.SetIterationTime(SecondsSince(begun));
  }
}

}  // namespace lyceum::bench
