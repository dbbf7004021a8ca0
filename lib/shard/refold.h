// Refold: records of a log folded again, as their owner folded them, and nothing sent. For
// `lyceum replay`, and for a session that is rebuilt. One thread calls it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "base/result.h"
#include "envelope/codec.h"
#include "shard/fold.h"
#include "shard/log_history.h"
#include "shard/topic_table.h"

namespace lyceum::shard {

// The content of a topic that a record names. Null: it is not there without a wait.
using TopicFinder = std::function<Result<TopicTable::Shared>(const tutor::LoadTopicOk&)>;

class Refold {
 public:
  // `history` outlives it.
  Refold(envelope::Subjects subjects, store::PartitionId partition, const LogHistory* history,
         TopicFinder topics, Core core = &tutor::Advance)
      : subjects_(std::move(subjects)),
        partition_(partition),
        history_(history),
        topics_(std::move(topics)),
        core_(core) {}

  struct Step {
    bool of_partition = false;  // A barrier, or that somebody is to be forgotten.
    bool forgotten = false;     // The session that was there had been erased before this record.
    std::optional<Refused> refused;
    std::optional<envelope::DecodedEvent> decoded;  // Where it was not refused, and is a user's.
    // It is one of the session's records: there was a session, or it opened one.
    bool in_session = false;
    // The topic that it names could not be had: nothing was folded.
    std::optional<tutor::LoadTopicOk> lacks;
  };
  // Folds it into the session of the user that its subject names. effects() are then its effects.
  // An error is that of the finder.
  Result<Step> Fold(const Record& record, std::optional<tutor::Session>* session);
  const tutor::Effects& effects() const { return effects_; }

 private:
  const envelope::Subjects subjects_;
  const store::PartitionId partition_;
  const LogHistory* const history_;
  const TopicFinder topics_;
  const Core core_;
  envelope::EventDecoder decoder_;
  tutor::Effects effects_;
};

}  // namespace lyceum::shard
