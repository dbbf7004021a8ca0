// ToolHost::Impl: its parts and its state. Of tool_host.cc and tool_host_functions.cc.
#pragma once

#include <coroutine>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/task.h"
#include "base/thread_pool.h"
#include "toolhost/call_table.h"
#include "toolhost/delta_sender.h"
#include "toolhost/function_caller.h"
#include "toolhost/stall_guard.h"
#include "toolhost/tool_host.h"
#include "toolhost/tool_reply.h"
#include "wire/stored_publisher.h"

namespace lyceum::toolhost {

inline constexpr int64_t kDeadlineMsMax = 60 * 60 * 1000;  // From now: longer ones are as good.

struct Job {
  envelope::ToolRequest request;
  uint64_t run = 0;
  std::stop_token stop{};
  size_t input_bytes = 0;
};
struct FunctionJob {
  envelope::FunctionRequest request;
  uint64_t run = 0;
  std::stop_token stop{};
};
struct Finished {
  CallId id;
  uint64_t run = 0;
  ResultMessage result;
  bool error = false;
  bool late = false;
  bool degraded = false;
  uint32_t attempts = 0;
  uint32_t fallbacks = 0;
  std::optional<tutor::Tool> tool;  // Empty: a function.
  std::string served;               // Its name, or that of the function.
  int64_t took_us = 0;
};

inline envelope::Encoding EncodingOf(const wire::Arrived& message) {
  return envelope::EncodingOf(message.content_type, message.data);
}

// co_await: from here on on the loop's thread.
struct OntoLoop {
  Executor* executor;
  std::thread::id loop;
  bool await_ready() const noexcept { return std::this_thread::get_id() == loop; }
  void await_suspend(std::coroutine_handle<> task) const {
    executor->Post([task] { task.resume(); });
  }
  void await_resume() const noexcept {}
};

struct ToolHost::Impl {
  Impl(const Doors& doors, Toolbox box_of_tools, HostOptions given)
      : wire(doors.wire),
        clock(doors.clock),
        executor(doors.executor),
        toolbox(std::move(box_of_tools)),
        options(std::move(given)),
        tools(toolbox.tools()),
        caller(doors.functions),
        replier{options.subjects, options.id, options.provider, wire->payload_bytes_max()},
        publisher(wire, clock,
                  {.messages_max = options.unacked_max + options.slots,
                   .bytes_max = options.unacked_bytes_max +
                                options.slots * (wire->payload_bytes_max() + 1024)}),
        deltas(
            clock, executor,
            [this](const wire::Outbound& message) { return wire->Publish(message); },
            &options.times->first_delta),
        guard(wire, clock, options.stall.count()),
        threads(options.slots) {}

  // --- Wherever a tool runs.
  Task<void> RunJob(Job job);
  Task<Finished> Answered(Job& job);
  Task<ToolAnswer> RunTool(const Job& job, Deadline deadline);
  Task<void> RunFunction(FunctionJob job);
  Task<Finished> FunctionAnswered(const FunctionJob& job);

  // --- On the loop.
  void OnConnection(bool connected);
  void OnRequest(const wire::Arrived& message, tutor::Tool tool);
  void OnFunction(const wire::Arrived& message, const std::string& name);
  void OnControl(const wire::Arrived& message);
  void OnUnreadable(const wire::Arrived& message, const std::string& why);
  void Finish(Finished done);
  void Refuse(const envelope::ToolRequest& request, const std::string& problem);
  void SendResult(const CallId& id);
  void SendToInbox(const CallTable::Sending& sending);
  void OnAcked(uint64_t cookie, size_t bytes, const Result<uint64_t>& sequence);
  // Answers a request. True: it is a new one, is accepted, and is to be run.
  bool Admit(const wire::Arrived& message, const CallId& id);
  void SendAck(const wire::Arrived& message, const CallId& id, bool accepted);
  void SendHeartbeat(int64_t now);
  void JoinOrLeave(int64_t now);
  bool Subscribe(const std::string& subject, std::string_view queue, wire::Wire::Handler handler,
                 wire::Wire::SubscriptionId* id);
  // What is served, functions included: its name, and what its requests go to.
  std::vector<std::pair<std::string, wire::Wire::Handler>> Served();
  std::vector<std::string> ServedNames() const;  // In the same order.
  void Leave();
  bool HasRoom() const;
  void NoteRoom(int64_t now);

  wire::Wire* const wire;
  const Clock* const clock;
  Executor* const executor;
  const std::thread::id loop = std::this_thread::get_id();
  const Toolbox toolbox;
  const HostOptions options;
  const std::vector<tutor::Tool> tools;
  FunctionCaller* const caller;
  Replier replier;
  wire::StoredPublisher publisher;
  DeltaSender deltas;
  StallGuard guard;

  CallTable calls;
  std::unordered_map<uint64_t, std::stop_source> stops;  // Of what runs, by its run.
  size_t jobs = 0;        // Begun, and not yet over with all that follows.
  size_t busy_slots = 0;  // Running ones and cancelled ones that still run. <= slots
  size_t unacked_bytes = 0;
  std::optional<int64_t> full_since;  // Steady ms, as all times here.
  bool turned_away = false;           // A request, since it is full.
  bool draining = false;
  bool stopped = false;
  HostCounters counters;
  std::unordered_map<std::string, wire::EndpointFigures> ended;  // Requests, by what is served.

  std::vector<wire::Wire::SubscriptionId> in_group;  // Empty: it is not in the queue group.
  bool has_direct = false;  // Control and direct requests are subscribed to on this connection.
  int64_t join_after = 0;
  int64_t next_beat = 0;
  int64_t next_publisher_tick = 0;

  ThreadPool threads;  // The first to go: what runs in it uses the rest.
};

}  // namespace lyceum::toolhost
