// CheckAnswer: is this answer the key? Pure: no clock, no I/O, the same answer always gets the same
// grade.
//
// Two answers are the same when they have the same value or the same normal form, never when they
// look alike. By format:
//   choice      the letter, the number ("2)", "option 2"), the text or the value of one choice
//   multiple_choice  several of those: "a, c", "A and C", "AC", the texts, "all", "none". Correct is
//               exactly the set of the key. Another set is incorrect; with partial_credit its score
//               is, of n right choices: 1/n for each that is chosen, minus 1/n (or what its known
//               error says) for each that is not one of them, 0 at least. It is always below 1.
//   numeric     exact value (quantity.h); then within the tolerance. What only rounds to the key is
//               invalid, or correct where the question asks for an approximation. The question's
//               own number in its old form, and a form that it does not ask for, are invalid
//               (question.h). A key may be a constant, pi/2. With significant figures: a
//               decimal with as many, that the key rounds to; the value with more or fewer is
//               invalid. Of words before
//               it, and a unit, noun or sum behind it, only what can not change the value is read:
//               "3*4 = 12" is 12; "3*4" is too, and `unsimplified`, where the question has no sum
//   text        without the punctuation of prose; signs, marks and case count where they say
//               something (text_form.h). What differs in those alone is invalid
//   expression  the same function, in any notation (equivalence.h): (x+1)^2 is x^2+2x+1
//   equation    the same up to a factor (relation.h); "3" is good for "x = 3", and an answer to
//               "x = 3" must say what x is
//   interval    the same set, as intervals or as a condition (solutions.h); of points, coordinate
//               by coordinate
//   list        elements by value, in any order, each once
// An answer that equals a known wrong answer is that error, even within the tolerance, and has its
// credit as score: whoever makes a verdict of it calls a score above 0 partially correct. What stands
// in the question already, and is not the key as it is written, is no answer. An answer that is
// right but takes more steps than the key is correct and `unsimplified`. Work is bounded by a
// Budget (equivalence.h) an answer; what takes more is invalid.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lyceum::grading {

enum class Format {
  kChoice,
  kNumeric,
  kExpression,
  kEquation,
  kInterval,
  kList,
  kText,
  kMultipleChoice
};

inline constexpr size_t kQuestionBytesMax = 16'384;
inline constexpr int kFiguresMax = 15;  // Significant.

struct KnownWrong {
  std::string id;
  std::vector<std::string> answers;
  // Above 0 and below 1: the score of these answers. kMultipleChoice: -1 or more and below 0, what
  // each of these choices takes from the score; 0: as much as a right one gives.
  double credit = 0;
};

struct Item {
  Format format = Format::kText;
  std::vector<std::string> choices;  // kChoice, kMultipleChoice.
  std::vector<std::string> answers;  // The key: any of them; of kMultipleChoice all of them.
  double tolerance = 0;              // kNumeric: absolute difference, in the key's unit.
  double relative_tolerance = 0;     // kNumeric: the same, as a part of the key. Either suffices.
  int significant_figures = 0;       // kNumeric: how many are asked for; 0: any number.
  bool partial_credit = false;       // kMultipleChoice.
  std::string unit;                  // kNumeric: empty: none is asked for.
  std::vector<KnownWrong> known_wrong;
  std::string question;  // Its text, so that a copy of it is not an answer. May be empty.
};

enum class Outcome {
  kCorrect,
  kIncorrect,
  kInvalid,  // Not an answer of this format, or not to be told: nothing was graded.
};

struct Grade {
  Outcome outcome = Outcome::kInvalid;
  double score = 0;                   // 0 to 1: what part was right, as said above.
  std::string method;                 // exact | choice | numeric | expression
  std::string note;                   // For people: why. Never holds the key.
  std::optional<size_t> known_wrong;  // Index into item.known_wrong.
  std::string reading;                // What was chosen. May be empty.
  bool unsimplified = false;          // kCorrect: the same, in more steps than the key.
};

// Answers over kAnswerBytesMax (plain.h) are invalid.
Grade CheckAnswer(const Item& item, std::string_view answer);

// True if the text could be an answer of the item's format: what CheckAnswer does not call invalid.
bool ReadsAsAnswer(const Item& item, std::string_view text);

// What stops the item's key from being gradable, in words; empty: nothing.
std::string KeyProblem(const Item& item);

}  // namespace lyceum::grading
