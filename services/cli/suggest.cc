#include "cli/suggest.h"

#include <algorithm>

namespace lyceum::cli {
namespace {

constexpr size_t kBytesMax = 64;

// Damerau-Levenshtein, each pair of letters swapped once at most.
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> cost(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t changed = cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, changed});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
      }
    }
  }
  return cost[a.size()][b.size()];
}

}  // namespace

std::optional<std::string> Suggest(std::string_view typed, const std::vector<std::string>& known) {
  std::optional<std::string> nearest;
  size_t least = 0;
  if (typed.empty() || typed.size() > kBytesMax) return nearest;
  for (const std::string& name : known) {
    if (name.size() > kBytesMax) continue;
    const size_t distance = Distance(typed, name);
    if (distance > std::max<size_t>(1, name.size() / 3) || distance >= name.size()) continue;
    if (nearest && distance >= least) continue;
    nearest = name;
    least = distance;
  }
  return nearest;
}

}  // namespace lyceum::cli
