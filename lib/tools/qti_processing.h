// What the response processing of a QTI item says, where it is one of:
// the templates of Common Cartridge, CC2_match and CC2_map_response, and
//   the template match_correct, or a condition that matches the response with the correct one
//   the template map_response, or a condition that sets the score to the mapped response
//   a condition that compares numbers by <equal> with a tolerance
// and sets feedback by constants or to the response itself. Any other rule of the score is refused by
// its name; the feedback of a rule that does not touch the score is left out.
#pragma once

#include <set>
#include <string>

#include "base/result.h"
#include "tools/xml.h"

namespace lyceum::tools {

enum class Scoring { kMatch, kMap, kEqual };

// What response processing says.
struct Processing {
  Scoring scoring = Scoring::kMatch;
  double tolerance = 0;
  bool relative = false;              // `tolerance` is in percent.
  std::set<std::string> by_response;  // Outcomes that are set to the response itself.
  std::set<std::string> when_right;   // Identifiers of feedback.
  std::set<std::string> when_wrong;
  std::set<std::string> left_out;  // Shown by rules that are not read.
};

// `node`: with normalized names (import_qti.cc); null: there is none, which is match_correct.
Result<Processing> ReadProcessing(const XmlNode* node, const std::string& response);

}  // namespace lyceum::tools
