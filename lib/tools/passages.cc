#include "tools/passages.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <set>

namespace lyceum::tools {
namespace {

constexpr double kSaturation = 1.2;
constexpr double kLengthWeight = 0.75;
constexpr double kContextWeight = 0.25;
constexpr size_t kPassageBytesMin = 240;  // Shorter paragraphs are joined with the next.
constexpr size_t kPassageBytesMax = 1200;
constexpr size_t kTitleBytesMax = 100;
constexpr size_t kQueryWordsMax = 64;

// In order, for the search.
constexpr std::array<std::string_view, 118> kStopWords = {
    "a",     "about", "again", "all",    "also",       "am",   "an",    "and",     "any",
    "are",   "as",    "at",    "be",     "been",       "but",  "by",    "can",     "could",
    "did",   "do",    "does",  "doing",  "don",        "dont", "each",  "explain", "find",
    "for",   "from",  "get",   "give",   "go",         "had",  "has",   "have",    "he",
    "hello", "help",  "her",   "here",   "hi",         "his",  "how",   "i",       "if",
    "in",    "into",  "is",    "it",     "its",        "just", "know",  "let",     "like",
    "make",  "may",   "me",    "mean",   "means",      "more", "my",    "need",    "no",
    "not",   "now",   "of",    "on",     "one",        "or",   "our",   "please",  "really",
    "say",   "see",   "she",   "should", "show",       "so",   "some",  "such",    "tell",
    "than",  "that",  "the",   "their",  "them",       "then", "there", "these",   "they",
    "thing", "this",  "those", "to",     "understand", "up",   "us",    "use",     "very",
    "want",  "was",   "way",   "we",     "were",       "what", "whats", "when",    "where",
    "which", "while", "who",   "why",    "will",       "with", "work",  "would",   "you",
    "your"};

static_assert(std::is_sorted(kStopWords.begin(), kStopWords.end()));

bool IsStopWord(std::string_view word) {
  return std::binary_search(kStopWords.begin(), kStopWords.end(), word);
}

// fractions -> fraction, properties -> property, classes -> class.
std::string Stem(std::string word) {
  const auto ends = [&](std::string_view end) {
    return word.size() > end.size() + 2 &&
           word.compare(word.size() - end.size(), end.size(), end) == 0;
  };
  if (ends("ies")) return word.substr(0, word.size() - 3) + "y";
  if (ends("sses") || ends("ches") || ends("shes") || ends("xes")) {
    return word.substr(0, word.size() - 2);
  }
  if (ends("s") && !ends("ss") && !ends("us") && !ends("is"))
    return word.substr(0, word.size() - 1);
  return word;
}

bool IsTitle(std::string_view line) {
  return !line.empty() && line.size() <= kTitleBytesMax && line.back() != '.' &&
         line.back() != ':' && line.back() != '?';
}

}  // namespace

std::vector<std::string> ContentWords(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  const auto flush = [&] {
    if (!word.empty() && !IsStopWord(word)) words.push_back(Stem(std::move(word)));
    word.clear();
  };
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 || std::isalnum(byte) != 0) {
      word += byte < 0x80 ? static_cast<char>(std::tolower(byte)) : c;
    } else if (c != '\'') {
      flush();
    }
  }
  flush();
  return words;
}

Passages::Passages(const std::vector<std::string>& segments) {
  for (const std::string& segment : segments) AddSegment(segment);
  double total = 0;
  for (const Passage& passage : passages_) {
    total += passage.length;
    for (const auto& [word, count] : passage.counts) ++in_passages_[word];
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
  for (const std::string_view part : {std::string_view(title), std::string_view(text)}) {
    for (const std::string& word : ContentWords(part)) {
      ++passage.counts[word];
      ++passage.length;
    }
  }
  passage.text = std::move(text);
  passage.title = title;
  passages_.push_back(std::move(passage));
}

double Passages::Idf(const std::string& word) const {
  const auto found = in_passages_.find(word);
  const double with = found == in_passages_.end() ? 0 : found->second;
  return std::log(1 + (static_cast<double>(passages_.size()) - with + 0.5) / (with + 0.5));
}

std::vector<Passages::Found> Passages::Rank(std::string_view query, size_t count_max,
                                            std::string_view context) const {
  const auto asked_words = ContentWords(query);
  const auto context_words = ContentWords(context);
  std::set<std::string> asked(asked_words.begin(), asked_words.end());
  std::unordered_map<std::string, double> weights;
  for (const std::string& word : context_words) {
    if (weights.size() < kQueryWordsMax) weights[word] = kContextWeight;
  }
  double total = 0;
  for (const std::string& word : asked) {
    if (weights.size() >= 2 * kQueryWordsMax) break;
    weights[word] = 1;
    total += Idf(word);
  }
  std::vector<Found> ranked;
  for (size_t i = 0; i < passages_.size(); ++i) {
    const Passage& passage = passages_[i];
    const double norm = 1 - kLengthWeight + kLengthWeight * passage.length / mean_length_;
    Found found{i, 0, 0};
    for (const auto& [word, weight] : weights) {
      const auto count = passage.counts.find(word);
      if (count == passage.counts.end()) continue;
      const double idf = Idf(word);
      const double tf = count->second;
      found.score += weight * idf * tf * (kSaturation + 1) / (tf + kSaturation * norm);
      if (total > 0 && asked.contains(word)) found.coverage += idf / total;
    }
    if (found.score > 0) ranked.push_back(found);
  }
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const Found& a, const Found& b) { return a.score > b.score + 1e-12; });
  if (ranked.size() > count_max) ranked.resize(count_max);
  return ranked;
}

}  // namespace lyceum::tools
