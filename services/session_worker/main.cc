// lyceum-session-worker: folds the learners' records into their sessions. See lib/session.
//
// Exit codes: 0 stopped by SIGTERM or SIGINT, 2 wrong configuration or the data directory is in
// use, 3 the NATS server is not there, 4 the store is corrupt.
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>

#include "base/config.h"
#include "base/log.h"
#include "base/signals.h"
#include "base/token.h"
#include "session/session_worker.h"

namespace lyceum {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kDrain{10'000};

struct Flags {
  wire::ConnectOptions nats;
  std::string id;
  std::string data_dir = "lyceum-data";
  std::string prefix = "lyceum";
  std::string own;
  std::string log_level = "info";
  int64_t partitions = 16;
  int64_t sessions_max = 65'536;
};

std::string DefaultId() {
  char host[256] = {};
  gethostname(host, sizeof(host) - 1);
  auto token = ToToken(fmt::format("{}-{}", host, getpid()));
  return token ? *token : fmt::format("worker-{}", getpid());
}

void Declare(Settings& settings, Flags* flags) {
  settings.Text("nats-url", &flags->nats.url, "where NATS is", {"NATS_URL"})
      .Text("nats-user", &flags->nats.user, "user at NATS", {"NATS_USER"})
      .Secret("nats-password", &flags->nats.password, "password at NATS", {"NATS_PASSWORD"})
      .Text("nats-creds", &flags->nats.credentials_file, "credentials file for NATS",
            {"NATS_CREDS"})
      .Text("id", &flags->id, "this worker's id, a subject token (default: host and process)")
      .Text("data-dir", &flags->data_dir, "folder of the store, for this worker alone")
      .Text("prefix", &flags->prefix, "first part of every subject")
      .Number("partitions", &flags->partitions, 1, 4096, "partitions, fixed by lyceum init")
      .Text("own", &flags->own, "partitions of this worker, as in 0-7,12 (default: all)")
      .Number("sessions-max", &flags->sessions_max, 16, 100'000'000, "sessions kept in memory")
      .Text("log-level", &flags->log_level, "debug, info, warn or error");
}

int Complain(const Error& error) {
  std::fprintf(stderr, "lyceum-session-worker: %s\n", error.text.c_str());
  switch (error.fault) {
    case Fault::kRetry:
      return 3;
    case Fault::kReject:
      return 2;
    case Fault::kFatal:
      return 4;
  }
  return 4;
}

Result<session::SessionWorker::Options> ToOptions(const Flags& flags) {
  if (Result<void> prefix = envelope::Subjects::CheckPrefix(flags.prefix); !prefix) {
    return prefix.error();
  }
  if (!IsToken(flags.id)) return Reject("--id takes [A-Za-z0-9_-]{1,64}");
  const auto count = static_cast<uint32_t>(flags.partitions);
  const std::string own = flags.own.empty() ? fmt::format("0-{}", count - 1) : flags.own;
  auto partitions = session::ParsePartitions(own, count);
  if (!partitions) return Reject("--own " + partitions.error().text);
  return session::SessionWorker::Options{.subjects = envelope::Subjects(flags.prefix, count),
                                         .id = flags.id,
                                         .data_dir = flags.data_dir,
                                         .partitions = std::move(*partitions),
                                         .sessions_max = static_cast<size_t>(flags.sessions_max)};
}

int Run(int argc, char** argv) {
  CatchStopSignals();
  Flags flags;
  flags.id = DefaultId();
  Settings settings;
  Declare(settings, &flags);
  Result<bool> go_on =
      settings.Load("lyceum-session-worker", "Folds learners' records into sessions.", argc, argv);
  if (!go_on) return Complain(go_on.error());
  if (!*go_on) return 0;
  InitLog("lyceum-session-worker", flags.id, flags.log_level);
  auto options = ToOptions(flags);
  if (!options) return Complain(options.error());
  flags.nats.name = "lyceum-session-worker " + flags.id;
  auto connection = wire::Connection::Connect(flags.nats);
  if (!connection) return Complain(connection.error());
  auto worker = session::SessionWorker::Start(*connection, std::move(*options));
  if (!worker) return Complain(worker.error());
  LogInfo("started", {{"data_dir", flags.data_dir}});

  uint64_t seen_errors = 0;
  while (!WaitForStop(In(seconds(10)))) {
    const uint64_t errors = (*connection)->async_errors();
    if (errors != seen_errors) {
      LogError("NATS reports errors: see the server's permissions for this role",
               {{"count", errors}, {"last", (*connection)->last_async_error()}});
      seen_errors = errors;
    }
  }
  LogInfo("stopping");
  const auto status = (*worker)->status();
  (*worker)->Stop(In(kDrain));
  LogInfo("stopped", {{"records", status.records},
                      {"batches", status.batches},
                      {"refused", status.refused},
                      {"letters", status.outbox.letters_sent}});
  return 0;
}

}  // namespace
}  // namespace lyceum

int main(int argc, char** argv) { return lyceum::Run(argc, argv); }
