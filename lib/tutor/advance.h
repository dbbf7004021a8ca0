// Advance: the state machine. Pure and total; see tables A and B in table.h, printed by `lyceum
// fsm`.
//
// The same session, event and place in the log always give the same step. Nothing here reads a
// clock, draws a random number, logs or does I/O. Throws nothing of its own.
#pragma once

#include <optional>

#include "tutor/effect.h"
#include "tutor/event.h"
#include "tutor/session.h"

namespace lyceum::tutor {

struct Step {
  std::optional<Session> session;  // Empty: there is no session (no start yet).
  Effects effects;                 // In the order in which they are to happen.
};

// `session` empty: the user has none; only Start opens one.
Step Advance(std::optional<Session> session, const UserId& user, const Event& event,
             const LogPosition& position);

}  // namespace lyceum::tutor
