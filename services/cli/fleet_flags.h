// The flags of the commands that look at the whole fleet: status, check, sessions, report, doctor, trim.
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
};

// `flags` outlives the parsing and the run.
void AddFleetCommands(CLI::App& app, FleetFlags& flags, const AddCommand& add);

}  // namespace lyceum::cli
