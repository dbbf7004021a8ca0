// Toolbox: tools by name. A tool is a function from a call to an answer: a plain one, which has a
// thread to itself while it runs, or a task, which holds none while it waits.
#pragma once

#include <concepts>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/task.h"
#include "base/thread_pool.h"
#include "envelope/codec.h"
#include "llm/chat.h"
#include "tutor/call.h"

namespace lyceum::tools {

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
  Deadline deadline{};            // When the session stops waiting.
  TextStream* stream = nullptr;   // Null: nobody listens.
  ThreadPool* threads = nullptr;  // For what blocks or works long. Null: any thread may.
  // co_await call.OwnThread(): from here on in one of them.
  ThreadPool::Entry OwnThread() const { return {threads}; }
};

struct ToolAnswer {
  template <class T>
  requires(!std::same_as<std::remove_cvref_t<T>, ToolAnswer> &&
           std::convertible_to<T, tutor::ToolOutcome>) ToolAnswer(T&& of_tool)
      : outcome(std::forward<T>(of_tool)) {}  // NOLINT: implicit

  tutor::ToolOutcome outcome;
  std::string provider;  // Empty: the worker's own.
  std::string model;
  llm::Usage usage;
  bool degraded = false;  // Something simpler stood in for what was asked for.
  // Of the requests to language models.
  uint32_t attempts = 0;
  uint32_t fallbacks = 0;
  uint32_t first_text_ms = 0;
};

// Called from several threads at once. Answers with the outcome of its own tool, or a ToolError.
using ToolFunction = std::function<ToolAnswer(const ToolCall&)>;
// Begins in the thread that takes requests, and goes on in whichever ends its wait: neither is to
// be kept long.
using ToolTask = std::function<Task<ToolAnswer>(const ToolCall&)>;

class Toolbox {
 public:
  void Add(tutor::Tool tool, ToolFunction function);
  void AddTask(tutor::Tool tool, ToolTask task);
  bool Has(tutor::Tool tool) const { return tools_.contains(tool); }
  std::vector<tutor::Tool> tools() const;
  // Only these. kReject: one of them is not here.
  Result<Toolbox> Only(const std::vector<std::string>& names) const;

  // Never throws. An exception, or the outcome of another tool, is a ToolError tool_failed.
  Task<ToolAnswer> Start(const ToolCall& call) const;
  ToolAnswer Run(const ToolCall& call) const { return Wait(Start(call)); }

 private:
  std::map<tutor::Tool, ToolTask> tools_;
};

tutor::ToolError ToolErrorOf(std::string code, bool retryable, std::string text);

}  // namespace lyceum::tools
