// ImportDraft: what the readers of other formats fill. Private to course_import.h and its readers.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tools/course.h"
#include "tools/course_import.h"
#include "tools/xml.h"

namespace lyceum::tools {

class ImportDraft {
 public:
  explicit ImportDraft(const CourseId& course);

  // Questions and material from now on belong to it. The same title again: the same topic.
  void BeginTopic(const std::string& title);
  // `name` becomes the id where it can, once in the course; without a name: "q" and a number.
  void Add(int line, std::string_view name, tutor::Question question);
  void AddMaterial(int line, std::string text);
  void Refuse(int line, std::string_view name, std::string reason);
  void Warn(int line, std::string_view name, std::string reason);
  // Before each file, where there are several: its name is part of what messages name.
  void BeginFile(std::string name) { file_ = std::move(name); }

  Draft Release() && { return std::move(draft_); }

 private:
  // The topic of now: made with its first content, so that none is empty.
  DraftTopic* Topic(int line);
  std::string ItemOf(std::string_view name) const;

  Draft draft_;
  std::string file_;
  std::string title_;                     // Of the topic of now.
  std::map<std::string, size_t> topics_;  // By title.
  std::set<std::string> ids_;
  size_t questions_ = 0;
};

// Lower case, words between hyphens, at most 64 bytes.
std::string SlugOf(std::string_view text);

struct WeightedChoice {
  std::string text;
  double weight = 0;  // 1: all of the marks.
  std::string feedback;
};
// Fills choices, key, known errors and solution. kReject: by the name of what is not carried.
Result<void> SetOneChoice(const std::vector<WeightedChoice>& choices, tutor::Question* question);
// partial: false, where only the whole set scores.
Result<void> SetSeveralChoices(const std::vector<WeightedChoice>& choices, bool partial,
                               tutor::Question* question);

struct WeightedAnswer {
  std::string text;
  double weight = 0;
  std::string feedback;
  double tolerance = 0;  // Numbers only.
};
// Of a question in words or numbers: its format is set already.
Result<void> SetAnswers(const std::vector<WeightedAnswer>& answers, tutor::Question* question);

// Without white space at both ends.
std::string Trimmed(const std::string& text);
// Adds a paragraph; nothing for an empty one.
void Append(std::string_view paragraph, std::string* text);
// A number as it is written: "0.0005"; nullopt: it is none, or not finite.
std::optional<double> NumberIn(std::string_view text);
// As few digits as give the number back, without an exponent where possible.
std::string Written(double number);

void ReadGift(const SourceFile& file, ImportDraft* draft);
void ReadMoodleXml(const SourceFile& file, ImportDraft* draft);
void ReadQti(const SourceFile& file, ImportDraft* draft);
void ReadOlx(const SourceFile& file, ImportDraft* draft);

}  // namespace lyceum::tools
