// What the two worker programs share: flags, exit codes, metrics, and the wait for a stop.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/config.h"
#include "base/result.h"
#include "base/signals.h"
#include "wire/connection.h"
#include "wire/service.h"
#include "worker/figure_server.h"

namespace lyceum::worker {

enum Exit : int {
  kDone = 0,
  kFailed = 1,   // Stopped, but not everything could be finished.
  kUsage = 2,    // Wrong configuration, or something else uses what this worker needs.
  kAway = 3,     // NATS is not there, or has closed the connection for good.
  kCorrupt = 4,  // The store can not be trusted.
};

struct Flags {
  wire::ConnectOptions nats;
  std::string id;  // A subject token; host and process unless told.
  std::string prefix = "lyceum";
  std::string log_level = "info";
  std::string metrics_listen;  // HOST:PORT; empty: no metrics.
  std::string otlp_endpoint;   // Empty: no traces. See tracing.h.
  std::string trace_ratio = "1";
};

// Flags with the default id of this process.
Flags DefaultFlags();
void Declare(Settings& settings, Flags* flags);
// What the settings can not say of a value by itself.
Result<void> Check(const Flags& flags);
// What the error means as an exit code. Complain says it in plain text, for whoever typed the
// command; Fail as a line of the log, once there is one.
int Complain(const std::string& program, const Error& error);
int Fail(const Error& error);

// Looks after the program, about once a second; empty: all is well. An error ends it, with the exit
// code that it means.
using Look = std::function<std::optional<Error>()>;
// Logs what NATS refuses, and ends when it has closed the connection for good.
Look LookAfter(wire::Connection& connection);

// Takes the address where figures are served, before anything else is begun, and answers there from
// then on. Null where flags.metrics_listen is empty. kReject: it cannot listen there. Warns where
// others than this machine can read them. After InitLog.
Result<std::unique_ptr<FigureServer>> ListenForFigures(const Flags& flags, const char* program);

// How tools of NATS find this program, from now on; what it serves is added by who serves it.
wire::Service ServiceOf(const Flags& flags, const char* program, std::string description);

// A loop that makes no turn for so long does not come back.
constexpr int64_t kStuckMs = 30'000;
// For /livez of a program with one loop.
std::vector<std::string> WhyNotLive(int64_t still_ms);

// `ask` as long as it gives kRetry, in case NATS is just starting: five times; for a minute under a service
// manager, which is told what is waited for. The last answer.
Result<void> Patiently(const std::function<Result<void>()>& ask);

// Waits until SIGTERM or SIGINT (kDone), or until `look` gives an error. Meanwhile `figures`, which
// may be null, serves `sources`, and the service manager is told by them (service_report.h). on_hangup: within a second of a SIGHUP, where the program catches
// it. wait: what the calling thread does until a deadline; true as soon as one of the two signals
// came.
int ServeUntilStopped(FigureServer* figures, FigureServer::Sources sources, const Look& look,
                      const std::function<void()>& on_hangup = {},
                      const std::function<bool(Deadline)>& wait = WaitForStop);

}  // namespace lyceum::worker
