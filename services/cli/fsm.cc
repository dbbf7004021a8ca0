// lyceum fsm: the state machine's tables, from the code itself.
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/cli.h"
#include "tutor/table.h"

namespace lyceum::cli {

int RunFsm(const Common& common, const std::string& format) {
  const tutor::TableFormat wanted = format == "dot"       ? tutor::TableFormat::kDot
                                    : format == "mermaid" ? tutor::TableFormat::kMermaid
                                                          : tutor::TableFormat::kMarkdown;
  const std::string text = tutor::RenderTables(wanted);
  if (common.json) {
    std::cout << nlohmann::ordered_json{{"format", format}, {"text", text}}.dump() << std::endl;
  } else {
    std::cout << text << std::flush;
  }
  return kDone;
}

}  // namespace lyceum::cli
