// The checkers on cases of public bug reports of graders, with the right verdict of each. Skipped
// where the data is not there. No wrong answer is correct and no right one incorrect; of those
// whose verdict is plain, at most kNotJudgedMax are left unjudged.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "vocabulary.h"

namespace lyceum::grading {
namespace {

constexpr int kFalseCorrectMax = 0;
constexpr int kFalseIncorrectMax = 0;
constexpr int kNotJudgedMax = 3;

std::filesystem::path DataDir() {
  if (const char* dir = std::getenv("LYCEUM_DATA_DIR")) return dir;
  return std::filesystem::path(LYCEUM_SOURCE_DIR) / ".." / "shared" / "data";
}

const std::map<std::string, Format> kFormats = {{"numeric", Format::kNumeric},
                                                {"choice", Format::kChoice},
                                                {"expression", Format::kExpression},
                                                {"equation", Format::kEquation},
                                                {"interval_or_tuple", Format::kInterval},
                                                {"list", Format::kList},
                                                {"text", Format::kText}};

struct Count {
  int all = 0, as_expected = 0, false_correct = 0, false_incorrect = 0, not_judged = 0;
};

// "correct", "correct or undecided", "incorrect or invalid", "invalid": what may be said.
void Add(const std::string& expected, Outcome outcome, Count* count) {
  const bool right = expected.rfind("correct", 0) == 0;
  const bool wrong = expected.rfind("incorrect", 0) == 0;
  ++count->all;
  if (outcome == Outcome::kCorrect && !right) {
    ++count->false_correct;
  } else if (outcome == Outcome::kIncorrect && !wrong) {
    ++count->false_incorrect;
  } else if (outcome == Outcome::kInvalid && (expected == "correct" || expected == "incorrect")) {
    ++count->not_judged;
  } else {
    ++count->as_expected;
  }
}

TEST(PublicCases, NoVerdictIsFalseAndFewAreMissing) {
  std::ifstream file(DataDir() / "public_cases.jsonl");
  if (!file) GTEST_SKIP() << "no public_cases.jsonl in " << DataDir() << " (LYCEUM_DATA_DIR)";
  std::map<std::string, Count> counts;
  Count all;
  for (std::string line; std::getline(file, line);) {
    const auto record = nlohmann::json::parse(line);
    const std::string kind = record["answer_kind"];
    ASSERT_TRUE(kFormats.contains(kind)) << kind;
    Item item;
    item.format = kFormats.at(kind);
    item.question = record["question"];
    item.answers = record["reference_answers"].get<std::vector<std::string>>();
    if (record.contains("choices")) item.choices = record["choices"];
    const std::string expected = record["expected"];
    const Grade grade = CheckAnswer(item, record["student_answer"].get<std::string>());
    const Count before = all;
    Add(expected, grade.outcome, &all);
    Add(expected, grade.outcome, &counts[kind]);
    if (all.as_expected == before.as_expected) {
      std::cout << record["id"] << " " << kind << " is " << Name(grade.outcome) << ", not "
                << expected << ": " << record["reference_answers"] << " <- "
                << record["student_answer"] << " (" << record["question"] << record["why"] << "; "
                << grade.note << ")\n";
    }
  }
  std::cout << "kind                 all  right  false+ false- not judged\n";
  for (const auto& [kind, c] : counts) {
    std::printf("%-20s %3d %6d %6d %6d %10d\n", kind.c_str(), c.all, c.as_expected, c.false_correct,
                c.false_incorrect, c.not_judged);
  }
  EXPECT_LE(all.false_correct, kFalseCorrectMax);
  EXPECT_LE(all.false_incorrect, kFalseIncorrectMax);
  EXPECT_LE(all.not_judged, kNotJudgedMax);
}

}  // namespace
}  // namespace lyceum::grading
