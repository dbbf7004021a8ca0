// Which events a session has had: an event id acts once among the last kSeenMax of learners and
// operators. After that many others the same id acts again, so whoever sends an event anew does it
// within that bound (and within the log's own window for duplicates, 20 s).
//
// An id is remembered as 8 bytes: 48 bits of a hash of the id, 16 of one of the content. A new
// event is held for one that was seen with a chance of 128 / 2^48; another content under an id that
// was seen passes for the same with one of 2^-16, and is then dropped like a repeat.
#pragma once

#include <cstdint>

#include "tutor/event.h"
#include "tutor/session.h"

namespace lyceum::tutor {

enum class Seen {
  kNew,    // Remembered from here on.
  kSame,   // The same event once more.
  kOther,  // Its id was that of another event.
};
// An event without an id is always new.
Seen Remember(SeenIds* seen, const Event& event);

}  // namespace lyceum::tutor
