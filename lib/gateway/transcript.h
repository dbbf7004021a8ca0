// Private to this library: what front ends have in common that send their whole transcript with each request.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace lyceum::gateway {

// The value, or discarded: not JSON, or nested deeper than a program would.
nlohmann::json ReadJson(std::string_view text);

// Ids of front ends may be anything: what cannot be an event's id becomes one.
std::string EventIdOf(const std::string& id);

// The event of a message of the user, as the native convention would post it: `lyceum`, where the request has it
// (discarded: it has not), else the text. kReject: a sentence.
Result<std::string> EventJson(const nlohmann::json& lyceum, const std::string& id,
                              const std::string& text);

// The texts among the parts of a message. Empty: not a list, or none.
std::string TextOfParts(const nlohmann::json& parts);

}  // namespace lyceum::gateway
