// FunctionCaller: calls functions, tools of any name that others serve, for a tool that runs here.
//
//   FunctionAsk ask{.name = "glossary", .json = R"({"word":"ratio"})", ...};
//   const FunctionEnd end = co_await caller.Call(ask);
//
//   lyceum.tool.<name>, queue group `tools`     the request, with a reply subject for `accepted`
//   _INBOX.tool_worker.<ours>.<number>          the result, once
// `busy` is asked again until the deadline, nobody there and silence for kReach; both with jitter.
// A request keeps its id, so a worker that has it already does not run it twice; another worker
// may: a function is called at least once. A result that is lost is a deadline that passes.
//
// Call is called from any thread, and goes on on the loop's. Everything else is called on the loop,
// by the host. Bounded: kOpenMax calls at once, and each ends by its deadline or its stop.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <coroutine>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/ids.h"
#include "base/task.h"
#include "envelope/functions.h"
#include "envelope/subjects.h"
#include "wire/wire.h"

namespace lyceum::toolhost {

// How a call of a function ended, from the model's wish to the result it is shown.
enum class FunctionOutcome {
  kOk,
  kUnknown,       // The course has no function of that name.
  kBadArguments,  // They do not fit their schema, or are too long.
  kNoTime,        // So little is left of the tool's own time that nobody was asked.
  kNoTool,        // Nobody serves it.
  kBusy,          // Whoever serves it has no slot free.
  kDeadline,
  kError,      // Its own answer.
  kBadResult,  // It does not fit its schema, is too long or cannot be read.
  kCancelled,
};
inline constexpr size_t kFunctionOutcomes = 10;
std::string_view Name(FunctionOutcome outcome);

struct FunctionAsk {
  CallId parent;  // The tool's call: the id of this one begins with it.
  std::string name;
  UserId user;
  std::string trace;
  std::string json;  // At most envelope::kFunctionArgumentsBytesMax.
  Deadline deadline;
  std::stop_token stop;
};

struct FunctionEnd {
  FunctionOutcome outcome = FunctionOutcome::kOk;
  std::string json;   // kOk: at most envelope::kFunctionResultBytesMax, as yet unread.
  std::string error;  // kError: what the function says, of anybody's making.
  CallId id;          // Of the request.
  std::string worker;
  size_t result_bytes = 0;  // As far as it is known.
  uint32_t latency_ms = 0;
};

class FunctionCaller {
 public:
  static constexpr size_t kOpenMax = 1024;
  static constexpr std::chrono::milliseconds kAckWait{500};
  static constexpr std::chrono::milliseconds kReach{1000};

  // Clock and executor outlive it. Of a call that is open when it is destroyed nobody is told: its
  // owner ends the tools first.
  FunctionCaller(const Clock* clock, Executor* loop, envelope::Subjects subjects);
  ~FunctionCaller();

  Task<FunctionEnd> Call(const FunctionAsk& ask);  // It outlives the call.

  // Null: the connection is gone. What was asked on it may still be answered on the next one.
  void OnConnection(wire::Wire* wire);
  void Turn();
  int64_t NextMs() const;  // Steady. INT64_MAX: nothing waits.

  // Of every call that a model wished for, also where nobody was asked. Thread-safe.
  struct Figures {
    uint64_t calls = 0, argument_bytes = 0, result_bytes = 0, latency_ms = 0;
    std::array<uint64_t, kFunctionOutcomes> by_outcome{};
  };
  void Count(FunctionOutcome outcome, size_t argument_bytes, const FunctionEnd& end);
  Figures figures() const;

 private:
  struct Open;
  struct Wait;
  using Number = uint64_t;

  void Begin(std::shared_ptr<Open> open);
  void Send(Open& open);
  void OnAck(Number number, const Result<wire::Answer>& ack);
  void OnResult(const wire::Arrived& message);
  void Again(Open& open, FunctionOutcome why, int64_t until);
  void End(Number number, FunctionEnd end);
  void End(Number number, FunctionOutcome outcome);

  const Clock* const clock_;
  Executor* const loop_;
  const envelope::Subjects subjects_;
  // What was posted, and what the wire calls back, may come after this is gone.
  const std::shared_ptr<FunctionCaller*> self_;

  // Of the loop.
  wire::Wire* wire_ = nullptr;
  std::string inbox_;  // One for all connections.
  std::map<Number, std::shared_ptr<Open>> open_;
  Number last_number_ = 0;
  std::minstd_rand random_;

  std::atomic<uint64_t> calls_{0}, argument_bytes_{0}, result_bytes_{0}, latency_ms_{0};
  std::array<std::atomic<uint64_t>, kFunctionOutcomes> by_outcome_{};
};

}  // namespace lyceum::toolhost
