// The log of whole lessons without a broker: what learners say, and what the built-in tutor's tools
// give back, as records with their sequence numbers.
//
// A lesson is made once, by the real state machine, the real tools and a simulated learner, and
// then written down for as many learners as are wanted: only names, ids and sequence numbers
// differ. Every record lies there encoded as it does in the log. Throws where a lesson can not be
// made.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "bench/shard_runner.h"
#include "envelope/subjects.h"
#include "load/learner.h"
#include "tools/course.h"
#include "tutor/event.h"
#include "tutor/session.h"
#include "wire/jetstream.h"

namespace lyceum::bench {

// Where a session stands after a record: for checking what was folded.
struct Mark {
  tutor::StateName state = tutor::StateName::kExposition;
  uint32_t n = 0;
  uint64_t history_count = 0;
  bool operator==(const Mark&) const = default;
};
Mark MarkOf(const tutor::Session& session);

struct Lesson {
  struct Line {
    envelope::RecordClass record_class = envelope::RecordClass::kUser;
    tutor::Event event;    // Of the lesson's own learner: the names and ids are written in later.
    bool asks = false;     // It leads to a tool call, whose result follows.
    std::string index;     // Tool results: of the call, within the record that asked.
    bool settled = false;  // It is the learner's turn after this one.
    Mark after;
  };
  std::vector<Line> lines;

  // The number of lines up to the first place, at `from` lines or later, where it is the learner's
  // turn and the history has this many messages. Throws where there is none.
  size_t LinesUntil(uint64_t history_count, size_t from = 0) const;
};

struct LessonPlan {
  std::string course_file;
  load::LoadMix mix;
  uint64_t history_max = 100'000;  // A lesson ends with its course, or here.
};
// `count` lessons that differ by their seeds.
std::vector<Lesson> MakeLessons(const LessonPlan& plan, size_t count, uint64_t seed);

// The topics that their records name.
TopicRows TopicRowsOf(const std::string& course_file);

// Somebody who takes a lesson. `lesson` must outlive it.
struct Learner {
  UserId user;
  const Lesson* lesson = nullptr;
  size_t stop = 0;     // Lines; at most those of the lesson.
  size_t next = 0;     // The line that comes next.
  uint64_t asked = 0;  // The sequence of the last record that asked for a tool.
  bool done() const { return next >= stop; }
};

// Writes the records of one partition, whose learners it is given.
class LogWriter {
 public:
  // Each record is stored when it is written, by a clock that is ahead of this machine's.
  LogWriter(const envelope::Subjects& subjects, uint32_t partition, uint64_t seed,
            int64_t ahead_ms = 0);

  // The next line of this one.
  wire::StoredMessage Write(Learner& learner);
  // All lines of all of them up to their stop: at most in_flight at a time, whose lines come in
  // random turn, the next one of the list when one is done.
  std::vector<wire::StoredMessage> WriteAll(std::vector<Learner>& learners, size_t in_flight);
  uint64_t last_sequence() const { return sequence_; }

 private:
  const envelope::Subjects subjects_;
  const uint32_t partition_;
  const int64_t ahead_ms_;
  uint64_t sequence_ = 0;
  std::mt19937_64 random_;
};

// The users "<prefix><number>" of a partition, in order of their numbers, from `*number` on.
std::vector<UserId> UsersOf(const envelope::Subjects& subjects, uint32_t partition,
                            const std::string& prefix, size_t count, uint64_t* number);

}  // namespace lyceum::bench
