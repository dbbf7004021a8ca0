#include "llm/client.h"

#include <algorithm>
#include <utility>

#include "llm/call.h"
#include "llm/check.h"

namespace lyceum::llm {

struct Client::Impl {
  Impl(Config config, std::shared_ptr<wire::HttpClient> http, std::shared_ptr<Ledger> ledger)
      : shared(std::move(config), std::move(http), std::move(ledger)) {}
  Shared shared;
};

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::~Client() = default;

Result<std::shared_ptr<Client>> Client::Make(Config config, std::shared_ptr<wire::HttpClient> http,
                                             std::shared_ptr<Ledger> ledger) {
  if (config.providers.empty()) return Reject("llm: name a provider: [[llm.provider]]");
  auto impl = std::make_unique<Impl>(std::move(config), std::move(http), std::move(ledger));
  return std::shared_ptr<Client>(new Client(std::move(impl)));
}

Task<Reply> Client::AskText(const Ask& ask) {
  Call call(impl_->shared, ask, nullptr);
  co_return co_await call.Run();
}

Task<Reply> Client::AskJson(const Ask& ask, const Judge& judge) {
  Call call(impl_->shared, ask, &judge);
  co_return co_await call.Run();
}

Task<std::vector<Client::Check>> Client::CheckProviders(const std::vector<CheckAsk>& asks,
                                                        Deadline deadline) {
  Shared& shared = impl_->shared;
  std::vector<Check> checks;
  for (size_t i = 0; i < shared.config.providers.size(); ++i) {
    // An even share of what is left, so that a silent one leaves time for the others.
    const Deadline now = Steady::now();
    const auto share = std::max(Steady::duration(0), deadline - now) /
                       static_cast<int64_t>(shared.config.providers.size() - i);
    ProviderCheck check(*shared.http, shared.config.providers[i], shared.gates[i].get(),
                        now + share);
    std::vector<Check> of_one = co_await check.Run(asks);
    for (Check& one : of_one) checks.push_back(std::move(one));
  }
  co_return checks;
}

const Ledger* Client::ledger() const { return impl_->shared.ledger.get(); }

const Config& Client::config() const { return impl_->shared.config; }

std::vector<Client::Counters> Client::counters() const {
  std::vector<Counters> all;
  for (const auto& gate : impl_->shared.gates) all.push_back(gate->counters());
  return all;
}

uint64_t Client::budget_refusals() const { return impl_->shared.budget_refusals.load(); }

}  // namespace lyceum::llm
