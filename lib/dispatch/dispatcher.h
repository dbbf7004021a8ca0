// Dispatcher: drives a DispatchTable on an event loop, over a Wire.
//
// It publishes tool requests with a reply subject of its own, `<inbox>.<call>.<send>`, both
// numbers, so that each answer names what it answers; it listens to all heartbeats of tool workers;
// and on behalf of a tool whose call has failed it publishes a tool_result with an error,
// `<call>-error`, until it is acked. The inbox is a new one for each connection: answers of an old
// one are not seen, and the heartbeats tell what they would have said.
//
// A request is given once, in protobuf without attempt and deadline; each dispatch appends them, or
// makes JSON of it where not all who may read it read protobuf.
//
// The owner calls OnConnected for each new connection, Tick no later than NextTickMs, and drives
// the StoredPublisher itself. Bounded: calls_max calls and error results together, as far as the
// owner asks HasRoom, and kCallsSlack more than that if it does not.
// Threading: the loop's thread alone; no locks, nothing waits.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/histogram.h"
#include "base/ids.h"
#include "base/random.h"
#include "dispatch/dispatch_table.h"
#include "envelope/subjects.h"
#include "envelope/tool_requests.h"
#include "tutor/call.h"
#include "wire/stored_publisher.h"
#include "wire/wire.h"

namespace lyceum::dispatch {

class Dispatcher {
 public:
  static constexpr size_t kCallsSlack = 65'536;  // What one batch of records may add.

  struct Options {
    DispatchTable::Options table;
    uint32_t sharers = 1;  // Dispatchers of this process, which use the same tool workers.
    int64_t error_ms_max = 120'000;  // How long an error result is sent again without an ack.
  };
  struct Call {
    CallId id;
    uint16_t partition = 0;
    tutor::Tool tool = tutor::Tool::kLoadTopic;
    UserId user;
    std::string trace;  // W3C traceparent, or empty.
    int64_t duration_ms = 0;
    int64_t deadline_cap_ms = INT64_MAX;  // At most so long from now. INT64_MAX: no cap.
    std::string request;  // A ToolRequest in protobuf, without attempt and deadline.
  };
  struct Counters {
    DispatchTable::Counters calls;
    uint64_t malformed = 0;       // Answers and heartbeats that could not be read.
    uint64_t errors_refused = 0;  // Error results that were never stored: refused, or given up.
  };

  // Of one tool's calls, those that were found at a start or takeover left out.
  struct Times {
    Histogram wait;  // Until a worker accepted it.
    Histogram
        call;  // Until it ended, by a result or as not wanted any more; all that a worker accepted.
  };

  // Of a call that has failed here: its error result is on its way to the log.
  using FailedHandler =
      std::function<void(const CallId& id, uint16_t partition, const UserId& user)>;
  void SetFailedHandler(FailedHandler failed) { failed_ = std::move(failed); }

  // All that is pointed to must outlive it. `server_now_ms`: the server's Unix time, for the
  // deadlines in requests.
  Dispatcher(wire::Wire* wire, wire::StoredPublisher* publisher, const Clock* clock, Random* random,
             envelope::Subjects subjects, Options options, std::function<int64_t()> server_now_ms);
  ~Dispatcher();
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  // A new connection: subscribes again, and nobody's silence counts so far.
  void OnConnected();
  // False: known already, or there is no room at all. `found`: of a start or takeover; a worker may
  // be running it, so it is dispatched only when no heartbeat has listed it for listen_ms.
  bool Add(Call call, bool found);
  bool HasRoom() const;
  // Said again and again while calls may be found that others have dispatched: the heartbeats of
  // listen_ms then tell which of them run, so that the rest need not be listened for.
  void Watch();
  // It has watched for so long: what it finds and no heartbeat has listed is dispatched at once.
  bool informed() const { return IsInformed(clock_->SteadyMs()); }
  // While the log is not read, results stand in it unseen: a call that its worker lists no more is
  // not lost.
  void SetReadingPaused(bool paused) { table_.SetReadingPaused(paused); }
  // The next attempt, at once. Of a call that is not here: nothing.
  void Again(const CallId& id);
  // The call has its result, or is not wanted any more: then tell_worker.
  void End(const CallId& id, bool tell_worker);
  // Tells a worker what of its result does not fit, once, as far as it hears it. Where the worker is
  // no token, nobody.
  void TellRefused(const CallId& id, std::string_view worker, std::string_view reason);
  // The call's result cannot be read: it ends as an error. Of a call that is not here: nothing.
  void FailResult(const CallId& id);
  void DropPartition(uint16_t partition);
  void Tick();
  int64_t NextTickMs() const;  // Of Clock::SteadyMs; INT64_MAX: never.
  // Dispatches nothing more and fails nothing; error results that are made already still go out.
  void Quiet() { quiet_ = true; }
  // No error result is without its ack.
  bool settled() const;
  size_t size() const { return table_.size(); }
  Counters counters() const;
  // Read by any thread.
  const Times& times(tutor::Tool tool) const { return times_[static_cast<size_t>(tool)]; }
  DispatchTable::ToolFigures FiguresOf(tutor::Tool tool) const {
    return table_.FiguresOf(tools_[static_cast<size_t>(tool)].number);
  }

 private:
  static constexpr int64_t kWatchMs = 10'000;
  static constexpr size_t kListedMax = 100'000;
  void Note(const std::vector<CallId>& in_flight, int64_t now);
  bool IsInformed(int64_t now) const {
    return now <= watch_until_ms_ && now - watching_since_ms_ >= options_.table.listen_ms;
  }
  bool IsNowhere(const CallId& id, int64_t now) const;

  struct Request {
    CallNumber number = 0;  // 0: the slot is free.
    uint16_t partition = 0;
    tutor::Tool tool = tutor::Tool::kLoadTopic;
    UserId user;
    std::string trace;
    std::string bytes;
    int64_t added_ms = -1;  // -1: found.
    bool accepted = false;
  };
  struct ErrorResult {
    CallId id;
    tutor::Tool tool = tutor::Tool::kLoadTopic;
    UserId user;
    std::string trace;
    uint32_t attempt = 1;
    Failure why = Failure::kDeadline;
  };
  struct ToolNames {
    DispatchTable::ToolNumber number = 0;
    std::string subject;  // Of its queue group.
  };
  // Outlives this object in what the publisher still calls.
  struct ErrorCount {
    size_t in_flight = 0;
    uint64_t refused = 0;
  };

  void OnAnswer(const wire::Arrived& message);
  void OnHeartbeat(const wire::Arrived& message);
  void OnMalformed(std::string_view what, const Error& error);
  void Act(int64_t now);
  void Do(const SendRequest& action, int64_t now);
  void Do(const CancelCall& action, int64_t now);
  void Do(const FailCall& action, int64_t now);
  void SendErrors();
  Request* RequestOf(CallNumber call);

  wire::Wire* const wire_;
  wire::StoredPublisher* const publisher_;
  const Clock* const clock_;
  const envelope::Subjects subjects_;
  const Options options_;
  const std::function<int64_t()> server_now_ms_;
  DispatchTable table_;
  std::array<ToolNames, tutor::kToolCount> tools_;
  std::array<Times, tutor::kToolCount> times_;
  std::string inbox_;  // Of this connection.
  wire::Wire::SubscriptionId answers_ = 0;
  wire::Wire::SubscriptionId heartbeats_ = 0;
  std::deque<Request> requests_;    // By slot.
  std::deque<ErrorResult> errors_;  // Not handed to the publisher yet.
  std::shared_ptr<ErrorCount> error_count_ = std::make_shared<ErrorCount>();
  FailedHandler failed_;
  envelope::ToolAck spare_ack_;  // What an ack is read into that is written in an unusual way.
  // Calls in heartbeats of late, while that is watched. Steady ms.
  std::unordered_map<std::string, int64_t> listed_;
  int64_t watch_until_ms_ = INT64_MIN / 2;
  int64_t watching_since_ms_ = 0;
  int64_t listed_swept_ms_ = 0;
  uint64_t malformed_ = 0;
  bool quiet_ = false;
  std::vector<Action> actions_;  // Used again and again, as are these:
  std::string reply_, data_;
};

}  // namespace lyceum::dispatch
