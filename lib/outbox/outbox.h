// Outbox: the only sender of a session worker. What leaves was committed before.
//
//   letters  client messages (core NATS: erased after a flush round trip that followed, shared by
//            all letters before it) and dead letters (JetStream: erased when acked)
//   timers   dated letters; published to lyceum.in.timer.<user> when due, erased when acked
//   calls    tool requests, by the dispatcher (dispatcher.h); erased by the commit that ends the
//            call
//
// Threading: Adopt, Committed and TakeDone of one partition are called by that partition's thread;
// the outbox sends from threads of its own. Bounded: Committed waits while more than letters_max
// are unsent. Sending is at least once with the same ids each time: after a crash Adopt sends again
// what the rows hold.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "envelope/subjects.h"
#include "store/store.h"
#include "tutor/call.h"
#include "wire/connection.h"

namespace lyceum::outbox {

// What the dispatcher has to know of a ToolRequest.
struct CallHead {
  CallId id;
  tutor::Tool tool = tutor::Tool::kLoadTopic;
  UserId user;
  int64_t deadline_ms = 0;  // Unix ms.
  std::string trace;
};

// What a commit hands over, in the order of its effects.
struct Outgoing {
  std::vector<store::Letter> letters;  // due_ms 0; bytes: envelope LetterRow.
  std::vector<int64_t> timers_due_ms;  // Timer rows that this commit put.
  struct NewCall {
    store::LetterId id;
    std::string bytes;  // An encoded ToolRequest, attempt 1.
    CallHead head;
  };
  std::vector<NewCall> calls;
  std::vector<CallId> again;  // Dispatch these once more, now.
  struct EndedCall {
    CallId id;
    bool tell_worker = false;
  };
  std::vector<EndedCall> ended;
  bool empty() const {
    return letters.empty() && timers_due_ms.empty() && calls.empty() && again.empty() &&
           ended.empty();
  }
};

// A row that has done its work: erase it in the next commit.
struct Done {
  store::LetterId id;
  int64_t due_ms = 0;  // 0: a letter; else a timer.
};

class Outbox {
 public:
  struct Options {
    envelope::Subjects subjects;
    std::string worker;            // This session worker's id.
    size_t letters_max = 65'536;   // Unsent, over all partitions.
    int64_t ack_timeout_ms = 500;  // No ToolAck by then: try again.
    int64_t silent_ms = 2'000;     // A tool worker without a heartbeat for so long is lost.
    int64_t listen_ms = 600;  // After Adopt, before a call that may be running is dispatched again.
    uint32_t attempts_max = 3;
  };
  // `store` must outlive the outbox.
  static Result<std::unique_ptr<Outbox>> Start(std::shared_ptr<wire::Connection> connection,
                                               store::Store* store, Options options);
  ~Outbox();

  // Takes a partition over: sends the letters and watches the timers and calls that its rows hold.
  Result<void> Adopt(store::PartitionId partition);
  // After a commit. Waits for room at most until the deadline; false: nothing of it was taken (the
  // rows are there all the same), call again.
  bool Committed(store::PartitionId partition, const Outgoing& outgoing, Deadline room);
  // Rows to erase in this partition's next commit.
  std::vector<Done> TakeDone(store::PartitionId partition);
  // Sends what is due. False at the deadline. Calls stay pending: another owner dispatches them.
  bool Drain(Deadline deadline);

  struct Counters {
    uint64_t letters_sent = 0, letters_refused = 0, timers_fired = 0, calls_dispatched = 0,
             calls_busy = 0, calls_lost = 0, calls_failed = 0, cancels = 0;
  };
  Counters counters() const;

 private:
  struct Impl;
  explicit Outbox(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lyceum::outbox
