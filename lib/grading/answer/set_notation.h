// Set notation: how learners write sets and points, brought to one spelling before solutions.h and
// the lists read them.
//
//   The answer is [0,1).  domain: [0,1)  $x=1$ or $x=2$   without what stands around
//   R \ {2}   all real numbers except 2   x != 2          x != 2
//   (0,1)U(2,3)   (0,1) union (2,3)                       (0,1) U (2,3)
//   ]0,1[ U [2,3[                                         (0,1) U [2,3)
//   {}                                                    no solution
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lyceum::grading {

// Without a beginning ("both", "the solutions are"), the full stop, and dollar signs around parts.
std::string WithoutAround(std::string_view text);
// Plain (plain.h), with sets as above.
std::string PlainSet(std::string_view text);
// "(x,y) = (1,2)", "y=2 and x=1": "(1,2)". Nothing: other names than x, y, z, one twice, or none.
std::optional<std::string> PointOf(std::string_view plain);

// Where `word` stands outside of brackets; the parts are trimmed.
std::vector<std::string> SplitAt(std::string_view text, std::string_view word);
void ReplaceAll(std::string* text, std::string_view from, std::string_view to);

}  // namespace lyceum::grading
