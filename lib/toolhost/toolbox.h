// Toolbox: tools by name. A tool is a function from a call to an answer: a plain one, which has a
// thread of the pool to itself while it runs, or a task, which holds none while it waits.
//
// A plain one that is known to be short (some tens of microseconds) can say so: with an input below
// kShortInputBytes it runs on the host's loop, where everything else waits for it meanwhile.
//
// A function is a tool of any other name, which the tutor's model calls (docs/tools.md): from JSON
// to JSON, always in a thread of the pool.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/task.h"
#include "base/thread_pool.h"
#include "base/trace.h"
#include "envelope/codec.h"
#include "tutor/call.h"
#include "tutor/error_code.h"

namespace lyceum::toolhost {

// Where a tool says the learner's text while it still makes it. One thread calls it.
class TextStream {
 public:
  virtual ~TextStream() = default;
  virtual void Add(std::string_view text) = 0;  // Whole UTF-8 characters.
  virtual void Retract() = 0;                   // All that was added is void.
};

struct ToolCall {
  const envelope::ToolRequest& request;
  std::stop_token stop{};         // Requested: nobody waits for the answer any more.
  Deadline deadline{};            // When the session stops waiting. Zero: never.
  TextStream* stream = nullptr;   // Null: nobody listens.
  ThreadPool* threads = nullptr;  // For what blocks or works long. Null: any thread may.
  // co_await call.OwnThread(): from here on in one of them.
  ThreadPool::Entry OwnThread() const { return {threads}; }
  size_t input_bytes = 0;    // Of the request, as it came.
  Tracer* tracer = nullptr;  // Of spans below request.trace. Null: none are made.
};

// What language models have charged for an answer.
struct TokenUsage {
  uint32_t input_tokens = 0;
  uint32_t output_tokens = 0;
  uint32_t cached_tokens = 0;
};

struct ToolAnswer {
  template <class T>
  requires(!std::same_as<std::remove_cvref_t<T>, ToolAnswer> &&
           std::convertible_to<T, tutor::ToolOutcome>) ToolAnswer(T&& of_tool)
      : outcome(std::forward<T>(of_tool)) {}  // NOLINT: implicit

  tutor::ToolOutcome outcome;
  std::string provider;  // Empty: the worker's own.
  std::string model;
  TokenUsage usage;
  bool degraded = false;  // Something simpler stood in for what was asked for.
  // Of the requests to language models.
  uint32_t attempts = 0;
  uint32_t fallbacks = 0;
  uint32_t first_text_ms = 0;
  std::vector<tutor::FunctionUse> functions{};  // What they wished to call.
  std::string authored{};  // What would be said without a language model. Of supervised sessions.
};

// Called from several threads at once. Answers with the outcome of its own tool, or a ToolError.
using ToolFunction = std::function<ToolAnswer(const ToolCall&)>;
// True where the call at hand takes some tens of microseconds. Called on the loop.
using IsShort = std::function<bool(const ToolCall&)>;
// Begins on the host's loop, and goes on in whichever thread ends its wait: neither is to be kept
// long.
using ToolTask = std::function<Task<ToolAnswer>(const ToolCall&)>;

struct FunctionCall {
  const envelope::FunctionRequest& request;  // The arguments are its `json`, as yet unread.
  std::stop_token stop{};                    // Requested: nobody waits for the answer any more.
  Deadline deadline{};
};
// JSON that fits the schema of the result, at most envelope::kFunctionResultBytesMax of it; or why
// there is none.
using FunctionAnswer = std::variant<std::string, tutor::ToolError>;
// Called from several threads at once.
using Function = std::function<FunctionAnswer(const FunctionCall&)>;

class Toolbox {
 public:
  static constexpr size_t kShortInputBytes = 2048;

  // `is_short` empty: it never is.
  void Add(tutor::Tool tool, ToolFunction function, IsShort is_short = {});
  void AddTask(tutor::Tool tool, ToolTask task);
  bool Has(tutor::Tool tool) const { return tools_.contains(tool); }
  std::vector<tutor::Tool> tools() const;
  // A name that IsFunctionName refuses is a CHECK failure.
  void AddFunction(std::string name, Function function);
  std::vector<std::string> functions() const;
  // Only these. kReject: one of them is not here.
  Result<Toolbox> Only(const std::vector<std::string>& names) const;

  // Never throws. An exception, or the outcome of another tool, is a ToolError tool_failed. A plain
  // tool whose deadline has passed before it has a thread is not run.
  Task<ToolAnswer> Start(const ToolCall& call) const;
  ToolAnswer Run(const ToolCall& call) const { return Wait(Start(call)); }
  // Never throws, likewise.
  FunctionAnswer RunFunction(const FunctionCall& call) const;

 private:
  std::map<tutor::Tool, ToolTask> tools_;
  std::map<std::string, Function> functions_;
};

tutor::ToolError ToolErrorOf(tutor::ErrorCode code, bool retryable, std::string text);
tutor::ToolError ToolErrorOf(std::string code, bool retryable, std::string text);

}  // namespace lyceum::toolhost
