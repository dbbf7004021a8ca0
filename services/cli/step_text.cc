#include "cli/step_text.h"

#include <fmt/format.h>

#include "base/time_text.h"
#include "cli/event_summary.h"
#include "cli/terminal.h"

namespace lyceum::cli {
namespace {

std::string StepSummary(const ReplayStep& step) {
  return step.step.decoded ? Summary(step.step.decoded->event) : "?";
}

}  // namespace

std::string StepText(const ReplayStep& step) {
  const std::string begin =
      fmt::format("{}  {}  ", step.stored.sequence, TimeText(step.stored.time_ms));
  if (const auto& refused = step.step.refused) {
    return begin + fmt::format("refused ({}): {}  {}", Name(refused->reason),
                               PlainLine(refused->text, 200), step.from);
  }
  return begin + fmt::format("{}  {} -> {}  {} {}", StepSummary(step), step.from, step.to,
                             step.effects, step.effects == 1 ? "effect" : "effects");
}

nlohmann::ordered_json StepObject(const ReplayStep& step) {
  nlohmann::ordered_json line{{"seq", step.stored.sequence},
                              {"at", TimeText(step.stored.time_ms)},
                              {"event", StepSummary(step)},
                              {"from", step.from},
                              {"to", step.to},
                              {"effects", step.effects}};
  if (const auto& refused = step.step.refused) {
    line["refused"] = std::string(Name(refused->reason));
    line["text"] = Plain(refused->text);
  }
  return line;
}

}  // namespace lyceum::cli
