#include <algorithm>
#include <cctype>

#include "grading/answer/compare.h"
#include "grading/notation/lead_in.h"
#include "grading/notation/letters.h"
#include "grading/notation/plain.h"
#include "grading/notation/text_form.h"
#include "grading/units/unit.h"

namespace lyceum::grading {
namespace {

// The only choice for which the test holds; nothing where several do.
template <class Test>
std::optional<size_t> Only(const std::vector<std::string>& choices, Test test) {
  std::optional<size_t> found;
  for (size_t i = 0; i < choices.size(); ++i) {
    if (!test(choices[i])) continue;
    if (found) return std::nullopt;
    found = i;
  }
  return found;
}

// The same unit by another name, or none in the answer.
bool SameUnits(const std::string& choice, const std::string& answer) {
  if (choice == answer || answer.empty()) return true;
  const auto left = ParseUnit(choice);
  const auto right = ParseUnit(answer);
  return !choice.empty() && left && right && left->Comparable(*right) &&
         left->scale == right->scale;
}

std::optional<size_t> ByValue(const std::vector<std::string>& choices, std::string_view answer) {
  const auto value = ParseQuantity(answer);
  if (!value) return std::nullopt;
  return Only(choices, [&](const std::string& choice) {
    const auto other = ParseQuantity(choice);
    return other && SameUnits(other->unit, value->unit) && SameValue(*other, *value, {});
  });
}

// Digits, or a number in words.
bool AnyNumeric(const std::vector<std::string>& choices) {
  constexpr std::string_view kNumbers[] = {" one ", " two ",   " three ", " four ", " five ",
                                           " six ", " seven ", " eight ", " nine ", " ten "};
  for (const auto& choice : choices) {
    const std::string words = " " + Words(choice) + " ";
    if (words.find_first_of("0123456789") != std::string::npos) return true;
    for (const std::string_view number : kNumbers) {
      if (words.find(number) != std::string::npos) return true;
    }
  }
  return false;
}

// Without what people put around a label. "-b" and "~b" are none.
std::string Label(std::string_view answer) {
  constexpr std::string_view kAround = " ()[].:!\"'*#`";
  const size_t begin = std::min(answer.find_first_not_of(kAround), answer.size());
  const size_t end = answer.find_last_not_of(kAround);
  return end == answer.npos ? std::string() : Lower(answer.substr(begin, end + 1 - begin));
}

// "B", "b)", "(b)", "B.", "option b", "option 2", "2)".
std::optional<size_t> ByLabel(const std::vector<std::string>& choices, std::string_view answer) {
  std::string words = Label(answer);
  bool named = false;
  for (const std::string_view lead : {"option ", "choice ", "letter "}) {
    if (words.rfind(lead, 0) == 0) {
      words = words.substr(lead.size());
      named = true;
    }
  }
  if (words.size() == 1 && words[0] >= 'a' && words[0] <= 'z') {
    const auto index = static_cast<size_t>(words[0] - 'a');
    if (index < choices.size()) return index;
  }
  if (words.empty() || words.size() > 2 || words[0] == '0') return std::nullopt;
  size_t number = 0;
  for (const char c : words) {
    if (std::isdigit(static_cast<unsigned char>(c)) == 0) return std::nullopt;
    number = number * 10 + static_cast<size_t>(c - '0');
  }
  // Among numbers, a bare number is a value and not a place.
  if (number > choices.size() || (!named && AnyNumeric(choices))) return std::nullopt;
  return number - 1;
}

// In other words, or another notation.
std::optional<size_t> ByMeaning(const std::vector<std::string>& choices, std::string_view answer) {
  answer = Trimmed(answer);
  if (answer.size() > 2 && answer.front() == '"' && answer.back() == '"') {
    answer = answer.substr(1, answer.size() - 2);
  }
  const std::string form = TextForm(answer);
  const std::string folded = Folded(form);
  const auto same = [&](const std::string& choice) {
    const std::string other = TextForm(choice);
    return !form.empty() && Folded(other) == folded && SameCase(other, form);
  };
  if (const auto index = Only(choices, same)) return index;
  const auto compared = [&](const std::string& choice) {
    return choice.size() < 8 && answer.size() < 8 &&
           CompareText(choice, answer).match == Match::kSame;
  };
  if (const auto index = Only(choices, compared)) return index;
  return ByValue(choices, answer);
}

// "B) [0,1)", "(b) a kite", "**B.** a kite": a letter and the text of the same choice.
std::optional<size_t> ByLabelAndText(const std::vector<std::string>& choices,
                                     std::string_view answer) {
  answer = Trimmed(answer);
  for (const std::string_view open : {"**", "("}) {
    if (answer.substr(0, open.size()) == open) answer.remove_prefix(open.size());
  }
  if (answer.empty() || !IsAlpha(answer[0])) return {};
  const auto letter = static_cast<size_t>(Lower(answer.substr(0, 1))[0] - 'a');
  answer.remove_prefix(1);
  const size_t marks = std::min(answer.find_first_not_of(").:"), answer.size());
  if (marks == 0 || marks > 2) return {};
  answer.remove_prefix(marks);
  if (answer.substr(0, 2) == "**") answer.remove_prefix(2);
  answer = Trimmed(answer);
  if (answer.empty() || letter >= choices.size()) return {};
  auto index = ChoiceOf(choices, answer);
  if (!index) index = ByMeaning(choices, answer);
  return index == letter ? index : std::nullopt;
}

// The text goes before the letter: a choice may be called "A".
std::optional<size_t> Meant(const std::vector<std::string>& choices, std::string_view answer) {
  if (const auto index = ChoiceOf(choices, answer)) return index;
  if (const auto index = ByLabel(choices, answer)) return index;
  if (const auto index = ByMeaning(choices, answer)) return index;
  return ByLabelAndText(choices, answer);
}

}  // namespace

std::optional<size_t> ChoiceOf(const std::vector<std::string>& choices, std::string_view text) {
  for (size_t i = 0; i < choices.size(); ++i) {
    if (choices[i] == text) return i;
  }
  const std::string plain = NormalForm(Plain(text));
  const auto same = [&](const std::string& choice) { return NormalForm(Plain(choice)) == plain; };
  if (const auto found = Only(choices, same)) return found;
  const std::string form = Canonical(text);
  return Only(choices, [&](const std::string& choice) {
    return Canonical(choice) == form && SameCase(TextForm(choice), TextForm(text));
  });
}

Chosen Choose(const std::vector<std::string>& choices, std::string_view answer) {
  if (const auto index = Meant(choices, answer)) return {index, {}};
  // Only behind a verb: of statements, "I and II" is not II.
  const LeadIn lead = ReadLeadIn(answer, false);
  const bool skipped = lead.rest.size() < Trimmed(answer).size();
  if (skipped && (lead.verb || !lead.words)) {
    if (const auto index = Meant(choices, lead.rest)) return {index, {}};
  }
  return {std::nullopt, "this is none of the choices: give its letter or its text"};
}

}  // namespace lyceum::grading
