// Table A as code: one event in the state in which the session stands. See handle.cc.
#pragma once

#include "tutor/step.h"

namespace lyceum::tutor {

void Handle(Step& step, const EventKind& kind);

}  // namespace lyceum::tutor
