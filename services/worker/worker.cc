#include "worker/worker.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "base/service_manager.h"
#include "base/signals.h"
#include "base/token.h"
#include "envelope/subjects.h"
#include "wire/connect_settings.h"
#include "worker/service_report.h"
#include "worker/tracing.h"

namespace lyceum::worker {
namespace {

using std::chrono::seconds;

constexpr seconds kLook{5};                           // After what NATS says of itself.
constexpr std::chrono::milliseconds kLookEvery{990};  // A wait of a second may end a moment before.
constexpr int kTries = 5;
constexpr std::chrono::milliseconds kPause{400};
constexpr seconds kManagedWait{60};

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
  wire::DeclareNats(settings, &flags->nats);
  settings.Text("id", &flags->id, "this worker's id, a subject token (default: host and process)")
      .Text("prefix", &flags->prefix, "first part of every subject")
      .Text("log-level", &flags->log_level, "debug, info, warn or error")
      .Text("metrics-listen", &flags->metrics_listen,
            "HOST:PORT for /livez, /readyz and Prometheus' /metrics, without a password: loopback "
            "(default: none)")
      .Text("otlp-endpoint", &flags->otlp_endpoint,
            "collector of traces, by OTLP over HTTP, as http://127.0.0.1:4318 (default: none)",
            {"OTEL_EXPORTER_OTLP_ENDPOINT"})
      .Text("trace-ratio", &flags->trace_ratio,
            "part of the traces that begin here which is sampled, 0 to 1");
}

wire::Service ServiceOf(const Flags& flags, const char* program, std::string description) {
  return {.name = program,
          .id = flags.id,
          .version = LYCEUM_VERSION,
          .description = std::move(description),
          .metadata = {{"prefix", flags.prefix}},
          .endpoints = {},
          .started_ms = UnixMs()};
}

Result<void> Check(const Flags& flags) {
  if (Result<void> prefix = envelope::Subjects::CheckPrefix(flags.prefix); !prefix) return prefix;
  if (!IsToken(flags.id)) return Reject("--id takes [A-Za-z0-9_-]{1,64}");
  return Tracing::Check(flags);
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

Result<std::unique_ptr<FigureServer>> ListenForFigures(const Flags& flags, const char* program) {
  if (flags.metrics_listen.empty()) return std::unique_ptr<FigureServer>();
  auto server = FigureServer::Listen(flags.metrics_listen, program);
  if (server && (*server)->beyond_loopback()) {
    LogWarn(
        "figures can be read beyond this machine, without a password: listen on loopback, or in "
        "a network that only operators are in",
        {{"metrics_listen", flags.metrics_listen}});
  }
  return server;
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

std::vector<std::string> WhyNotLive(int64_t still_ms) {
  if (still_ms < kStuckMs) return {};
  return {fmt::format("the loop has done nothing for {} s", still_ms / 1000)};
}

Result<void> Patiently(const std::function<Result<void>()>& ask) {
  const ServiceManager manager = ServiceManager::FromEnvironment();
  const Deadline until = In(kManagedWait);
  for (int tries = 1;; ++tries) {
    const Result<void> asked = ask();
    const bool again = !asked && asked.error().fault == Fault::kRetry &&
                       (manager.present() ? Steady::now() < until : tries < kTries);
    if (!again) return asked;
    if (tries % kTries == 1) {
      LogWarn("NATS does not answer as it should: asked again", {{"text", asked.error().text}});
    }
    (void)manager.Tell(fmt::format("EXTEND_TIMEOUT_USEC={}\nSTATUS=waiting for NATS",
                                   ServiceReport::kPatience.count() * 1000));
    if (WaitForStop(In(kPause))) return asked;
  }
}

int ServeUntilStopped(FigureServer* figures, FigureServer::Sources sources, const Look& look,
                      const std::function<void()>& on_hangup,
                      const std::function<bool(Deadline)>& wait) {
  const SystemClock clock;
  ServiceReport report(ServiceManager::FromEnvironment(), sources, clock.SteadyMs());
  if (figures != nullptr) figures->Serve(std::move(sources));
  int code = kDone;
  Deadline next_look = In(kLookEvery);
  while (!wait(In(report.Wait()))) {
    report.Turn(clock.SteadyMs());
    if (on_hangup && TakeHangup()) on_hangup();
    if (Steady::now() < next_look) continue;
    next_look = In(kLookEvery);
    if (const std::optional<Error> failed = look()) {
      code = Fail(*failed);
      break;
    }
  }
  report.Stopping();
  if (figures != nullptr) figures->End();
  return code;
}

}  // namespace lyceum::worker
