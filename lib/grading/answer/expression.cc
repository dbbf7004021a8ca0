// Expressions and equations: read both, say whether they are the same.
#include <algorithm>
#include <cctype>

#include "grading/algebra/relation.h"
#include "grading/answer/compare.h"
#include "grading/answer/solutions.h"
#include "grading/notation/letters.h"
#include "grading/notation/plain.h"

namespace lyceum::grading {
namespace {

constexpr size_t kStrangeNamesMax = 2;  // More letters than that, all strange, are a word.

bool IsAlnum(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

Compared Unreadable(std::string note) { return {Match::kUnreadable, std::move(note), 0}; }
Compared Answer(bool same) { return {same ? Match::kSame : Match::kDifferent, {}, same ? 1.0 : 0}; }
Compared Of(Same same) {
  if (same == Same::kUndecided) return Unreadable("it can not be told whether this is the same");
  return Answer(same == Same::kYes);
}

bool Readable(std::string_view plain) {
  const auto says = [](char c) { return IsAlnum(c) || static_cast<unsigned char>(c) >= 0x80; };
  return std::any_of(plain.begin(), plain.end(), says) && Balanced(plain);
}

// y', dy/dt
bool IsDerivative(const std::string& name) {
  return name.find('\'') != std::string::npos || name.find('/') != std::string::npos;
}

// Names that the key does not know: a slip of case, a word, or another variable.
std::string StrangeNames(const Tree& key, const Tree& answer) {
  const bool indexed = std::any_of(key.names().begin(), key.names().end(),
                                   [](const std::string& name) { return name.find('_') == 1; });
  size_t strange = 0;
  for (const std::string& name : answer.names()) {
    const auto is = [&](const std::string& other) { return other == name; };
    if (std::any_of(key.names().begin(), key.names().end(), is)) continue;
    const auto is_nearly = [&](const std::string& other) { return Lower(other) == Lower(name); };
    if (std::any_of(key.names().begin(), key.names().end(), is_nearly)) {
      return "small and capital letters are not the same here";
    }
    if (IsDerivative(name)) return "a derivative in this is not one of the question's";
    const bool index = name.size() > 2 && name[1] == '_' && indexed;
    if (name.size() > 2 && !index) return "a name in this is not one of the question's";
    ++strange;
  }
  for (const std::string& name : key.names()) {
    const auto& names = answer.names();
    if (IsDerivative(name) && std::find(names.begin(), names.end(), name) == names.end()) {
      return "the derivative of the question is missing in this";
    }
  }
  if (strange > kStrangeNamesMax) return "the letters in this are not those of the question";
  return {};
}

// How much there is to do in it: signs and functions.
size_t Steps(const Tree& tree) {
  return static_cast<size_t>(std::count_if(tree.nodes().begin(), tree.nodes().end(),
                                           [](const Node& node) { return node.op > Op::kNegate; }));
}

// Where i may be the imaginary unit, only what is the same for any letter can be told.
bool MayBeComplex(const Tree& key, const Tree& answer) {
  bool has_i = false;
  for (const Tree* tree : {&key, &answer}) {
    for (const std::string& name : tree->names()) {
      has_i = has_i || name == "i";
      if (name.find_first_of("jkmn") != std::string::npos) return false;  // One index of several.
    }
  }
  return has_i;
}

Compared CompareTrees(const Parsed& key, const Parsed& answer, Budget* budget) {
  if (!answer.tree) return Unreadable(answer.error);
  if (!key.tree) return Unreadable("the key can only be compared letter by letter");
  if (std::string strange = StrangeNames(*key.tree, *answer.tree); !strange.empty()) {
    return Unreadable(std::move(strange));
  }
  Compared compared = Of(Equivalent(*key.tree, *answer.tree, budget));
  if (compared.match == Match::kSame && Steps(*answer.tree) > Steps(*key.tree)) {
    compared.unsimplified = true;
    compared.note = "the same, but it can be written in a simpler way";
  }
  if (compared.match == Match::kDifferent && MayBeComplex(*key.tree, *answer.tree)) {
    return Unreadable("complex numbers are not compared here");
  }
  return compared;
}

// f(2) in one and f alone in the other: that f is a function, so 2f says nothing. h(a+b) may as
// well be a product.
bool Misapplied(std::string_view key, std::string_view answer) {
  for (const char letter : std::string_view("fghFGH")) {
    const Use in_key = UseOf(letter, key);
    const Use in_answer = UseOf(letter, answer);
    if (in_key.inverse || in_answer.inverse) return true;
    const bool height = letter == 'h' || letter == 'H';
    const bool function = in_key.applied && !in_key.alone && (!height || in_key.to_atom);
    if (function && in_answer.alone) return true;
  }
  // V(t), of which Vt is no value.
  for (size_t i = 0; i + 3 < key.size(); ++i) {
    const bool call = IsAlpha(key[i]) && key[i + 1] == '(' && key[i + 3] == ')' &&
                      std::string_view("txnsz").find(key[i + 2]) != std::string_view::npos &&
                      (i == 0 || !IsAlpha(key[i - 1]));
    if (!call || answer.find(key.substr(i, 4)) != std::string_view::npos) continue;
    if (UseOf(key[i], answer).alone) return true;
  }
  return false;
}

bool HasFunction(const Tree& tree, Function function) {
  return std::any_of(tree.nodes().begin(), tree.nodes().end(), [&](const Node& node) {
    return node.op == Op::kCall && node.function == function;
  });
}

// The constant of integration by another letter.
std::string OtherConstant(const Tree& key, const Tree& answer) {
  const auto only = [](const Tree& a, const Tree& b) {
    std::string found;
    for (const std::string& name : a.names()) {
      const bool shared = std::find(b.names().begin(), b.names().end(), name) != b.names().end();
      if (!shared) found += found.empty() ? name : " ";
    }
    return found;
  };
  const std::string wanted = only(key, answer);
  const std::string given = only(answer, key);
  const bool constants = (wanted == "C" || wanted == "c" || wanted == "K" || wanted == "k") &&
                         given.size() == 1 && std::string_view("CcKkDA").find(given) < 6;
  return constants ? wanted + given : std::string();
}

// Different, unless another convention makes it the same: then it is not judged.
Compared OtherConventions(std::string_view key, std::string_view answer, const Parsed& key_tree,
                          const Parsed& answer_tree, Reading reading, Budget* budget,
                          Compared different) {
  const Tree& a = *key_tree.tree;
  const Tree& b = *answer_tree.tree;
  const bool log = (HasFunction(a, Function::kLog) || HasFunction(b, Function::kLog)) &&
                   (HasFunction(a, Function::kLn) || HasFunction(b, Function::kLn));
  if (log) {
    reading.natural = true;
    const Compared natural = CompareTrees(Parse(key, reading), Parse(answer, reading), budget);
    if (natural.match == Match::kSame) return Unreadable("write ln for the natural logarithm");
    reading.natural = false;
  }
  if (const std::string constants = OtherConstant(a, b); !constants.empty()) {
    std::string renamed(answer);
    for (size_t i = 0; i < renamed.size(); ++i) {
      const bool alone = (i == 0 || !IsAlpha(renamed[i - 1])) &&
                         (i + 1 == renamed.size() || !IsAlpha(renamed[i + 1]));
      if (alone && renamed[i] == constants[1]) renamed[i] = constants[0];
    }
    if (CompareTrees(key_tree, Parse(renamed, reading), budget).match == Match::kSame) {
      return Unreadable(std::string("the question calls the constant ") + constants[0]);
    }
  }
  return different;
}

Compared ComparePlain(std::string_view key, std::string_view answer, Budget* budget) {
  if (Misapplied(key, answer)) return Unreadable("the function of the question is missing in this");
  const std::string unknowns = Unknowns(key, answer);
  Reading upper;
  upper.functions = unknowns;
  Reading lower = upper;
  lower.upper_sign = false;
  const Parsed key_upper = Parse(key, upper);
  const Parsed answer_upper = Parse(answer, upper);
  if (!key_upper.plus_minus && !answer_upper.plus_minus) {
    Compared compared = CompareTrees(key_upper, answer_upper, budget);
    if (compared.match != Match::kDifferent) return compared;
    // 1/2x for 1/(2x): read as the learner may have meant it.
    upper.tight = true;
    const bool meant =
        CompareTrees(Parse(key, upper), answer_upper, budget).match == Match::kSame ||
        CompareTrees(key_upper, Parse(answer, upper), budget).match == Match::kSame;
    if (meant) return Unreadable("write brackets around all that is below the line");
    upper.tight = false;
    return OtherConventions(key, answer, key_upper, answer_upper, upper, budget, compared);
  }
  if (!answer_upper.tree || !key_upper.tree) return CompareTrees(key_upper, answer_upper, budget);
  if (key_upper.plus_minus != answer_upper.plus_minus) {
    return {Match::kDifferent, "one of the two has both signs, + and -", 0};
  }
  // Both values of either, in any order.
  const Parsed key_lower = Parse(key, lower);
  const Parsed answer_lower = Parse(answer, lower);
  const Compared straight = CompareTrees(key_upper, answer_upper, budget);
  const bool same = straight.match == Match::kSame;
  const Compared second = CompareTrees(key_lower, same ? answer_lower : answer_upper, budget);
  if (same || second.match != Match::kSame) return same ? second : straight;
  return CompareTrees(key_upper, answer_lower, budget);
}

// What stands behind a number in `plain` and may be a unit or a name: m, t^2.
enum class Letter {
  kNone,
  kUnit,   // cm, $: no name.
  kName,   // 60t: right behind the number.
  kEither  // 60 m
};
Letter LetterOf(std::string_view plain, const Quantity& quantity) {
  const std::string& unit = quantity.unit;
  if (unit.empty()) return Letter::kNone;
  if (!IsAlpha(unit[0]) || (unit.size() > 1 && IsAlpha(unit[1]))) return Letter::kUnit;
  const size_t at = plain.rfind(unit);
  const bool apart = at != std::string_view::npos && at > 0 && plain[at - 1] == ' ';
  return apart ? Letter::kEither : Letter::kName;
}

// Numbers with what learners write around them: units, money, percent.
std::optional<Compared> CompareQuantities(std::string_view key, std::string_view answer) {
  const auto left = ParsePlainQuantity(key);
  const auto right = ParsePlainQuantity(answer);
  if (!left || !right || left->variable != right->variable) return std::nullopt;
  if (left->unit.empty() && right->unit.empty()) {
    return SameValue(*left, *right, {}) ? std::optional(Answer(true)) : std::nullopt;
  }
  if (left->unit.empty() || right->unit.empty()) {
    const Letter letter = left->unit.empty() ? LetterOf(answer, *right) : LetterOf(key, *left);
    if (letter == Letter::kName) return std::nullopt;
    if (letter == Letter::kEither) {
      return Unreadable(right->unit.empty() ? "write it with its unit, or with its letter"
                                            : "write it without a unit");
    }
  }
  return CompareNumeric(key, answer, {}, {});
}

// As text says it: x in front, and the number behind.
struct Solved {
  std::string name;
  Sign sign = Sign::kEqual;
  std::string value;
  bool constant = false;
};

std::optional<Solved> SolvedOf(const Chain& chain) {
  if (chain.signs.size() != 1) return std::nullopt;
  for (const bool turned : {false, true}) {
    const std::string name = NameOnLeft(chain.sides[turned ? 1 : 0]);
    if (name.empty()) continue;
    Solved solved{name, turned ? Flipped(chain.signs[0]) : chain.signs[0],
                  chain.sides[turned ? 0 : 1]};
    const Parsed value = Parse(solved.value, {});
    const auto quantity = ParsePlainQuantity(solved.value);
    solved.constant = (value.tree && value.tree->names().empty()) ||
                      (quantity && LetterOf(solved.value, *quantity) != Letter::kName);
    if (solved.constant || !turned) return solved;
  }
  return std::nullopt;
}

// "x = 6/2 = 3": equal numbers, of which the last one counts.
std::optional<Chain> LastOf(const Chain& chain, Budget* budget) {
  if (chain.signs.size() < 2 || NameOnLeft(chain.sides[0]).empty()) return std::nullopt;
  for (const Sign sign : chain.signs) {
    if (sign != Sign::kEqual) return std::nullopt;
  }
  for (size_t i = 1; i + 1 < chain.sides.size(); ++i) {
    const Parsed a = Parse(chain.sides[i], {});
    const Parsed b = Parse(chain.sides[i + 1], {});
    if (!a.tree || !b.tree || !a.tree->names().empty() || !b.tree->names().empty()) {
      return std::nullopt;
    }
    if (Equivalent(*a.tree, *b.tree, budget) != Same::kYes) return std::nullopt;
  }
  return Chain{{chain.sides.front(), chain.sides.back()}, {Sign::kEqual}};
}

bool IsCall(const std::string& name) { return name.find('(') != std::string::npos; }

// f(1/2) is f(0.5).
bool SameName(const std::string& key, const std::string& answer, Budget* budget) {
  if (Lower(key) == Lower(answer)) return true;
  if (!IsCall(key) || !IsCall(answer) || key.substr(0, 2) != answer.substr(0, 2)) return false;
  const auto inside = [](const std::string& call) { return call.substr(1, call.size() - 1); };
  return CompareExpression(inside(key), inside(answer), budget).match == Match::kSame;
}

Compared CompareSolved(const Solved& key, const Solved& answer, Budget* budget) {
  // A phone writes the first letter large.
  if (!SameName(key.name, answer.name, budget)) {
    if (IsCall(key.name) != IsCall(answer.name)) {
      return Unreadable("the question calls it " + key.name);
    }
    return {Match::kDifferent, "the question uses another variable", 0};
  }
  Compared value = CompareExpression(key.value, answer.value, budget);
  if (key.sign != answer.sign && value.match == Match::kSame) return Answer(false);
  return value;
}

Compared CompareSingle(const Chain& key, const Chain& answer, Budget* budget) {
  const auto key_solved = SolvedOf(key);
  const auto answer_solved = SolvedOf(answer);
  if (key_solved && key_solved->constant && answer_solved && answer_solved->constant) {
    return CompareSolved(*key_solved, *answer_solved, budget);
  }
  const std::string key_text = key.sides[0] + " " + key.sides[1];
  const std::string answer_text = answer.sides[0] + " " + answer.sides[1];
  std::string called;  // The letter of C(n) = ...
  if (key_solved && IsCall(key_solved->name) && key_solved->name[1] == '(') {
    called = key_solved->name.substr(0, 1);
  }
  const std::string unknowns = Unknowns(key_text, answer_text, called);
  if (unknowns.find(called) == std::string::npos || Misapplied(key_text, answer_text)) {
    return Unreadable("the question calls it " + (key_solved ? key_solved->name : "a function"));
  }
  Reading reading;
  reading.functions = unknowns;
  const Parsed a = ParseDifference(key.sides[0], key.sides[1], reading);
  const Parsed b = ParseDifference(answer.sides[0], answer.sides[1], reading);
  if (!b.tree) return Unreadable(b.error);
  if (!a.tree) return Unreadable("the key can only be compared letter by letter");
  if (a.plus_minus || b.plus_minus) return Unreadable("write both equations, without ±");
  if (std::string strange = StrangeNames(*a.tree, *b.tree); !strange.empty()) {
    return Unreadable(std::move(strange));
  }
  if (key_solved && answer_solved && key_solved->name != answer_solved->name &&
      CompareExpression(key_solved->value, answer_solved->value, budget).match == Match::kSame) {
    return Unreadable("the question calls it " + key_solved->name);
  }
  const Same same = EquivalentRelations(key, answer, reading, budget);
  if (same == Same::kYes && key_solved && key_solved->constant) {
    return Unreadable("this is not solved yet: say what " + key_solved->name + " is");
  }
  return Of(same);
}

Compared CompareSets(std::string_view key, std::string_view answer, Budget* budget) {
  const auto left = ParseSolutions(key);
  if (!left) return Unreadable("the key can only be compared letter by letter");
  const auto right = ParseSolutions(answer);
  if (!right) return Unreadable("write what solves it, like x = 1 or x = 2");
  if (!left->variable.empty() && !right->variable.empty() && left->variable != right->variable) {
    return {Match::kDifferent, "the question uses another variable", 0};
  }
  return Of(SameSolutions(*left, *right, budget));
}

bool ReadsAsSet(std::string_view plain, const std::optional<Chain>& chain) {
  if (!chain || chain->signs.size() > 1) return true;
  for (const std::string_view mark : {" or ", " and ", " in ", "±", ";", "{", " U "}) {
    if (plain.find(mark) != std::string_view::npos) return true;
  }
  // A comma that is not between the digits of a number.
  for (size_t i = 0; i < plain.size(); ++i) {
    if (plain[i] == ',' && (i + 1 >= plain.size() || plain[i + 1] == ' ')) return true;
  }
  return chain->signs.empty() && ParseSolutions(plain) && !Parse(plain, {}).tree;
}

// 3√x: three roots, or the third one?
bool IndexedRoot(std::string_view text) {
  const size_t at = text.find("√");
  return at != text.npos && at > 0 && text[at - 1] >= '3' && text[at - 1] <= '9' &&
         (at == 1 || !IsDigit(text[at - 2]));
}

}  // namespace

Compared CompareExpression(std::string_view key_text, std::string_view answer_text,
                           Budget* budget) {
  const std::string key = Plain(key_text);
  const std::string answer = Plain(answer_text);
  if (!Readable(answer)) return Unreadable("this is not an expression: look at the brackets");
  if (NormalForm(key) == NormalForm(answer)) return Answer(true);
  const auto key_chain = SplitChain(key);
  const auto answer_chain = SplitChain(answer);
  if (key_chain && !key_chain->signs.empty()) return CompareEquation(key_text, answer_text, budget);
  if (auto quantities = CompareQuantities(key, answer)) return *quantities;
  if (IndexedRoot(answer_text) && !IndexedRoot(key_text)) {
    return Unreadable("write the index of the root in brackets, or multiply with a sign");
  }
  if (!answer_chain || !answer_chain->signs.empty()) {
    return Unreadable("write the expression alone, without an equals sign");
  }
  return ComparePlain(key, answer, budget);
}

Compared CompareEquation(std::string_view key_text, std::string_view answer_text, Budget* budget) {
  const std::string key = Plain(key_text);
  const std::string answer = Plain(answer_text);
  if (!Readable(answer)) return Unreadable("this is not an equation: look at the brackets");
  if (NormalForm(key) == NormalForm(answer)) return Answer(true);
  const auto key_chain = SplitChain(key);
  auto answer_chain = SplitChain(answer);
  if (ReadsAsSet(key, key_chain)) return CompareSets(key, answer, budget);
  if (key_chain->signs.empty()) return CompareExpression(key_text, answer_text, budget);
  if (!answer_chain) return Unreadable("a side of this is missing");
  if (answer_chain->signs.empty()) {
    const auto solved = SolvedOf(*key_chain);
    if (!solved || !solved->constant) return Unreadable("write the whole equation");
    if (ReadsAsSet(answer, answer_chain)) return CompareSets(key, answer, budget);
    Compared value = CompareExpression(solved->value, answer, budget);
    if (value.match == Match::kSame && solved->sign != Sign::kEqual) return Answer(false);
    return value;
  }
  if (auto last = LastOf(*answer_chain, budget)) answer_chain = last;
  if (answer_chain->signs.size() == 1 && !ReadsAsSet(answer, answer_chain)) {
    return CompareSingle(*key_chain, *answer_chain, budget);
  }
  return CompareSets(key, answer, budget);
}

}  // namespace lyceum::grading
