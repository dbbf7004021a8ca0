// Advance: the state machine. Pure and total; see tables A and B in table.h, printed by `lyceum
// fsm`.
//
// The same session, event and position always give the same session and effects. Nothing here reads
// a clock, draws a random number, logs, does I/O or throws; where memory is out the process ends.
#pragma once

#include <optional>

#include "tutor/effect.h"
#include "tutor/event.h"
#include "tutor/session.h"

namespace lyceum::tutor {

// One record folded into the user's session, in place. `*session` empty: the user has none, and
// only Start opens one. `*effects` is emptied first; a caller that hands the same one over again
// spares its memory.
void Advance(std::optional<Session>* session, const UserId& user, const Event& event,
             const LogPosition& position, Effects* effects) noexcept;

// For whoever folds with a core that is handed to it.
using Core = void (*)(std::optional<Session>* session, const UserId& user, const Event& event,
                      const LogPosition& position, Effects* effects);

}  // namespace lyceum::tutor
