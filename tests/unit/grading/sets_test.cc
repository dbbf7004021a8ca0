// Intervals, points and lists in the spellings of learners.
#include <gtest/gtest.h>

#include "vocabulary.h"

namespace lyceum::grading {
namespace {

struct Case {
  const char* key;
  const char* answer;
  const char* outcome;
};

void Check(Format format, const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    EXPECT_EQ(Is(format, c.key, c.answer), c.outcome) << c.key << " <- " << c.answer;
  }
}

TEST(Sets, AUnionIsTheSetAndNotItsPieces) {
  Check(Format::kInterval, {
                               {"[-2,6)", "[-2,1]U[1,6)", "correct"},
                               {"[-2,6)", "[-2,1)U(1,6)", "incorrect"},
                               {"[3,inf)", "[3,4)U[4,inf)", "correct"},
                               {"[3,inf)", "[3,oo)", "correct"},
                               {"[3,inf)", "[3,infty)", "correct"},
                               {"(-oo,3)", "(-inf,3)", "correct"},
                               {"(1,7)", "(1,5)U(2,7)", "correct"},
                               {"(1,7)", "(1,sqrt(4)]U(2,7)", "correct"},
                               {"(-inf,1)U(1,inf)", "(-inf,1)u(1,2]U(2,inf)", "correct"},
                               {"(-inf,1)U(1,inf)", "(-inf,1] union (1,inf)", "incorrect"},
                               {"(-inf,1)U(1,inf)", "(1,inf) union (-inf,1)", "correct"},
                           });
}

TEST(Sets, TwoIntervalsThatOverlapAreNotOneAnswer) {
  Check(Format::kInterval, {
                               {"[3,inf)", "[3,inf) or (3,inf)", "invalid"},
                               {"[3,inf)", "(3,inf) or [3,inf)", "invalid"},
                               {"[3,inf)", "[3,inf) and [3,inf)", "invalid"},
                               {"[3,inf)", "[3,inf) or [4,inf)", "invalid"},
                               {"x>=3", "x>=3 or x>3", "invalid"},
                               {"(-inf,1)U(2,inf)", "(-inf,1) or (2,inf)", "correct"},
                               {"(-inf,1)U(2,inf)", "(-inf,1) and (2,inf)", "correct"},
                               {"(-inf,1)U(2,inf)", "(-inf,1) or [2,inf)", "incorrect"},
                           });
}

TEST(Sets, ConditionsAreRead) {
  Check(Format::kInterval, {
                               {"(-inf,-4)U(4,inf)", "x < -4 or x > 4", "correct"},
                               {"(-inf,-4)U(4,inf)", "x<-4 \\text{ or } x>4", "correct"},
                               {"(-inf,-4)U(4,inf)", "x ≤ -4 or x ≥ 4", "incorrect"},
                               {"(-inf,-4)U(4,inf)", "x < -4 and x > 4", "incorrect"},
                               {"(-inf,5)U(5,inf)", "x ≠ 5", "correct"},
                               {"(-inf,5)U(5,inf)", "x ≠ -5", "incorrect"},
                               {"(-inf,5)U(5,inf)", "R \\ {5}", "correct"},
                               {"(-inf,5)U(5,inf)", "\\mathbb{R}\\setminus\\{5\\}", "correct"},
                               {"(-inf,5)U(5,inf)", "R-{5, 6}", "incorrect"},
                               {"(-inf,5)U(5,inf)", "all real numbers except 5", "correct"},
                               {"(-inf,5)U(5,inf)", "all real numbers", "incorrect"},
                               {"x>=3", "y>=3", "invalid"},
                           });
}

TEST(Sets, EverythingAndNothingHaveNames) {
  Check(Format::kInterval, {
                               {"(-inf,inf)", "x ∈ R", "correct"},
                               {"(-inf,inf)", "$\\mathbb{R}$", "correct"},
                               {"(-inf,inf)", "The set of all real numbers.", "correct"},
                               {"(-inf,inf)", "not all real numbers", "invalid"},
                               {"(-inf,inf)", "∅", "incorrect"},
                               {"no solution", "{}", "correct"},
                               {"no solution", "Empty set", "correct"},
                               {"no solution", "no solution?", "invalid"},
                               {"no solution", "There are no solutions.", "correct"},
                               {"no solution", "\\{\\emptyset\\}", "invalid"},
                               {"no solution", "all real numbers", "incorrect"},
                               {"∅", "no solution", "correct"},
                           });
}

TEST(Sets, BracketsMayBeFrench) {
  Check(Format::kInterval, {
                               {"(-inf,4)", "]-inf,4[", "correct"},
                               {"[1,4)", "[1,4[", "correct"},
                               {"(1,4)", "]1,4]", "incorrect"},
                               {"(-inf,1)U[2,inf)", "]-∞, 1[ ∪ [2, ∞[", "correct"},
                               {"(1,4)", "]1,4)", "invalid"},
                           });
}

TEST(Sets, AHarmlessBeginningIsSkipped) {
  Check(Format::kInterval, {
                               {"[0,inf)", "D = [0, inf)", "correct"},
                               {"[0,inf)", "domain: [0,inf).", "correct"},
                               {"[0,inf)", "The answer is [0,inf).", "correct"},
                               {"[0,inf)", "The answer is not [0,inf)", "invalid"},
                               {"[0,inf)", "2 = [0, inf)", "invalid"},
                           });
}

TEST(Sets, APointMayBeGivenByItsCoordinates) {
  Check(Format::kInterval, {
                               {"(4,-7)", "(x,y) = (4,-7)", "correct"},
                               {"(4,-7)", "(y,x) = (4,-7)", "invalid"},
                               {"(4,-7)", "x=4, y=-7", "correct"},
                               {"(4,-7)", "y = -7 and x = 4", "correct"},
                               {"(4,-7)", "x=-7, y=4", "incorrect"},
                               {"(4,-7)", "x=4 or y=-7", "invalid"},
                               {"(4,-7)", "x=4", "invalid"},
                               {"(4,-7)", "x=4, x=-7", "invalid"},
                               {"(4,-7)", "The vertex is (4,-7).", "correct"},
                               {"(4,-7)", "The vertex is (-7,4).", "incorrect"},
                               {"(4,-7)", "a=4, b=-7", "invalid"},
                               {"(4,-7,0)", "x=4, y=-7, z=0", "correct"},
                               {"(4,-7)", "x=4, y=-7, z=0", "invalid"},
                           });
}

TEST(Lists, BracketsMatch) {
  Check(Format::kList, {
                           {"4, 7", "(4,7]", "invalid"},
                           {"4, 7", "[4,7)", "invalid"},
                           {"4, 7", "{4,7}", "correct"},
                           {"4, 7", "{4,7)", "invalid"},
                           {"4, 7", "(4,7)", "invalid"},
                           {"4, 7", "{4,7", "invalid"},
                           {"4, 7", "4,7}", "invalid"},
                       });
}

TEST(Lists, MayHoldWords) {
  Check(Format::kList, {
                           {"oak, elm", "Elm, oak", "correct"},
                           {"oak, elm", "mel, oak", "incorrect"},
                           {"4, 7", "four, 7", "invalid"},
                           {"p, q", "p, Q", "invalid"},
                           {"p, q", "q, p", "correct"},
                       });
}

TEST(Lists, AreReadInAnyWording) {
  Check(Format::kList, {
                           {"4, 7", "$x=4$ or $x=7$", "correct"},
                           {"4, 7", "x ∈ {4, 7}", "correct"},
                           {"4, 7", "x \\in \\{4,7\\}", "correct"},
                           {"4, 7", "x_1 = 4, x_2 = 7", "correct"},
                           {"4, 7", "x1=4, x2=7", "correct"},
                           {"4, 7", "x_1 = 4, y_2 = 7", "invalid"},
                           {"4, 7", "The solutions are 4 and 7.", "correct"},
                           {"4, 7", "The solutions are not 4 and 7.", "invalid"},
                           {"4, 7", "both 4 and 7", "correct"},
                           {"4, 7", "4 & 7", "correct"},
                           {"4, 7", "d = 4, t = 7", "invalid"},
                           {"4, 7", "4 & 8", "incorrect"},
                           {"7, -7", "+/- 7", "correct"},
                           {"7, -7", "plus or minus 7", "correct"},
                           {"$4, $7", "$7, $4", "correct"},
                       });
}

}  // namespace
}  // namespace lyceum::grading
