#include "toolhost/toolbox.h"

#include <exception>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "tutor/names.h"

namespace lyceum::toolhost {
namespace {

Task<ToolAnswer> RunPlain(const ToolFunction& function, const IsShort& is_short,
                          const ToolCall& call) {
  const bool here = is_short && call.input_bytes < Toolbox::kShortInputBytes && is_short(call);
  if (here) co_return function(call);
  co_await call.OwnThread();
  // All threads may have been busy for long, or the process stopped.
  if (call.deadline != Deadline{} && call.deadline <= Steady::now()) {
    co_return ToolErrorOf(tutor::ErrorCode::kDeadline, false,
                          "The call was over before it could begin.");
  }
  co_return function(call);
}

}  // namespace

tutor::ToolError ToolErrorOf(tutor::ErrorCode code, bool retryable, std::string text) {
  return ToolErrorOf(std::string(tutor::Name(code)), retryable, std::move(text));
}
tutor::ToolError ToolErrorOf(std::string code, bool retryable, std::string text) {
  return {std::move(code), retryable, std::move(text)};
}

void Toolbox::Add(tutor::Tool tool, ToolFunction function, IsShort is_short) {
  AddTask(tool, [own = std::move(function), is_short = std::move(is_short)](const ToolCall& call) {
    return RunPlain(own, is_short, call);
  });
}

void Toolbox::AddTask(tutor::Tool tool, ToolTask task) { tools_[tool] = std::move(task); }

std::vector<tutor::Tool> Toolbox::tools() const {
  std::vector<tutor::Tool> names;
  for (const auto& [tool, function] : tools_) names.push_back(tool);
  return names;
}

void Toolbox::AddFunction(std::string name, Function function) {
  CHECK(envelope::IsFunctionName(name));
  functions_[std::move(name)] = std::move(function);
}

std::vector<std::string> Toolbox::functions() const {
  std::vector<std::string> names;
  for (const auto& [name, function] : functions_) names.push_back(name);
  return names;
}

Result<Toolbox> Toolbox::Only(const std::vector<std::string>& names) const {
  Toolbox some;
  for (const std::string& name : names) {
    const auto tool = tutor::Parse<tutor::Tool>(name);
    const auto found = tool ? tools_.find(*tool) : tools_.end();
    if (const auto function = functions_.find(name); function != functions_.end()) {
      some.functions_.insert(*function);
      continue;
    }
    if (found == tools_.end()) {
      std::string known;
      for (const auto& [each, function] : tools_) {
        known += (known.empty() ? "" : ", ") + std::string(tutor::Name(each));
      }
      for (const auto& [each, function] : functions_) known += (known.empty() ? "" : ", ") + each;
      return Reject("there is no tool \"" + name + "\"; there are " + known);
    }
    some.AddTask(*tool, found->second);
  }
  return some;
}

Task<ToolAnswer> Toolbox::Start(const ToolCall& call) const {
  const envelope::ToolRequest& request = call.request;
  const auto found = tools_.find(request.tool);
  if (found == tools_.end() || request.args.index() != static_cast<size_t>(request.tool)) {
    co_return ToolErrorOf(tutor::ErrorCode::kBadRequest, false,
                          "The request and its tool do not fit.");
  }
  try {
    ToolAnswer answer = co_await found->second(call);
    const bool fits = answer.outcome.index() == static_cast<size_t>(request.tool) ||
                      std::holds_alternative<tutor::ToolError>(answer.outcome);
    if (fits) co_return answer;
    LogError("tool gave the result of another tool", {{"tool", tutor::Name(request.tool)}});
  } catch (const std::exception&) {
    // Its text may hold what the learner wrote.
    LogError("tool threw", {{"tool", tutor::Name(request.tool)}, {"call", request.id.value}});
  }
  co_return ToolErrorOf(tutor::ErrorCode::kToolFailed, true, "The tool failed.");
}

FunctionAnswer Toolbox::RunFunction(const FunctionCall& call) const {
  const std::string& name = call.request.name;
  const auto found = functions_.find(name);
  if (found == functions_.end()) return ToolErrorOf("bad_request", false, "It is not served here.");
  if (call.deadline != Deadline{} && call.deadline <= Steady::now()) {
    return ToolErrorOf("deadline", false, "The call was over before it could begin.");
  }
  try {
    return found->second(call);
  } catch (const std::exception&) {
    // Its text may hold what the learner wrote.
    LogError("function threw", {{"function", name}, {"call", call.request.id.value}});
  }
  return ToolErrorOf("tool_failed", true, "The function failed.");
}

}  // namespace lyceum::toolhost
