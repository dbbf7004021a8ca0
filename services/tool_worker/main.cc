// lyceum-tool-worker: runs the tools that sessions ask for. See lib/tools.
//
// Exit codes: 0 stopped by SIGTERM or SIGINT, all results sent; 1 stopped with results unsent;
// 2 wrong configuration; 3 the NATS server or JetStream is not there.
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "base/config.h"
#include "base/log.h"
#include "base/signals.h"
#include "base/token.h"
#include "tools/built_in.h"
#include "tools/course_bucket.h"
#include "tools/tool_worker.h"

namespace lyceum {
namespace {

using std::chrono::seconds;

constexpr seconds kDrain{30};

struct Flags {
  wire::ConnectOptions nats;
  std::string id;
  std::string prefix = "lyceum";
  std::string tools;
  std::string log_level = "info";
  int64_t slots = 8;
};

std::string DefaultId() {
  char host[256] = {};
  gethostname(host, sizeof(host) - 1);
  auto token = ToToken(fmt::format("{}-{}", host, getpid()));
  return token ? *token : fmt::format("tools-{}", getpid());
}

void Declare(Settings& settings, Flags* flags) {
  settings.Text("nats-url", &flags->nats.url, "where NATS is", {"NATS_URL"})
      .Text("nats-user", &flags->nats.user, "user at NATS", {"NATS_USER"})
      .Secret("nats-password", &flags->nats.password, "password at NATS", {"NATS_PASSWORD"})
      .Text("nats-creds", &flags->nats.credentials_file, "credentials file for NATS",
            {"NATS_CREDS"})
      .Text("id", &flags->id, "this worker's id, a subject token (default: host and process)")
      .Number("slots", &flags->slots, 1, 1024, "calls that run at once")
      .Text("tools", &flags->tools, "tools to run, with commas between (default: all)")
      .Text("prefix", &flags->prefix, "first part of every subject")
      .Text("log-level", &flags->log_level, "debug, info, warn or error");
}

int Complain(const Error& error) {
  std::fprintf(stderr, "lyceum-tool-worker: %s\n", error.text.c_str());
  return error.fault == Fault::kRetry ? 3 : 2;
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
  if (auto prefix = envelope::Subjects::CheckPrefix(flags.prefix); !prefix) return prefix;
  if (!IsToken(flags.id)) return Reject("--id takes [A-Za-z0-9_-]{1,64}");
  if (!flags.tools.empty()) {
    auto some = tools::BuiltInTutor(nullptr).Only(SplitNames(flags.tools));
    if (!some) return Reject("--tools: " + some.error().text);
  }
  return {};
}

void Watch(const wire::Connection& connection) {
  uint64_t seen_errors = 0;
  while (!WaitForStop(In(seconds(10)))) {
    const uint64_t errors = connection.async_errors();
    if (errors == seen_errors) continue;
    LogError("NATS reports errors: see the server's permissions for this role",
             {{"count", errors}, {"last", connection.last_async_error()}});
    seen_errors = errors;
  }
}

int Serve(const Flags& flags) {
  auto connection = wire::Connection::Connect(flags.nats);
  if (!connection) return Complain(connection.error());
  const envelope::Subjects subjects(flags.prefix);
  auto courses = tools::CourseBucket::Open(*connection, subjects);
  if (!courses) {
    Complain(courses.error());
    return 3;
  }
  tools::Toolbox toolbox = tools::BuiltInTutor(std::move(*courses));
  if (!flags.tools.empty()) {
    auto some = toolbox.Only(SplitNames(flags.tools));
    if (!some) return Complain(some.error());
    toolbox = std::move(*some);
  }
  auto worker = tools::ToolWorker::Start(
      *connection, std::move(toolbox),
      {.subjects = subjects, .id = flags.id, .slots = static_cast<size_t>(flags.slots)});
  if (!worker) return Complain(worker.error());
  LogInfo("started",
          {{"slots", flags.slots}, {"tools", flags.tools.empty() ? "all" : flags.tools}});
  Watch(**connection);
  LogInfo("draining");
  const bool drained = (*worker)->Drain(In(kDrain));
  const auto counters = (*worker)->counters();
  LogInfo("stopped", {{"drained", drained},
                      {"accepted", counters.accepted},
                      {"results", counters.results},
                      {"errors", counters.errors},
                      {"refused", counters.refused}});
  return drained ? 0 : 1;
}

int Run(int argc, char** argv) {
  CatchStopSignals();
  Flags flags;
  flags.id = DefaultId();
  flags.nats.send_asap = true;  // One learner waits for each message.
  Settings settings;
  Declare(settings, &flags);
  auto go_on =
      settings.Load("lyceum-tool-worker", "Runs the tools that sessions ask for.", argc, argv);
  if (!go_on) return Complain(go_on.error());
  if (!*go_on) return 0;
  if (auto good = Check(flags); !good) return Complain(good.error());
  InitLog("lyceum-tool-worker", flags.id, flags.log_level);
  flags.nats.name = "lyceum-tool-worker " + flags.id;
  return Serve(flags);
}

}  // namespace
}  // namespace lyceum

int main(int argc, char** argv) { return lyceum::Run(argc, argv); }
