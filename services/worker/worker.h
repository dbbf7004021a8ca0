// What the two worker programs share: flags, exit codes, metrics, and the wait for a stop.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/config.h"
#include "base/result.h"
#include "base/signals.h"
#include "wire/connection.h"

namespace prometheus {
class Exposer;
}

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

// A figure as Prometheus takes it. Those of one name stand together.
struct Metric {
  std::string name;
  std::string help;
  double value = 0;
  bool counter = true;  // Else a gauge.
  std::vector<std::pair<std::string, std::string>> labels = {};
};
using Collect = std::function<std::vector<Metric>()>;

// Looks after the program, about once a second; empty: all is well. An error ends it, with the exit
// code that it means.
using Look = std::function<std::optional<Error>()>;
// Logs what NATS refuses, and ends when it has closed the connection for good.
Look LookAfter(wire::Connection& connection);

// The address where figures are served, taken before anything else is begun.
class MetricsAddress {
 public:
  // Takes nothing where flags.metrics_listen is empty. kReject: it cannot listen there.
  static Result<MetricsAddress> Listen(const Flags& flags);
  MetricsAddress(MetricsAddress&&) noexcept;
  ~MetricsAddress();

 private:
  friend int ServeUntilStopped(MetricsAddress, Collect, const Look&, const std::function<void()>&,
                               const std::function<bool(Deadline)>&);
  explicit MetricsAddress(std::unique_ptr<prometheus::Exposer> exposer);
  std::unique_ptr<prometheus::Exposer> exposer_;
};

// Waits until SIGTERM or SIGINT (kDone), or until `look` gives an error. Meanwhile serves
// http://<metrics_listen>/metrics. on_hangup: within a second of a SIGHUP, where the program catches
// it. Returns at once: the metrics' own threads, which need two seconds to end, end with the process.
// wait: what the calling thread does until a deadline; true as soon as one of the two signals came.
int ServeUntilStopped(MetricsAddress metrics, Collect collect, const Look& look,
                      const std::function<void()>& on_hangup = {},
                      const std::function<bool(Deadline)>& wait = WaitForStop);

}  // namespace lyceum::worker
