// lyceum-session-worker: folds the learners' records into their sessions. See lib/shard.
//
// Exit codes: services/worker/worker.h.
#include <fmt/format.h>
#include <sys/prctl.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/config.h"
#include "base/log.h"
#include "base/signals.h"
#include "session_worker/figures.h"
#include "shard/install.h"
#include "shard/session_worker.h"
#include "worker/tracing.h"
#include "worker/worker.h"

// Read by jemalloc at its start: what is free goes back to the system after a second, so that a burst
// does not stay in the process.
extern "C" {
const char* malloc_conf = "dirty_decay_ms:1000,muzzy_decay_ms:0";  // NOLINT: its name
}

namespace lyceum {
namespace {

constexpr const char* kProgram = "lyceum-session-worker";
constexpr std::chrono::milliseconds kStop{10'000};
constexpr int64_t kMiB = 1 << 20;

struct Flags {
  worker::Flags worker = worker::DefaultFlags();
  std::string data_dir = "lyceum-data";
  std::string own;
  std::string on_log_loss = "halt";
  int64_t partitions = 16;
  int64_t standbys = 1;
  int64_t shards = std::max(1u, std::thread::hardware_concurrency());
  int64_t memory = 256 * kMiB;
  int64_t checkpoint_ms = 1'000;
  int64_t snapshot_s = 600;
  bool core_dumps = false;
};

void Declare(Settings& settings, Flags* flags) {
  worker::Declare(settings, &flags->worker);
  settings.Text("data-dir", &flags->data_dir, "folder of the store, for this worker alone")
      .Number("partitions", &flags->partitions, 1, 1024, "partitions, fixed by lyceum init")
      .Text("own", &flags->own, "partitions that it may own, as in 0-7,12 (default: all)")
      .Number("standbys", &flags->standbys, 0, 8,
              "workers that fold a partition along with its owner, where there are any")
      .Number("shards", &flags->shards, 1, 256, "threads that fold (default: the cores)")
      .Number("memory", &flags->memory, 16 * kMiB, int64_t{1} << 40,
              "bytes of memory in all: sessions, topics, what is unconfirmed, the store's caches")
      .Number("checkpoint-ms", &flags->checkpoint_ms, 10, 3'600'000,
              "from one checkpoint of a partition to the next")
      .Number("snapshot-s", &flags->snapshot_s, 0, 7 * 24 * 3600,
              "seconds from one snapshot of a partition that it owns to the next; 0: none")
      .Text("on-log-loss", &flags->on_log_loss,
            "halt, or continue as the next lineage, where the broker lost acknowledged records")
      .Switch("core-dumps", &flags->core_dumps, "let the system keep the memory of a crash");
}

Result<shard::SessionWorker::Options> ToOptions(const Flags& flags) {
  if (Result<void> good = worker::Check(flags.worker); !good) return good.error();
  const auto count = static_cast<uint32_t>(flags.partitions);
  const std::string own = flags.own.empty() ? fmt::format("0-{}", count - 1) : flags.own;
  auto partitions = shard::ParsePartitions(own, count);
  if (!partitions) return Reject("--own " + partitions.error().text);
  if (flags.on_log_loss != "halt" && flags.on_log_loss != "continue") {
    return Reject("--on-log-loss takes halt or continue");
  }
  shard::SessionWorker::Options options;
  options.shard.subjects = envelope::Subjects(flags.worker.prefix, count);
  options.shard.worker = flags.worker.id;
  options.shard.standbys = static_cast<uint32_t>(flags.standbys);
  options.memory_bytes = static_cast<size_t>(flags.memory);
  options.shard.checkpoint_ms = flags.checkpoint_ms;
  options.shard.snapshot_ms = flags.snapshot_s * 1'000;
  options.shard.on_log_loss =
      flags.on_log_loss == "continue" ? shard::OnLogLoss::kContinue : shard::OnLogLoss::kHalt;
  options.nats = flags.worker.nats;
  options.data_dir = flags.data_dir;
  options.partitions = std::move(*partitions);
  options.shards = static_cast<size_t>(flags.shards);
  options.service = worker::ServiceOf(flags.worker, kProgram, "Folds learners' records");
  options.service->metadata.emplace_back("partitions", std::to_string(count));
  options.service->metadata.emplace_back("shards", std::to_string(flags.shards));
  return options;
}

// Streams and buckets are there and as they should be, and N agrees: by a connection of its own.
Result<void> CheckInstalled(const Flags& flags, const shard::SessionWorker::Options& options) {
  return worker::Patiently([&]() -> Result<void> {
    auto connection = wire::Connection::Connect(flags.worker.nats);
    if (!connection) return connection.error();
    return shard::CheckInstalled(**connection, options.shard.subjects);
  });
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
  // The memory holds what learners wrote: it is not to lie about in a file.
  if (!flags.core_dumps) prctl(PR_SET_DUMPABLE, 0);
  flags.worker.nats.name = fmt::format("{} {}", kProgram, flags.worker.id);
  auto options = ToOptions(flags);
  if (!options) return worker::Fail(options.error());
  auto figures = worker::ListenForFigures(flags.worker, kProgram);
  if (!figures) return worker::Fail(figures.error());
  auto tracing = worker::Tracing::Start(flags.worker, kProgram);
  if (!tracing) return worker::Fail(tracing.error());
  options->shard.tracer = (*tracing)->tracer();
  if (Result<void> installed = CheckInstalled(flags, *options); !installed) {
    return worker::Fail(installed.error());
  }
  auto running = shard::SessionWorker::Start(std::move(*options));
  if (!running) return worker::Fail(running.error());
  LogInfo("started", {{"data_dir", flags.data_dir}, {"shards", flags.shards}});

  uint64_t seen_errors = 0;
  const auto look = [&]() -> std::optional<Error> {
    const auto totals = (*running)->totals();
    if (totals.async_errors != seen_errors) {
      LogError("NATS reports errors: see the server's permissions for this role",
               {{"count", totals.async_errors}, {"last", (*running)->last_async_error()}});
      seen_errors = totals.async_errors;
    }
    return (*running)->failure();
  };
  const int code = worker::ServeUntilStopped(
      figures->get(), (*tracing)->WithFigures(session_worker::SourcesOf(**running)), look, {},
      [&](Deadline until) { return (*running)->Serve(StopSignalDescriptor(), until); });
  LogInfo("stopping");
  const bool orderly = (*running)->Stop(In(kStop));
  const auto totals = (*running)->totals();
  LogInfo("stopped", {{"records", totals.records},
                      {"refused", totals.refused},
                      {"messages", totals.messages},
                      {"checkpoint", orderly}});
  return code;
}

}  // namespace
}  // namespace lyceum

int main(int argc, char** argv) { return lyceum::Run(argc, argv); }
