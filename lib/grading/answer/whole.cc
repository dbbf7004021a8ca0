#include "grading/answer/whole.h"

#include <algorithm>
#include <cmath>

#include "grading/algebra/relation.h"
#include "grading/answer/amount.h"
#include "grading/answer/compare.h"
#include "grading/answer/form.h"
#include "grading/answer/set_notation.h"
#include "grading/answer/solutions.h"
#include "grading/answer/wording.h"
#include "grading/notation/plain.h"

namespace lyceum::grading {
namespace {

constexpr const char* kOtherForm = "of the same value, in a form that may not be the one asked for";

PairGrade Ungraded(std::string note) { return {PairVerdict::kUngraded, {}, 0, std::move(note)}; }

PairGrade ByMatch(const Compared& compared, std::string method) {
  switch (compared.match) {
    case Match::kSame:
      return {PairVerdict::kCorrect, std::move(method), 0.95, {}};
    case Match::kDifferent:
      return {PairVerdict::kIncorrect, std::move(method), 0.9, {}};
    case Match::kUnreadable:
      break;
  }
  return Ungraded(compared.note);
}

bool IsEverything(std::string_view text) {
  const auto set = ParseSolutions(PlainSet(text));
  return set && set->segments.size() == 1 && std::isinf(set->segments[0].low.value) &&
         std::isinf(set->segments[0].high.value);
}

PairGrade Worded(const Pair& pair, const std::string& key) {
  const Compared compared = CompareWording(key, WithoutLeadIn(Plain(pair.answer)));
  if (compared.match == Match::kUnreadable && IsEverything(key) && IsEverything(pair.answer)) {
    return {PairVerdict::kCorrect, "expression", 0.95, {}};
  }
  return ByMatch(compared, "exact");
}

// No part of it is left to work out: x=8/2 or x=-9.
bool InForm(const Pair& pair, std::string plain) {
  for (const std::string_view word : {" or ", " and ", ";"}) ReplaceAll(&plain, word, ",");
  std::string_view list = Trimmed(plain);
  const bool wrapped = list.size() > 2 && (list[0] == '(' || list[0] == '{');
  if (wrapped) list = list.substr(1, list.size() - 2);
  const std::vector<std::string> parts = SplitAt(list, ",");
  Budget budget;
  return std::all_of(parts.begin(), parts.end(), [&](const std::string& part) {
    return SameForm(pair.question, "1", part, &budget);
  });
}

PairGrade BySet(const Pair& pair, Compared compared, const std::string& answer) {
  if (compared.match == Match::kSame && !InForm(pair, answer)) return Ungraded(kOtherForm);
  return ByMatch(compared, "expression");
}

// "x=2 or x=-3": two solutions or more, of one variable.
std::optional<PairGrade> Solved(const Pair& pair, const std::string& key) {
  const auto set = ParseSolutions(key);
  if (!set || set->variable.empty() || set->segments.size() < 2) return std::nullopt;
  for (const Segment& segment : set->segments) {
    if (segment.low.value != segment.high.value) return std::nullopt;
  }
  const std::string answer = PlainSet(pair.answer);
  if (HasDoubt(answer)) return Ungraded("the answer may say something else");
  Budget budget;
  const bool bare = answer.find_first_of("=<>(") == std::string::npos;
  return BySet(pair,
               bare ? CompareList(key, answer, &budget) : CompareInterval(key, answer, &budget),
               answer);
}

// "(1,2)", "x=1, y=2", as "(1,2)".
std::optional<std::string> PointIn(const std::string& plain) {
  if (auto named = PointOf(plain)) return named;
  const bool wrapped = plain.size() > 4 && plain[0] == '(' && plain.back() == ')';
  if (!wrapped || Closing(plain, 0) != plain.size() - 1) return std::nullopt;
  const auto parts = SplitAt(std::string_view(plain).substr(1, plain.size() - 2), ",");
  return parts.size() == 2 || parts.size() == 3 ? std::optional<std::string>(plain) : std::nullopt;
}

std::optional<PairGrade> Located(const Pair& pair, const std::string& key) {
  const auto point = PointIn(key);
  if (!point) return std::nullopt;
  const std::string answer = PlainSet(pair.answer);
  if (HasDoubt(answer)) return Ungraded("the answer may say something else");
  const auto given = PointIn(answer);
  if (!given) return Ungraded("the answer is no point");
  Budget budget;
  return BySet(pair, CompareInterval(*point, *given, &budget), *given);
}

}  // namespace

std::optional<PairGrade> GradeWhole(const Pair& pair) {
  const std::string& reference = pair.references[0];
  const std::string key = Plain(reference);
  if (IsWording(key) || key == "∅") return Worded(pair, key);
  if (reference.find('\n') != std::string::npos) return std::nullopt;
  const std::string answer = WithoutLeadIn(Plain(pair.answer));
  if (ParseAmount(key) || ParseAmount(answer)) {
    if (HasDoubt(answer)) return Ungraded("the answer may say something else");
    return ByMatch(CompareAmounts(key, answer), "numeric");
  }
  const bool lines = Trimmed(pair.answer).find('\n') != std::string_view::npos;
  if (lines) return std::nullopt;
  if (auto grade = Solved(pair, PlainSet(reference))) return grade;
  return Located(pair, PlainSet(reference));
}

}  // namespace lyceum::grading
