// DispatchTable: the pending tool calls and what to do about each. The monitor of DESIGN section 5
// as a pure machine: events with a `now` go in, actions come out; it knows neither NATS nor a
// clock.
//
//   listening --heartbeat lists it--> running       found at the start: somebody may be running it
//   listening --listen_ms-----------> waiting
//   waiting   --window, backoff-----> sent          the oldest first, to the queue group
//   sent      --accepted, listed----> running
//   sent      --silence-------------> sent          straight to a worker that is `direct`, if any
//   sent      --busy, nobody, silence-> waiting     not an attempt: the same number goes out again
//   running   --worker silent, or two heartbeats without it--> waiting as attempt + 1, or failed
//   any       --deadline------------> failed        `unavailable` where nobody ever served
//                                                   the tool; kept until the partition ends it
//
// Deadline: duration_ms from Add, of a found call from the end of listening, and never later than
// deadline_cap_ms from Add. Time in which this process stood still does not count.
//
// Flow by tool: what its workers have room for, as far as their heartbeats and our own calls tell,
// and at most `window` requests that wait for an answer. Until a worker has told its slots, and
// where other session workers use the same pool, the window alone decides. Busy or nobody closes
// the window to 1, silence halves it, and the tool backs off, jittered, doubling; accepted opens it
// again. So a full pool is probed by the oldest call only. A freed slot (an ended call, a
// heartbeat) ends a backoff.
//
// Direct workers: a request that the queue group's choice has not answered within four times the
// usual goes straight to the one with the most free slots, not to one that has just not answered,
// unless that has answered others since.
// The silence then is that one worker's: while others answer, it neither closes the window nor
// backs off.
//
// Cost: calls lie in slots that are used again, tools and workers are numbers; adding, sending,
// accepting and ending a call allocates nothing once the table has grown to its size.
//
// Times are milliseconds of one monotonic clock. Bounded by calls_max. One thread calls it.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "dispatch/call_heap.h"
#include "dispatch/call_index.h"

namespace lyceum::dispatch {

// The slot of a call: small, dense, used again when the call is gone.
inline uint32_t SlotOf(CallNumber call) { return static_cast<uint32_t>(call); }

enum class Failure {
  kLost,         // attempts_max workers were lost with it.
  kDeadline,     // Its deadline passed.
  kUnavailable,  // Its deadline passed and nobody ever served its tool.
  kRefused,      // It cannot be published at all.
  kBadResult,    // Its result could not be read.
};
inline constexpr size_t kFailureCount = 5;

// Publish the request with this attempt number. `send` comes back with the answer.
struct SendRequest {
  CallNumber call = 0;
  uint32_t attempt = 1;
  uint32_t send = 0;
  bool protobuf = false;       // Whoever may get it reads it.
  int64_t deadline_ms = 0;     // Of the table's clock.
  std::string to_worker = {};  // Empty: to the queue group.
};
struct CancelCall {
  CallId id;
  std::string worker;
};
struct FailCall {
  CallNumber call = 0;
  uint32_t attempt = 1;
  Failure why = Failure::kDeadline;
};
using Action = std::variant<SendRequest, CancelCall, FailCall>;

class DispatchTable {
 public:
  using ToolNumber = uint16_t;

  struct Options {
    int64_t ack_timeout_ms = 500;  // The longest that a request waits for an answer.
    int64_t answer_ms_min = 20;    // The shortest, where somebody else can be asked.
    int64_t silent_ms = 2'000;
    int64_t listen_ms = 600;
    uint32_t attempts_max = 3;
    int64_t backoff_first_ms = 20;
    int64_t backoff_max_ms = 500;
    size_t window_max = 256;
    size_t calls_max = 200'000;
  };
  struct NewCall {
    std::string_view id;
    uint16_t partition = 0;
    ToolNumber tool = 0;  // Of ToolNamed.
    int64_t duration_ms = 0;
    int64_t deadline_cap_ms = INT64_MAX;  // From Add, listening included. INT64_MAX: none.
  };
  struct Heartbeat {
    std::string worker;
    std::vector<std::string> tools;
    uint32_t slots = 0;  // 0: not told, or it accepts no more.
    uint32_t free = 0;
    std::vector<CallId> in_flight;
    bool protobuf = false;  // It reads requests in protobuf.
    bool direct = false;    // It reads requests that are sent to it alone.
  };
  struct Counters {
    uint64_t dispatched = 0, busy = 0, lost = 0, failed = 0, cancels = 0;
    std::array<uint64_t, kFailureCount> failed_by{};  // By Failure: `failed` in all.
    uint64_t direct = 0;                              // Of dispatched: straight to one worker.
  };

  // What an operator sees of a tool.
  struct ToolFigures {
    size_t pending = 0;  // All calls of it.
    size_t waiting = 0;  // Of them: with no worker.
    size_t overdue = 0;  // Of them: their time is over, and their sessions do not know it yet.
    size_t workers = 0;
    size_t slots = 0;  // Of these; what other tools of theirs use is among them.
  };

  DispatchTable(Options options, uint64_t seed);

  // The number of a tool, the same for the same name. CHECK: at most 1,000 tools.
  ToolNumber ToolNamed(std::string_view name);

  // 0: known already, or calls_max are there. `found`: of a start or takeover, so listen first.
  CallNumber Add(const NewCall& call, bool found, int64_t now);
  // The call of this id, or 0.
  CallNumber Find(std::string_view id) const;
  // Null: no such call any more. Valid until the next call of a method that is not const.
  const CallId* IdOf(CallNumber call) const;

  // Answers to one send. A call that is gone, and an answer that another send has overtaken, are
  // ignored; an overtaken accept counts, somebody runs the call.
  void OnAccepted(CallNumber call, uint32_t send, std::string_view worker, int64_t now);
  void OnBusy(CallNumber call, uint32_t send, int64_t now);
  void OnNoResponders(CallNumber call, uint32_t send, int64_t now);
  void OnNotSent(CallNumber call, uint32_t send, int64_t now);  // There is no connection just now.
  void OnRefused(CallNumber call, int64_t now);
  void OnBadResult(CallNumber call, int64_t now);
  void OnHeartbeat(const Heartbeat& heartbeat, int64_t now);
  void OnAgain(CallNumber call, int64_t now);
  void OnEnded(CallNumber call, bool tell_worker, int64_t now);
  // True: results may have come that nobody has read.
  void SetReadingPaused(bool paused) { reading_paused_ = paused; }
  // No heartbeat could have come until now: it is nobody's silence.
  void ForgiveSilence(int64_t now);
  void DropPartition(uint16_t partition);
  // All that only the time brings. A second without it and without any event is our own pause: the
  // next call of any of them forgives silence first, and moves every deadline by the pause.
  void Tick(int64_t now);

  // When Tick is due next, INT64_MAX if never.
  int64_t NextTick() const;
  // What is to be done, in order, in place of what was in `actions`.
  void DrainActions(std::vector<Action>* actions);
  bool has_actions() const { return !actions_.empty(); }
  size_t size() const { return index_.size(); }
  // Slots are below this: what is kept beside the table by slot needs so much room.
  uint32_t slots() const { return static_cast<uint32_t>(chunks_.size() * kChunk); }
  const Counters& counters() const { return counters_; }
  ToolFigures FiguresOf(ToolNumber tool) const;

  // Counts everything again, all calls and all workers, and CHECKs that it is what was counted.
  void CheckInvariants() const;

 private:
  static constexpr uint32_t kNoWorker = UINT32_MAX;
  static constexpr uint32_t kChunk = 256;  // Calls that are allocated at once; a power of two.
  static constexpr size_t kWorkersOfCallMax = 8;

  enum class State : uint8_t { kFree, kListening, kWaiting, kSent, kRunning, kFailed };
  struct Call {
    CallNumber number = 0;  // Generation and slot.
    CallId id;
    uint32_t hash = 0;
    uint16_t partition = 0;
    ToolNumber tool = 0;
    State state = State::kFree;
    bool served = false;  // Somebody accepted it, or said busy.
    bool queued = false;  // Its tool's heap has an entry of it, whether it waits or not.
    uint8_t missed = 0;   // Heartbeats in a row that did not list it.
    uint8_t worker_count = 0;
    uint32_t attempt = 1;
    uint32_t send = 0;
    uint64_t order = 0;  // Of arrival.
    int64_t deadline_ms = 0;
    int64_t wake_ms = INT64_MAX;   // When it is looked at again.
    int64_t armed_ms = INT64_MAX;  // wakes_ has an entry for then; armed_ms <= wake_ms.
    int64_t group_sent_ms = 0;     // To the queue group,
    int64_t sent_ms = 0;           // to whomever,
    int64_t last_sent_ms = 0;      // and the time before that.
    uint32_t asked = kNoWorker;    // Sent straight there.
    uint32_t worker = kNoWorker;   // Running there,
    uint32_t running_index = 0;    // its index in that worker's list.
    uint32_t listed = 0;           // The last heartbeat that named it.
    std::array<uint32_t, kWorkersOfCallMax> workers;  // All that accepted it: told of a cancel.
  };
  struct ToolState {
    std::string name;
    CallHeap waiting_calls;  // By order. Holds where the call exists and waits.
    size_t calls = 0;        // All, and of them:
    size_t failed = 0;
    size_t waiting = 0;
    size_t sent = 0;
    size_t window = 0;
    size_t slots = 0;    // Of all workers that serve it; 0: not known.
    size_t running = 0;  // Calls at these workers, of whatever tool.
    size_t workers = 0;
    size_t json_workers = 0;       // Those that do not read protobuf.
    std::vector<uint32_t> direct;  // Those that can be asked alone.
    size_t next_direct = 0;        // Where the next choice begins.
    int64_t backoff_ms = 0;
    int64_t open_ms = INT64_MIN;
    int64_t served_ms = INT64_MIN;    // The last heartbeat that named the tool.
    int64_t answered_ms = INT64_MIN;  // The last time a worker answered a request.
    int64_t usual_16th_ms = -1;       // How long an answer takes, smoothed. -1: not known.
  };
  struct Worker {
    std::string name;
    bool live = false;
    bool protobuf = false;
    bool direct = false;
    uint32_t references = 0;  // Of calls: asked it, or accepted by it. Kept while there are any.
    int64_t alive_ms = 0;     // Last sign of life.
    int64_t answered_ms = INT64_MIN;         // Last time it accepted a request or was busy.
    int64_t unanswered_ms = INT64_MIN;       // Last time it did not answer a request of its own,
    int64_t unanswered_sent_ms = INT64_MIN;  // which was sent then.
    size_t slots = 0;
    size_t free = 0;   // As last told, less what we have given it since.
    size_t asked = 0;  // Requests of its own that wait for its answer.
    std::vector<ToolNumber> tools;
    std::vector<uint32_t> running;  // Slots.
  };

  Call& At(uint32_t slot) { return chunks_[slot / kChunk][slot % kChunk]; }
  const Call& At(uint32_t slot) const { return chunks_[slot / kChunk][slot % kChunk]; }
  Call* Get(CallNumber number);
  Call* GetSent(CallNumber number, uint32_t send);
  ToolState& ToolOf(const Call& call) { return tools_[call.tool]; }
  bool KnownTool(std::string_view name, ToolNumber* tool);
  size_t Room(const ToolState& tool) const;
  int64_t AnswerMs(const ToolState& tool) const;

  Call& NewSlot();
  void WakeAt(Call& call, int64_t wake_ms);
  void Leave(Call& call);  // Removes it from whatever its state put it into.
  void Erase(Call& call);
  void Enqueue(Call& call);
  void Send(Call& call, int64_t now);  // To the queue group.
  void Emit(Call& call, uint32_t worker, int64_t now);
  bool SendDirect(Call& call, int64_t now);
  void StopAsking(Call& call);
  void SendWaiting(int64_t now);
  Call* NextOf(ToolState& tool);
  void OnSilence(Call& call, int64_t now);
  void Unanswered(Call& call, size_t window, int64_t now);
  void Run(Call& call, uint32_t worker, int64_t now);
  void Learn(const Call& call, uint32_t send, int64_t now);
  void Lose(Call& call);
  void Fail(Call& call, Failure why);
  void FailNow(CallNumber number, Failure why, int64_t now);
  void Wake(Call& call, int64_t now);
  void NoticeGap(int64_t now);
  void Postpone(int64_t gap);
  void LoseSilent(int64_t now);
  void EndBackoff(ToolState& tool, int64_t now);
  void Cancel(const CallId& id, std::string_view worker);

  uint32_t WorkerNamed(std::string_view name, int64_t now);  // kNoWorker: too many.
  void Describe(uint32_t worker, const Heartbeat& heartbeat, const std::vector<ToolNumber>& tools);
  void Join(uint32_t worker);  // Counts it in its tools.
  void Part(uint32_t worker);  // The reverse.
  void Release(uint32_t worker);

  const Options options_;
  std::mt19937_64 random_;
  uint64_t next_order_ = 1;
  bool reading_paused_ = false;
  uint32_t heartbeats_ = 0;
  int64_t seen_ms_ = 0;  // The last time that it was told.
  std::vector<std::unique_ptr<Call[]>> chunks_;
  std::vector<uint32_t> free_slots_;
  CallIndex index_;  // All calls, by id.
  CallHeap wakes_;   // By armed_ms. Holds where the call exists and is armed for then.
  std::map<std::string, ToolNumber, std::less<>> tool_numbers_;
  std::deque<ToolState> tools_;
  std::vector<ToolNumber> waiting_tools_;  // Those with calls that wait.
  std::map<std::string, uint32_t, std::less<>> worker_numbers_;
  std::deque<Worker> workers_;
  std::vector<uint32_t> free_workers_;
  size_t live_workers_ = 0;
  int64_t silence_ms_ = INT64_MAX;  // No worker is silent before then.
  size_t waiting_ = 0, sent_ = 0;   // Of all tools.
  size_t backoffs_ = 0;             // Tools that back off.
  // Ended and to be cancelled, but nobody had said yet who runs it.
  std::unordered_map<CallNumber, CallId> cancelled_;
  std::deque<CallNumber> cancelled_order_;
  std::vector<ToolNumber> told_tools_;  // Of one heartbeat.
  std::vector<Action> actions_;
  Counters counters_;
};

}  // namespace lyceum::dispatch
