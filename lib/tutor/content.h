// What a course is made of: topics, their material and their questions. Values only.
//
// A course is immutable under its version. A topic is at most 256 KiB on the wire.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"

namespace lyceum::tutor {

// How an answer is written, and so how it is checked.
enum class AnswerFormat {
  kChoice,
  kNumeric,
  kExpression,
  kEquation,
  kInterval,
  kList,
  kText,
  kMultipleChoice  // Several choices are right, and all of them are the answer.
};

// A wrong answer that is known beforehand, and what to say about it.
struct KnownError {
  ErrorId id;
  std::vector<std::string> answers;  // Wrong answers that show it. May be empty.
  std::string text;                  // The authored explanation. May be empty.
  // The score of these answers, 0 to below 1. kMultipleChoice with partial credit: -1 to 0, what each
  // of these choices takes from the score; 0: as much as a right one gives.
  double credit = 0;
  bool operator==(const KnownError&) const = default;
};

struct Question {
  QuestionId id;
  std::string text;
  AnswerFormat format = AnswerFormat::kText;
  std::vector<std::string> choices;  // kChoice, kMultipleChoice only: 2 or more, unique.
  // The key: one or more accepted answers. kMultipleChoice: all the right choices.
  std::vector<std::string> answers;
  double tolerance = 0;            // kNumeric: accepted absolute difference.
  std::string unit;                // kNumeric: the unit the key is in; empty: none.
  std::vector<std::string> hints;  // The ladder, weakest first, at most kHintsMax.
  std::vector<KnownError> known_errors;
  std::string solution;              // The worked solution. Empty: the key itself is shown.
  double relative_tolerance = 0;     // kNumeric: accepted difference, as a part of the key.
  uint32_t significant_figures = 0;  // kNumeric: how many the answer has; 0: any number.
  bool partial_credit = false;       // kMultipleChoice: some of the right ones score.
  bool operator==(const Question&) const = default;
};

// Passing early: the topic is done when `correct` of the last `window` closed questions were
// correct.
struct Gate {
  uint32_t window = 0;  // 0: no gate, every question is asked.
  uint32_t correct = 0;
  bool operator==(const Gate&) const = default;
};

// Whether what a language model says waits for a teacher first. See supervision.h.
enum class Supervision : uint8_t { kNone, kDraft };
// What is said where no teacher decides in time: the course's own text, or the draft as it is.
enum class Undecided : uint8_t { kAuthored, kAsIs };

// How a course is supervised.
struct CourseSupervision {
  Undecided undecided = Undecided::kAuthored;
  uint32_t decide_s = 0;  // How long a draft waits; 0: kDecideMsDefault.
  bool operator==(const CourseSupervision&) const = default;
};

struct Topic {
  CourseId course;
  std::string version;
  TopicId id;
  std::string title;
  std::vector<std::string> material;  // Segments, presented one at a time.
  std::vector<Question> questions;
  Gate gate;
  bool generate_questions = false;  // An empty queue may ask for generate_question.
  std::optional<TopicId> next;
  // Groups of terms that mean the same to a learner: "bottom number", "denominator". Of the course.
  std::vector<std::vector<std::string>> synonyms;
  // Of the course: drafts wait for a teacher, whatever a start asks for.
  std::optional<CourseSupervision> supervision;
  bool operator==(const Topic&) const = default;
};

}  // namespace lyceum::tutor
