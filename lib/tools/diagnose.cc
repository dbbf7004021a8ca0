#include "tools/diagnose.h"

#include "grading/units/quantity.h"

namespace lyceum::tools {
namespace {

using grading::Rational;

struct Advice {
  std::string_view label;
  std::string_view text;
};
constexpr Advice kAdvice[] = {
    {"sign", "The size looks familiar, but look at the sign: where did each minus go?"},
    {"reciprocal", "It looks turned over: which number belongs above the line, and which below?"},
    {"percent", "Look at percent and plain numbers: one percent is one of a hundred."},
    {"decimal_point", "Look at the decimal point: count the places, or the zeros, once more."},
    {"rounding",
     "You are close. Keep the exact value until the end, and round, if at all, only then."},
    {"off_by_one",
     "You are off by a little: count once more, and look at the first and last step."},
    {"repeated", "This is what you answered before. Take another way this time."},
};

std::string_view AdviceFor(std::string_view label) {
  for (const Advice& advice : kAdvice) {
    if (advice.label == label) return advice.text;
  }
  return "That is not right yet. Go through your steps one by one: which one are you least sure "
         "of?";
}

bool ByPowerOfTen(const Rational& key, const Rational& answer) {
  for (int power = -6; power <= 6; ++power) {
    if (power != 0 && key * Rational::Decimal("1", power) == answer) return true;
  }
  return false;
}

bool Within(const Rational& key, const Rational& answer, const Rational& part) {
  const Rational distance = (answer - key).Abs();
  return Rational::Compare(distance, key.Abs() * part) <= 0;
}

bool Repeats(const tutor::DiagnoseErrorArgs& args) {
  for (const tutor::Attempt& attempt : args.attempts) {
    // The last attempt may be this very answer.
    if (attempt.answer == args.answer && &attempt != &args.attempts.back()) return true;
  }
  return false;
}

}  // namespace

std::vector<tutor::Hypothesis> CompareNumbers(const std::string& key_text,
                                              const std::string& answer_text) {
  std::vector<tutor::Hypothesis> found;
  const auto key = grading::ParseQuantity(key_text);
  const auto answer = grading::ParseQuantity(answer_text);
  if (!key || !answer || key->value == answer->value) return found;
  const auto add = [&](const char* label, double confidence) {
    found.push_back({std::nullopt, label, confidence});
  };
  const Rational hundred = Rational::Of(100);
  if (!key->value.zero() && key->value == -answer->value) add("sign", 0.8);
  if (key->value * answer->value == Rational::Of(1)) add("reciprocal", 0.8);
  if (key->value.zero() || answer->value.zero()) return found;
  if (key->value * hundred == answer->value || answer->value * hundred == key->value) {
    add("percent", 0.7);
  } else if (ByPowerOfTen(key->value, answer->value)) {
    add("decimal_point", 0.7);
  }
  if (Within(key->value, answer->value, Rational::Fraction(1, 100))) {
    add("rounding", 0.6);
  } else if ((answer->value - key->value).Abs() == Rational::Of(1)) {
    add("off_by_one", 0.4);
  }
  return found;
}

tutor::DiagnoseErrorOk Diagnose(const TopicView& view, const tutor::DiagnoseErrorArgs& args) {
  tutor::DiagnoseErrorOk ok;
  const tutor::Question* question = view.Find(args.question);
  if (Repeats(args)) ok.hypotheses.push_back({std::nullopt, "repeated", 0.9});
  if (question != nullptr && !args.answer.empty()) {
    for (const std::string& key : question->answers) {
      const auto found = CompareNumbers(key, args.answer);
      ok.hypotheses.insert(ok.hypotheses.end(), found.begin(), found.end());
      if (!found.empty()) break;
    }
  }
  if (ok.hypotheses.empty()) ok.hypotheses.push_back({std::nullopt, "unknown", 0.2});
  ok.text = std::string(AdviceFor(ok.hypotheses.front().label));
  const std::string about = args.question ? args.question->text : view.topic().title;
  if (const auto passage = view.Best(about, {}, question)) {
    ok.text += "\n\nThis part of the material is about it. " + passage->text;
  }
  if (args.question) ok.probe = "Which step would you do differently now?";
  return ok;
}

}  // namespace lyceum::tools
