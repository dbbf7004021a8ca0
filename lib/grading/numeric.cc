#include "grading/compare.h"
#include "grading/plain.h"
#include "grading/unit.h"

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

bool Near(const Rational& key, const Rational& answer, double tolerance) {
  if (key == answer) return true;
  return tolerance > 0 &&
         Rational::Compare((answer - key).Abs(), Rational::FromDouble(tolerance)) <= 0;
}

// The key is 75 in percent: 75, 75% and 0.75 given as a percent are the same.
bool SamePercent(const Quantity& key, const Quantity& answer, const Leniency& leniency) {
  const Rational hundred = Rational::Of(100);
  const Rational key_points = key.percent ? key.value * hundred : key.value;
  const Rational answer_points = answer.percent ? answer.value * hundred : answer.value;
  return Near(key_points, answer_points, leniency.tolerance);
}

Compared Different(std::string note) { return {Match::kDifferent, std::move(note), 0}; }
Compared IsSame(std::string note) { return {Match::kSame, std::move(note), 1}; }

Compared WithUnits(const Quantity& key, const Quantity& answer, const std::string& unit,
                   const Leniency& leniency) {
  const auto want = ParseUnit(unit);
  const auto got = ParseUnit(answer.unit);
  if (!got) return {Match::kUnreadable, "this unit is not known here", 0};
  if (!want) {
    return Trimmed(unit) == Trimmed(answer.unit) && SameValue(key, answer, leniency)
               ? IsSame({})
               : Different("another unit was expected");
  }
  if (!want->Comparable(*got)) return Different("this unit measures something else");
  Quantity converted = answer;
  const bool same_unit = want->scale == got->scale;
  if (!same_unit) {
    converted.value = answer.value * got->scale * want->scale.Inverse();
    converted.decimals.reset();
  }
  if (!SameValue(key, converted, leniency)) return Different({});
  return IsSame(same_unit ? "" : "converted from another unit");
}

// 0.6666666667 for 2/3: neither wrong nor the number.
bool LongDecimalOf(const Quantity& key, const Quantity& answer) {
  if (key.decimals || !answer.decimals || answer.significant < kRoundedDigits) return false;
  const Rational slack = key.value.Abs() * Rational::Decimal("12", -10);
  return Rational::Compare((answer.value - key.value).Abs(), slack) <= 0;
}

}  // namespace

bool SameValue(const Quantity& key, const Quantity& answer, const Leniency& leniency) {
  if (Near(key.value, answer.value, leniency.tolerance)) return true;
  return leniency.rounding && RoundsTo(key, answer);
}

Compared CompareNumeric(std::string_view key_text, std::string_view answer_text,
                        const std::string& unit, const Leniency& leniency) {
  const auto key = ParseQuantity(key_text);
  std::string why;
  const auto answer = ParseQuantity(answer_text, &why);
  if (!answer) return {Match::kUnreadable, why, 0};
  if (!key) return Different({});
  std::string wanted = unit.empty() ? key->unit : unit;
  if (wanted == "%" || wanted == "percent" || (key->percent && !answer->percent)) {
    if (!answer->unit.empty()) return Different("a percentage was expected");
    if (SamePercent(*key, *answer, leniency)) return IsSame({});
    return key->percent && SameValue(*key, *answer, leniency) ? IsSame({}) : Different({});
  }
  if (answer->unit.empty()) {
    if (!SameValue(*key, *answer, leniency)) {
      // Only after the tolerance: it may well be near enough.
      if (!leniency.rounding || !LongDecimalOf(*key, *answer)) return Different({});
      return {Match::kUnreadable, "give the exact number, as a fraction", 0};
    }
    return IsSame(wanted.empty() ? "" : "the unit was left out");
  }
  if (wanted.empty()) {
    return SameValue(*key, *answer, leniency) ? IsSame("the unit was not checked") : Different({});
  }
  return WithUnits(*key, *answer, wanted, leniency);
}

}  // namespace lyceum::grading
