// The checkers on the answer tests of STACK, and lib/grading/AGREEMENT.md, which explains where
// they differ. The cases in the table between its marks must be those that the checkers differ on
// now: LYCEUM_REWRITE_GOLDEN=1 prints the present list. Skipped where the data is not there.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "grading/answer/grade.h"
#include "vocabulary.h"

namespace lyceum::grading {
namespace {

std::filesystem::path DataDir() {
  if (const char* dir = std::getenv("LYCEUM_DATA_DIR")) return dir;
  return std::filesystem::path(LYCEUM_SOURCE_DIR) / ".." / "shared" / "data";
}

struct Case {
  std::string id, test, student, teacher, option, outcome;
};

bool Has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// What is written in Maxima's notation only, or asks of it what is no notation at all.
bool IsMaxima(const Case& c) {
  for (const std::string_view part :
       {"assume", "displaysci", "displaydp", "dispdp", "integerp", "lowesttermsp",
        "scientific_notationp", "exdowncase", "taylor", "#pm#", "signum", "stackunits", "true",
        "false", "null"}) {
    if (Has(c.student, part) || Has(c.teacher, part)) return true;
  }
  return false;
}

// The checker that asks the same question. None: it asks for a form, or is itself an error.
std::optional<Item> ItemOf(const Case& c) {
  if (c.outcome == "error" || IsMaxima(c)) return std::nullopt;
  Item item;
  item.answers = {c.teacher};
  if (c.test == "AlgEquiv") {
    const bool relation = c.teacher.find_first_of("=<>") != std::string::npos;
    item.format = relation ? Format::kEquation : Format::kExpression;
    if (c.teacher[0] == '{' || c.teacher[0] == '[') item.format = Format::kList;
    return item;
  }
  if (c.test == "Sets") {
    item.format = Format::kList;
    return item;
  }
  if (c.test == "StringSloppy" || c.test == "String") {
    item.format = Format::kText;
    return item;
  }
  if (c.test == "NumAbsolute" || c.test == "NumRelative") {
    if (c.teacher[0] == '{') return std::nullopt;
    item.format = Format::kNumeric;
    const double option = c.option.empty() ? 0.05 : std::strtod(c.option.c_str(), nullptr);
    const double size = std::fabs(std::strtod(c.teacher.c_str(), nullptr));
    item.tolerance = c.test == "NumAbsolute" ? option : option * size;
    return item;
  }
  if (c.test == "NumSigFigs" && c.option.size() == 1 && c.option[0] > '0') {
    if (std::strtod(c.teacher.c_str(), nullptr) == 0) return std::nullopt;  // 0 has none.
    item.format = Format::kNumeric;
    item.significant_figures = c.option[0] - '0';
    return item;
  }
  return std::nullopt;
}

// Maxima's notation for a line that goes on, and for a function that is not to be worked out.
std::string WithoutMarks(std::string text) {
  std::erase(text, '\n');
  std::erase(text, '\'');
  return text;
}

std::vector<Case> Cases() {
  std::vector<Case> cases;
  std::ifstream file(DataDir() / "grader_cases_stack.jsonl");
  for (std::string line; std::getline(file, line);) {
    const auto record = nlohmann::json::parse(line);
    const auto text = [&](const char* name) {
      return record[name].is_string() ? WithoutMarks(record[name]) : std::string();
    };
    cases.push_back({text("id"), text("test"), text("student_answer"), text("teacher_answer"),
                     text("option"), text("outcome")});
  }
  return cases;
}

struct Count {
  int all = 0, applicable = 0, agree = 0, false_correct = 0, false_incorrect = 0, invalid = 0;
};

// The ids that AGREEMENT.md names, in backquotes.
std::set<std::string> Explained() {
  std::ifstream file(std::filesystem::path(LYCEUM_SOURCE_DIR) / "lib/grading/AGREEMENT.md");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  std::set<std::string> ids;
  for (size_t at = text.find("`stack-"); at != std::string::npos;
       at = text.find("`stack-", at + 1)) {
    ids.insert(text.substr(at + 1, text.find('`', at + 1) - at - 1));
  }
  return ids;
}

TEST(Stack, EachDisagreementIsExplained) {
  const std::vector<Case> cases = Cases();
  if (cases.empty())
    GTEST_SKIP() << "no grader_cases_stack.jsonl in " << DataDir() << " (LYCEUM_DATA_DIR)";
  std::map<std::string, Count> counts;
  std::set<std::string> differ;
  std::set<std::string> present;
  for (const Case& c : cases) {
    present.insert(c.id);
    Count& count = counts[c.test];
    ++count.all;
    const auto item = ItemOf(c);
    if (!item) {
      for (const Format format : {Format::kExpression, Format::kNumeric, Format::kEquation}) {
        Item any = Of(format, c.teacher);
        CheckAnswer(any, c.student);  // It ends, whatever it says.
      }
      continue;
    }
    ++count.applicable;
    const std::string outcome = Name(CheckAnswer(*item, c.student).outcome);
    if (outcome == c.outcome) {
      ++count.agree;
      continue;
    }
    differ.insert(c.id);
    ++(outcome == "invalid"   ? count.invalid
       : outcome == "correct" ? count.false_correct
                              : count.false_incorrect);
    std::cout << c.id << " here " << outcome << ", there " << c.outcome << "\n";
  }
  std::cout
      << "test             all applicable agree only-here-correct only-here-incorrect invalid\n";
  for (const auto& [test, c] : counts) {
    std::printf("%-15s %4d %10d %5d %17d %19d %7d\n", test.c_str(), c.all, c.applicable, c.agree,
                c.false_correct, c.false_incorrect, c.invalid);
  }
  const std::set<std::string> explained = Explained();
  for (const std::string& id : differ)
    EXPECT_TRUE(explained.contains(id)) << id << " is not in AGREEMENT.md";
  for (const std::string& id : explained) {
    // The table was written over the whole set; a part of it may be here.
    EXPECT_TRUE(!present.contains(id) || differ.contains(id))
        << id << " agrees: take it out of AGREEMENT.md";
  }
}

}  // namespace
}  // namespace lyceum::grading
