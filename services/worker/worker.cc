#include "worker/worker.h"

#include <fmt/format.h>
#include <prometheus/collectable.h>
#include <prometheus/exposer.h>
#include <prometheus/metric_family.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <exception>
#include <memory>
#include <utility>

#include "base/log.h"
#include "base/signals.h"
#include "base/token.h"
#include "envelope/subjects.h"

namespace lyceum::worker {
namespace {

using std::chrono::seconds;

constexpr seconds kLook{5};  // After what NATS says of itself.

class Figures : public prometheus::Collectable {
 public:
  explicit Figures(worker::Collect collect) : collect_(std::move(collect)) {}

  std::vector<prometheus::MetricFamily> Collect() const override {
    std::vector<prometheus::MetricFamily> families;
    for (const Metric& metric : collect_()) {
      if (families.empty() || families.back().name != metric.name) {
        families.push_back(
            {metric.name,
             metric.help,
             metric.counter ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge,
             {}});
      }
      prometheus::ClientMetric figure;
      (metric.counter ? figure.counter.value : figure.gauge.value) = metric.value;
      for (const auto& [name, value] : metric.labels) figure.label.push_back({name, value});
      families.back().metric.push_back(std::move(figure));
    }
    return families;
  }

 private:
  worker::Collect collect_;
};

int ExitCodeOf(Fault fault) {
  switch (fault) {
    case Fault::kRetry:
      return kAway;
    case Fault::kReject:
      return kUsage;
    case Fault::kFatal:
      return kCorrupt;
  }
  return kCorrupt;
}

}  // namespace

Flags DefaultFlags() {
  Flags flags;
  char host[256] = {};
  gethostname(host, sizeof(host) - 1);
  auto token = ToToken(fmt::format("{}-{}", host, getpid()));
  flags.id = token ? *token : fmt::format("worker-{}", getpid());
  return flags;
}

void Declare(Settings& settings, Flags* flags) {
  settings.Text("nats-url", &flags->nats.url, "NATS servers, comma separated", {"NATS_URL"})
      .Text("nats-user", &flags->nats.user, "user at NATS", {"NATS_USER"})
      .Secret("nats-password", &flags->nats.password, "password at NATS", {"NATS_PASSWORD"})
      .Text("nats-creds", &flags->nats.credentials_file, "credentials file for NATS",
            {"NATS_CREDS"})
      .Text("id", &flags->id, "this worker's id, a subject token (default: host and process)")
      .Text("prefix", &flags->prefix, "first part of every subject")
      .Text("log-level", &flags->log_level, "debug, info, warn or error")
      .Text("metrics-listen", &flags->metrics_listen,
            "HOST:PORT for Prometheus, without a password: loopback (default: none)");
}

Result<void> Check(const Flags& flags) {
  if (Result<void> prefix = envelope::Subjects::CheckPrefix(flags.prefix); !prefix) return prefix;
  if (!IsToken(flags.id)) return Reject("--id takes [A-Za-z0-9_-]{1,64}");
  return {};
}

int Complain(const std::string& program, const Error& error) {
  std::fprintf(stderr, "%s: %s\n", program.c_str(), error.text.c_str());
  return ExitCodeOf(error.fault);
}

int Fail(const Error& error) {
  const int code = ExitCodeOf(error.fault);
  LogError("ends", {{"text", error.text}, {"exit_code", code}});
  return code;
}

MetricsAddress::MetricsAddress(std::unique_ptr<prometheus::Exposer> exposer)
    : exposer_(std::move(exposer)) {}
MetricsAddress::MetricsAddress(MetricsAddress&&) noexcept = default;
MetricsAddress::~MetricsAddress() = default;

Result<MetricsAddress> MetricsAddress::Listen(const Flags& flags) {
  const std::string& listen = flags.metrics_listen;
  if (listen.empty()) return MetricsAddress(nullptr);
  try {
    return MetricsAddress(std::make_unique<prometheus::Exposer>(listen, 1));
  } catch (const std::exception&) {  // CivetServer's own, which does not say what is wrong.
    return Reject(fmt::format(
        "--metrics-listen {}: cannot listen there. Give a free HOST:PORT of this machine, each "
        "worker its own",
        listen));
  }
}

int ServeUntilStopped(wire::Connection& connection, MetricsAddress metrics, Collect collect,
                      const std::function<void()>& on_hangup) {
  const auto figures = std::make_shared<Figures>(std::move(collect));
  // Ends before the figures do.
  const std::unique_ptr<prometheus::Exposer> exposer = std::move(metrics.exposer_);
  if (exposer != nullptr) exposer->RegisterCollectable(figures);
  uint64_t seen_errors = 0;
  Deadline next_look = In(kLook);
  while (!WaitForStop(In(seconds(1)))) {
    if (on_hangup && TakeHangup()) on_hangup();
    if (Steady::now() < next_look) continue;
    next_look = In(kLook);
    const uint64_t errors = connection.async_errors();
    if (errors != seen_errors) {
      LogError("NATS reports errors: see the server's permissions for this role",
               {{"count", errors}, {"last", connection.last_async_error()}});
      seen_errors = errors;
    }
    const Result<void> flushed = connection.Flush(seconds(2));
    if (!flushed && flushed.error().fault == Fault::kFatal) {
      LogError("NATS has closed the connection for good", {{"text", flushed.error().text}});
      return kAway;
    }
  }
  return kDone;
}

}  // namespace lyceum::worker
