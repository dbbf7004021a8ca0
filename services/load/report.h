// What a run of load has found, for people and for programs.
#pragma once

#include <string>

#include "load/run.h"

namespace lyceum::load {

// Some lines. Sorts the latencies.
std::string ReportTable(LoadReport* report, const LoadPlan& plan);
// One JSON object in a line.
std::string ReportJson(LoadReport* report, const LoadPlan& plan);

}  // namespace lyceum::load
