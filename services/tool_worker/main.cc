// lyceum-tool-worker: runs the tools that sessions ask for. See lib/toolhost and lib/tools.
//
// Exit codes: services/worker/worker.h. 1: stopped with results unsent; of --provider-check: a
// provider does not answer.
#include <fmt/format.h>

#include <chrono>
#include <string>
#include <vector>

#include "base/config.h"
#include "base/log.h"
#include "base/signals.h"
#include "tool_worker/figures.h"
#include "tool_worker/providers.h"
#include "toolhost/tool_worker.h"
#include "tools/built_in.h"
#include "tools/course_bucket.h"
#include "tools/llm_tutor.h"
#include "tools/supervised.h"
#include "worker/tracing.h"
#include "worker/worker.h"

namespace lyceum {
namespace {

constexpr const char* kProgram = "lyceum-tool-worker";
constexpr std::chrono::seconds kDrain{30};

struct Flags {
  worker::Flags worker = worker::DefaultFlags();
  std::string tools;
  int64_t slots = 32;
  models::Flags models;
  bool provider_check = false;
  std::string ledger_dir;
  bool print_ledger = false;
};

void Declare(Settings& settings, Flags* flags) {
  worker::Declare(settings, &flags->worker);
  settings.Number("slots", &flags->slots, 1, 1024, "calls that run at once")
      .Text("tools", &flags->tools, "tools to run, with commas between (default: all)")
      .Switch("provider-check", &flags->provider_check,
              "ask each configured language model one short question, and with --prompts those of "
              "the tools, and end");
  settings
      .Text("ledger-dir", &flags->ledger_dir,
            "folder of the ledger of what language models cost, for this worker alone (default: "
            "none)")
      .Switch("print-ledger", &flags->print_ledger, "print the ledger of --ledger-dir, and end");
  models::Declare(settings, &flags->models);
}

std::vector<std::string> SplitNames(const std::string& text) {
  std::vector<std::string> names;
  size_t begin = 0;
  while (begin <= text.size()) {
    const size_t end = std::min(text.find(',', begin), text.size());
    std::string name = text.substr(begin, end - begin);
    name.erase(0, name.find_first_not_of(' '));
    name.erase(name.find_last_not_of(' ') + 1);
    names.push_back(std::move(name));
    begin = end + 1;
  }
  return names;
}

// A bad name is refused before anything else is looked at.
Result<void> Check(const Flags& flags) {
  if (Result<void> good = worker::Check(flags.worker); !good) return good;
  if (!flags.tools.empty()) {
    auto some = tools::BuiltInTutor(nullptr).Only(SplitNames(flags.tools));
    if (!some) return Reject("--tools: " + some.error().text);
  }
  return {};
}

// Of both connections: the one that the courses are read by, and the worker's own.
worker::Look LookAfter(wire::Connection& courses, const toolhost::ToolWorker& running) {
  return [look = worker::LookAfter(courses), &running, seen = uint64_t{0}]() mutable {
    if (const uint64_t errors = running.async_errors(); errors != seen) {
      LogError("NATS reports errors: see the server's permissions for this role",
               {{"count", errors}, {"last", running.last_async_error()}});
      seen = errors;
    }
    return look();
  };
}

int Serve(const Flags& flags) {
  auto figures = worker::ListenForFigures(flags.worker, kProgram);
  if (!figures) return worker::Fail(figures.error());
  auto tracing = worker::Tracing::Start(flags.worker, kProgram);
  if (!tracing) return worker::Fail(tracing.error());
  static const SystemClock clock;
  const auto loop = std::make_shared<wire::EventLoop>();
  auto models = models::Open(flags.models, loop, flags.ledger_dir);
  if (!models) return worker::Fail(models.error());
  tool_worker::LogProviders(*models);
  const envelope::Subjects subjects(flags.worker.prefix);
  std::shared_ptr<wire::Connection> connection;
  std::shared_ptr<tools::TopicSource> source;
  const Result<void> opened = worker::Patiently([&]() -> Result<void> {
    auto connected = wire::Connection::Connect(flags.worker.nats);
    if (!connected) return connected.error();
    connection = *std::move(connected);
    auto courses = tools::CourseBucket::Open(connection, subjects);
    if (!courses) return courses.error();
    source = *std::move(courses);
    return {};
  });
  if (!opened) {
    const int code = worker::Fail(opened.error());
    if (connection == nullptr) return code;
    return worker::kAway;  // Without JetStream, or not installed yet.
  }
  const tools::Toolbox built_in = tools::BuiltInTutor(source);
  tools::Toolbox toolbox = built_in;
  std::shared_ptr<toolhost::FunctionCaller> functions;
  if (models->client != nullptr) {
    functions = std::make_shared<toolhost::FunctionCaller>(&clock, loop.get(), subjects);
    toolbox =
        tools::LlmTutor(std::move(toolbox), models->client, models->prompts, source, functions);
  }
  toolbox = tools::WithAuthored(std::move(toolbox), built_in);
  if (!flags.tools.empty()) {
    auto some = toolbox.Only(SplitNames(flags.tools));
    if (!some) return worker::Fail(some.error());
    toolbox = std::move(*some);
  }
  const auto times = std::make_shared<toolhost::HostTimes>();
  wire::Service service =
      worker::ServiceOf(flags.worker, kProgram, "Runs the tools that sessions ask for");
  service.metadata.emplace_back("slots", std::to_string(flags.slots));
  auto running = toolhost::ToolWorker::Start(flags.worker.nats, std::move(toolbox),
                                             {.host = {.subjects = subjects,
                                                       .id = flags.worker.id,
                                                       .slots = static_cast<size_t>(flags.slots),
                                                       .times = times,
                                                       .tracer = (*tracing)->tracer()},
                                              .loop = loop,
                                              .http = models->http,
                                              .functions = functions,
                                              .service = std::move(service)});
  if (!running) return worker::Fail(running.error());
  LogInfo("started",
          {{"slots", flags.slots}, {"tools", flags.tools.empty() ? "all" : flags.tools}});
  const int code = worker::ServeUntilStopped(
      figures->get(),
      (*tracing)->WithFigures(tool_worker::SourcesOf(
          **running, *times, static_cast<size_t>(flags.slots), *models, functions.get())),
      LookAfter(*connection, **running), [&] { tool_worker::ReloadPrompts(*models); });
  LogInfo("draining");
  const bool drained = (*running)->Drain(In(kDrain));
  const auto counters = (*running)->counters();
  LogInfo("stopped", {{"drained", drained},
                      {"accepted", counters.accepted},
                      {"results", counters.results},
                      {"errors", counters.errors},
                      {"refused", counters.refused}});
  return code != worker::kDone ? code : drained ? worker::kDone : worker::kFailed;
}

int Run(int argc, char** argv) {
  CatchStopSignals();
  CatchHangup();
  Flags flags;
  Settings settings;
  Declare(settings, &flags);
  auto go_on = settings.Load(kProgram, "Runs the tools that sessions ask for.", argc, argv);
  if (!go_on) return worker::Complain(kProgram, go_on.error());
  if (!*go_on) return worker::kDone;
  if (auto good = Check(flags); !good) return worker::Complain(kProgram, good.error());
  if (flags.print_ledger) return tool_worker::PrintLedger(flags.ledger_dir);
  if (flags.provider_check) return tool_worker::CheckProviders(flags.models);
  InitLog(kProgram, flags.worker.id, flags.worker.log_level);
  flags.worker.nats.name = fmt::format("{} {}", kProgram, flags.worker.id);
  return Serve(flags);
}

}  // namespace
}  // namespace lyceum

int main(int argc, char** argv) { return lyceum::Run(argc, argv); }
