// A tool of your own in C++: clarify_concept, from a glossary. docs/tools.md explains it.
//
//   NATS_URL=... NATS_USER=tool_worker NATS_PASSWORD=... glossary-tool ID
//
// Serves until SIGTERM or SIGINT. Exit codes: 0 stopped with all results sent, 1 not all were sent,
// 2 wrong usage, 3 NATS is not there.
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "base/signals.h"
#include "toolhost/tool_worker.h"

namespace {

using namespace lyceum;

constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kGlossary = {{
    {"numerator", "The numerator is the number above the line: how many parts are meant."},
    {"denominator",
     "The denominator is the number below the line: into how many the whole is cut."},
    {"fraction", "A fraction is a part of a whole, written as one number over another."},
}};

// Runs in a thread of its own, several calls at once. What it returns is the result; a ToolError is
// an answer too: the learner then gets a text that the course has for it.
toolhost::ToolAnswer Clarify(const toolhost::ToolCall& call) {
  const auto& args = std::get<tutor::ClarifyConceptArgs>(call.request.args);
  for (const auto& [word, meaning] : kGlossary) {
    if (args.text.find(word) == std::string::npos) continue;
    // What the learner sees while the tool still works. Null where nobody listens.
    if (call.stream != nullptr) call.stream->Add(meaning);
    return tutor::ClarifyConceptOk{.text = std::string(meaning)};
  }
  return toolhost::ToolErrorOf("not_found", false, "The glossary does not have that word.");
}

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

}  // namespace

int main(int argc, char** argv) {
  CatchStopSignals();
  if (argc != 2) {
    std::fprintf(stderr, "usage: glossary-tool ID\n");
    return 2;
  }
  wire::ConnectOptions nats;
  nats.url = Environment("NATS_URL");
  nats.user = Environment("NATS_USER");
  nats.password = Environment("NATS_PASSWORD");
  nats.name = "glossary-tool";

  toolhost::Toolbox toolbox;
  toolbox.Add(tutor::Tool::kClarifyConcept, Clarify);
  auto worker = toolhost::ToolWorker::Start(nats, std::move(toolbox),
                                            {.host = {.id = argv[1], .provider = "glossary"}});
  if (!worker) {
    std::fprintf(stderr, "glossary-tool: %s\n", worker.error().text.c_str());
    return worker.error().fault == Fault::kReject ? 2 : 3;
  }
  std::puts("serves clarify_concept");
  std::fflush(stdout);
  while (!WaitForStop(In(std::chrono::hours(1)))) {
  }
  return (*worker)->Drain(In(std::chrono::seconds(30))) ? 0 : 1;
}
