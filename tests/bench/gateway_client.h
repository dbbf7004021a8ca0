// What bench_gateway runs as processes of their own, so that they are measured by pid: learners who ask, through NATS or
// through a gateway's WebSockets, and sockets that stay idle. Threads: none of their own. Errors throw.
#pragma once

#include <string>

namespace lyceum::bench {

struct ClientPlan {
  std::string
      way;  // "begin": sessions are started over NATS; "nats", "socket": learners ask; "idle": sockets stay open.
  std::string users;  // Their ids begin with it.
  int learners = 1;
  int pace_ms = 0;    // Between two questions of one learner. 0: the next one with the answer.
  int warm_up_s = 2;  // Before what is measured,
  int seconds = 5;    // for so long.
  int gateway_port = 0;
  std::string course;
};

// The secret and names with which the gateway is started that these clients use.
inline constexpr char kBenchSecret[] = "0123456789abcdef0123456789abcdef";
inline constexpr char kBenchIssuer[] = "bench";

// Prints "ready" when it is connected, and one JSON line {turns, p50_ms, p99_ms} at its end; "idle" runs until SIGTERM.
int RunClient(const ClientPlan& plan);

}  // namespace lyceum::bench
