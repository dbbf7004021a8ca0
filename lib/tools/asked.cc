#include "tools/asked.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <utility>

namespace lyceum::tools {
namespace {

constexpr size_t kTermsMax = 64;
constexpr size_t kConceptsMax = 32;
constexpr size_t kDefinedTermsMax = 4;  // What is longer is no name of anything.

bool IsOf(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

struct Range {
  size_t begin = 0, end = 0;
  bool empty() const { return begin >= end; }
};

// From there to where a name ends.
Range NameFrom(const std::vector<Term>& terms, size_t begin) {
  while (begin < terms.size() &&
         IsOf(terms[begin].word, {"a", "an", "the", "this", "that", "these", "by", "it", "your",
                                  "meant", "called", "exactly"})) {
    ++begin;
  }
  size_t end = begin;
  while (end < terms.size() &&
         !IsOf(terms[end].word, {"of", "in", "for", "when", "if", "with", "again", "please", "and",
                                 "then", "here", "from", "to", "on", "mean", "means", "called"})) {
    ++end;
  }
  return {begin, end};
}

// Where the X of "what is X" stands.
Range DefinedIn(const std::vector<Term>& terms) {
  const auto word = [&](size_t i) {
    return i < terms.size() ? std::string_view(terms[i].word) : std::string_view();
  };
  for (size_t i = 0; i < terms.size(); ++i) {
    if (IsOf(word(i), {"define", "definition", "meaning"}))
      return NameFrom(terms, i + (word(i + 1) == "of" ? 2 : 1));
    if (word(i) == "meant" && word(i + 1) == "by") return NameFrom(terms, i + 2);
    if (IsOf(word(i), {"mean", "means"}) && word(i + 1) == "by") return NameFrom(terms, i + 2);
    if (word(i) == "whats" || (word(i) == "what" && IsOf(word(i + 1), {"is", "are", "was", "s"}))) {
      return NameFrom(terms, i + (word(i) == "whats" ? 1 : 2));
    }
    if (word(i) != "what") continue;
    // "what does X mean", "what a X is"
    for (size_t j = i + 1; j < terms.size(); ++j) {
      const bool means = IsOf(word(j), {"mean", "means", "tell", "stand"});
      const bool is = IsOf(word(j), {"is", "are"}) && j + 1 == terms.size();
      if (!means && !is) continue;
      if (means && word(j + 1) == "by") return NameFrom(terms, j + 2);
      size_t begin = i + 1;
      while (begin < j && terms[begin].kind == TermKind::kFiller) ++begin;
      size_t end = j;
      for (size_t k = begin; k < end; ++k) {
        if (word(k) == "of" || word(k) == "in") end = k;
      }
      return {begin, end};
    }
  }
  return {};
}

Phrase StemsOf(std::string_view text) {
  Phrase stems;
  for (Term& term : TermsOf(text)) stems.push_back(std::move(term.stem));
  return stems;
}

// The stems of all that is no filler.
Phrase ContentOf(const std::vector<Term>& terms, Range range) {
  Phrase phrase;
  for (size_t i = range.begin; i < range.end; ++i) {
    if (terms[i].kind != TermKind::kFiller) phrase.push_back(terms[i].stem);
  }
  return phrase;
}

bool StandsAt(const Phrase& phrase, const std::vector<Term>& terms, size_t at) {
  if (phrase.empty() || phrase.size() > terms.size() - at) return false;
  for (size_t i = 0; i < phrase.size(); ++i) {
    if (terms[at + i].stem != phrase[i]) return false;
  }
  return true;
}

struct Synonym {
  const std::vector<std::string>* group;
  Phrase phrase;
};
std::vector<Synonym> StemsOf(const Synonyms& synonyms) {
  std::vector<Synonym> all;
  for (const auto& group : synonyms) {
    for (const std::string& name : group) all.push_back({&group, StemsOf(name)});
  }
  return all;
}

// The longest of the synonyms that begins there: its group, and its length in terms.
std::pair<const std::vector<std::string>*, size_t> SynonymAt(const std::vector<Term>& terms,
                                                             size_t at,
                                                             const std::vector<Synonym>& synonyms) {
  std::pair<const std::vector<std::string>*, size_t> best{nullptr, 0};
  for (const auto& [group, phrase] : synonyms) {
    if (phrase.size() > best.second && StandsAt(phrase, terms, at)) best = {group, phrase.size()};
  }
  return best;
}

Phrase NameOf(const std::string& text) {
  const std::vector<Term> terms = TermsOf(text);
  Phrase name = ContentOf(terms, {0, terms.size()});
  // Of "are equal" one word is left, which says something else alone.
  if (name.size() == 1 && terms.size() > 1) name.clear();
  return name;
}

void AddName(Phrase name, std::vector<Phrase>* names) {
  if (name.empty() || std::find(names->begin(), names->end(), name) != names->end()) return;
  names->push_back(std::move(name));
}

bool PointsAtNow(const std::vector<Term>& terms) {
  return std::any_of(terms.begin(), terms.end(), [](const Term& term) {
    return IsOf(term.word, {"it", "that", "this", "these", "those", "they", "thats"});
  });
}

}  // namespace

Asked ReadAsked(std::string_view text, const Synonyms& synonyms, std::string_view subject) {
  const Phrase subject_stems = StemsOf(subject);
  const auto of_subject = [&](const std::string& stem) {
    return std::find(subject_stems.begin(), subject_stems.end(), stem) != subject_stems.end();
  };
  std::vector<Term> terms = TermsOf(text);
  if (terms.size() > kTermsMax) terms.resize(kTermsMax);
  const std::vector<Synonym> known = StemsOf(synonyms);
  Range defined = DefinedIn(terms);
  Asked asked;
  size_t contents = 0;
  for (size_t i = 0; i < terms.size() && asked.concepts.size() < kConceptsMax;) {
    const bool focus = i >= defined.begin && i < defined.end;
    Concept one;
    size_t length = 1;
    const auto [group, synonym_terms] = SynonymAt(terms, i, known);
    if (group != nullptr) {
      length = synonym_terms;
      AddName(ContentOf(terms, {i, i + length}), &one.names);
      for (const std::string& name : *group) AddName(NameOf(name), &one.names);
      one.focus = focus;
      if (focus) {
        for (const Phrase& name : one.names) AddName(name, &asked.defined);
      }
      ++contents;
    } else if (terms[i].kind != TermKind::kFiller) {
      one.names = {{terms[i].stem}};
      one.subject = of_subject(terms[i].stem);
      one.light = terms[i].kind == TermKind::kLight || one.subject;
      one.focus = focus;
      if (!one.light) ++contents;
    }
    i += length;
    if (one.names.empty()) continue;
    const bool twice =
        std::any_of(asked.concepts.begin(), asked.concepts.end(),
                    [&](const Concept& other) { return other.names.front() == one.names.front(); });
    if (!twice) asked.concepts.push_back(std::move(one));
  }
  // A word or two alone ask what they mean.
  if (defined.empty() && contents > 0 && terms.size() <= 3 &&
      std::all_of(terms.begin(), terms.end(),
                  [](const Term& term) { return term.kind == TermKind::kContent; })) {
    defined = {0, terms.size()};
  }
  const bool light_name = std::all_of(asked.concepts.begin(), asked.concepts.end(),
                                      [](const Concept& one) { return !one.focus || one.light; });
  for (Concept& one : asked.concepts) {
    if (one.focus && light_name) one.light = false;  // "What is the mean?"
  }
  const Phrase name = ContentOf(terms, defined);
  if (!name.empty() && name.size() <= kDefinedTermsMax) {
    std::vector<Phrase> names = {name};
    for (Phrase& other : asked.defined) AddName(std::move(other), &names);
    asked.defined = std::move(names);
  } else {
    asked.defined.clear();
  }
  for (size_t i = 0; i + 1 < terms.size(); ++i) {
    const bool both =
        terms[i].kind == TermKind::kContent && terms[i + 1].kind == TermKind::kContent;
    if (both) asked.pairs.push_back({terms[i].stem, terms[i + 1].stem});
  }
  const bool light_alone = contents == 0 && PointsAtNow(terms);
  asked.about_now = asked.concepts.empty() || light_alone;
  return asked;
}

}  // namespace lyceum::tools
