// What the parts of bench_scale share: which sessions there are, and how they came to be.
//
// Session i belongs to the user "u<i>" and has taken the first lines of lesson i modulo the number
// of lessons, so that the part that builds and the part that measures agree without a list.
#pragma once

#include <cstdint>
#include <string>

#include "base/ids.h"
#include "envelope/subjects.h"

namespace lyceum::bench {

struct ScalePlan {
  uint64_t sessions = 200'000;
  uint64_t messages = 10;  // In the history of each.
  uint64_t history_max = 10'000;
  uint64_t loads = 100'000;
  size_t rounds = 5;  // Of each comparison.
  uint64_t seed = 1;
  std::string dir;
  std::string course;
};

inline std::string SessionsDir(const ScalePlan& plan) { return plan.dir + "/sessions"; }
inline UserId UserOf(uint64_t session) { return UserId("u" + std::to_string(session)); }

}  // namespace lyceum::bench
