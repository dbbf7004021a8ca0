// The language models of a tool worker: from the settings to what the tools ask, and what operators
// are told of them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/config.h"
#include "base/result.h"
#include "llm/client.h"
#include "llm/prompts.h"
#include "worker/worker.h"

namespace lyceum::tool_worker {

struct ModelFlags {
  std::string llm;      // The table of the configuration file, as text.
  std::string prompts;  // A folder.
};
void Declare(Settings& settings, ModelFlags* flags);

struct LanguageModels {
  std::shared_ptr<llm::Client> client;  // Null: no provider is configured.
  std::shared_ptr<llm::Prompts> prompts;
};
// kReject: the configuration or a prompt is wrong; the text says what to do.
Result<LanguageModels> Open(const ModelFlags& flags);

// Asks every provider one short question, prints a line each. 0 all answer, 1 some do not, 2 wrong
// configuration.
int CheckProviders(const ModelFlags& flags);

// Reads the prompts again and logs what came of it.
void Reload(const LanguageModels& models);

std::vector<worker::Metric> Figures(const LanguageModels& models);

}  // namespace lyceum::tool_worker
