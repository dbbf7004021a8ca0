// DispatchTable: the pending tool calls and what to do about each. The monitor of DESIGN section 5
// as a pure machine: events with a `now` go in, actions come out; it knows neither NATS nor a
// clock.
//
//   listening --heartbeat lists it--> running       found at takeover: somebody may be running it
//   listening --listen_ms-----------> waiting
//   waiting   --window, backoff-----> sent          the oldest first
//   sent      --accepted, listed----> running
//   sent      --busy, nobody, silence-> waiting     not an attempt: the same number goes out again
//   running   --lost----------------> waiting       as attempt + 1, or failed. Lost: its worker is
//                                                   silent, or two heartbeats do not list it
//   any       --deadline------------> failed        `unavailable` where nobody ever served the tool
//   failed                                          until the partition ends the call
//
// Flow by tool: what its workers have room for, as far as their heartbeats and our own calls tell,
// and at most `window` requests that wait for an answer. Until a worker has told its slots, and
// where other session workers use the same pool, the window alone decides. No answer, busy or
// nobody closes the window to 1 (half, after silence) and the tool backs off, jittered, doubling;
// accepted opens it again. So a full pool is probed by the oldest call only. A freed slot (an ended
// call, a heartbeat) ends a backoff.
//
// Times are milliseconds of one monotonic clock. Bounded by calls_max. One thread calls it.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <random>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "store/store.h"

namespace lyceum::outbox {

enum class Failure {
  kLost,         // attempts_max workers were lost with it.
  kDeadline,     // Its deadline passed.
  kUnavailable,  // Its deadline passed and nobody ever served its tool.
  kRefused,      // It can not be published at all.
};

// Publish the request with this attempt number. `send` comes back with the answer.
struct SendRequest {
  CallId id;
  uint32_t attempt = 1;
  uint32_t send = 0;
  bool protobuf = false;  // All workers that serve the tool read it.
};
struct CancelAt {
  CallId id;
  std::string worker;
};
struct FailCall {
  CallId id;
  uint32_t attempt = 1;
  Failure why = Failure::kDeadline;
};
using Action = std::variant<SendRequest, CancelAt, FailCall>;

class DispatchTable {
 public:
  struct Options {
    int64_t ack_timeout_ms = 500;
    int64_t silent_ms = 2'000;
    int64_t listen_ms = 600;
    uint32_t attempts_max = 3;
    int64_t backoff_first_ms = 20;
    int64_t backoff_max_ms = 500;
    size_t window_max = 256;
    size_t calls_max = 200'000;
  };
  struct NewCall {
    CallId id;
    store::PartitionId partition = 0;
    std::string tool;
    int64_t deadline_ms = 0;
  };
  struct Heartbeat {
    std::string worker;
    std::vector<std::string> tools;
    uint32_t slots = 0;  // 0: not told, or it takes no more.
    uint32_t free = 0;
    std::vector<CallId> in_flight;
    bool protobuf = false;  // It reads requests in protobuf.
  };
  struct Counters {
    uint64_t dispatched = 0, busy = 0, lost = 0, failed = 0, cancels = 0;
  };

  DispatchTable(Options options, uint64_t seed);

  // False: known already, or calls_max are there. `found`: a row of a takeover, so listen first.
  bool Add(const NewCall& call, bool found, int64_t now);
  void OnAccepted(const CallId& id, const std::string& worker, int64_t now);
  // Answers to one send; one that another send has overtaken is ignored.
  void OnBusy(const CallId& id, uint32_t send, int64_t now);
  void OnNobody(const CallId& id, uint32_t send,
                int64_t now);  // Also: it could not be sent just now.
  void OnRefused(const CallId& id, int64_t now);
  void OnHeartbeat(const Heartbeat& heartbeat, int64_t now);
  void OnAgain(const CallId& id, int64_t now);
  void OnEnded(const CallId& id, bool tell_worker, int64_t now);
  // No heartbeat could have come until now: it is nobody's silence.
  void ForgiveSilence(int64_t now);
  void DropPartition(store::PartitionId partition);
  // All that only the time brings. After a gap in its own calls it forgives silence first.
  void Tick(int64_t now);

  // When Tick is due next, INT64_MAX if never.
  int64_t NextTick() const;
  std::vector<Action> TakeActions();
  size_t size() const { return calls_.size(); }
  const Counters& counters() const { return counters_; }

 private:
  enum class State { kListening, kWaiting, kSent, kRunning, kFailed };
  struct Call {
    NewCall what;
    uint64_t order = 0;
    State state = State::kWaiting;
    uint32_t attempt = 1;
    uint32_t send = 0;
    int64_t wake_ms = 0;
    bool served = false;               // Somebody took it, or said busy.
    uint32_t missed = 0;               // Heartbeats in a row that did not list it.
    std::string worker;                // Running there.
    std::vector<std::string> workers;  // All that took it: who to tell of a cancel.
  };
  struct ToolState {
    std::set<uint64_t> waiting;  // Orders.
    size_t sent = 0;
    size_t window = 0;
    size_t slots = 0;    // Of all workers that serve it; 0: not known.
    size_t running = 0;  // Calls at these workers, of whatever tool.
    size_t workers = 0;
    size_t json_workers = 0;  // Those that do not read protobuf.
    int64_t backoff_ms = 0;
    int64_t open_ms = INT64_MIN;
    int64_t served_ms = INT64_MIN;  // The last heartbeat that named the tool.
  };
  struct Worker {
    int64_t heard_ms = 0;
    size_t slots = 0;
    bool protobuf = false;
    std::vector<std::string> tools;
    std::set<uint64_t> running;
  };

  Call* Find(const CallId& id);
  ToolState& ToolOf(const Call& call);
  ToolState& ToolNamed(const std::string& name);
  size_t Room(const ToolState& tool) const;
  void Describe(Worker& worker, size_t slots, bool protobuf, std::vector<std::string> tools);
  void WakeAt(Call& call, int64_t wake_ms);
  void Leave(Call& call);  // Takes it out of whatever its state put it into.
  void Erase(Call& call);
  void Enqueue(Call& call);
  void Send(Call& call, int64_t now);
  void SendWaiting(int64_t now);
  Call* Next(int64_t now);  // That may be sent now.
  void Unanswered(Call& call, size_t window, int64_t now);
  void Run(Call& call, const std::string& worker, int64_t now);
  void Lose(Call& call);
  void Fail(Call& call, Failure why);
  void Wake(Call& call, int64_t now);
  void LoseSilent(int64_t now);
  void EndBackoff(ToolState& tool, int64_t now);
  void Cancel(const CallId& id, const std::string& worker);

  const Options options_;
  std::mt19937_64 random_;
  uint64_t next_order_ = 1;
  int64_t ticked_ms_ = INT64_MIN;
  std::unordered_map<uint64_t, Call> calls_;  // By order of arrival.
  std::unordered_map<CallId, uint64_t> orders_;
  std::set<std::pair<int64_t, uint64_t>> wakes_;  // Of every call that is not failed.
  std::map<std::string, ToolState> tools_;
  std::map<std::string, Worker> workers_;
  size_t sent_ = 0;  // Of all tools.
  // Ended and to be cancelled, but nobody had said yet who runs it.
  std::unordered_set<CallId> cancelled_;
  std::deque<CallId> cancelled_order_;
  std::vector<Action> actions_;
  Counters counters_;
};

}  // namespace lyceum::outbox
