// The flags of `lyceum course`.
#pragma once

#include <functional>

#include "cli/cli.h"

namespace CLI {
class App;
}

namespace lyceum::cli {

struct CourseOptions {
  CourseSource import;
  CourseSource check;
  CourseSource preview;
  CourseSource exported;
  std::string diff_from, diff_to;
  std::string preview_topic;
  CourseShowOptions show, versions, publish, rollback, fetch;
};

// Adds a command to a group; what it runs gets the settings that are known then.
using AddCommand = std::function<CLI::App*(CLI::App& group, const char* name, const char* help,
                                           std::function<int(const Common&)> run)>;

// `options` outlives the parsing and the run.
void AddCourseCommands(CLI::App& app, CourseOptions& options, const AddCommand& add);

}  // namespace lyceum::cli
