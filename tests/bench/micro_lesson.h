// A lesson without broker, store or clock: a learner who answers every question rightly, and the
// results that the built-in tools give. For programs that measure one step at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "tutor/advance.h"

namespace lyceum::bench {

// All questions of a course as one topic, again and again under new ids, so that a lesson can be as
// long as a measurement needs. No material, no gate. Throws where the course can not be read.
std::shared_ptr<const tutor::Topic> LongTopic(const std::string& course_file, size_t questions);

// A session that has just been asked its first question.
tutor::Session Begin(const UserId& user, const std::shared_ptr<const tutor::Topic>& topic,
                     uint32_t partition);
// Answers and their grades until the history has that many entries; again at an open question.
tutor::Session GoOn(tutor::Session session, uint64_t history, uint32_t partition);

// What happens to the session next: the right answer where a question is open, the result where a
// call is pending. CHECK: one of the two.
tutor::Event NextEvent(const tutor::Session& session);
// The record after the session's last one.
tutor::LogPosition NextPosition(const tutor::Session& session, uint32_t partition);

}  // namespace lyceum::bench
