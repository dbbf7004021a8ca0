// Mixed pairs: see pair.h for what is judged and what is not.
#include <algorithm>
#include <cctype>

#include "grading/algebra/relation.h"
#include "grading/answer/compare.h"
#include "grading/answer/form.h"
#include "grading/answer/pair.h"
#include "grading/answer/reference.h"
#include "grading/answer/whole.h"
#include "grading/answer/wording.h"
#include "grading/notation/plain.h"
#include "grading/units/unit.h"

namespace lyceum::grading {
namespace {

constexpr size_t kLinesMax = 64;

PairGrade Ungraded(std::string note) { return {PairVerdict::kUngraded, {}, 0, std::move(note)}; }
PairGrade Incorrect(std::string method) {
  return {PairVerdict::kIncorrect, std::move(method), 0.9, {}};
}

// Lines with something in them; what others wrote about the answer, in [ ], is left out.
std::vector<std::string> LinesOf(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty() && lines.size() <= kLinesMax) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = Trimmed(text.substr(0, end));
    const bool remark = line.size() > 24 && line.front() == '[' && line.back() == ']';
    if (!line.empty() && !remark) lines.emplace_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

bool IsRule(std::string_view line) {
  return line.size() >= 3 && line.find_first_not_of("-_ ") == std::string_view::npos;
}

// 3*4 and 4(3) are written with the same numbers.
bool SameNumbers(const std::string& a, const std::string& b) {
  const auto numbers = [](const std::string& side) {
    std::vector<std::string> texts;
    const Parsed parsed = Parse(side, {});
    if (!parsed.tree) return std::vector<std::string>{NormalForm(side)};
    for (const Literal& literal : parsed.tree->literals()) texts.push_back(literal.text);
    std::sort(texts.begin(), texts.end());
    return texts;
  };
  return numbers(a) == numbers(b);
}

// x=3, and not 2x=6.
bool IsValue(std::string_view plain) {
  const auto chain = SplitChain(plain);
  if (!chain || chain->signs.size() != 1 || chain->signs[0] != Sign::kEqual) return false;
  const auto is_name = [](const std::string& side) {
    const Parsed parsed = Parse(side, {});
    return parsed.tree && parsed.tree->top().op == Op::kVariable;
  };
  return is_name(chain->sides[0]) || is_name(chain->sides[1]);
}

// Of "!=" the mark is no factorial.
size_t Factorials(std::string_view plain) {
  size_t count = 0;
  for (size_t i = 0; i < plain.size(); ++i) {
    count += plain[i] == '!' && plain.substr(i, 2) != "!=" ? 1U : 0U;
  }
  return count;
}

// Every = in it holds.
bool Holds(const Chain& chain, Budget* budget) {
  for (size_t i = 0; i + 1 < chain.sides.size(); ++i) {
    const Parsed a = Parse(chain.sides[i], {});
    const Parsed b = Parse(chain.sides[i + 1], {});
    if (chain.signs[i] != Sign::kEqual || !a.tree || !b.tree) return false;
    if (Equivalent(*a.tree, *b.tree, budget) != Same::kYes) return false;
  }
  return true;
}

class Judge {
 public:
  Judge(const Reference& reference, const std::string& question)
      : reference_(reference), question_(question) {}

  // One line that may be a chain of steps; the last step counts.
  PairGrade Line(const std::string& line) {
    const std::string plain = WithoutLeadIn(Plain(line));
    if (HasDoubt(plain) || Factorials(plain) != Factorials(reference_.plain)) {
      return Ungraded("the answer may say something else");
    }
    const auto chain = SplitChain(plain);
    if (!chain) return Ungraded("the answer's steps can not be read");
    if (reference_.is == Reference::Is::kEquation) return Graded(plain, true);
    if (chain->signs.empty()) return Graded(plain, true);
    for (const Sign sign : chain->signs) {
      if (sign != Sign::kEqual) return Ungraded("the answer is another kind of statement");
    }
    const bool other_start =
        !reference_.first.empty() && !SameNumbers(reference_.first, chain->sides.front());
    const PairGrade grade = Graded(chain->sides.back(), Holds(*chain, &budget_));
    if (grade.verdict != PairVerdict::kCorrect || !other_start) return grade;
    return Ungraded("the end is right, and it begins with something else");
  }

  // Several lines: the last one that says something. Right lines may follow wrong ones, so that
  // only a wrong end is judged.
  PairGrade Lines(const std::vector<std::string>& lines) {
    PairGrade last =
        reference_.is == Reference::Is::kEquation ? OnlyValue(lines) : Line(lines.back());
    if (last.verdict == PairVerdict::kIncorrect) return last;
    return Ungraded("the steps of the answer are not judged");
  }

 private:
  PairGrade Graded(const std::string& answer, bool steps_hold) {
    const bool number = reference_.is == Reference::Is::kNumber;
    const char* method = number ? "numeric" : "expression";
    const Compared compared = number ? Number(answer) : Other(answer);
    if (compared.match == Match::kDifferent) return Incorrect(method);
    if (compared.match == Match::kUnreadable) return Ungraded(compared.note);
    if (!steps_hold) return Ungraded("the end is right, and a step before it is not");
    if (compared.unsimplified || !SameForm(question_, reference_.plain, answer, &budget_)) {
      return Ungraded("of the same value, in a form that may not be the one asked for");
    }
    if (!number && !ReadsOneWay(reference_.plain, answer, &budget_)) {
      return Ungraded("a letter behind a fraction can be read in two ways");
    }
    return {PairVerdict::kCorrect, method, 0.95, {}};
  }

  Compared Number(const std::string& answer) {
    const auto key = Counted(reference_.plain);
    const auto value = Counted(answer);
    if (!key || !value) return {Match::kUnreadable, "the answer is not one number", 0};
    if (key->percent != value->percent) {
      return {Match::kUnreadable, "only one of the two is a percentage", 0};
    }
    if (IsLetter(key->unit) != IsLetter(value->unit)) {
      return {Match::kUnreadable, "a letter that may be a unit or a variable", 0};
    }
    // Units that are not the same can make two numbers the same.
    const bool units =
        !key->unit.empty() && !value->unit.empty() && !SameUnit(key->unit, value->unit);
    if (units) return {Match::kUnreadable, "the units are not the same", 0};
    if (key->unit != value->unit && ChangesNumber(key->unit + " " + value->unit)) {
      return {Match::kUnreadable, "a word beside the number changes it", 0};
    }
    if (!SameValue(*key, *value, {})) return {Match::kDifferent, {}, 0};
    if (key->unit.empty() && !IsAsked(value->unit)) {
      return {Match::kUnreadable, "a word beside the number may change it", 0};
    }
    return {Match::kSame, {}, 1};
  }

  // No unit, one of the table, or words of the question.
  bool IsAsked(const std::string& unit) const {
    if (unit.empty() || ParseUnit(unit)) return true;
    return (" " + Words(question_) + " ").find(" " + Words(unit) + " ") != std::string::npos;
  }

  Compared Other(const std::string& answer) {
    if (HasStrangeWord(reference_.plain, answer)) {
      return {Match::kUnreadable, "a word in the answer can not be read", 0};
    }
    if (LetterUnits(reference_.plain) != LetterUnits(answer)) {
      return {Match::kUnreadable, "a letter that may be a unit or a variable", 0};
    }
    if (EndsInUnit(reference_.plain) != EndsInUnit(answer)) {
      return {Match::kUnreadable, "only one of the two has a unit", 0};
    }
    Item item;
    item.question = question_;
    item.answers = {reference_.plain};
    const bool equation = reference_.is == Reference::Is::kEquation;
    item.format = equation ? Format::kEquation : Format::kExpression;
    const Grade grade = CheckAnswer(item, answer);
    Compared compared{Match::kUnreadable, grade.note, 0, grade.unsimplified};
    if (grade.outcome == Outcome::kCorrect) compared.match = Match::kSame;
    const bool order = reference_.plain.find_first_of("<>") != std::string::npos;
    const bool solved = equation && !order && IsValue(answer) && !IsValue(reference_.plain);
    if (grade.outcome == Outcome::kIncorrect && !solved) compared.match = Match::kDifferent;
    return compared;
  }

  // The one line of the form x = 3 that is about the reference's x.
  PairGrade OnlyValue(const std::vector<std::string>& lines) {
    const auto key = SplitChain(reference_.plain);
    const std::string name = key ? NameOnLeft(key->sides[0]) : std::string();
    std::optional<PairGrade> found;
    for (const std::string& line : lines) {
      const std::string plain = Plain(line);
      const auto chain = SplitChain(plain);
      if (!chain || chain->signs.size() != 1 || name.empty()) continue;
      if (NameOnLeft(chain->sides[0]) != name || !Counted(chain->sides[1])) continue;
      if (found) return Ungraded("the answer says it more than once");
      found = Graded(plain, true);
    }
    return found ? *found : Ungraded("the answer's end can not be found");
  }

  const Reference& reference_;
  const std::string& question_;
  Budget budget_;
};

}  // namespace

PairGrade GradeMixed(const Pair& pair) {
  if (pair.answer.size() > kAnswerBytesMax || Trimmed(pair.answer).empty()) {
    return {PairVerdict::kInvalid, "exact", 1, "this is empty or too long"};
  }
  for (const std::string& reference : pair.references) {
    if (reference.size() > kAnswerBytesMax) return Ungraded("the reference is too long");
    const std::string key = Plain(reference);
    const std::string answer = Plain(pair.answer);
    // "apart" is not "a part".
    const bool same = IsWording(key) ? CompareWording(key, answer).match == Match::kSame
                                     : NormalForm(key) == NormalForm(answer);
    if (same) return {PairVerdict::kCorrect, "exact", 1, {}};
  }
  if (pair.references.size() != 1) return Ungraded("several references");
  if (auto grade = GradeWhole(pair)) return *grade;
  const Reference reference = ReadReference(pair.references[0]);
  if (reference.is == Reference::Is::kProse) return Ungraded("the reference is prose");
  const std::vector<std::string> lines = LinesOf(pair.answer);
  if (lines.empty() || lines.size() > kLinesMax)
    return Ungraded("the answer's end can not be found");
  Judge judge(reference, pair.question);
  if (lines.size() == 1) return judge.Line(lines[0]);
  for (const std::string& line : lines) {
    // Numbers below each other, with the result below a rule.
    const bool column = IsRule(line) && !IsRule(lines.back());
    if (column && reference.is != Reference::Is::kNumber)
      return Ungraded("the reference is no number");
  }
  return judge.Lines(lines);
}

}  // namespace lyceum::grading
