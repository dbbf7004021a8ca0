// A real tool worker whose one tool, clarify_concept, never comes to an end: for the tests that
// kill it then.
#include <cstdio>

#include "base/signals.h"
#include "support/eventually.h"
#include "toolhost/tool_worker.h"

int main(int argc, char** argv) {
  using namespace lyceum;
  CatchStopSignals();
  wire::ConnectOptions options;
  const auto env = [](const char* name) { return std::string(std::getenv(name)); };
  options.url = env("NATS_URL");
  options.user = env("NATS_USER");
  options.password = env("NATS_PASSWORD");
  if (argc != 2) return 2;
  toolhost::Toolbox toolbox;
  toolbox.Add(tutor::Tool::kClarifyConcept, [](const toolhost::ToolCall& call) {
    std::printf("running %s attempt %u\n", call.request.id.value.c_str(), call.request.attempt);
    std::fflush(stdout);
    test::Eventually(std::chrono::minutes(5), [] { return false; });
    return tutor::ToolOutcome(toolhost::ToolErrorOf("stuck", false, "it never ends"));
  });
  auto worker = toolhost::ToolWorker::Start(options, std::move(toolbox),
                                            {.host = {.id = argv[1], .slots = 2}});
  if (!worker) return 3;
  while (!WaitForStop(In(std::chrono::seconds(60)))) {
  }
  return 0;
}
