// TurnMeter: what one record means for the figures of turns and tool results. Made before the record
// is folded, asked after it.
//
// A turn begins when a learner's event is stored and ends when the session, after it or after the
// calls that it led to, waits for the learner again. An event that comes while the session is locked
// has its answer at once and is no turn of its own.
#pragma once

#include <cstdint>
#include <optional>

#include "envelope/subjects.h"
#include "shard/context.h"

namespace lyceum::shard {

class TurnMeter {
 public:
  // `entry` null: the user has no session yet.
  TurnMeter(const SessionEntry* entry, const tutor::Event& event);
  // Of a record that was not folded before.
  void Add(Context& context, const Record& record, envelope::RecordClass record_class,
           const SessionEntry& entry) const;

 private:
  int64_t locked_ms_ =
      -1;  // When the event was stored that the session was locked by. -1: it was not.
  std::optional<tutor::Tool> tool_;  // Its call ended with this record.
  CallEnd end_ = CallEnd::kOk;
};

}  // namespace lyceum::shard
