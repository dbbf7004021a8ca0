// A session with every field set to something that is not its default.
#pragma once

#include "tutor/session.h"

namespace lyceum::envelope {

tutor::Call FullCall(tutor::Origin origin);
tutor::Session FullSession(tutor::State state);
// One of each state, with all that it holds.
std::vector<tutor::State> AllStates();

}  // namespace lyceum::envelope
