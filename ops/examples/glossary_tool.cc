// Tools of your own in C++, from a glossary: clarify_concept, and the function look_up_word, which
// the tutor's model calls. docs/tools.md explains both.
//
//   NATS_URL=... NATS_USER=tool_worker NATS_PASSWORD=... glossary-tool ID [TOOL...]
//
// Serves until SIGTERM or SIGINT. Exit codes: 0 stopped with all results sent, 1 not all were sent,
// 2 wrong usage, 3 NATS is not there.
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

// A function: JSON to JSON, by the schemas that the course has for it. The tool worker that asks has
// checked the arguments, but a function that anybody may ask reads them with care.
toolhost::FunctionAnswer LookUpWord(const toolhost::FunctionCall& call) {
  const auto arguments = nlohmann::json::parse(call.request.json, nullptr, false);
  const auto word = arguments.is_object() ? arguments.find("word") : arguments.end();
  if (word == arguments.end() || !word->is_string()) {
    return toolhost::ToolErrorOf("bad_request", false, "The word is missing.");
  }
  for (const auto& [known, meaning] : kGlossary) {
    if (*word == known) return nlohmann::json{{"meaning", meaning}}.dump();
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
  if (argc < 2) {
    std::fprintf(stderr, "usage: glossary-tool ID [TOOL...]\n");
    return 2;
  }
  wire::ConnectOptions nats;
  nats.url = Environment("NATS_URL");
  nats.user = Environment("NATS_USER");
  nats.password = Environment("NATS_PASSWORD");
  nats.name = "glossary-tool";

  toolhost::Toolbox toolbox;
  toolbox.Add(tutor::Tool::kClarifyConcept, Clarify);
  toolbox.AddFunction("look_up_word", LookUpWord);
  if (argc > 2) {
    auto some = toolbox.Only(std::vector<std::string>(argv + 2, argv + argc));
    if (!some) {
      std::fprintf(stderr, "glossary-tool: %s\n", some.error().text.c_str());
      return 2;
    }
    toolbox = *std::move(some);
  }
  auto worker = toolhost::ToolWorker::Start(nats, std::move(toolbox),
                                            {.host = {.id = argv[1], .provider = "glossary"}});
  if (!worker) {
    std::fprintf(stderr, "glossary-tool: %s\n", worker.error().text.c_str());
    return worker.error().fault == Fault::kReject ? 2 : 3;
  }
  std::puts("serves");
  std::fflush(stdout);
  while (!WaitForStop(In(std::chrono::hours(1)))) {
  }
  return (*worker)->Drain(In(std::chrono::seconds(30))) ? 0 : 1;
}
