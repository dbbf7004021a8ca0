#include "models/models.h"

#include <cstdlib>
#include <optional>
#include <utility>

#include "tools/prompt_values.h"

namespace lyceum::models {
namespace {

std::optional<std::string> FromEnvironment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

Result<std::shared_ptr<llm::Client>> ClientOn(std::shared_ptr<wire::HttpClient> http,
                                              const Flags& flags,
                                              const std::string& ledger_dir = {}) {
  auto config = llm::ReadConfig(flags.llm, FromEnvironment);
  if (!config) return config.error();
  std::shared_ptr<llm::Ledger> ledger;
  if (!ledger_dir.empty()) {
    auto opened = llm::Ledger::Open(ledger_dir);
    if (!opened) return opened.error();
    ledger = std::move(*opened);
  }
  return llm::Client::Make(std::move(*config), std::move(http), std::move(ledger));
}

}  // namespace

void Declare(Settings& settings, Flags* flags) {
  settings
      .Table("llm", &flags->llm,
             "providers of language models (default: none, the built-in tutor answers)")
      .Text(
          "prompts", &flags->prompts,
          "folder of the prompts for language models (default: ../share/lyceum/prompts beside the "
          "program's folder, where that is there)");
}

Result<std::shared_ptr<llm::Client>> OpenClient(const Flags& flags) {
  if (flags.llm.empty()) {
    return Reject("no provider is configured: the file of --config needs a table [llm]");
  }
  auto http = wire::HttpClient::Start({});
  if (!http) return http.error();
  return ClientOn(std::move(*http), flags);
}

Result<Models> Open(const Flags& flags, std::shared_ptr<wire::EventLoop> loop,
                    const std::string& ledger_dir) {
  if (flags.llm.empty()) return Models{};
  auto http = loop == nullptr ? wire::HttpClient::Start({})
                              : wire::HttpClient::StartOn(std::move(loop), {});
  if (!http) return http.error();
  if (flags.prompts.empty()) {
    return Reject("--prompts is not set: name the folder of the prompts (ops/prompts)");
  }
  auto client = ClientOn(*http, flags, ledger_dir);
  if (!client) return client.error();
  auto prompts = llm::Prompts::Load(flags.prompts, tools::PromptSpecs());
  if (!prompts) return prompts.error();
  return Models{std::move(*http), std::move(*client), std::move(*prompts)};
}

}  // namespace lyceum::models
