#include "tools/passages.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <set>
#include <utility>

namespace lyceum::tools {
namespace {

constexpr double kSaturation = 1.2;
constexpr double kLengthWeight = 0.3;
constexpr double kUnknownCount = 0.5;   // In how many passages a term is that is in none.
constexpr double kTitleCount = 3;       // A term of the title is so many of the text's.
constexpr double kLightWeight = 0.5;    // Beside terms that are none.
constexpr double kDefinesWeight = 0.8;  // Of what is defined, added to the score.
constexpr double kPartDefined = 0.4;    // Where it is a part of X alone.
constexpr double kPairWeight = 0.5;     // Of terms that stand side by side there, too.
constexpr double kAsGood = 0.02;        // Scores that differ by less are as good.
// Of one thing that is asked about: how often it is named says little.
constexpr double kAsGoodOfOne = 0.4;
constexpr size_t kPassageBytesMin = 240;  // Shorter paragraphs are joined with the next.
constexpr size_t kPassageBytesMax = 1200;
constexpr size_t kTitleBytesMax = 100;
constexpr size_t kContextStemsMax = 64;

bool IsTitle(std::string_view line) {
  return !line.empty() && line.size() <= kTitleBytesMax && line.back() != '.' && line.back() != ':';
}

bool IsOf(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool StandsIn(const std::vector<Term>& terms, const Phrase& phrase) {
  const auto same = [](const Term& term, const std::string& stem) { return term.stem == stem; };
  return std::search(terms.begin(), terms.end(), phrase.begin(), phrase.end(), same) != terms.end();
}

}  // namespace

bool Defines(const std::vector<Term>& terms, const Phrase& name) {
  for (size_t at = 0; at + name.size() <= terms.size(); ++at) {
    bool here = true;
    for (size_t i = 0; here && i < name.size(); ++i) here = terms[at + i].stem == name[i];
    if (!here) continue;
    // Not as the end of a longer name, and not of what is not.
    const bool alone =
        at == 0 || (terms[at - 1].kind == TermKind::kFiller && terms[at - 1].word != "no");
    const size_t after = at + name.size();
    // "X is added", "X is needed" say what is done with it.
    const bool done = after + 1 < terms.size() && (terms[after + 1].word.ends_with("ed") ||
                                                   terms[after + 1].word.ends_with("en"));
    if (alone && !done && after < terms.size() &&
        IsOf(terms[after].word, {"is", "are", "means", "mean", "tells", "says", "has", "stands"})) {
      return true;
    }
    size_t before = at;
    bool one_of = false;  // "A rhombus is a figure" says nothing of what a figure is.
    while (before > 0 && IsOf(terms[before - 1].word, {"a", "an", "the", "in"})) {
      --before;
      one_of = one_of || IsOf(terms[before].word, {"a", "an"});
    }
    if (before == 0) continue;
    const std::string& verb = terms[before - 1].word;
    if (IsOf(verb, {"called", "means"}) || (!one_of && IsOf(verb, {"is", "are"}))) return true;
  }
  return false;
}

Passages::Passages(const std::vector<std::string>& segments, std::string_view topic_title) {
  for (const Term& term : TermsOf(topic_title)) topic_title_.insert(term.stem);
  for (const std::string& segment : segments) AddSegment(segment);
  double total = 0;
  for (const Passage& passage : passages_) {
    total += passage.length;
    for (const auto& [stem, count] : passage.counts) ++in_passages_[stem];
  }
  if (total > 0) mean_length_ = total / static_cast<double>(passages_.size());
}

void Passages::AddSegment(const std::string& segment) {
  std::string_view rest = segment;
  std::string title;
  const std::string_view first = rest.substr(0, rest.find('\n'));
  if (first.size() < rest.size() && IsTitle(first)) {
    title = std::string(first);
    rest.remove_prefix(first.size());
  }
  std::string text;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find("\n\n"), rest.size());
    std::string_view paragraph = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 2, rest.size()));
    while (!paragraph.empty() && paragraph.front() == '\n') paragraph.remove_prefix(1);
    if (paragraph.empty()) continue;
    if (!text.empty() && text.size() + paragraph.size() > kPassageBytesMax) {
      AddPassage(title, std::move(text));
      text.clear();
    }
    if (!text.empty()) text += "\n\n";
    text += paragraph;
    if (text.size() >= kPassageBytesMin) {
      AddPassage(title, std::move(text));
      text.clear();
    }
  }
  if (!text.empty()) AddPassage(title, std::move(text));
}

void Passages::AddPassage(const std::string& title, std::string text) {
  Passage passage;
  passage.terms = TermsOf(text);
  for (const Term& term : passage.terms) {
    if (term.kind == TermKind::kFiller) continue;
    ++passage.counts[term.stem];
    ++passage.length;
  }
  for (const Term& term : TermsOf(title)) {
    if (term.kind == TermKind::kFiller) continue;
    passage.counts[term.stem] += kTitleCount;
    ++passage.length;
  }
  passage.text = std::move(text);
  passage.title = title;
  passages_.push_back(std::move(passage));
}

double Passages::Idf(const std::string& stem) const {
  const auto found = in_passages_.find(stem);
  const double with = found == in_passages_.end() ? kUnknownCount : found->second;
  return std::log(1 + (static_cast<double>(passages_.size()) - with + 0.5) / (with + 0.5));
}

// What it counts for in the coverage: the rarest of its names that the material has.
double Passages::Worth(const Concept& one) const {
  double worth = 0;
  bool known = false;
  for (const Phrase& name : one.names) {
    double sum = 0;
    bool there = true;
    for (const std::string& stem : name) {
      sum += Idf(stem);
      there = there && in_passages_.contains(stem);
    }
    if (known && !there) continue;
    worth = there && !known ? sum : std::max(worth, sum);
    known = known || there;
  }
  // A light word that the material does not have is one of the learner's speech; one of the topic's
  // title is what all of it is about.
  const Phrase& said = one.names.front();
  const bool of_title = std::all_of(said.begin(), said.end(), [&](const std::string& stem) {
    return topic_title_.contains(stem);
  });
  return !known && (one.light || of_title) ? 0 : worth;
}

std::pair<double, double> Passages::Match(const Concept& one, const Passage& passage) const {
  const double norm = 1 - kLengthWeight + kLengthWeight * passage.length / mean_length_;
  double best_share = 0;
  double best_score = 0;
  for (const Phrase& name : one.names) {
    double all = 0;
    double there = 0;
    double score = 0;
    for (const std::string& stem : name) {
      const double idf = Idf(stem);
      all += idf;
      const auto count = passage.counts.find(stem);
      if (count == passage.counts.end()) continue;
      there += idf;
      const double tf = count->second;
      score += idf * tf * (kSaturation + 1) / (tf + kSaturation * norm);
    }
    if (all <= 0) continue;
    // Of a name of several words a part says little.
    const double share = there / all;
    best_score = std::max(best_score, score * share);
    best_share = std::max(best_share, name.size() == 1 ? share : share * share);
  }
  return {best_share, best_score};
}

std::vector<Passages::Found> Passages::Rank(const Asked& asked, size_t count_max,
                                            std::string_view context) const {
  const bool all_light = std::all_of(asked.concepts.begin(), asked.concepts.end(),
                                     [](const Concept& one) { return one.light; });
  const auto weight = [&](const Concept& one) {
    return one.light && !all_light ? kLightWeight : 1.0;
  };
  const auto share_weight = [&](const Concept& one) {
    return one.subject && one.light && !all_light ? 0.0 : weight(one);
  };
  double total = 0;
  double defined_worth = 0;
  for (const Concept& one : asked.concepts) {
    total += share_weight(one) * Worth(one);
    if (one.focus) defined_worth += Worth(one);
  }
  if (defined_worth == 0) defined_worth = total;  // X stands alone.
  const auto context_stems = ContentWords(context);
  std::set<std::string> around;
  for (const std::string& stem : context_stems) {
    if (around.size() < kContextStemsMax) around.insert(stem);
  }
  struct Ranked {
    Found found;
    double near = 0;
    bool titled = false;  // Something of it stands in the title.
  };
  std::vector<Ranked> ranked;
  for (size_t i = 0; i < passages_.size(); ++i) {
    const Passage& passage = passages_[i];
    Ranked one{{i, 0, 0, false}, 0, false};
    for (const Concept& asked_for : asked.concepts) {
      const auto [share, score] = Match(asked_for, passage);
      one.found.score += weight(asked_for) * score;
      if (total > 0)
        one.found.coverage += share_weight(asked_for) * Worth(asked_for) * share / total;
    }
    if (one.found.score <= 0) continue;
    for (const Phrase& name : asked.defined) {
      if (Defines(passage.terms, name)) one.found.defines = true;
    }
    double raised = one.found.defines ? kDefinesWeight : 0;
    if (raised == 0 && !asked.defined.empty() && asked.defined.front().size() > 1) {
      for (const std::string& stem : asked.defined.front()) {
        if (Defines(passage.terms, {stem})) raised = kPartDefined;
      }
    }
    one.found.score += raised * defined_worth;
    for (const Phrase& pair : asked.pairs) {
      if (!StandsIn(passage.terms, pair)) continue;
      one.found.score += kPairWeight * (Idf(pair[0]) + Idf(pair[1]));
    }
    const std::vector<Term> title = TermsOf(passage.title);
    for (const Concept& asked_for : asked.concepts) {
      one.titled =
          one.titled || (!asked_for.light &&
                         std::any_of(asked_for.names.begin(), asked_for.names.end(),
                                     [&](const Phrase& name) { return StandsIn(title, name); }));
    }
    for (const std::string& stem : around) {
      if (passage.counts.contains(stem)) one.near += Idf(stem);
    }
    ranked.push_back(one);
  }
  std::stable_sort(ranked.begin(), ranked.end(), [](const Ranked& a, const Ranked& b) {
    return a.found.score > b.found.score + 1e-12;
  });
  // Of those at the top that are as good the one that is nearest.
  const auto heavy = std::count_if(asked.concepts.begin(), asked.concepts.end(),
                                   [](const Concept& one) { return !one.light; });
  const double spread = heavy == 1 && asked.defined.empty() ? kAsGoodOfOne : kAsGood;
  size_t as_good = 1;
  while (as_good < ranked.size() &&
         ranked[as_good].found.score >= ranked[0].found.score * (1 - spread)) {
    ++as_good;
  }
  if (as_good <= ranked.size()) {
    std::stable_sort(ranked.begin(), ranked.begin() + static_cast<long>(as_good),
                     [](const Ranked& a, const Ranked& b) {
                       if (a.titled != b.titled) return a.titled;
                       if (std::abs(a.near - b.near) > 1e-12) return a.near > b.near;
                       return a.found.passage < b.found.passage;
                     });
  }
  std::vector<Found> best;
  for (const Ranked& one : ranked) {
    if (best.size() < count_max) best.push_back(one.found);
  }
  return best;
}

}  // namespace lyceum::tools
