// What must hold of every step, whatever the session and the event: checked by the random,
// exhaustive and golden tests.
#pragma once

#include <optional>
#include <string>

#include "tutor/advance.h"

namespace lyceum::tutor {

// What came of a record.
struct Folded {
  std::optional<Session> session;  // Empty: there is none.
  Effects effects;
};

// Advance on a copy.
Folded Fold(std::optional<Session> before, const UserId& user, const Event& event,
            const LogPosition& position);

// The same, and the laws. The first broken one as a sentence goes to `broken`, which stays empty
// where all hold.
Folded CheckedAdvance(const std::optional<Session>& before, const UserId& user, const Event& event,
                      const LogPosition& position, std::string* broken);

// The session and the effects.
std::string Dump(const Folded& folded);

}  // namespace lyceum::tutor
