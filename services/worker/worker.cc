#include "worker/worker.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <utility>

#include "base/log.h"
#include "base/signals.h"
#include "base/token.h"
#include "envelope/subjects.h"
#include "wire/connect_settings.h"

namespace lyceum::worker {
namespace {

using std::chrono::seconds;

constexpr seconds kLook{5};  // After what NATS says of itself.

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
            "(default: none)");
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

int ServeUntilStopped(FigureServer* figures, FigureServer::Sources sources, const Look& look,
                      const std::function<void()>& on_hangup,
                      const std::function<bool(Deadline)>& wait) {
  if (figures != nullptr) figures->Serve(std::move(sources));
  int code = kDone;
  while (!wait(In(seconds(1)))) {
    if (on_hangup && TakeHangup()) on_hangup();
    if (const std::optional<Error> failed = look()) {
      code = Fail(*failed);
      break;
    }
  }
  if (figures != nullptr) figures->End();
  return code;
}

}  // namespace lyceum::worker
