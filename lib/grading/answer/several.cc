// Questions with several right choices.
#include <algorithm>
#include <set>

#include "grading/answer/compare.h"
#include "grading/notation/lead_in.h"
#include "grading/notation/letters.h"
#include "grading/notation/plain.h"

namespace lyceum::grading {
namespace {

constexpr size_t kPartsMax = 32;
constexpr size_t kPartsOfChoiceMax = 8;  // Of one choice's text: it may hold commas.

using Indices = std::vector<size_t>;

// A piece of the answer between two separators.
struct Part {
  size_t begin = 0;
  size_t end = 0;
};

// The length of the separator at `i`; 0: none.
size_t SeparatorAt(std::string_view text, size_t i) {
  for (const std::string_view mark : {",", ";", "&", "+", "\n", "|"}) {
    if (text.substr(i, mark.size()) == mark) return mark.size();
  }
  return Lower(text.substr(i, 5)) == " and " ? 4 : 0;
}

std::vector<Part> PartsOf(std::string_view text) {
  std::vector<Part> parts;
  size_t begin = 0;
  const auto add = [&](size_t end) {
    if (!Trimmed(text.substr(begin, end - begin)).empty()) parts.push_back({begin, end});
  };
  for (size_t i = 0; i < text.size();) {
    const size_t separator = SeparatorAt(text, i);
    if (separator > 0) {
      add(i);
      begin = i + separator;
    }
    i += std::max<size_t>(separator, 1);
  }
  add(text.size());
  return parts;
}

// Every part belongs to a choice; a choice may have several, with what stands between them.
std::optional<Indices> ByParts(const std::vector<std::string>& choices, std::string_view text) {
  const std::vector<Part> parts = PartsOf(text);
  if (parts.empty() || parts.size() > kPartsMax) return std::nullopt;
  Indices chosen;
  for (size_t i = 0; i < parts.size();) {
    size_t next = i;
    for (size_t last = std::min(parts.size(), i + kPartsOfChoiceMax); last > i; --last) {
      const size_t begin = parts[i].begin;
      const std::string_view piece = Trimmed(text.substr(begin, parts[last - 1].end - begin));
      if (const auto index = Choose(choices, piece).index) {
        chosen.push_back(*index);
        next = last;
        break;
      }
    }
    if (next == i) return std::nullopt;
    i = next;
  }
  return chosen;
}

// "AC", "acd", "a c", "1 3": labels and nothing else. Small letters only in their order: a word of
// such letters is a word.
std::optional<Indices> ByLabels(const std::vector<std::string>& choices, std::string_view text) {
  Indices chosen;
  bool spaced = false;
  bool lower = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ' ') {
      spaced = true;
      continue;
    }
    if (!IsAlpha(text[i])) return std::nullopt;
    const bool beside = i + 1 < text.size() && text[i + 1] != ' ';
    if (spaced && beside) return std::nullopt;
    lower = lower || (text[i] >= 'a' && text[i] <= 'z');
    chosen.push_back(static_cast<size_t>(Lower(text.substr(i, 1))[0] - 'a'));
    if (chosen.back() >= choices.size() || chosen.size() > choices.size()) return std::nullopt;
  }
  if (chosen.size() < 2) return std::nullopt;
  const bool ordered =
      std::adjacent_find(chosen.begin(), chosen.end(), std::greater_equal<>()) == chosen.end();
  if (lower && !spaced && !ordered) return std::nullopt;
  return chosen;
}

std::optional<Indices> ByQuantity(const std::vector<std::string>& choices, std::string_view text) {
  const std::string words = Words(text);
  if (words == "none" || words == "none of them" || words == "none of these") return Indices();
  if (words != "all" && words != "all of them" && words != "all of these") return std::nullopt;
  Indices all;
  for (size_t i = 0; i < choices.size(); ++i) all.push_back(i);
  return all;
}

// "I think the right ones are a and c", "both a and c".
std::string_view WithoutLead(std::string_view text) {
  constexpr std::string_view kLeads[] = {"i think ",
                                         "i choose ",
                                         "i pick ",
                                         "it is ",
                                         "they are ",
                                         "the answers are ",
                                         "the right ones are ",
                                         "answers: ",
                                         "both ",
                                         "options ",
                                         "choices ",
                                         "letters ",
                                         "answers ",
                                         "answer: "};
  constexpr int kLeadsMax = 3;  // One behind the other.
  text = Trimmed(text);
  for (int i = 0; i < kLeadsMax; ++i) {
    for (const std::string_view lead : kLeads) {
      if (Lower(text.substr(0, lead.size())) == lead) text = Trimmed(text.substr(lead.size()));
    }
  }
  return text;
}

std::optional<Indices> Read(const std::vector<std::string>& choices, std::string_view text) {
  if (const auto whole = Choose(choices, text).index) return Indices{*whole};
  text = WithoutLead(text);
  if (text.size() > 1 && text.back() == '.') text.remove_suffix(1);
  if (const auto several = ByQuantity(choices, text)) return several;
  if (const auto several = ByParts(choices, text)) return several;
  return ByLabels(choices, text);
}

}  // namespace

ChosenSet ChooseSeveral(const std::vector<std::string>& choices, std::string_view answer) {
  answer = Trimmed(answer);
  auto found = Read(choices, answer);
  if (!found) {
    const LeadIn lead = ReadLeadIn(answer, false);
    if (lead.rest.size() < answer.size() && (lead.verb || !lead.words)) {
      found = Read(choices, lead.rest);
    }
  }
  if (!found) return {std::nullopt, "give the letters of all that are right, with commas"};
  std::sort(found->begin(), found->end());
  found->erase(std::unique(found->begin(), found->end()), found->end());
  return {std::move(found), {}};
}

Grade CheckMultipleChoice(const Item& item, std::string_view answer) {
  Grade grade;
  grade.method = "choice";
  ChosenSet chosen = ChooseSeveral(item.choices, answer);
  if (!chosen.indices) {
    grade.note = std::move(chosen.note);
    return grade;
  }
  std::set<size_t> right;
  for (const std::string& key : item.answers) {
    if (const auto index = ChoiceOf(item.choices, key)) right.insert(*index);
  }
  grade.outcome = Outcome::kIncorrect;
  if (right.empty()) return grade;
  const double share = 1.0 / static_cast<double>(right.size());
  size_t hits = 0;
  size_t others = 0;
  double score = 0;
  for (const size_t index : *chosen.indices) {
    grade.reading += (grade.reading.empty() ? "" : ", ") + item.choices[index];
    if (right.contains(index)) {
      ++hits;
      score += share;
      continue;
    }
    ++others;
    double cost = share;
    for (size_t i = 0; i < item.known_wrong.size(); ++i) {
      for (const std::string& wrong : item.known_wrong[i].answers) {
        if (ChoiceOf(item.choices, wrong) != index) continue;
        if (!grade.known_wrong) grade.known_wrong = i;
        if (item.known_wrong[i].credit < 0) cost = -item.known_wrong[i].credit;
      }
    }
    score -= cost;
  }
  if (hits == right.size() && others == 0) {
    grade.outcome = Outcome::kCorrect;
    grade.score = 1;
    return grade;
  }
  if (!item.partial_credit) return grade;
  constexpr double kRounding = 1e-9;  // Of sums like 1/3 + 1/3 - 2/3.
  grade.score = score > kRounding ? score : 0;
  if (grade.score > 0) {
    grade.note = others == 0 ? "something is missing" : "not all of these belong to it";
  }
  return grade;
}

}  // namespace lyceum::grading
