// Passages: the material of a topic, cut at paragraphs, ranked against a question with BM25.
//
// The first line of a segment, if it is short, is its title: its terms count for each passage of
// the segment, more than others. Each thing that is asked about (Asked) counts by the best of its
// names in the passage: idf * tf (k1 + 1) / (tf + k1 (1 - b + b length / mean length)) summed over
// the name's stems, idf = ln(1 + (N - n + 0.5) / (n + 0.5)), k1 = 1.2, b = 0.3 (Robertson and
// Zaragoza). A passage that says "X is", "X means", "is called X" of what was asked for is raised.
// What was asked decides; the context only between passages that are as good.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "tools/asked.h"

namespace lyceum::tools {

// Whether a text says "X is", "X means", "X has"; or "is X", "is called a X".
bool Defines(const std::vector<Term>& text, const Phrase& name);

class Passages {
 public:
  explicit Passages(const std::vector<std::string>& segments, std::string_view topic_title = {});

  struct Found {
    size_t passage = 0;
    double score = 0;
    double coverage = 0;   // 0 to 1: how much of what was asked about the passage has, by idf.
    bool defines = false;  // It says what X is, and that was asked.
  };
  // Best first, at most count_max, each with a score over 0.
  std::vector<Found> Rank(const Asked& asked, size_t count_max,
                          std::string_view context = {}) const;
  std::vector<Found> Rank(std::string_view query, size_t count_max,
                          std::string_view context = {}) const {
    return Rank(ReadAsked(query), count_max, context);
  }

  const std::string& text(size_t passage) const { return passages_[passage].text; }
  const std::string& title(size_t passage) const { return passages_[passage].title; }
  size_t size() const { return passages_.size(); }

 private:
  struct Passage {
    std::string text;
    std::string title;
    std::vector<Term> terms;  // Of the text.
    double length = 0;        // In terms that are no fillers.
    std::unordered_map<std::string, double> counts;
  };
  void AddSegment(const std::string& segment);
  void AddPassage(const std::string& title, std::string text);
  double Idf(const std::string& stem) const;
  double Worth(const Concept& one) const;
  // How much of its idf the passage has, 0 to 1, and its score.
  std::pair<double, double> Match(const Concept& one, const Passage& passage) const;

  std::vector<Passage> passages_;
  std::unordered_map<std::string, double> in_passages_;  // Stem -> how many passages have it.
  std::unordered_set<std::string> topic_title_;          // Stems.
  double mean_length_ = 1;
};

}  // namespace lyceum::tools
