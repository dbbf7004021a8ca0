// What must hold of every step, whatever the session and the event: checked by the random,
// exhaustive and golden tests.
#pragma once

#include <optional>
#include <string>

#include "tutor/advance.h"

namespace lyceum::tutor {

// Advance, twice: both runs must agree. Then the laws. The first broken one in words goes to
// `broken`, which stays empty if all hold.
Step CheckedAdvance(const std::optional<Session>& before, const UserId& user, const Event& event,
                    const LogPosition& position, std::string* broken);

// The session and the effects.
std::string Dump(const Step& step);

}  // namespace lyceum::tutor
