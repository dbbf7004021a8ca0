// lyceum-session-worker: folds the learners' records into their sessions. See lib/session.
//
// Exit codes: services/worker/worker.h.
#include <fmt/format.h>

#include <chrono>

#include "base/config.h"
#include "base/log.h"
#include "base/signals.h"
#include "session/session_worker.h"
#include "worker/worker.h"

namespace lyceum {
namespace {

constexpr const char* kProgram = "lyceum-session-worker";
constexpr std::chrono::milliseconds kDrain{10'000};

struct Flags {
  worker::Flags worker = worker::DefaultFlags();
  std::string data_dir = "lyceum-data";
  std::string own;
  int64_t partitions = 16;
  int64_t sessions_max = 50'000;
};

void Declare(Settings& settings, Flags* flags) {
  worker::Declare(settings, &flags->worker);
  settings.Text("data-dir", &flags->data_dir, "folder of the store, for this worker alone")
      .Number("partitions", &flags->partitions, 1, 1024, "partitions, fixed by lyceum init")
      .Text("own", &flags->own, "partitions of this worker, as in 0-7,12 (default: all)")
      .Number("sessions-max", &flags->sessions_max, 16, 100'000'000, "sessions kept in memory");
}

Result<session::SessionWorker::Options> ToOptions(const Flags& flags) {
  if (Result<void> good = worker::Check(flags.worker); !good) return good.error();
  const auto count = static_cast<uint32_t>(flags.partitions);
  const std::string own = flags.own.empty() ? fmt::format("0-{}", count - 1) : flags.own;
  auto partitions = session::ParsePartitions(own, count);
  if (!partitions) return Reject("--own " + partitions.error().text);
  return session::SessionWorker::Options{.subjects = envelope::Subjects(flags.worker.prefix, count),
                                         .id = flags.worker.id,
                                         .data_dir = flags.data_dir,
                                         .partitions = std::move(*partitions),
                                         .sessions_max = static_cast<size_t>(flags.sessions_max)};
}

std::vector<worker::Metric> Figures(const session::SessionWorker& running) {
  const auto status = running.status();
  const auto figure = [](uint64_t value) { return static_cast<double>(value); };
  return {
      {"lyceum_records_total", "Records folded in", figure(status.records)},
      {"lyceum_batches_total", "Commits", figure(status.batches)},
      {"lyceum_refused_total", "Records that went to the dead letters", figure(status.refused)},
      {"lyceum_partition_retries_total", "Times a partition had to wait", figure(status.retries)},
      {"lyceum_partitions_halted", "Partitions that need an operator", figure(status.halted),
       false},
      {"lyceum_letters_sent_total", "Letters that arrived", figure(status.outbox.letters_sent)},
      {"lyceum_timers_fired_total", "Timers that were published",
       figure(status.outbox.timers_fired)},
      {"lyceum_calls_dispatched_total", "Tool requests sent",
       figure(status.outbox.calls_dispatched)},
      {"lyceum_calls_busy_total", "Tool requests answered busy", figure(status.outbox.calls_busy)},
      {"lyceum_calls_lost_total", "Tool calls whose worker died", figure(status.outbox.calls_lost)},
      {"lyceum_calls_failed_total", "Tool calls that ended in an error of the dispatcher",
       figure(status.outbox.calls_failed)},
  };
}

int Run(int argc, char** argv) {
  CatchStopSignals();
  Flags flags;
  Settings settings;
  Declare(settings, &flags);
  Result<bool> go_on =
      settings.Load(kProgram, "Folds learners' records into sessions.", argc, argv);
  if (!go_on) return worker::Complain(kProgram, go_on.error());
  if (!*go_on) return worker::kDone;
  InitLog(kProgram, flags.worker.id, flags.worker.log_level);
  auto options = ToOptions(flags);
  if (!options) return worker::Fail(options.error());
  auto metrics = worker::MetricsAddress::Listen(flags.worker);
  if (!metrics) return worker::Fail(metrics.error());
  flags.worker.nats.name = fmt::format("{} {}", kProgram, flags.worker.id);
  auto connection = wire::Connection::Connect(flags.worker.nats);
  if (!connection) return worker::Fail(connection.error());
  auto running = session::SessionWorker::Start(*connection, std::move(*options));
  if (!running) return worker::Fail(running.error());
  LogInfo("started", {{"data_dir", flags.data_dir}});

  const int code = worker::ServeUntilStopped(**connection, std::move(*metrics),
                                             [&] { return Figures(**running); });
  LogInfo("stopping");
  const auto status = (*running)->status();
  (*running)->Stop(In(kDrain));
  LogInfo("stopped", {{"records", status.records},
                      {"batches", status.batches},
                      {"refused", status.refused},
                      {"letters", status.outbox.letters_sent}});
  return code;
}

}  // namespace
}  // namespace lyceum

int main(int argc, char** argv) { return lyceum::Run(argc, argv); }
