#include "tool_worker/providers.h"

#include <fmt/format.h>

#include <chrono>

#include "base/clock.h"
#include "base/log.h"
#include "base/time_text.h"
#include "tools/prompt_values.h"
#include "tools/provider_check.h"

namespace lyceum::tool_worker {
namespace {

constexpr std::chrono::seconds kCheckMax{300};
constexpr int64_t kDayMs = 86'400'000;
constexpr size_t kDateLength = 10;  // 2026-01-31

// Of today, of each provider that is configured.
void AddLedgerFigures(const llm::Client& client, std::vector<worker::Metric>* out) {
  const int64_t today = UnixMs() / kDayMs;
  const std::vector<llm::LedgerRow> rows = client.ledger()->rows();
  for (const llm::Provider& provider : client.config().providers) {
    uint64_t tokens = 0;
    for (const llm::LedgerRow& row : rows) {
      if (row.day == today && row.provider == provider.name) {
        tokens += row.input_tokens + row.output_tokens;
      }
    }
    out->push_back(
        {"lyceum_llm_day_tokens",
         "Tokens of this UTC day in the ledger of --ledger-dir, reserved ones among them",
         static_cast<double>(tokens),
         false,
         {{"provider", provider.name}}});
  }
}

}  // namespace

int CheckProviders(const models::Flags& flags) {
  auto client = models::OpenClient(flags);
  if (!client) return worker::Complain("lyceum-tool-worker", client.error());
  std::vector<llm::Client::CheckAsk> asks;
  if (!flags.prompts.empty()) {
    const auto prompts = llm::Prompts::Load(flags.prompts, tools::PromptSpecs());
    if (!prompts) return worker::Complain("lyceum-tool-worker", prompts.error());
    auto made = tools::CheckAsks(**prompts);
    if (!made) return worker::Complain("lyceum-tool-worker", made.error());
    asks = *std::move(made);
  }
  bool good = true;
  for (const auto& check : Wait((*client)->CheckProviders(asks, In(kCheckMax)))) {
    fmt::print("{:<4} {:<20} {:<32} {}{}{}\n",
               !check.good     ? "BAD"
               : check.warning ? "WARN"
                               : "ok",
               check.provider, check.model, check.tool, check.tool.empty() ? "" : ": ", check.text);
    good = good && check.good;
  }
  if (asks.empty())
    fmt::print("The tools' own prompts were not asked: name their folder by --prompts\n");
  return good ? worker::kDone : worker::kFailed;
}

int PrintLedger(const std::string& ledger_dir) {
  if (ledger_dir.empty()) {
    return worker::Complain("lyceum-tool-worker", Reject("--ledger-dir is not set: where is it?"));
  }
  const auto rows = llm::Ledger::Read(ledger_dir);
  if (!rows) return worker::Complain("lyceum-tool-worker", rows.error());
  fmt::print("{:<11} {:<20} {:>9} {:>9} {:>12} {:>12}\n", "day (UTC)", "provider", "requests",
             "unknown", "input", "output");
  for (const llm::LedgerRow& row : *rows) {
    fmt::print("{:<11} {:<20} {:>9} {:>9} {:>12} {:>12}\n",
               TimeText(row.day * kDayMs).substr(0, kDateLength), row.provider, row.requests,
               row.unknown, row.input_tokens, row.output_tokens);
  }
  return worker::kDone;
}

void LogProviders(const models::Models& models) {
  if (models.client == nullptr) return;
  for (const llm::Provider& provider : models.client->config().providers) {
    LogInfo("language model provider", {{"name", provider.name},
                                        {"base_url", provider.base_url},
                                        {"model", provider.model},
                                        {"key", provider.key.empty() ? "none" : "set"}});
  }
  LogInfo("prompts", {{"version", models.prompts->version()}});
}

void ReloadPrompts(const models::Models& models) {
  if (models.prompts == nullptr) return;
  if (auto reloaded = models.prompts->Reload(); !reloaded) {
    LogError("prompts not read again: the earlier ones stay", {{"why", reloaded.error().text}});
    return;
  }
  LogInfo("prompts read again", {{"version", models.prompts->version()}});
}

std::vector<worker::Metric> ProviderFigures(const models::Models& models) {
  std::vector<worker::Metric> figures;
  if (models.client == nullptr) return figures;
  const auto all = models.client->counters();
  const auto add = [&](const char* name, const char* help, auto member, bool counter = true) {
    for (const auto& provider : all) {
      figures.push_back({name,
                         help,
                         static_cast<double>(provider.*member),
                         counter,
                         {{"provider", provider.provider}}});
    }
  };
  using Of = llm::Client::Counters;
  add("lyceum_llm_requests_total", "Requests to the provider", &Of::attempts);
  add("lyceum_llm_requests_ok_total", "Requests that were answered", &Of::ok);
  add("lyceum_llm_requests_failed_total", "Requests that were not answered", &Of::failed);
  add("lyceum_llm_retries_total", "Requests made again at the same provider", &Of::retries);
  add("lyceum_llm_fallbacks_total", "Requests made because another provider failed",
      &Of::fallbacks);
  add("lyceum_llm_repairs_total", "Requests to mend an answer of the wrong form", &Of::repairs);
  add("lyceum_llm_input_tokens_total", "Tokens sent, cached ones among them", &Of::input_tokens);
  add("lyceum_llm_output_tokens_total", "Tokens that came", &Of::output_tokens);
  add("lyceum_llm_cached_tokens_total", "Tokens sent that the provider had cached",
      &Of::cached_tokens);
  add("lyceum_llm_breaker_opened_total", "Times that the provider was passed over for a while",
      &Of::breaker_opened);
  add("lyceum_llm_running", "Requests that run", &Of::running, false);
  const auto times = [&](const char* name, const char* help, auto member) {
    for (const auto& provider : all) {
      figures.push_back(
          worker::HistogramOf(name, help, provider.*member, {{"provider", provider.provider}}));
    }
  };
  times("lyceum_llm_latency_seconds", "Until the whole answer", &Of::latency);
  times("lyceum_llm_first_text_seconds", "Until the first text", &Of::first_text);
  figures.push_back({"lyceum_llm_budget_refusals_total", "Calls refused by a user's daily budget",
                     static_cast<double>(models.client->budget_refusals())});
  if (models.client->ledger() != nullptr) AddLedgerFigures(*models.client, &figures);
  return figures;
}

}  // namespace lyceum::tool_worker
