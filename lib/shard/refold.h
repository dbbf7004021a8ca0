// Refold: records of a log folded again, as their owner folded them, and nothing sent. For
// `lyceum replay`, and for a session that is rebuilt. One thread calls it.
#pragma once

#include <cstdint>
#include <optional>

#include "envelope/codec.h"
#include "shard/fold.h"
#include "shard/log_history.h"

namespace lyceum::shard {

class Refold {
 public:
  // `history` outlives it.
  Refold(envelope::Subjects subjects, store::PartitionId partition, const LogHistory* history,
         Core core = &tutor::Advance)
      : subjects_(std::move(subjects)), partition_(partition), history_(history), core_(core) {}

  struct Step {
    bool is_barrier = false;
    std::optional<Refused> refused;
    std::optional<envelope::DecodedEvent> decoded;  // Where it was not refused, and is no barrier.
    // It is one of the session's records: there was a session, or it opened one.
    bool in_session = false;
  };
  // Folds it into the session of the user that its subject names. effects() are then its effects.
  Step Fold(const Record& record, std::optional<tutor::Session>* session);
  const tutor::Effects& effects() const { return effects_; }

 private:
  const envelope::Subjects subjects_;
  const store::PartitionId partition_;
  const LogHistory* const history_;
  const Core core_;
  envelope::EventDecoder decoder_;
  tutor::Effects effects_;
};

}  // namespace lyceum::shard
