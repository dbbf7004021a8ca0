// Course: topics in order, as an importer read them, and what it refused.
//
// A course is immutable under its version: the first 16 hex digits of the SHA-256 over its encoded
// topics (envelope EncodeTopic, before version and course are written into them), in order, and its
// functions. The same content has the same version whoever imports it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "tools/course_functions.h"
#include "tutor/content.h"

namespace lyceum::tools {

inline constexpr size_t kTopicBytesMax = 256 * 1024;  // Encoded.
inline constexpr size_t kTopicsMax = 1024;

struct Course {
  CourseId id;
  std::string title;
  std::string version;
  std::vector<tutor::Topic> topics;  // With course, version and next.
  std::vector<CourseFunction> functions;
};

// One item that was left out: the rest of the course goes on without it.
struct Refusal {
  int line = 0;      // In the file it came from; 0: not of one line.
  std::string item;  // "question add-1", "topic percent", "record", "section m1-s2" ...
  std::string reason;
};

struct ReadCourse {
  Course course;  // Without topics and version, where none is left and the draft may be empty.
  std::vector<Refusal> refusals;
  std::vector<Refusal> warnings;  // Of what was read nonetheless.
  std::vector<Refusal>
      untypable;  // Keys that nobody can type (key_check.h), of questions that are in.
};

// As written in the file: nothing is checked yet.
struct DraftQuestion {
  int line = 0;
  tutor::Question question;
};
struct DraftTopic {
  int line = 0;
  tutor::Topic topic;  // Without questions.
  std::vector<DraftQuestion> questions;
};
struct DraftFunction {
  int line = 0;
  CourseFunction function;
};
struct Draft {
  CourseId id;
  std::string title;
  std::vector<DraftTopic> topics;
  std::vector<DraftFunction> functions;
  std::vector<Refusal> refusals;  // Of the reading.
  std::vector<Refusal> warnings;
  bool may_be_empty = false;  // No topic left is a course without topics, and no error.
};

// Checks each item, leaves out what is bad, links the topics and gives the version.
// kReject, for the whole: the course's id, a topic id twice, too many topics, no topic left.
Result<ReadCourse> Finish(Draft draft);

}  // namespace lyceum::tools
