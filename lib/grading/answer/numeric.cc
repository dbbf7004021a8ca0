#include <algorithm>
#include <iterator>
#include <utility>

#include "grading/algebra/parse.h"
#include "grading/answer/compare.h"
#include "grading/answer/question.h"
#include "grading/notation/lead_in.h"
#include "grading/notation/letters.h"
#include "grading/notation/number_words.h"
#include "grading/notation/plain.h"
#include "grading/units/unit.h"

namespace lyceum::grading {
namespace {

// Within half a unit of the key's last decimal. Only where the key itself looks rounded: at least
// one decimal and two significant digits, and the answer is more precise.
bool RoundsTo(const Quantity& key, const Quantity& answer) {
  if (key.percent || !key.decimals || *key.decimals < 1 || key.significant < 2) return false;
  if (answer.decimals && *answer.decimals <= *key.decimals) return false;
  const Rational half = Rational::Decimal("5", -(*key.decimals + 1));
  const Rational distance = (answer.value - key.value).Abs();
  const int order = Rational::Compare(distance, half);
  // Exactly half rounds away from zero.
  return order < 0 || (order == 0 && Rational::Compare(answer.value.Abs(), key.value.Abs()) < 0);
}

// Half a unit of the last of so many significant figures of a number that is not 0.
Rational HalfUnit(const Rational& number, int figures) {
  int low = -2 * kExponentMax;  // 10^low <= |number| < 10^high
  int high = 2 * kExponentMax;
  const Rational size = number.Abs();
  while (high - low > 1) {
    const int middle = low + (high - low) / 2;
    (Rational::Compare(Rational::Decimal("1", middle), size) <= 0 ? low : high) = middle;
  }
  return Rational::Decimal("5", low - figures);
}

bool Near(const Rational& key, const Rational& answer, const Leniency& leniency) {
  if (key == answer) return true;
  const Rational distance = (answer - key).Abs();
  const auto within = [&](const Rational& most) { return Rational::Compare(distance, most) <= 0; };
  if (leniency.tolerance > 0 && within(Rational::FromDouble(leniency.tolerance))) return true;
  if (leniency.relative > 0 && within(Rational::FromDouble(leniency.relative) * key.Abs())) {
    return true;
  }
  return leniency.figures > 0 && !key.zero() && within(HalfUnit(key, leniency.figures));
}

Compared Different(std::string note) { return {Match::kDifferent, std::move(note), 0}; }
Compared IsSame(std::string note) { return {Match::kSame, std::move(note), 1}; }
Compared Unread(std::string note) { return {Match::kUnreadable, std::move(note), 0}; }

bool IsPowerOfTen(std::string_view text) {
  if (text.substr(0, 1) == "-") text.remove_prefix(1);
  return text.substr(0, 3) == "10^" && text.find_first_of("+*/", 3) == std::string_view::npos &&
         text.find('-', 5) == std::string_view::npos;
}

// "9*2 = 18", "x = 252/6 = 42": all sides have one value. The last number is the answer; without a
// number among them, it is left to work out.
std::optional<Quantity> ChainOf(std::string_view text) {
  constexpr int kStepsMax = 16;
  constexpr int kSidesMax = 8;
  int steps = kStepsMax;
  std::optional<Quantity> number;
  std::optional<Rational> value;
  std::string variable;
  bool unit = false;
  int sides = 0;
  for (bool last = false; !last;) {
    const size_t equals = text.find('=');
    last = equals == std::string_view::npos;
    const std::string_view side = Trimmed(text.substr(0, equals));
    text.remove_prefix(last ? text.size() : equals + 1);
    if (sides == 0 && !last && variable.empty() && IsVariable(side)) {
      variable = std::string(side);
      continue;
    }
    if (++sides > kSidesMax || unit) return std::nullopt;  // "18 cents = 18" leaves its unit out.
    auto single = ParsePlainQuantity(side);
    const auto worked = single ? single->value : SumOf(side, &steps);
    if (!worked || (value && !(*value == *worked))) return std::nullopt;
    value = worked;
    unit = single && !single->unit.empty();
    if (!single && IsPowerOfTen(side)) single.emplace().value = *worked;
    if (single) number = std::move(single);
  }
  if (!value || (!number && sides > 1)) return std::nullopt;
  if (!number) {
    number.emplace().value = *value;
    number->unworked = true;
  }
  number->variable = variable;
  return number;
}

// "42 apples".
std::optional<Quantity> CountedOf(std::string_view plain) {
  if (!plain.empty() && plain.back() == '.') plain.remove_suffix(1);
  const size_t space = plain.rfind(' ');
  if (space == std::string_view::npos || plain.size() - space < 4) return std::nullopt;
  for (const char c : plain.substr(space + 1)) {
    if (!IsAlpha(c)) return std::nullopt;
  }
  auto quantity = ParsePlainQuantity(plain.substr(0, space));
  if (!quantity || !quantity->unit.empty() || quantity->percent) return std::nullopt;
  quantity->noun = Lower(plain.substr(space + 1));
  return quantity;
}

// "2 h 30 min", "12 dollars and 50 cents": from the larger unit to the smaller, in the larger one.
std::optional<Quantity> PartsOf(std::string_view text) {
  Quantity sum;
  std::optional<Unit> first;
  Rational smallest;
  int parts = 0;
  if (!text.empty() && text.back() == '.') text.remove_suffix(1);
  for (; !text.empty() && parts < 4; ++parts) {
    const size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
    const auto number = ParsePlainQuantity(text.substr(0, digits));
    text = Trimmed(text.substr(digits));
    const size_t letters = std::min(text.find_first_of(" 0123456789"), text.size());
    const auto unit = ParseUnit(text.substr(0, letters));
    if (!number || !unit || (first && !first->Comparable(*unit))) return std::nullopt;
    if (first && Rational::Compare(unit->scale, smallest) >= 0) return std::nullopt;
    if (!first) {
      first = unit;
      sum.unit = std::string(text.substr(0, letters));
    }
    smallest = unit->scale;
    sum.value = sum.value + number->value * unit->scale * first->scale.Inverse();
    text = Trimmed(text.substr(letters));
    if (text.substr(0, 4) == "and ") text = Trimmed(text.substr(4));
  }
  if (parts < 2 || !text.empty()) return std::nullopt;
  return sum;
}

void PowersAsCarets(std::string* text) {
  for (size_t at = text->find("**"); at != std::string::npos; at = text->find("**", at + 1)) {
    text->replace(at, 2, "^");
  }
}

// More than a key may be:
//   forty-two    minus five    10^6    42 apples    2 h 30 min    9*2 = 18    9*2
std::optional<Quantity> ReadAnswer(std::string_view text, std::string* why) {
  if (auto quantity = ParseQuantity(text, why)) return quantity;
  if (text.size() > kAnswerBytesMax || !NothingIsLost(text)) return std::nullopt;
  std::string plain = Plain(text);
  PowersAsCarets(&plain);
  if (std::string digits = WithDigits(plain); !digits.empty()) plain = std::move(digits);
  if (auto quantity = ParsePlainQuantity(plain)) return quantity;
  if (auto quantity = CountedOf(plain)) return quantity;
  if (auto quantity = PartsOf(plain)) return quantity;
  return ChainOf(plain);
}

// 0.6666666667 for 2/3: neither wrong nor the number.
bool LongDecimalOf(const Quantity& key, const Quantity& answer) {
  if (key.decimals || !answer.decimals || answer.significant < kRoundedDigits) return false;
  const Rational slack = key.value.Abs() * Rational::Decimal("12", -10);
  return Rational::Compare((answer.value - key.value).Abs(), slack) <= 0;
}

// One key, one answer, and what is known about how near is near enough.
struct Numbers {
  const Quantity& key;
  const Quantity& answer;
  const Leniency& leniency;
  std::string_view question;
};

// Without units. A tolerance is all that is tolerated; without one, a value that rounds to the key
// is not judged: the key may be exact, and it may be rounded.
Compared WithoutUnits(const Numbers& n, std::string note) {
  if (SameValue(n.key, n.answer, n.leniency)) return IsSame(std::move(note));
  if (!n.leniency.rounding) return Different({});
  if (LongDecimalOf(n.key, n.answer)) return Unread("give the exact number, as a fraction");
  const bool tolerant = n.leniency.tolerance > 0 || n.leniency.relative > 0;
  if (tolerant || !RoundsTo(n.key, n.answer)) return Different({});
  if (AsksApproximation(n.question)) return IsSame(std::move(note));
  return Unread("this is near: give the exact number, or round it as the question asks");
}

// The key is 75 in percent: 75, 75% and 0.75 given as a percent are the same. Only a number written
// as the key is may go without the sign: 1/2 for 0.5% is another number.
Compared WithPercent(const Numbers& n) {
  if (!n.answer.unit.empty()) return Different("a percentage was expected");
  const Rational hundred = Rational::Of(100);
  const Rational key_points = n.key.percent ? n.key.value * hundred : n.key.value;
  const bool alike = n.answer.percent || !n.key.percent ||
                     n.answer.decimals.has_value() == n.key.decimals.has_value();
  const Rational points = n.answer.percent ? n.answer.value * hundred : n.answer.value;
  if (alike && Near(key_points, points, n.leniency)) return IsSame({});
  return n.key.percent && SameValue(n.key, n.answer, n.leniency) ? IsSame({}) : Different({});
}

// 15 and 15% where a percent is asked for. What 1500% is then, nobody knows.
Compared PercentAsked(const Numbers& n) {
  const Rational points = n.answer.value * Rational::Of(100);
  if (Near(n.key.value, points, n.leniency)) return IsSame({});
  return SameValue(n.key, n.answer, n.leniency) ? Unread("give the percent as a number")
                                                : Different({});
}

Quantity Converted(const Quantity& answer, const Unit& from, const Unit& to) {
  Quantity converted = answer;
  if (from.scale == to.scale) return converted;
  converted.value = answer.value * from.scale * to.scale.Inverse();
  converted.decimals.reset();
  return converted;
}

Compared WithUnits(const Numbers& n, const std::string& unit) {
  const auto want = ParseUnit(unit);
  auto got = ParseUnit(n.answer.unit);
  // "20 C" of a temperature is no charge.
  const bool degrees = want && want->opaque.starts_with("degree ");
  if (degrees && (n.answer.unit == "C" || n.answer.unit == "F")) {
    got = ParseUnit("°" + n.answer.unit);
  }
  if (!got) return Unread("this unit is not known here");
  if (!want) {
    return Trimmed(unit) == Trimmed(n.answer.unit) && SameValue(n.key, n.answer, n.leniency)
               ? IsSame({})
               : Different("another unit was expected");
  }
  if (!want->Comparable(*got)) return Different("this unit measures something else");
  const Quantity converted = Converted(n.answer, *got, *want);
  const bool same_unit = want->scale == got->scale;
  return WithoutUnits({n.key, converted, n.leniency, n.question},
                      same_unit ? "" : "converted from another unit");
}

// The key has no unit: only the question knows which one is meant.
Compared WithUnitAsked(const Numbers& n) {
  constexpr const char* kNote = "answer in the unit that the question asks for, or without one";
  // A dollar sign may be half of a pair that marks a formula: only a question can speak against it.
  if (n.question.empty() && n.answer.unit == "$") {
    return WithoutUnits(n, "the unit was not checked");
  }
  const auto want = AskedFor(n.question).unit;
  const auto got = ParseUnit(n.answer.unit);
  if (!want || !got || !want->Comparable(*got)) return Unread(kNote);
  const Quantity converted = Converted(n.answer, *got, *want);
  const bool same_unit = want->scale == got->scale;
  Compared compared = WithoutUnits({n.key, converted, n.leniency, n.question},
                                   same_unit ? "" : "converted from another unit");
  if (compared.match == Match::kDifferent && !same_unit) return Unread(kNote);
  return compared;
}

bool SameNoun(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return false;
  return a == b || std::string(a) + "s" == b || std::string(b) + "s" == a;
}

Compared CompareQuantity(const Numbers& n, const std::string& unit) {
  const Quantity& answer = n.answer;
  const std::string wanted = unit.empty() ? n.key.unit : unit;
  if (!answer.noun.empty() &&
      (!wanted.empty() || !SameNoun(answer.noun, AskedFor(n.question).noun))) {
    return Unread("what follows the number is not a unit that is known here");
  }
  if (wanted == "%" || wanted == "percent" || (n.key.percent && !answer.percent)) {
    return WithPercent(n);
  }
  if (!answer.unit.empty()) return wanted.empty() ? WithUnitAsked(n) : WithUnits(n, wanted);
  if (answer.percent && !n.key.percent) {
    const PercentIn percent = PercentOf(n.question);
    if (wanted.empty() && percent == PercentIn::kAsked) return PercentAsked(n);
    const Asked asked = AskedFor(n.question);
    const bool counts = !wanted.empty() || asked.unit || !asked.noun.empty();
    if (counts && SameValue(n.key, answer, n.leniency)) {
      return Unread("this is not asked for as a percent");
    }
    // "What discount is it?": 25% may be what is meant by 25.
    if (!counts && percent == PercentIn::kNowhere && !n.question.empty() &&
        Near(n.key.value, answer.value * Rational::Of(100), n.leniency)) {
      return Unread("give the number without the percent sign");
    }
  }
  return WithoutUnits(n, wanted.empty() ? "" : "the unit was left out");
}

// A key like pi/2 or 2sqrt(3): as an expression. A decimal that rounds to it is not judged.
Compared CompareConstant(std::string_view key_text, std::string_view answer_text,
                         const Leniency& leniency) {
  const std::string_view rest = ReadLeadIn(answer_text, true).rest;
  Budget budget;
  Compared compared = CompareExpression(key_text, rest, &budget);
  if (compared.match != Match::kDifferent) return compared;
  const auto number = ParseQuantity(rest);
  const Parsed key = Parse(Plain(key_text), {});
  const auto value = key.tree && key.tree->names().empty() ? ValueOf(*key.tree) : std::nullopt;
  if (!number || !number->unit.empty() || !value) return compared;
  const Rational exact = Rational::FromDouble(*value);
  if (Near(exact, number->value, leniency)) return IsSame({});
  if (!leniency.rounding || !number->decimals || number->significant < 2) return compared;
  const Rational half = Rational::Decimal("6", -(*number->decimals + 1));
  const bool rounded = Rational::Compare((number->value - exact).Abs(), half) <= 0;
  return rounded ? Unread("give the exact number") : compared;
}

Compared CompareOne(std::string_view key_text, std::string_view answer_text,
                    const std::string& unit, const Leniency& leniency, std::string_view question) {
  const auto key = ParseQuantity(key_text);
  if (!key) return CompareConstant(key_text, answer_text, leniency);
  const LeadIn lead = ReadLeadIn(answer_text, true);
  std::string why;
  const auto answer = ReadAnswer(lead.rest, &why);
  if (!answer) return Unread(why);
  if (answer->unworked && HoldsSum(question)) return Unread("this is not a single number");
  Compared compared = CompareQuantity({*key, *answer, leniency, question}, unit);
  if (lead.approximate && compared.match == Match::kDifferent) {
    return Unread("give the exact number");
  }
  if (compared.match == Match::kSame && !question.empty()) {
    const std::string key_plain = Plain(key_text);
    const std::string plain = Plain(lead.rest);
    std::string again = SaysAgain(question, key_plain, plain);
    if (again.empty()) again = OtherForm(question, key_plain, plain);
    if (!again.empty()) return Unread(std::move(again));
  }
  compared.unsimplified = compared.match == Match::kSame && answer->unworked;
  return compared;
}

// How many significant figures a decimal is written with. Of a whole number the zeros at its end may
// count or not: `least` to `most`.
struct Figures {
  int least = 0;
  int most = 0;
};
std::optional<Figures> FiguresOf(std::string_view answer_text) {
  const std::string_view rest = ReadLeadIn(answer_text, true).rest;
  const auto answer = ReadAnswer(rest, nullptr);
  if (!answer || !answer->decimals || answer->unworked) return std::nullopt;
  Figures figures{answer->significant, answer->significant};
  const std::string plain = Plain(rest);
  const size_t begin = std::min(plain.find_first_of("0123456789."), plain.size());
  const size_t end = std::min(plain.find_first_not_of("0123456789.,", begin), plain.size());
  const std::string_view digits = std::string_view(plain).substr(begin, end - begin);
  if (digits.find('.') != std::string_view::npos) return figures;
  for (size_t i = digits.size(); i-- > 0 && digits[i] == '0' && figures.least > 1;) {
    --figures.least;
  }
  return figures;
}

}  // namespace

bool IsConstant(std::string_view text) {
  const Parsed parsed = Parse(Plain(text), {});
  return parsed.tree && parsed.tree->names().empty() && !parsed.plus_minus &&
         ValueOf(*parsed.tree).has_value();
}

bool SameValue(const Quantity& key, const Quantity& answer, const Leniency& leniency) {
  return Near(key.value, answer.value, leniency);
}

Compared CompareNumeric(std::string_view key, std::string_view answer, const std::string& unit,
                        const Leniency& leniency, std::string_view question) {
  if (question.size() > kQuestionBytesMax) question = {};
  Compared compared = CompareOne(key, answer, unit, leniency, question);
  const int asked = leniency.figures;
  if (asked == 0 || compared.match == Match::kUnreadable) return compared;
  const auto unread = [&] {
    return Unread("give a decimal number with " + std::to_string(asked) + " significant figure" +
                  (asked == 1 ? "" : "s"));
  };
  const auto figures = FiguresOf(answer);
  if (compared.match == Match::kSame) {
    const bool as_asked = figures && figures->least <= asked && asked <= figures->most;
    return as_asked ? compared : unread();
  }
  // Rounded too far: the value is right, as far as it goes.
  if (!figures || figures->most < 2 || figures->most >= asked) return compared;
  Leniency fewer = leniency;
  fewer.figures = figures->most;
  const bool rounded = CompareOne(key, answer, unit, fewer, question).match == Match::kSame;
  return rounded ? unread() : compared;
}

}  // namespace lyceum::grading
