// lyceum grade: a file of answers, graded without a server.
//
// A JSON line an answer on standard output. Where lines say what people thought ("correct"), a
// table of agreement by kind on standard error, and exit code 1 if a wrong answer was called
// correct.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <deque>
#include <fstream>
#include <future>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "cli/cli.h"
#include "cli/grade_model.h"
#include "cli/pair_lines.h"

namespace lyceum::cli {
namespace {

using grading::PairGrade;
using grading::PairVerdict;
using Steady = std::chrono::steady_clock;

constexpr size_t kAskedMax = 16;          // Questions to language models at once.
constexpr size_t kTimesMax = 10'000'000;  // 40 MB; what comes after is not kept.

// Of the answers that people judged as well.
struct Agreement {
  size_t all = 0, agree = 0, false_correct = 0, false_incorrect = 0, invalid = 0, ungraded = 0;

  void Add(bool correct, PairVerdict verdict) {
    ++all;
    switch (verdict) {
      case PairVerdict::kCorrect:
        ++(correct ? agree : false_correct);
        return;
      case PairVerdict::kIncorrect:
        ++(correct ? false_incorrect : agree);
        return;
      case PairVerdict::kInvalid:
        ++invalid;
        return;
      case PairVerdict::kUngraded:
        ++ungraded;
        return;
    }
  }
};

void PrintAgreement(const std::map<std::string, Agreement>& kinds, bool json) {
  if (!json) {
    fmt::print(stderr, "{:<22}{:>7}{:>7}{:>15}{:>17}{:>9}{:>10}\n", "kind", "n", "agree",
               "false correct", "false incorrect", "invalid", "ungraded");
  }
  for (const auto& [kind, a] : kinds) {
    if (json) {
      const nlohmann::ordered_json line{{"answer_kind", kind},
                                        {"n", a.all},
                                        {"agree", a.agree},
                                        {"false_correct", a.false_correct},
                                        {"false_incorrect", a.false_incorrect},
                                        {"invalid", a.invalid},
                                        {"ungraded", a.ungraded}};
      std::cerr << line.dump() << "\n";
    } else {
      fmt::print(stderr, "{:<22}{:>7}{:>7}{:>15}{:>17}{:>9}{:>10}\n", kind, a.all, a.agree,
                 a.false_correct, a.false_incorrect, a.invalid, a.ungraded);
    }
  }
}

void PrintTimes(std::vector<uint32_t> times_ns, bool json) {
  std::sort(times_ns.begin(), times_ns.end());
  const auto at_us = [&](double share) {
    if (times_ns.empty()) return 0.0;
    const auto index = static_cast<size_t>(share * static_cast<double>(times_ns.size() - 1));
    return times_ns[index] / 1000.0;
  };
  if (json) {
    const nlohmann::ordered_json line{{"n", times_ns.size()},
                                      {"p50_us", at_us(0.5)},
                                      {"p99_us", at_us(0.99)},
                                      {"max_us", at_us(1)}};
    std::cerr << line.dump() << "\n";
  } else {
    fmt::print(stderr, "grading one of {}: p50 {:.1f} us, p99 {:.1f} us, max {:.1f} us\n",
               times_ns.size(), at_us(0.5), at_us(0.99), at_us(1));
  }
}

void PrintGrade(const std::string& id, const PairGrade& grade) {
  const nlohmann::ordered_json line{{"id", id},
                                    {"verdict", grading::NameOf(grade.verdict)},
                                    {"method", grade.method},
                                    {"confidence", grade.confidence},
                                    {"note", grade.note}};
  std::cout << line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
}

// A bar on a terminal, by the bytes that were read of a file whose size is known.
class Progress {
 public:
  explicit Progress(const std::string& path) : shown_(isatty(STDERR_FILENO) != 0 && path != "-") {
    if (!shown_) return;
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    bytes_ = static_cast<int64_t>(file.tellg());
  }
  void Show(int64_t at, size_t answers) {
    if (!shown_ || bytes_ <= 0 || at < 0) return;
    const auto percent = static_cast<int>(100 * std::min(at, bytes_) / bytes_);
    if (percent == percent_) return;
    percent_ = percent;
    fmt::print(stderr, "\r[{:<40}] {:>3} %  {} answers", std::string(percent * 40 / 100, '='),
               percent, answers);
  }
  void End() const {
    if (percent_ >= 0) fmt::print(stderr, "\n");
  }

 private:
  bool shown_;
  int64_t bytes_ = 0;
  int percent_ = -1;
};

// One answer, graded or with a language model on its way.
struct Graded {
  PairLine line;
  std::future<PairGrade> asked;  // Not valid: `grade` is it.
  PairGrade grade;
};

// Prints in the order of the file, and counts.
class Results {
 public:
  void Add(Graded graded) {
    waiting_.push_back(std::move(graded));
    while (waiting_.size() >= kAskedMax || (!waiting_.empty() && !waiting_.front().asked.valid())) {
      PrintFirst();
    }
  }
  void End() {
    while (!waiting_.empty()) PrintFirst();
    std::cout.flush();
  }
  const std::map<std::string, Agreement>& kinds() const { return kinds_; }

 private:
  void PrintFirst() {
    Graded& first = waiting_.front();
    if (first.asked.valid()) first.grade = first.asked.get();
    PrintGrade(first.line.id, first.grade);
    if (first.line.correct) kinds_[first.line.kind].Add(*first.line.correct, first.grade.verdict);
    waiting_.pop_front();
  }

  std::deque<Graded> waiting_;
  std::map<std::string, Agreement> kinds_;
};

}  // namespace

int RunGrade(const Common& common, const GradeOptions& options) {
  std::ifstream file;
  if (options.file != "-") {
    file.open(options.file, std::ios::binary);
    if (!file) return Fail(kUsage, "can not read " + options.file + ": name a readable file");
  }
  std::istream& from = options.file == "-" ? std::cin : file;
  Progress progress(options.file);
  std::optional<ModelGrader> model;
  if (options.llm) {
    auto opened = ModelGrader::Open(common.models);
    if (!opened) return FailUsage(opened.error());
    model.emplace(std::move(*opened));
  }
  Results results;
  std::vector<uint32_t> times_ns;
  size_t number = 0;
  size_t answers = 0;
  while (true) {
    auto line = ReadPairLine(from, &number);
    if (!line) {
      progress.End();
      return Fail(kUsage, options.file + ", " + line.error().text);
    }
    if (!*line) break;
    const auto begin = Steady::now();
    PairGrade grade = grading::GradePair((*line)->pair);
    const auto took = std::chrono::nanoseconds(Steady::now() - begin).count();
    if (times_ns.size() < kTimesMax) {
      times_ns.push_back(static_cast<uint32_t>(std::min<int64_t>(took, UINT32_MAX)));
    }
    std::future<PairGrade> asked;
    if (model && grade.verdict == PairVerdict::kUngraded) {
      asked = std::async(std::launch::async, [&model, id = (*line)->id, pair = (*line)->pair] {
        return model->Grade(id, pair);
      });
    }
    results.Add({std::move(**line), std::move(asked), std::move(grade)});
    progress.Show(options.file == "-" ? -1 : static_cast<int64_t>(file.tellg()), ++answers);
  }
  results.End();
  progress.End();
  const auto& kinds = results.kinds();
  if (!kinds.empty()) PrintAgreement(kinds, common.json);
  if (options.time) PrintTimes(std::move(times_ns), common.json);
  const bool wrong = std::any_of(kinds.begin(), kinds.end(),
                                 [](const auto& kind) { return kind.second.false_correct > 0; });
  return wrong ? kNo : kDone;
}

}  // namespace lyceum::cli
