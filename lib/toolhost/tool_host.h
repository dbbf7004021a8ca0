// ToolHost: answers tool requests from NATS. The other end of the session worker's dispatcher.
//
//   lyceum.tool.<tool>, queue group `tools`, and lyceum.tool.<tool>.<id>
//     -> accepted | busy on the reply subject
//     -> the tool runs in one of `slots` slots
//     -> Event{tool_result} to lyceum.in.tool.<user>, until acked
//   lyceum.toolctl.<id>: a cancel; the tool is told to stop, and the result is dropped
//   lyceum.toolworker.<id>: a heartbeat, every 500 ms
//   what a tool says to the learner while it works -> deltas to the request's stream_subjects
// A host that is full, and has had to say so or is it for a while, leaves the queue group and joins
// again when a slot is free. A request it runs, or is one of the last it has run, is accepted and
// not run again: a result that is there is sent again. A request that can be read but not run
// (wrong reply subject, wrong arguments) gets an error result.
//
// A process that stood still (SIGSTOP, a machine that slept) finds requests that have long gone
// elsewhere, and may not be answered any more. After a gap of stall_ms between two turns nothing is
// accepted or answered until a probe that was sent after the gap has come back: all that came
// before it is old.
//
// A function (Toolbox::AddFunction) is a tool like the others, but for its result: that goes once,
// unacked, to the inbox that its request names, which is one of a tool worker, or it is not run.
//
// One thread, the loop's, calls everything here. A tool that takes long runs in a thread of the
// pool, one a slot at most, made when a tool needs one; its end is posted to the loop.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/histogram.h"
#include "base/result.h"
#include "base/trace.h"
#include "envelope/subjects.h"
#include "toolhost/function_caller.h"
#include "toolhost/toolbox.h"
#include "tutor/call.h"
#include "wire/service.h"
#include "wire/wire.h"

namespace lyceum::toolhost {

// How long things take. Written by the host's thread, read by any.
struct HostTimes {
  std::array<Histogram, tutor::kToolCount> run;  // From its request to its result, by tool.
  Histogram first_delta;                         // From a request to its first delta.
};

struct HostOptions {
  envelope::Subjects subjects = envelope::Subjects();
  std::string id;  // A subject token.
  size_t slots = 8;
  std::string provider = "built_in";  // As results name it.
  std::chrono::milliseconds heartbeat{500};
  // Results on the way: at so many, or at unacked_bytes_max of them, the host counts as full.
  size_t unacked_max = 1024;
  size_t unacked_bytes_max = 32 << 20;
  std::chrono::milliseconds stall{2000};
  std::shared_ptr<HostTimes> times = std::make_shared<HostTimes>();
  Tracer* tracer = nullptr;  // Outlives the host. Null: no spans are made.
};

struct HostCounters {
  uint64_t accepted = 0, busy = 0, repeated = 0, refused = 0, unreadable = 0, cancelled = 0,
           results = 0, errors = 0, late = 0, given_up = 0;
  // Requests that were dropped unread after the process had stood still; results that a session
  // worker could not use; how late a heartbeat was at most.
  uint64_t stale = 0, results_refused = 0;
  int64_t heartbeat_late_ms_max = 0;
  // Answers of something simpler; requests to language models; those to another one; messages.
  uint64_t degraded = 0, attempts = 0, fallbacks = 0, deltas = 0, retracts = 0, deltas_lost = 0;
  uint64_t busy_slots = 0, unacked = 0;  // Now: slots that run something; results without an ack.
};

class ToolHost {
 public:
  struct Doors {
    wire::Wire* wire = nullptr;  // Its connection handler is the host's.
    const Clock* clock = nullptr;
    Executor* executor = nullptr;         // Of the loop: what is posted runs on its thread.
    FunctionCaller* functions = nullptr;  // Is driven by the host. Null: its tools call none.
  };
  static Result<void> Check(const Toolbox& toolbox, const HostOptions& options);
  // Of options that Check has passed. The doors outlive it.
  ToolHost(const Doors& doors, Toolbox toolbox, HostOptions options);
  ~ToolHost();  // Nothing runs any more: jobs() is 0.

  // At the end of each turn of the loop, before the wire is flushed, and by NextMs (steady).
  void Turn();
  int64_t NextMs() const;

  // Accepts no more, and finishes what runs. drained: that is done, and all results are acked.
  void Drain();
  bool drained() const;
  // Tells all tools to stop. What they answer is not sent.
  void Stop();
  size_t jobs() const;  // Begun, and not yet over with all that follows.

  bool joined() const;  // It is subscribed to requests.
  HostCounters counters() const;
  // What it serves, functions too, and how much of it: of requests that have ended.
  std::vector<wire::ServiceEndpoint> endpoints() const;
  std::vector<wire::EndpointFigures> endpoint_figures() const;  // In the same order.

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lyceum::toolhost
