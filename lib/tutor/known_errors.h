// Registered misconceptions: the wrong answers a topic knows beforehand.
#pragma once

#include "tutor/session.h"

namespace lyceum::tutor {

// The open question's first, then any question's of the topic. Null: not registered.
const KnownError* FindKnownError(const Session& session, const ErrorId& id);

// Counts one more of this error and says how to explain it: hint, explanation, then worked example.
Strategy CountError(Session& session, const ErrorId& id);

}  // namespace lyceum::tutor
