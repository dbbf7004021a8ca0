// One folded record, for people and for programs: for `lyceum replay` and `lyceum step`.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "cli/compare.h"

namespace lyceum::cli {

std::string StepText(const ReplayStep& step);  // A line, without its end.
nlohmann::ordered_json StepObject(const ReplayStep& step);

}  // namespace lyceum::cli
