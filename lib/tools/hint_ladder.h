// From hints that depend on each other to a ladder, weakest first.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace lyceum::tools {

struct RawHint {
  std::string id;
  std::string text;
  std::vector<std::string> answers;       // Of a scaffold: shown in brackets behind its text.
  std::vector<std::string> dependencies;  // Ids that come before it.
  std::vector<RawHint> parts;             // Further help with this step: lines of the same rung.
};

// One text a hint, each after all that it depends on, as written otherwise.
// What depends on a hint that is not there, of another step, loses that dependency: the missing ids are
// added to `lost`. kReject: an id twice, a circle.
Result<std::vector<std::string>> OrderHints(const std::vector<RawHint>& hints,
                                            std::vector<std::string>* lost);

// At most rungs_max of them: neighbours share a rung, evenly, a line each.
std::vector<std::string> MergeRungs(const std::vector<std::string>& rungs, size_t rungs_max);

}  // namespace lyceum::tools
