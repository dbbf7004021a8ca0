// CheckProvider: does this provider answer, and if not, what does an operator do about it?
#pragma once

#include "base/clock.h"
#include "llm/client.h"
#include "llm/gate.h"
#include "wire/http.h"

namespace lyceum::llm {

// One short question, past the breaker and the limits of `gate`, which counts it.
Task<Client::Check> CheckProvider(wire::HttpClient& http, const Provider& provider, Gate* gate,
                                  Deadline deadline);

}  // namespace lyceum::llm
