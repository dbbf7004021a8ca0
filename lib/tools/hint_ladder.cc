#include "tools/hint_ladder.h"

#include <map>

namespace lyceum::tools {
namespace {

constexpr int kPartsDepthMax = 4;

std::string RungOf(const RawHint& hint, int depth) {
  std::string text = hint.text;
  std::string answers;
  for (const std::string& answer : hint.answers) {
    answers += (answers.empty() ? "" : " or ") + answer;
  }
  if (!answers.empty()) text += (text.empty() ? "" : " ") + ("(" + answers + ")");
  for (const RawHint& part : hint.parts) {
    if (depth >= kPartsDepthMax) break;
    const std::string line = RungOf(part, depth + 1);
    if (!line.empty()) text += (text.empty() ? "" : "\n") + line;
  }
  return text;
}

}  // namespace

Result<std::vector<std::string>> OrderHints(const std::vector<RawHint>& hints,
                                            std::vector<std::string>* lost) {
  std::map<std::string, size_t> places;
  for (size_t i = 0; i < hints.size(); ++i) {
    if (!hints[i].id.empty() && !places.emplace(hints[i].id, i).second) {
      return Reject("the hint " + hints[i].id + " is there twice");
    }
  }
  for (const RawHint& hint : hints) {
    for (const std::string& needed : hint.dependencies) {
      if (!places.contains(needed)) lost->push_back(needed);
    }
  }
  std::vector<std::string> rungs;
  std::vector<bool> placed(hints.size(), false);
  const auto ready = [&](const RawHint& hint) {
    for (const std::string& needed : hint.dependencies) {
      const auto found = places.find(needed);
      if (found != places.end() && !placed[found->second]) return false;
    }
    return true;
  };
  for (size_t round = 0; round < hints.size(); ++round) {
    size_t next = 0;
    while (next < hints.size() && (placed[next] || !ready(hints[next]))) ++next;
    if (next == hints.size()) return Reject("the hints depend on each other in a circle");
    placed[next] = true;
    std::string rung = RungOf(hints[next], 0);
    if (rung.find_first_not_of(" \t\r\n") != std::string::npos) rungs.push_back(std::move(rung));
  }
  return rungs;
}

std::vector<std::string> MergeRungs(const std::vector<std::string>& rungs, size_t rungs_max) {
  if (rungs.size() <= rungs_max) return rungs;
  std::vector<std::string> merged;
  for (size_t i = 0; i < rungs_max; ++i) {
    std::string rung;
    for (size_t j = i * rungs.size() / rungs_max; j < (i + 1) * rungs.size() / rungs_max; ++j) {
      rung += (rung.empty() ? "" : "\n") + rungs[j];
    }
    merged.push_back(std::move(rung));
  }
  return merged;
}

}  // namespace lyceum::tools
