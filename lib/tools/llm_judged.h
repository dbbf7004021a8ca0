// The structured tools of the tutor with language models: what is asked, what is believed.
#pragma once

#include "tools/llm_run.h"

namespace lyceum::tools {

Task<ToolAnswer> CheckWithModel(const LlmParts& parts, const ToolCall& call);
Task<ToolAnswer> ClassifyWithModel(const LlmParts& parts, const ToolCall& call);
Task<ToolAnswer> DiagnoseWithModel(const LlmParts& parts, const ToolCall& call);
Task<ToolAnswer> GenerateWithModel(const LlmParts& parts, const ToolCall& call);

}  // namespace lyceum::tools
