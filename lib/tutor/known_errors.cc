#include "tutor/known_errors.h"

#include <algorithm>

#include "tutor/limits.h"

namespace lyceum::tutor {
namespace {

const KnownError* FindIn(const Question& question, const ErrorId& id) {
  for (const KnownError& error : question.known_errors) {
    if (error.id == id) return &error;
  }
  return nullptr;
}

}  // namespace

const KnownError* FindKnownError(const Session& session, const ErrorId& id) {
  if (id.empty()) return nullptr;
  const Question* open = CurrentQuestion(session);
  if (open != nullptr) {
    if (const KnownError* found = FindIn(*open, id)) return found;
  }
  if (session.topic == nullptr) return nullptr;
  for (const Question& question : session.topic->questions) {
    if (const KnownError* found = FindIn(question, id)) return found;
  }
  return nullptr;
}

Strategy CountError(Session& session, const ErrorId& id) {
  std::vector<ErrorCount>& errors = session.syllabus.errors;
  auto found = std::find_if(errors.begin(), errors.end(),
                            [&](const ErrorCount& count) { return count.error == id; });
  if (found == errors.end()) {
    if (errors.size() >= kErrorsCountedMax) errors.erase(errors.begin());
    found = errors.insert(errors.end(), ErrorCount{id, 0});
  }
  if (found->count < UINT32_MAX) ++found->count;
  if (found->count == 1) return Strategy::kHint;
  return found->count == 2 ? Strategy::kExplanation : Strategy::kWorkedExample;
}

}  // namespace lyceum::tutor
