// ProviderCheck: does this provider answer what the tools ask, how quickly, and if not, what does an
// operator do about it?
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "llm/attempt.h"
#include "llm/client.h"
#include "llm/gate.h"
#include "wire/http.h"

namespace lyceum::llm {

// Past the breaker and the limits of `gate`, which counts what is asked. What is given outlives it.
class ProviderCheck {
 public:
  ProviderCheck(wire::HttpClient& http, const Provider& provider, Gate* gate, Deadline deadline)
      : http_(http), provider_(provider), gate_(gate), deadline_(deadline) {}

  // First whether it answers at all; each of `asks` only then.
  Task<std::vector<Client::Check>> Run(const std::vector<Client::CheckAsk>& asks);

 private:
  // Asked more mildly where it refuses how it is asked.
  Task<AttemptEnd> Ask(const std::string& tool, const ChatRequest& chat);
  Task<Client::Check> Ask(const Client::CheckAsk& ask);
  // Tokens that the model takes in all, where the server tells. 0: it does not.
  Task<uint32_t> Context();
  Task<std::string> Get(std::string url);

  wire::HttpClient& http_;
  const Provider& provider_;
  Gate* const gate_;
  const Deadline deadline_;
};

}  // namespace lyceum::llm
