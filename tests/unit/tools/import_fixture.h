// One source file, imported: its questions by id, and what was refused.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "tools/course_import.h"

namespace lyceum::tools {

struct Imported {
  ReadCourse read;

  const tutor::Question& Question(const std::string& id) const {
    for (const tutor::Topic& topic : read.course.topics) {
      for (const tutor::Question& question : topic.questions) {
        if (question.id.value == id) return question;
      }
    }
    ADD_FAILURE() << "no question " << id;
    static const tutor::Question none;
    return none;
  }
  size_t Questions() const {
    size_t count = 0;
    for (const tutor::Topic& topic : read.course.topics) count += topic.questions.size();
    return count;
  }
  // The reason of the only refusal; else all of them.
  std::string Refusal() const {
    std::string all;
    for (const tools::Refusal& refusal : read.refusals) {
      all += (all.empty() ? "" : " | ") + refusal.reason;
    }
    return all;
  }
};

inline Imported Import(SourceFormat format, const std::string& bytes) {
  auto read = ImportCourse(CourseId("c"), format, {{"file", bytes}});
  if (!read) {
    ADD_FAILURE() << read.error().text;
    return {};
  }
  return {std::move(*read)};
}

}  // namespace lyceum::tools
