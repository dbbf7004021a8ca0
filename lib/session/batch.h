// Batch: what a run of records changes, gathered into one commit and one hand-over to the outbox.
//
// Use: FoldRecords, or Add each folded record in order; then Finish, then Store::Apply, then
// Outbox::Committed.
// Letters of a record are numbered in the order of its effects, so that the same log gives the same
// ids.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "envelope/rows.h"
#include "outbox/outbox.h"
#include "session/fold.h"
#include "session/session_cache.h"
#include "store/store.h"

namespace lyceum::session {

class Batch {
 public:
  Batch(const envelope::Subjects* subjects, store::PartitionId partition, store::Store* store,
        SessionCache* cache);

  // `folded.session` is put into the cache. kRetry, kFatal: the store could not be read.
  Result<void> Add(const Record& record, const UserId& user, Folded folded);
  // A record that belongs to no session: only its dead letter. `user` may be empty.
  void AddRefused(const Record& record, const UserId& user, const Refused& refused);
  // Rows that have done their work.
  void Erase(const std::vector<outbox::Done>& done);
  // Writes the rows of the changed sessions and the position.
  void Finish(const store::Applied& applied);

  store::Commit TakeCommit() { return std::move(commit_); }
  const outbox::Outgoing& outgoing() const { return outgoing_; }

 private:
  struct Context;  // Of the record that is being added.
  Result<void> AddEffect(Context& context, const tutor::Effect& effect);
  void AddLetter(Context& context, envelope::LetterRow letter);
  void SendTo(Context& context, const tutor::AttachedClient& client,
              const tutor::ClientMessage& message);
  void AddMessage(Context& context, const tutor::ClientMessage& message);
  Result<void> AddResend(Context& context, const tutor::ResendMessages& resend);
  void AddCall(Context& context, const tutor::CallTool& call);
  void AddTimer(Context& context, const tutor::Timer& timer);
  void AddDeadLetter(Context& context, const Refused& refused);

  const envelope::Subjects* subjects_;
  store::PartitionId partition_;
  store::Store* store_;
  SessionCache* cache_;
  store::Commit commit_;
  outbox::Outgoing outgoing_;
  // Messages of this batch, which the store does not have yet: (user, n) -> bytes.
  std::vector<std::pair<std::pair<UserId, uint32_t>, std::string>> messages_;
};

struct RefusedRecord {
  uint64_t sequence = 0;
  Refused refused;
};

// The records one after the other. A record that is refused, also because the state machine fails,
// leaves its session as it was. kRetry, kFatal: the store could not be read, the cache is to be
// cleared.
struct FoldedRecords {
  Batch batch;
  std::vector<RefusedRecord> refused;
};
Result<FoldedRecords> FoldRecords(const Fold& fold, std::span<const Record> records,
                                  const envelope::Subjects* subjects, store::PartitionId partition,
                                  store::Store* store, SessionCache* cache);

// "<pp>-<seq>-<index>" -> the row's id. CHECKs the form: only the state machine makes them.
store::LetterId ToLetterId(const std::string& id);

}  // namespace lyceum::session
