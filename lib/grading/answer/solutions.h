// Solutions: a set of real numbers, as learners write what solves an equation or an inequality.
//
//   x=1 or x=2   x=1, 2   x=±2   {1, 2}   x>2   1<x<=3   x<1 or x>3   x>1 and x<3   x!=2
//   (1,3]   (-inf,1) U (3,inf)   {x | x>2}   x in [0,1)   all real numbers   no solution
// Ends are numbers: expressions without variables. "and" between intervals joins them. Not read:
// commas between inequalities (and, or or?), two variables, [a,b] with a > b, "or" between sets of
// which one holds the other (two answers in one), ends that can not be told apart. Two sets with
// variables of different names are undecided.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "grading/algebra/equivalence.h"

namespace lyceum::grading {

inline constexpr size_t kSegmentsMax = 32;

struct End {
  double value = 0;  // May be infinite.
  bool closed = false;
  std::shared_ptr<const Tree> tree;  // None: infinite.
};
struct Segment {
  End low, high;
};
struct Solutions {
  std::string variable;           // Empty: none was named.
  std::vector<Segment> segments;  // Ascending; none touches the next.
};

std::optional<Solutions> ParseSolutions(std::string_view plain);
Same SameSolutions(const Solutions& a, const Solutions& b, Budget* budget);

}  // namespace lyceum::grading
