// Toolbox: tools by name. A tool is a function from a request to an outcome.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "envelope/codec.h"
#include "tutor/call.h"

namespace lyceum::tools {

// Called from several threads at once. Returns the outcome of its own tool, or a ToolError.
using ToolFunction = std::function<tutor::ToolOutcome(const envelope::ToolRequest&)>;

class Toolbox {
 public:
  void Add(tutor::Tool tool, ToolFunction function);
  bool Has(tutor::Tool tool) const { return tools_.contains(tool); }
  std::vector<tutor::Tool> tools() const;
  // Only these. kReject: one of them is not here.
  Result<Toolbox> Only(const std::vector<std::string>& names) const;

  // Never throws. An exception, or the outcome of another tool, is a ToolError tool_failed.
  tutor::ToolOutcome Run(const envelope::ToolRequest& request) const;

 private:
  std::map<tutor::Tool, ToolFunction> tools_;
};

tutor::ToolError ToolErrorOf(std::string code, bool retryable, std::string text);

}  // namespace lyceum::tools
