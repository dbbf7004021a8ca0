// The language models of a program: from its settings to what the tools ask.
#pragma once

#include <memory>
#include <string>

#include "base/config.h"
#include "base/installed.h"
#include "base/result.h"
#include "llm/client.h"
#include "llm/prompts.h"
#include "wire/event_loop.h"
#include "wire/http.h"

namespace lyceum::models {

struct Flags {
  std::string llm;  // The table [llm] of the configuration file, as text.
  std::string prompts = InstalledFolder("prompts");  // A folder.
};
void Declare(Settings& settings, Flags* flags);

// kReject: no provider, or a wrong one; the text says what to do.
Result<std::shared_ptr<llm::Client>> OpenClient(const Flags& flags);

struct Models {
  std::shared_ptr<wire::HttpClient> http;  // Null: no provider is configured.
  std::shared_ptr<llm::Client> client;     // Null: no provider is configured.
  std::shared_ptr<llm::Prompts> prompts;
};
// kReject: the configuration or a prompt is wrong; the text says what to do.
// The client's transfers run on `loop`, which drives it (wire::HttpClient::StartOn); null: on a thread
// of its own. With `ledger_dir` there is a ledger in it (llm/ledger.h), and its errors are possible;
// empty: none.
Result<Models> Open(const Flags& flags, std::shared_ptr<wire::EventLoop> loop = nullptr,
                    const std::string& ledger_dir = {});

}  // namespace lyceum::models
