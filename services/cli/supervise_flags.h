// The flags of `lyceum supervise`.
#pragma once

#include "cli/cli.h"
#include "cli/course_flags.h"

namespace lyceum::cli {

struct SuperviseFlags {
  SuperviseOptions live;
  SuperviseDecideOptions approve;
  SuperviseDecideOptions edit{.decision = tutor::Decision::kEdit};
  SuperviseDecideOptions replace{.decision = tutor::Decision::kReplace};
};

// `flags` outlives the parsing and the run. The group, which runs by itself too: what it does then is the
// caller's to add.
CLI::App* AddSuperviseCommands(CLI::App& app, SuperviseFlags& flags, const AddCommand& add);

}  // namespace lyceum::cli
