// What an operator of a tool worker sees of its language models.
#pragma once

#include <string>
#include <vector>

#include "models/models.h"
#include "worker/worker.h"

namespace lyceum::tool_worker {

// Asks every provider one short question, and with --prompts each tool's own; prints a line for
// each. 0 all answer as they are to, 1 some do not, 2 wrong configuration.
int CheckProviders(const models::Flags& flags);

// Prints what the ledger in that folder says, a line for each day and provider: 0, else as errors do.
int PrintLedger(const std::string& ledger_dir);

void LogProviders(const models::Models& models);

// Reads the prompts again and logs what came of it.
void ReloadPrompts(const models::Models& models);

std::vector<worker::Metric> ProviderFigures(const models::Models& models);

}  // namespace lyceum::tool_worker
