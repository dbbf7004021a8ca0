// bench_wire: what a message costs on a NatsWire: published to a subject of its own, and received.
//
//   bench_wire [messages] [bytes]     one JSON line: messages/s, ns of CPU a message on the loop's
//                                     thread and in the whole process
#include <ctime>
#include <iostream>
#include <string>

#include "base/json_object.h"
#include "support/nats_server.h"
#include "wire/nats_wire.h"

namespace lyceum::wire {
namespace {

constexpr int kInFlight = 2000;

int64_t CpuNs(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

int Run(int messages, size_t bytes) {
  test::NatsServer server({.roles = false, .jetstream = false, .partitions = 1});
  EventLoop loop;
  const SystemClock clock;
  ConnectOptions options;
  options.url = server.url();
  auto created = NatsWire::Create(&loop, &clock, options);
  if (!created) throw std::runtime_error(created.error().text);
  NatsWire& wire = **created;
  const auto turn = [&] {
    loop.RunOnce(wire.NextDeadlineMs() - clock.SteadyMs());
    wire.Tick();
    wire.Flush();
  };
  while (!wire.connected()) turn();
  const std::string data(bytes, 'x');
  int received = 0;
  int sent = 0;
  int turns = 0;
  const auto fill = [&] {
    for (; sent < messages && sent - received < kInFlight; ++sent) {
      if (!wire.Publish({.subject = "bench.echo", .data = data})) throw std::runtime_error("lost");
    }
  };
  if (!wire.Subscribe("bench.echo", "", [&](const Arrived&) { ++received; })) return 1;
  const int64_t begin_ns = CpuNs(CLOCK_MONOTONIC);
  const int64_t thread_ns = CpuNs(CLOCK_THREAD_CPUTIME_ID);
  const int64_t process_ns = CpuNs(CLOCK_PROCESS_CPUTIME_ID);
  fill();
  wire.Flush();
  for (; received < messages; ++turns) {
    loop.RunOnce(wire.NextDeadlineMs() - clock.SteadyMs());
    wire.Tick();
    fill();
    wire.Flush();
  }
  const double seconds = static_cast<double>(CpuNs(CLOCK_MONOTONIC) - begin_ns) / 1e9;
  JsonObject line;
  line.Add("messages", messages).Add("bytes", bytes).Add("messages_per_s", messages / seconds);
  line.Add("thread_cpu_ns", (CpuNs(CLOCK_THREAD_CPUTIME_ID) - thread_ns) / messages);
  line.Add("process_cpu_ns", (CpuNs(CLOCK_PROCESS_CPUTIME_ID) - process_ns) / messages);
  line.Add("messages_a_turn", static_cast<double>(messages) / turns);
  std::cout << line.End() << "\n";
  return 0;
}

}  // namespace
}  // namespace lyceum::wire

int main(int argc, char** argv) {
  const int messages = argc > 1 ? std::stoi(argv[1]) : 1'000'000;
  const size_t bytes = argc > 2 ? std::stoul(argv[2]) : 200;
  return lyceum::wire::Run(messages, bytes);
}
