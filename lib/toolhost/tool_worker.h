// ToolWorker: a ToolHost with all that drives it: a thread, an event loop, a connection to NATS.
//
//   auto worker = ToolWorker::Start(connect_options, toolbox, {.host = {.id = "w1"}});
//   ... (*worker)->Drain(In(30s));
//
// Everything but long tools happens on the one thread: requests, short tools, answers of language
// models (where `http` is given), results, heartbeats. A watchdog watches it. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "toolhost/tool_host.h"
#include "toolhost/toolbox.h"
#include "wire/connection.h"
#include "wire/event_loop.h"
#include "wire/http.h"
#include "wire/service.h"

namespace lyceum::toolhost {

class ToolWorker {
 public:
  using Counters = HostCounters;
  struct Options {
    HostOptions host;
    // A client that was started on `loop`, which then is the worker's. Both null: none, and a loop
    // of its own.
    std::shared_ptr<wire::EventLoop> loop;
    std::shared_ptr<wire::HttpClient> http;
    // What the tools call functions with; its executor is `loop`. Null: they call none.
    std::shared_ptr<FunctionCaller> functions;
    // By what NATS tools find the worker. Its endpoints are added.
    std::optional<wire::Service> service = {};
    // The loop made no turn for `stuck_after`: from the watchdog's thread. Empty: the process ends
    // with SIGABRT, so that its supervisor starts it again.
    std::function<void()> stuck;
    std::chrono::milliseconds stuck_after{5000};
  };
  // Returns when it is subscribed to requests. kReject: wrong options, or refused by the server;
  // kRetry: nobody answers there.
  static Result<std::unique_ptr<ToolWorker>> Start(const wire::ConnectOptions& nats,
                                                   Toolbox toolbox, Options options);
  ~ToolWorker();  // Ends without sending what is not sent. Stops the tools that run, and waits.

  // Accepts no more, finishes what runs and waits for its acks. False at the deadline.
  bool Drain(Deadline deadline);

  Counters counters() const;  // As of the last turn of the loop.
  struct State {
    bool connected = false;
    std::string connect_error;  // Empty: none yet.
    bool draining = false;
    int64_t turned_ms = 0;  // When the loop made its last turn, steady.
  };
  State state() const;  // The same.
  // What the server has refused on the way (permissions), so far, and the last of it in words.
  uint64_t async_errors() const;
  std::string last_async_error() const;

 private:
  struct Impl;
  explicit ToolWorker(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lyceum::toolhost
