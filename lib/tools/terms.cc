#include "tools/terms.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "tools/stem.h"

namespace lyceum::tools {
namespace {

template <size_t N>
consteval std::array<std::string_view, N> Sorted(std::array<std::string_view, N> words) {
  std::sort(words.begin(), words.end());
  return words;
}

constexpr auto kFillers = Sorted(std::to_array<std::string_view>(
    {"a",       "about",   "again",  "also",    "am",         "an",    "any",     "anyone", "are",
     "as",      "at",      "be",     "because", "been",       "but",   "call",    "called", "by",
     "can",     "cannot",  "cant",   "come",    "confused",   "could", "couldnt", "did",    "didnt",
     "do",      "does",    "doesnt", "doing",   "don",        "done",  "dont",    "each",   "else",
     "exactly", "explain", "for",    "forgot",  "from",       "get",   "gets",    "give",   "go",
     "going",   "got",     "had",    "has",     "have",       "he",    "hello",   "help",   "her",
     "here",    "hey",     "hi",     "his",     "how",        "i",     "idk",     "im",     "in",
     "into",    "is",      "isnt",   "it",      "its",        "ive",   "just",    "know",   "let",
     "lets",    "like",    "lost",   "may",     "maybe",      "me",    "my",      "no",     "now",
     "of",      "oh",      "ok",     "okay",    "on",         "our",   "please",  "plz",    "pls",
     "really",  "say",     "said",   "says",    "see",        "she",   "should",  "so",     "sorry",
     "still",   "stuck",   "such",   "tell",    "thanks",     "that",  "thats",   "the",    "their",
     "them",    "then",    "there",  "these",   "they",       "thing", "things",  "think",  "this",
     "those",   "to",      "too",    "u",       "understand", "up",    "ur",      "us",     "very",
     "want",    "was",     "we",     "well",    "were",       "what",  "whats",   "when",   "where",
     "which",   "while",   "who",    "why",     "will",       "with",  "wont",    "would",  "you",
     "your"}));

constexpr auto kLight = Sorted(std::to_array<std::string_view>(
    {"all",  "and",     "another", "answer",  "answers",   "problem",    "question", "questions",
     "same", "step",    "steps",   "between", "different", "difference", "example",  "examples",
     "find", "happen",  "happens", "if",      "made",      "make",       "makes",    "many",
     "mean", "meaning", "means",   "more",    "much",      "need",       "not",      "one",
     "or",   "show",    "some",    "than",    "two",       "use",        "used",     "using",
     "way",  "work",    "working", "works",   "write",     "wrong"}));

template <size_t N>
bool IsOf(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::binary_search(words.begin(), words.end(), word);
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

void Add(std::string word, std::vector<Term>* terms) {
  while (!word.empty() && (word.back() == '/' || word.back() == '.' || word.back() == ',')) {
    word.pop_back();
  }
  if (word.empty()) return;
  Term term;
  term.kind = IsOf(kFillers, word) ? TermKind::kFiller
              : IsOf(kLight, word) ? TermKind::kLight
                                   : TermKind::kContent;
  term.stem = Stem(word);
  term.word = std::move(word);
  terms->push_back(std::move(term));
}

}  // namespace

std::vector<Term> TermsOf(std::string_view text) {
  std::vector<Term> terms;
  std::string word;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    const bool inside_number = (c == '/' || c == '.' || c == ',') && !word.empty() &&
                               IsDigit(word.back()) && i + 1 < text.size() && IsDigit(text[i + 1]);
    // A curly apostrophe: U+2019.
    if (text.substr(i, 3) == "\xe2\x80\x99") {
      i += 2;
    } else if (byte >= 0x80 || std::isalnum(byte) != 0) {
      word += byte < 0x80 ? static_cast<char>(std::tolower(byte)) : c;
    } else if (inside_number) {
      word += c;
    } else if (c != '\'') {
      Add(std::exchange(word, {}), &terms);
      if (c == '%') Add("percent", &terms);
    }
  }
  Add(std::move(word), &terms);
  return terms;
}

std::vector<std::string> ContentWords(std::string_view text) {
  std::vector<std::string> stems;
  for (Term& term : TermsOf(text)) {
    if (term.kind == TermKind::kContent) stems.push_back(std::move(term.stem));
  }
  return stems;
}

}  // namespace lyceum::tools
