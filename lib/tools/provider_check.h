// What the check of the providers asks: each tool's real prompt, about a small topic made for it, and
// its schema.
#pragma once

#include <vector>

#include "base/result.h"
#include "llm/client.h"
#include "llm/prompts.h"

namespace lyceum::tools {

// In the order of the tools. kReject: a prompt cannot be filled.
Result<std::vector<llm::Client::CheckAsk>> CheckAsks(const llm::Prompts& prompts);

}  // namespace lyceum::tools
