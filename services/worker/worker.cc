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
#include <mutex>
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
    const std::lock_guard lock(mutex_);
    if (!collect_) return families;
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
  // From here on there are none: what they are made of may go.
  void End() {
    const std::lock_guard lock(mutex_);
    collect_ = {};
  }

 private:
  mutable std::mutex mutex_;
  worker::Collect collect_;  // Guarded by mutex_.
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

Look LookAfter(wire::Connection& connection) {
  return [&connection, seen_errors = uint64_t{0},
          next_look = In(kLook)]() mutable -> std::optional<Error> {
    if (Steady::now() < next_look) return std::nullopt;
    next_look = In(kLook);
    const uint64_t errors = connection.async_errors();
    if (errors != seen_errors) {
      LogError("NATS reports errors: see the server's permissions for this role",
               {{"count", errors}, {"last", connection.last_async_error()}});
      seen_errors = errors;
    }
    const Result<void> flushed = connection.Flush(seconds(2));
    if (flushed || flushed.error().fault != Fault::kFatal) return std::nullopt;
    return Retry("NATS has closed the connection for good: " + flushed.error().text);
  };
}

int ServeUntilStopped(MetricsAddress metrics, Collect collect, const Look& look,
                      const std::function<void()>& on_hangup,
                      const std::function<bool(Deadline)>& wait) {
  const auto figures = std::make_shared<Figures>(std::move(collect));
  if (metrics.exposer_ != nullptr) metrics.exposer_->RegisterCollectable(figures);
  int code = kDone;
  while (!wait(In(seconds(1)))) {
    if (on_hangup && TakeHangup()) on_hangup();
    if (const std::optional<Error> failed = look()) {
      code = Fail(*failed);
      break;
    }
  }
  // It would wait for its threads, which look up every two seconds. They get no figures any more.
  figures->End();
  if (metrics.exposer_ != nullptr) {
    static prometheus::Exposer* const kept = metrics.exposer_.release();
    static const std::shared_ptr<Figures> kept_figures = figures;
    (void)kept;
  }
  return code;
}

}  // namespace lyceum::worker
