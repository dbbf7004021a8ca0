// Mixed pairs: see pair.h for what is judged and what is not.
#include <cctype>

#include "grading/compare.h"
#include "grading/pair.h"
#include "grading/plain.h"
#include "grading/relation.h"

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

// "44 items" is 44: one number, and words behind it that hold no other.
std::optional<Quantity> Counted(std::string_view plain) {
  if (auto quantity = ParsePlainQuantity(plain)) return quantity;
  const size_t space = plain.rfind(' ');
  if (space == std::string_view::npos) return std::nullopt;
  for (const char c : plain.substr(space + 1)) {
    if (std::isalpha(static_cast<unsigned char>(c)) == 0 && c != '/') return std::nullopt;
  }
  return ParsePlainQuantity(plain.substr(0, space));
}

// 6/8, 3/1: a fraction that could be written with smaller numbers.
bool Reducible(std::string_view plain) {
  const Parsed parsed = Parse(plain, {});
  if (!parsed.tree) return false;
  for (const Node& node : parsed.tree->nodes()) {
    if (node.op != Op::kDivide) continue;
    const Small& top = parsed.tree->at(node.left).small;
    const Small& bottom = parsed.tree->at(node.right).small;
    if (!top.known() || !bottom.known() || !node.small.known()) continue;
    if (node.small.den != bottom.num || bottom.den != 1) return true;
  }
  return false;
}

bool HasWord(const Tree& tree) {
  for (const std::string& name : tree.names()) {
    if (name.size() >= 5 && name.find('_') == std::string::npos) return true;
  }
  return false;
}

struct Reference {
  enum class Is { kNumber, kExpression, kEquation, kProse } is = Is::kProse;
  std::string plain;  // Of a chain of numbers, the last.
};

Reference Read(std::string_view text) {
  Reference reference;
  if (text.find('\n') != std::string_view::npos) return reference;
  std::string plain = Plain(text);
  const auto chain = SplitChain(plain);
  if (!chain) return reference;
  bool numbers = true;
  bool words = false;
  for (const std::string& side : chain->sides) {
    const Parsed parsed = Parse(side, {});
    if (!parsed.tree && !Counted(side)) return reference;
    numbers = numbers && (Counted(side) || parsed.tree->names().empty());
    words = words || (!Counted(side) && HasWord(*parsed.tree));
  }
  bool equals = true;
  for (const Sign sign : chain->signs) equals = equals && sign == Sign::kEqual;
  if (words && chain->signs.empty()) return reference;
  if (numbers && equals) {
    reference = {Reference::Is::kNumber, chain->sides.back()};
    if (!Counted(reference.plain)) reference.is = Reference::Is::kExpression;
  } else if (chain->signs.empty()) {
    reference = {Reference::Is::kExpression, plain};
  } else if (chain->signs.size() == 1 || !equals) {
    reference = {Reference::Is::kEquation, plain};
  }
  return reference;
}

enum class Shape { kSum, kProduct, kOther };
Shape ShapeOf(const Tree& tree) {
  const Node* node = &tree.top();
  if (node->op == Op::kNegate) node = &tree.at(node->left);
  if (node->op == Op::kAdd || node->op == Op::kSubtract) return Shape::kSum;
  const bool product =
      node->op == Op::kMultiply || node->op == Op::kDivide || node->op == Op::kPower;
  return product ? Shape::kProduct : Shape::kOther;
}

// (z-4)^2 for z^2-8z+16: expanding it may have been what was asked.
bool OtherShape(const std::string& key, const std::string& answer) {
  const Parsed a = Parse(key, {});
  const Parsed b = Parse(answer, {});
  if (!a.tree || !b.tree || a.tree->names().empty()) return false;
  return ShapeOf(*a.tree) != ShapeOf(*b.tree);
}

// With 1/3a as 1/(3a): is the verdict the same?
bool ReadsOneWay(const std::string& key, const std::string& answer, Budget* budget) {
  Reading tight;
  tight.tight = true;
  const Parsed loose = Parse(answer, {});
  const Parsed other = Parse(answer, tight);
  const Parsed reference = Parse(key, {});
  if (!loose.tree || !other.tree || !reference.tree) return true;
  return loose.tree->Dump() == other.tree->Dump() ||
         Equivalent(*reference.tree, *other.tree, budget) == Same::kYes;
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
    const std::string plain = Plain(line);
    const auto chain = SplitChain(plain);
    if (!chain) return Ungraded("the answer's steps can not be read");
    if (reference_.is == Reference::Is::kEquation) return Graded(plain, true);
    if (chain->signs.empty()) return Graded(plain, true);
    for (const Sign sign : chain->signs) {
      if (sign != Sign::kEqual) return Ungraded("the answer is another kind of statement");
    }
    return Graded(chain->sides.back(), Holds(*chain, &budget_));
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
    const bool other_form = compared.unsimplified || Reducible(answer) ||
                            Reducible(reference_.plain) ||
                            (!number && OtherShape(reference_.plain, answer));
    if (other_form)
      return Ungraded("of the same value, in a form that may not be the one asked for");
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
    if (SameValue(*key, *value, {})) {
      const bool units = key->unit != value->unit && !key->unit.empty() && !value->unit.empty();
      return {units ? Match::kUnreadable : Match::kSame, "the units are not the same", 1};
    }
    // Units that are not the same can make two numbers the same.
    const bool units = key->unit != value->unit && !key->unit.empty() && !value->unit.empty();
    return {units ? Match::kUnreadable : Match::kDifferent, "the units are not the same", 0};
  }

  Compared Other(const std::string& answer) {
    Item item;
    item.question = question_;
    item.answers = {reference_.plain};
    const bool equation = reference_.is == Reference::Is::kEquation;
    item.format = equation ? Format::kEquation : Format::kExpression;
    const Grade grade = CheckAnswer(item, answer);
    Compared compared{Match::kUnreadable, grade.note, 0, grade.unsimplified};
    if (grade.outcome == Outcome::kCorrect) compared.match = Match::kSame;
    if (grade.outcome == Outcome::kIncorrect) compared.match = Match::kDifferent;
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
    if (NormalForm(Plain(reference)) == NormalForm(Plain(pair.answer))) {
      return {PairVerdict::kCorrect, "exact", 1, {}};
    }
  }
  if (pair.references.size() != 1) return Ungraded("several references");
  const Reference reference = Read(pair.references[0]);
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
