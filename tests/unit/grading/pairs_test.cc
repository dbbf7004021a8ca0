// The checkers on real pairs of a reference and a student's answer, labelled by people. Skipped
// where the data is not there. What they may judge they must judge right: no wrong answer is called
// correct, and at most one right answer in fifty incorrect.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "grading/answer/pair.h"

namespace lyceum::grading {
namespace {

std::filesystem::path DataDir() {
  if (const char* dir = std::getenv("LYCEUM_DATA_DIR")) return dir;
  return std::filesystem::path(LYCEUM_SOURCE_DIR) / ".." / "shared" / "data";
}

struct Count {
  int all = 0, agree = 0, false_correct = 0, false_incorrect = 0, invalid = 0, ungraded = 0;
};

void Add(bool correct, PairVerdict verdict, Count* count) {
  ++count->all;
  switch (verdict) {
    case PairVerdict::kCorrect:
      ++(correct ? count->agree : count->false_correct);
      return;
    case PairVerdict::kIncorrect:
      ++(correct ? count->false_incorrect : count->agree);
      return;
    case PairVerdict::kInvalid:
      ++count->invalid;
      return;
    case PairVerdict::kUngraded:
      ++count->ungraded;
      return;
  }
}

TEST(RealPairs, NoWrongAnswerIsCorrectAndFewRightOnesAreIncorrect) {
  std::ifstream file(DataDir() / "graded_pairs.jsonl");
  if (!file) GTEST_SKIP() << "no graded_pairs.jsonl in " << DataDir() << " (LYCEUM_DATA_DIR)";
  std::map<std::string, Count> counts;
  for (std::string line; std::getline(file, line);) {
    const auto record = nlohmann::json::parse(line);
    const std::string kind = record["answer_kind"];
    Pair pair;
    ASSERT_TRUE(KindOf(kind)) << kind;
    pair.kind = *KindOf(kind);
    pair.question = record["question"];
    pair.references = record["reference_answers"].get<std::vector<std::string>>();
    pair.answer = record["student_answer"];
    const PairGrade grade = GradePair(pair);
    const bool correct = record["correct"];
    Add(correct, grade.verdict, &counts[kind]);
    const bool wrong = (grade.verdict == PairVerdict::kCorrect && !correct) ||
                       (grade.verdict == PairVerdict::kIncorrect && correct);
    if (wrong) std::cout << record["id"] << " is " << NameOf(grade.verdict) << "\n";
  }
  std::cout << "kind                 all agree false+ false- invalid ungraded\n";
  for (const auto& [kind, c] : counts) {
    std::printf("%-20s %3d %5d %6d %6d %7d %8d\n", kind.c_str(), c.all, c.agree, c.false_correct,
                c.false_incorrect, c.invalid, c.ungraded);
    EXPECT_EQ(c.false_correct, 0) << kind;
    EXPECT_LE(c.false_incorrect * 50, c.all) << kind;
  }
  EXPECT_EQ(counts["free_text"].all, counts["free_text"].ungraded);
  EXPECT_EQ(counts["worked_solution"].all, counts["worked_solution"].ungraded);
}

}  // namespace
}  // namespace lyceum::grading
