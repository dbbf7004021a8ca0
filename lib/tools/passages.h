// Passages: the material of a topic, cut at paragraphs, ranked against a question with BM25.
//
// Words are lower case ASCII letters, digits and everything beyond ASCII, without stop words, with
// the endings of the plural taken off. The first line of a segment, if it is short, is its title:
// its words count for each passage of the segment. Score = sum over the query's words of idf * tf
// (k1 + 1) / (tf + k1 (1 - b + b length / mean length)), idf = ln(1 + (N - n + 0.5) / (n + 0.5)),
// k1 = 1.2, b = 0.75 (Robertson and Zaragoza).
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace lyceum::tools {

std::vector<std::string> ContentWords(std::string_view text);

class Passages {
 public:
  explicit Passages(const std::vector<std::string>& segments);

  struct Found {
    size_t passage = 0;
    double score = 0;
    double coverage = 0;  // 0 to 1: how much of the query, by idf, the passage has.
  };
  // Best first, at most count_max, each with a score over 0. Words of `context` count, at a
  // quarter.
  std::vector<Found> Rank(std::string_view query, size_t count_max,
                          std::string_view context = {}) const;

  const std::string& text(size_t passage) const { return passages_[passage].text; }
  const std::string& title(size_t passage) const { return passages_[passage].title; }
  size_t size() const { return passages_.size(); }

 private:
  struct Passage {
    std::string text;
    std::string title;
    double length = 0;  // In words.
    std::unordered_map<std::string, double> counts;
  };
  void AddSegment(const std::string& segment);
  void AddPassage(const std::string& title, std::string text);
  double Idf(const std::string& word) const;

  std::vector<Passage> passages_;
  std::unordered_map<std::string, double> in_passages_;  // Word -> how many passages have it.
  double mean_length_ = 1;
};

}  // namespace lyceum::tools
