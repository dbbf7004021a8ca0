// ToolWorker: answers tool requests from NATS. The other end of the session worker's dispatcher.
//
//   lyceum.tool.<tool>, queue group `tools` -> accepted | busy on the reply subject
//     -> the tool runs in one of `slots` slots
//     -> Event{tool_result} to lyceum.in.tool.<user>, until acked
//   lyceum.toolctl.<id>: a cancel; the tool is told to stop, and the result is dropped
//   lyceum.toolworker.<id>: a heartbeat, every 500 ms
//   what a tool says to the learner while it works -> deltas to the request's stream_subjects
// A worker that is full, and has had to say so or is it for a while, leaves the queue group and
// joins again when a slot is free. A request it runs, or is one of the last it has run, is accepted
// and not run again: a result that is there is sent again. A request that can be read but not run
// (wrong reply subject, wrong arguments) gets an error result. Threads: one of its own, one for
// deltas that wait, and no more than one a slot, made when a tool needs one: a tool that waits for
// a language model does not. A tool begins in the thread of the subscription.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "envelope/subjects.h"
#include "tools/toolbox.h"
#include "wire/connection.h"

namespace lyceum::tools {

class ToolWorker {
 public:
  struct Options {
    envelope::Subjects subjects;
    std::string id;  // A subject token.
    size_t slots = 8;
    std::string provider = "built_in";  // As results name it.
    std::chrono::milliseconds heartbeat{500};
    size_t unacked_max = 1024;  // Results on the way: at so many the worker counts as full.
  };
  static Result<std::unique_ptr<ToolWorker>> Start(std::shared_ptr<wire::Connection> connection,
                                                   Toolbox toolbox, Options options);
  ~ToolWorker();  // Ends without sending what is not sent. Stops the tools that run, and waits.

  // Takes no more, finishes what runs and waits for its acks. False at the deadline.
  bool Drain(Deadline deadline);

  struct Counters {
    uint64_t accepted = 0, busy = 0, repeated = 0, refused = 0, unreadable = 0, cancelled = 0,
             results = 0, errors = 0, late = 0, given_up = 0;
    // Answers of something simpler; requests to language models; those to another one; messages.
    uint64_t degraded = 0, attempts = 0, fallbacks = 0, deltas = 0, retracts = 0, deltas_lost = 0;
  };
  Counters counters() const;

 private:
  struct Impl;
  explicit ToolWorker(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lyceum::tools
