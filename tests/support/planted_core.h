// A core with a fold version that does not exist yet: for tests of what happens when the version of
// a log changes (barriers, refusals, replay across versions).
//
// Under kFoldVersion and below it is Advance. Under kPlantedFoldVersion each text to a client says
// so, and is counted as degraded: both the bytes that leave and the state differ.
#pragma once

#include "tutor/advance.h"

namespace lyceum::test {

inline constexpr uint32_t kPlantedFoldVersion = tutor::kFoldVersion + 1;

void AdvancePlanted(std::optional<tutor::Session>* session, const UserId& user,
                    const tutor::Event& event, const tutor::LogPosition& position,
                    tutor::Effects* effects) noexcept;

}  // namespace lyceum::test
