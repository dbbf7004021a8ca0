// A session and an effect as text: canonical, complete, and the same for equal values.
//
// Serves golden transcripts, `lyceum replay --verify` (the first line that differs names the field)
// and the state digest. Holds learner text: not for logs.
#pragma once

#include <string>

#include "tutor/effect.h"
#include "tutor/event.h"
#include "tutor/session.h"

namespace lyceum::tutor {

// One `key: value` line for each field, in a fixed order, every line ended by '\n'. The topic's
// content stands there by its digest.
std::string Dump(const Session& session);

// One line, without '\n'.
std::string Dump(const Effect& effect);
std::string Dump(const Event& event);

}  // namespace lyceum::tutor
