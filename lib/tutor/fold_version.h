// The version of what the core puts out: the state and the effects that it makes of the same
// records.
//
// Law: the same log under the same fold version gives the same state and the same bytes, on every
// build. So whoever changes what Advance makes of any record, however small, takes the next version
// and keeps the old behaviour beside it for one release, in the place where they differ:
//
//   if (step.fold_version() < 2) {
//     ... what version 1 did ...
//   } else {
//     ... what is done from version 2 on ...
//   }
//
// Which one a record is folded under is part of its position (LogPosition::fold_version): that of
// the last barrier before it in the log. A worker refuses a log whose version is above this one.
#pragma once

#include <cstdint>

namespace lyceum::tutor {

// Versions 1 and 2 were never released, and nothing of 1 is kept. From 3 on an answer that nobody could grade is
// feedback `ungraded`, and no text, and the tools that explain are told of the learner's attempts, hints and results. A partition whose checkpoint says 2 is folded as 2 up to its barrier.
// A start or a course may ask for supervision (supervision.h) from 3 on: no log of before has one that does.
inline constexpr uint32_t kFoldVersion = 3;

}  // namespace lyceum::tutor
