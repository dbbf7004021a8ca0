// The keys of real problems, graded against themselves. Skipped where the data is not there.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "vocabulary.h"

namespace lyceum::grading {
namespace {

std::filesystem::path DataDir() {
  if (const char* dir = std::getenv("LYCEUM_DATA_DIR")) return dir;
  return std::filesystem::path(LYCEUM_SOURCE_DIR) / ".." / "shared" / "data";
}

const std::map<std::string, Format> kFormats = {{"numeric", Format::kNumeric},
                                                {"multiple_choice", Format::kChoice},
                                                {"expression", Format::kExpression},
                                                {"equation_or_inequality", Format::kEquation},
                                                {"interval_or_tuple", Format::kInterval},
                                                {"list", Format::kList}};

TEST(RealProblems, EachKeyIsItsOwnAnswerAndNoKnownWrongAnswerIs) {
  std::ifstream file(DataDir() / "problems_oatutor.jsonl");
  if (!file) GTEST_SKIP() << "no problems_oatutor.jsonl in " << DataDir() << " (LYCEUM_DATA_DIR)";
  std::map<std::string, int> graded;
  int wrong = 0;
  for (std::string line; std::getline(file, line);) {
    const auto record = nlohmann::json::parse(line);
    const std::string kind = record["answer_kind"];
    ASSERT_TRUE(kFormats.contains(kind)) << kind;
    Item item;
    item.format = kFormats.at(kind);
    item.answers = record["answers"].get<std::vector<std::string>>();
    if (record["choices"].is_array()) item.choices = record["choices"];
    if (item.answers[0].find("@{") != std::string::npos) continue;  // A template without its value.
    for (const std::string& key : item.answers) {
      EXPECT_EQ(CheckAnswer(item, key).outcome, Outcome::kCorrect) << record["id"] << ": " << key;
    }
    if (record["answer_latex"].is_string()) {
      const std::string latex = record["answer_latex"];
      EXPECT_EQ(CheckAnswer(item, latex).outcome, Outcome::kCorrect) << record["id"] << latex;
    }
    ++graded[kind];
    for (const auto& known : record["known_wrong_answers"]) {
      const std::string answer = known["answer"];
      EXPECT_NE(CheckAnswer(item, answer).outcome, Outcome::kCorrect) << record["id"] << answer;
      ++wrong;
    }
  }
  for (const auto& [kind, count] : graded) std::cout << kind << ": " << count << " keys\n";
  std::cout << wrong << " known wrong answers\n";
}

}  // namespace
}  // namespace lyceum::grading
