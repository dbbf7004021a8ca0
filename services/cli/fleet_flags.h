// The flags of the commands that look at the whole fleet: status, check, sessions, report, doctor, trim; and of
// those that look at all there is of a learner: export, forget.
#pragma once

#include "cli/cli.h"
#include "cli/course_flags.h"

namespace lyceum::cli {

struct FleetFlags {
  StatusOptions status;
  CheckOptions check;
  SessionsOptions sessions;
  ReportOptions report;
  DoctorOptions doctor;
  TrimOptions trim;
  ExportOptions export_to;
  ForgetOptions forget;
};

// `flags` outlives the parsing and the run.
void AddFleetCommands(CLI::App& app, FleetFlags& flags, const AddCommand& add);

}  // namespace lyceum::cli
