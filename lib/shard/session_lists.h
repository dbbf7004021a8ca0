// SessionLists: answers an operator's `list` of the sessions of a partition, a page at a time.
//
// Names come from the store; a session in memory is looked at there, another one is read and decoded
// beside the table, so that nothing comes into memory or leaves it by being looked at. It works the
// same where the partition is halted.
//
// Bounded: kWaitingMax lists wait. A turn of the loop spends kCostTurn on the oldest one: learners
// never wait longer for it than that takes, however many sessions there are. A list is answered when
// its page is full, or after kLookedMax sessions, or kAnswerMs, with the user to go on after.
// One thread calls it.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "envelope/partition_commands.h"
#include "shard/context.h"

namespace lyceum::shard {

class SessionLists {
 public:
  static constexpr size_t kWaitingMax = 16;
  static constexpr size_t kUsersPage = 64;  // Names that are read from the store at once.
  static constexpr size_t kCostName = 1;    // Of a name, and of a session in memory.
  static constexpr size_t kCostRead = 16;   // Of a session that is read: about a fifth of a ms.
  static constexpr size_t kCostTurn = 64;
  static constexpr uint64_t kLookedMax = 10'000;
  static constexpr int64_t kAnswerMs = 1'000;
  // A wait is not called stuck before: its record may be on the way.
  static constexpr int64_t kStuckMs = 5'000;

  using Done = std::function<void(Result<envelope::PartitionReply>)>;

  explicit SessionLists(Context* context) : context_(context) {}

  // False: too many wait. `done` is called once, in a Turn.
  bool Add(store::PartitionId partition, envelope::ListSessions list, Done done);
  void Turn();
  bool idle() const { return waiting_.empty(); }

 private:
  struct Waiting {
    store::PartitionId partition = 0;
    envelope::ListSessions list;
    Done done;
    int64_t answer_by_ms = 0;  // Steady.
    std::deque<std::string> users;
    bool read_all = false;  // There are no names after those.
    envelope::PartitionReply reply;
  };
  // True: it is to be answered.
  Result<bool> LookAtNext(Waiting* waiting, size_t* cost);
  // Empty: it has ended since its name was read.
  Result<std::optional<envelope::SessionSummary>> Look(store::PartitionId partition,
                                                       const std::string& user, size_t* cost);

  Context* const context_;
  std::deque<Waiting> waiting_;
};

}  // namespace lyceum::shard
