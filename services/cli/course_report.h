// CourseReport: how learners fared with the questions of one course, from their records as these are folded.
//
// A question counts once for each learner: a second time through the course changes nothing. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tutor/effect.h"
#include "tutor/event.h"
#include "tutor/session.h"

namespace lyceum::cli {

class CourseReport {
 public:
  // Wrong answers to the open question from which a learner counts as stuck; also until the next right answer
  // after a question that was closed without one.
  static constexpr uint32_t kWrongForStuck = 2;

  explicit CourseReport(std::string course) : course_(std::move(course)) {}

  // A record was folded into the learner's session; `before`: what was open before it, and in which topic.
  struct Before {
    std::string topic, question;
  };
  static Before Look(const std::optional<tutor::Session>& session);
  void Add(const Before& before, const tutor::Event& event, const tutor::Effects& effects,
           const tutor::Session& session);

  struct Question {
    std::string topic, question;
    uint64_t asked = 0;        // Learners, as all that follow but answers, hints and known errors.
    uint64_t tried = 0;        // An answer of theirs was graded.
    uint64_t first_right = 0;  // The first one was right.
    uint64_t right = 0;        // One was.
    uint64_t missed = 0;       // None was, of as many as there may be.
    uint64_t given_up = 0;     // They skipped it, or were taken on, before that.
    uint64_t for_review = 0;   // They doubt a grade, or there was none.
    uint64_t answers = 0;      // Graded ones.
    uint64_t hints = 0;
    std::map<std::string, uint64_t> known_errors;  // How often each was found.
    int64_t median_ms = 0;                         // From the question to the right answer.
  };
  struct Learner {
    std::string user, state, topic;
    uint64_t tried = 0, right = 0, first_right = 0;
    bool completed = false;
    std::string stuck;  // On which question, or why; empty: it is not.
    int64_t active_ms = 0;
  };
  struct Doubt {
    std::string user, topic, question, text;  // The text is the learner's.
    uint32_t n = 0;                           // Of the message that told the grade.
    int64_t at_ms = 0;
  };
  std::vector<Question> questions() const;  // As they were first asked.
  std::vector<Learner> learners() const;    // In order of their names.
  const std::vector<Doubt>& doubts() const { return doubts_; }

 private:
  using Key = std::pair<std::string, std::string>;  // Topic and question.
  struct One {                                      // Of a learner, with a question.
    int64_t asked_ms = 0;
    int64_t right_ms = 0;  // 0: not yet.
    uint32_t answers = 0, wrong = 0, hints = 0;
    bool first_right = false, missed = false, given_up = false, for_review = false;
    std::map<std::string, uint64_t> known_errors;
  };
  struct Pupil {
    std::map<Key, One> questions;
    std::string state, topic;
    Key open;    // Empty names: none.
    Key missed;  // The last one, as long as no other was answered right after it.
    bool completed = false;
    int64_t active_ms = 0;
  };
  void AddEffect(const tutor::EmitMessage& emit, const Key& open, const std::string& topic,
                 Pupil* pupil);
  One* Find(Pupil* pupil, const Key& key);

  const std::string course_;
  std::map<std::string, Pupil, std::less<>> pupils_;
  std::map<Key, size_t> order_;  // Which one was asked first.
  std::vector<Doubt> doubts_;
};

}  // namespace lyceum::cli
