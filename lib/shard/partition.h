// Partition: one ordered log and what it has become.
//
//   closed -> opening -> reading -> (the connection breaks, or the reader) -> opening ...
//                |           `--> halted: something that an operator has to decide
//                `--> halted
//
// A record is folded in one go when it comes: what it causes is published before the next is looked
// at. `position` is the last record that was folded. Invariant, always:
//   durable (checkpoint) <= confirmed <= sent <= position, but for what was never sent again after a
//   start: a confirmed that comes from the flight page may be ahead of the position.
// All on the shard's thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "shard/checkpointer.h"
#include "shard/context.h"
#include "shard/dead_letters.h"
#include "shard/fold_digests.h"
#include "shard/held_output.h"
#include "shard/journal_key.h"
#include "shard/named_topic.h"
#include "shard/rebuild.h"
#include "shard/resends.h"
#include "wire/log_reader.h"

namespace lyceum::shard {

// A call's deadline record is published so long after the dispatcher should have ended the call.
inline constexpr int64_t kDeadlineGraceMs = 500;
inline constexpr int64_t kFireMs =
    10'000;  // A timer's record is stored by then, or published anew.
inline constexpr int64_t kAgainMs =
    1'000;  // Before what failed, or came too early, is tried again.

class Partition {
 public:
  enum class Phase { kClosed, kOpening, kReading, kHalted };
  enum class Role { kNone, kStandby, kOwner };  // See partition_role.cc.
  // What an owner last said.
  struct Announced {
    uint64_t confirmed = 0;
    uint32_t lineage = 0;
    FoldDigests::Block digest = {};
  };

  Partition(Context* context, Resends* resends, store::PartitionId id);
  ~Partition();
  Partition(const Partition&) = delete;
  Partition& operator=(const Partition&) = delete;

  // Reads the checkpoint. kReject: of a newer fold version; the worker must not run.
  Result<void> Load();
  void OnConnected();
  void OnDisconnected();
  // Everything up to this number of Outgoing is confirmed.
  void OnConfirmed(uint64_t number);
  // A timer that may be due; see timers.h.
  void OnDue(const Timers::Due& due);
  // The dispatcher has ended the user's call, and says so to the log.
  void OnCallFailed(const UserId& user);
  // At the end of each turn of the loop, before the wire is flushed: notes in the flight page how far
  // is sent, and goes on with what takes several turns.
  void Turn();
  // About ten times a second.
  void Tick();
  // Reads no more; the last checkpoint is written as soon as all is confirmed.
  void BeginStop();
  bool stopped() const {
    // A standby's is as good a little older; its owner may be gone, and then nothing confirms it.
    const bool writes = role_ == Role::kOwner && phase_ != Phase::kHalted && !wants_snapshot_;
    return !writes || checkpointer_.finished(position_);
  }
  // --- Roles
  void Follow();
  // Of the owner that it follows.
  void OnAnnounced(const Announced& last);
  // `last`: of the owner before, where that is known; `page_is_ours`: nobody else was owner since the
  // flight page was written.
  void Own(const std::optional<Announced>& last, bool page_is_ours);
  // Sends nothing from here on.
  void StandDown();
  // Reads no more, so that somebody else can go on; `released` once all is confirmed.
  void BeginRelease();
  void CancelRelease() { releasing_ = false; }
  // An owner that is not sure of its lease reads nothing; then it goes on, whatever it is by now.
  void Hold();
  void GoOn();
  bool released() const { return releasing_ && delivered(); }
  // All that was folded is confirmed, and no dead letter waits.
  bool delivered() const {
    return confirmed_ >= position_.sequence && dead_letters_.waiting() == 0;
  }
  // The log does not have what would have to be folded here, or very much of it: it is to be made anew from a
  // snapshot, and waits for that.
  bool wants_snapshot() const { return wants_snapshot_; }
  // That was tried, with this outcome, in words: it goes on with what is here.
  void SetSnapshotTried(std::string outcome) { snapshot_tried_ = std::move(outcome); }
  // Reads no more at all; it can be destroyed as soon as it is `closed`.
  void BeginClose();
  bool closed() const { return checkpointer_.idle(); }
  // Of the last whole block of its log.
  const FoldDigests::Block& digest() const { return digests_.newest(); }
  // What an owner may announce as confirmed.
  uint64_t announced() const;
  Role role() const { return role_; }
  // An operator's command after a halt: where the log has lost records, it goes on as the next
  // lineage.
  void Resume();
  // An operator's command for a session that cannot be read: it is folded again from its records,
  // and replaced. Told once, when the new one is in a checkpoint: how many records made it. One at a
  // time. Records of this user that come meanwhile are kept, and folded when the session is there.
  using RebuiltHandler = std::function<void(Result<uint64_t>)>;
  void RebuildSession(const UserId& user, RebuiltHandler done);

  store::PartitionId id() const { return id_; }
  Phase phase() const { return phase_; }
  const std::string& halted_because() const { return halted_; }
  uint64_t position() const { return position_.sequence; }
  uint64_t confirmed() const { return confirmed_; }
  uint64_t log_end() const { return log_end_; }
  uint64_t forgotten() const { return forgotten_; }
  int64_t failing_since_ms() const { return checkpointer_.failing_since_ms(); }
  const store::Checkpoint& at() const { return position_; }
  const store::Checkpoint& durable() const { return checkpointer_.durable(); }
  bool caught_up() const { return caught_up_; }
  // There is no room for what the log has.
  bool paused() const {
    return phase_ == Phase::kReading && reader_ == nullptr && !stopping_ && !releasing_ &&
           !waits_its_turn_;
  }
  // A standby that reads what its log had before.
  bool catching_up() const {
    return role_ == Role::kStandby && phase_ == Phase::kReading && !caught_up_ &&
           reader_ != nullptr;
  }
  bool is_far_behind() const {
    constexpr uint64_t kFewRecords = 200;
    return role_ == Role::kStandby && !caught_up_ && position_.sequence + kFewRecords < log_end_;
  }
  // It reads no more of its log than leaves room for learners of others.
  bool paced() const { return paced_ && reader_ != nullptr; }
  size_t dead_letters_waiting() const { return dead_letters_.waiting(); }
  // Steady ms; INT64_MAX: never.
  int64_t NextMs() const;
  bool busy() const { return looks() || (!wants_snapshot_ && checkpointer_.busy()); }

 private:
  struct Lineage {
    uint32_t number = 0;
    uint64_t begins = 1;
  };
  // What was sent before a turn ended: messages up to `number` belong to records up to `sequence`.
  struct Mark {
    uint64_t number = 0;
    uint64_t sequence = 0;
  };

  // --- Opening, a step an answer (partition_open.cc) -------------------------------------------
  void Open();
  void OnLogInfo(const std::optional<wire::LogInfo>& info);
  void ReadErased();
  void CheckLog();
  bool NeedsSnapshot() const;
  void CheckRecord(uint64_t sequence, uint64_t fingerprint, void (Partition::*next)());
  void CheckPosition();
  void LearnPosition();
  void ReadLineages();
  void ReadBurials();
  void FindRecent();
  void ReadRecent();
  void TakeForSent(uint64_t sequence);
  void BeginReading();
  bool MayStartReader();
  void StartReader();
  void SendBarrier();
  void ForgetPage(const std::optional<Announced>& last);
  void OnReaderMade(int64_t server_ms);
  void WatchReader(int64_t now);
  void OnLogEnd(uint64_t last);
  void AskForNext();
  void OnUnreadable(uint64_t sequence);
  void PassOver(uint64_t sequence);
  void OnCaughtUp();
  void OnLogLoss(const std::string& what);
  void NextLineage();
  void OnCompared(const wire::LogRecord& record, uint64_t last);
  void LineageByTime(uint64_t begins_max);
  void ClaimLineage(uint64_t begins);
  void EnterLineage(uint32_t number, uint64_t begins);
  void TryAgain(const Error& error);
  void Halt(const std::string& why);
  template <class T, class Next>
  std::function<void(Result<T>)> Then(Next next);

  // --- Folding -----------------------------------------------------------------------------------
  void OnRecord(const wire::LogRecord& record);
  void OnReaderBroken(const Error& error);
  // A record names a topic that has to come from the course bucket: the log waits for it.
  void WaitForTopic(const Record& record, std::string_view user, const tutor::ToolReply& reply);
  void AskForTopic();
  void OnTopic(const Result<TopicTable::Shared>& topic);
  // Nobody has it: nobody folds the record, now or later.
  void BuryForTopic(const std::string& why);
  // False: the store could not be read; the record was not folded.
  bool FoldRecord(const Record& record);
  void OnBarrier(const Record& record);
  bool FoldEvent(const Record& record, const envelope::Subjects::LogSubject& address,
                 const envelope::DecodedEvent& decoded);
  void Refuse(const Record& record, std::string_view user, const Refused& refused,
              const SessionEntry* entry);
  void Show(const tutor::Session& session, const tutor::ShowDraft& draft, std::string_view trace);
  void ReplyTo(std::string_view user, const tutor::AttachedClient& client,
               const tutor::ClientMessage& message, std::string_view trace);
  // Traceparents of tool requests and of messages.
  void Apply(const Record& record, SessionEntry* entry, std::string_view trace,
             std::string_view message_trace);
  // Nothing knows of this record that it was folded and sent before.
  bool IsNew(const Record& record) const {
    return role_ == Role::kOwner && send_known_ && record.sequence > sent_;
  }
  void Emit(SessionEntry* entry, const tutor::EmitMessage& emit, std::string_view trace,
            bool silent);
  // To all attached clients, but not kept.
  void Tell(const tutor::Session& session, const tutor::ClientMessage& message,
            std::string_view trace);
  // What the encoder has begun, to all attached clients.
  void SendToAll(const tutor::Session& session, std::string_view trace);
  // Now where it is the owner, else held.
  void Send(const wire::Outbound& message);
  void Resend(const Record& record, SessionEntry* entry, const tutor::ResendMessages& resend);
  void Dispatch(SessionEntry* entry, const tutor::Call& call, tutor::ToolArgs args,
                std::string_view trace, bool found);
  void WatchApproval(const SessionEntry& entry);
  void WatchDeadline(const SessionEntry& entry, int64_t after_ms);
  void OnRefusedResult(const Record& record, const SessionEntry* entry, const Refused& refused);
  // Where the user's session waits for this call: it ends as an error, by a record of its own.
  void EndCallAsError(const UserId& user, const CallId& call);
  void TellMisfit(const Record& record, const SessionEntry& entry, const tutor::ToolReply& reply);
  void DispatchFound();
  void Redispatch(SessionEntry* entry);
  void ScanTimers();
  void ReadLater();
  // Calls and timers were let go of: all sessions are looked at as after a start.
  void LookAgain();
  void OnUnfoldedLost();
  void LookAt(int64_t due_ms, const std::string& user, const std::string& token);
  void LookAfter(int64_t wait_ms, const std::string& user, const std::string& token,
                 int64_t due_ms);
  void Fire(SessionEntry* entry, const tutor::Timer& timer);
  void OnFired(const std::string& user, const std::string& token, int64_t due_ms, uint32_t tries,
               const Result<uint64_t>& acked);
  void OnTimerFolded(SessionEntry* entry, const std::string& token);
  void SetConfirmed(uint64_t sequence);
  void CompareDigest(const Announced& owner);

  struct WaitedTopic {
    uint64_t sequence = 0;  // The record that names it.
    UserId user;
    tutor::LoadTopicOk named;
    CallId call;
    std::string worker;
    bool asked = false;
    int64_t again_ms = 0;    // Steady; not asked before.
    int64_t give_up_ms = 0;  // Steady.
    TopicTable::Shared topic;
  };

  // --- Forgetting a learner (partition_forget.cc) -----------------------------------------------
  struct Forgetting {
    uint64_t sequence = 0;  // The record that says so.
    std::string digest;
    std::string after;  // The last user of the store that was looked at.
    std::string user;   // Who it is; empty: nobody so far, or of those that there are.
    bool done = false;  // All were looked at, or it is found.
  };
  bool OnForget(const Record& record, std::string_view digest);
  void FindInMemory();
  bool looks() const { return phase_ == Phase::kReading && forgetting_ && !forgetting_->done; }
  void LookForForgotten();
  bool EraseSession(const std::string& user);
  Result<std::vector<int64_t>> TimersOf(const std::string& user) const;

  // --- Rebuilding a session (partition_rebuild.cc) ----------------------------------------------
  struct KeptRecord {
    std::string subject, content_type, data;
    TopicTable::Shared topic;  // That it names: stays in memory for it.
    uint64_t sequence = 0;
    int64_t time_ms = 0;
  };
  struct Rebuilding {
    UserId user;
    RebuiltHandler done;
    std::unique_ptr<Rebuild> fold;  // Null once it has given its result.
    uint64_t records = 0;
    std::deque<KeptRecord> kept;  // Of the user, since it began.
    size_t kept_bytes = 0;
    // In memory; `done` is told when this generation is in a checkpoint.
    std::optional<uint64_t> generation;
    int64_t give_up_ms = 0;  // Steady; for that.
  };
  void OnRebuilt(Result<Rebuild::Rebuilt> rebuilt);
  Result<void> WriteJournal(const std::string& user, const std::vector<store::JournalRow>& chunks,
                            std::function<void(Result<void>)> done);
  void Replace(tutor::Session session);
  bool Keep(const Record& record, std::string_view user, const tutor::Event& event);
  void AbortRebuild(const Error& error);
  void TickRebuild();
  bool IsSilenced(const Record& record) const;
  uint32_t LineageOf(uint64_t sequence) const;
  tutor::LogPosition PositionOf(const Record& record) const;

  Context* const context_;
  Resends* const resends_;
  const store::PartitionId id_;
  const std::string stream_;
  DeadLetters dead_letters_;
  Checkpointer checkpointer_;

  Phase phase_ = Phase::kClosed;
  Role role_ = Role::kNone;
  bool releasing_ = false;
  uint64_t announced_ = 0;  // Standby: the owner has confirmed so far.
  FoldDigests digests_;
  uint64_t compared_to_ = 0;     // Standby: this block of the owner's, and those before.
  int64_t differs_said_ms_ = 0;  // Steady; 0: never.
  HeldOutput held_;
  std::string halted_;
  uint64_t opening_ = 0;  // One more each time; what an earlier one asked for is not listened to.
  int64_t open_again_ms_ = INT64_MAX;
  uint32_t failures_ = 0;
  bool waiting_logged_ = false;
  bool stopping_ = false;
  bool resuming_ = false;  // An operator wants the next lineage.
  bool claimed_ = false;   // A lineage, in this opening.
  bool barrier_sent_ = false;
  bool wants_snapshot_ = false;
  std::string snapshot_tried_;
  int64_t last_time_ms_ = -1;  // Of the log's last record, and what the time is: of FindRecent.
  int64_t server_ms_ = -1;
  uint64_t same_to_ = 0;  // Records of the log that are known, in the search for a new lineage.
  uint64_t same_fingerprint_ = 0;      // Of the last of them.
  bool waits_for_checkpoint_ = false;  // Before it reads: see Checkpointer::OnLineage.

  store::Checkpoint position_;  // Of what is in memory; clean: nothing was sent after it.
  std::vector<Lineage> lineages_;
  std::set<uint64_t> buried_;
  std::unique_ptr<wire::LogReader> reader_;
  wire::LogInfo log_;
  uint64_t log_end_ = 0;      // The last record that the log is known to have.
  bool reader_made_ = false;  // In this opening, and with it the server's time is known.
  bool caught_up_ = false;
  bool waits_its_turn_ = false;  // Others of the shard catch up first.
  int64_t delivered_ms_ = 0;     // Steady; when the last record came.
  int64_t asked_ms_ = 0;         // Steady; when the log was last asked how far it is.
  int64_t behind_since_ms_ =
      0;  // Steady; since when it is known to have more, and nothing came. 0: it has not.
  bool paced_ = false;  // The reader gets no more than leaves room for learners.
  // The record that the server has and cannot read, for which it halted; what it may go on without; the last that it went on without.
  uint64_t unreadable_ = 0, may_pass_ = 0, passed_ = 0;
  uint32_t silences_ = 0;  // Times that opening it waited in vain for a record.
  uint32_t stalls_ = 0;    // Readers that were given up for that since the last record.

  uint64_t sent_ = 0;  // As noted in the flight page, or in this turn.
  uint64_t confirmed_ = 0;
  bool send_known_ = false;    // How far was sent is known: by the flight page, or by ourselves.
  bool has_position_ = false;  // By a checkpoint, or as above: what comes after it is sent.
  uint64_t quiet_to_ = 0;      // Taken for sent, because it was old and nothing told.
  bool folded_in_turn_ = false;
  std::deque<Mark> marks_;
  uint64_t marked_ = 0;  // The number of the last mark.

  std::set<std::string> locked_;  // Users whose call is not dispatched before all is caught up.
  std::optional<store::TimerRow> scanned_;
  int64_t scan_ahead_ms_ = 0;  // Of the server: the index has been read up to here.
  int64_t next_scan_ms_ = 0;   // Steady.
  int64_t read_again_ms_ = 0;  // Steady: the index, and whose call is not dispatched.
  bool scanning_ = false;
  bool first_scan_ = true;
  // By token: a timer whose record was published, and is not folded yet (`out`), or came early.
  struct Firing {
    bool out = false;
    uint32_t tries = 0;
    int64_t again_ms = 0;  // Steady; not before.
  };
  std::map<std::string, Firing> firing_;
  std::optional<WaitedTopic> waited_;
  std::optional<Forgetting> forgetting_;
  uint64_t forgotten_ = 0;  // The last record that said so.
  std::optional<Rebuilding> rebuilding_;

  tutor::Effects effects_;    // Reused from record to record.
  std::string subject_;       // Likewise.
  uint64_t position_of_ = 0;  // The record whose effects are applied.
  std::shared_ptr<Partition*> self_;
};

}  // namespace lyceum::shard
