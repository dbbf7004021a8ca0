// The arguments of a call, made from the session in which it is pending: a call that is dispatched
// again, perhaps by another worker, gets what it got before.
#pragma once

#include "tutor/call.h"
#include "tutor/session.h"

namespace lyceum::tutor {

QuestionView ViewOf(const Question& question);

ToolArgs MakeArgs(const Session& session, const Call& call, uint32_t fold_version);

}  // namespace lyceum::tutor
