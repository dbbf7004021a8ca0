// The schemas by name, for a document of their own or inside another one.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace lyceum::contract {

struct Contract;
using Json = nlohmann::ordered_json;

// `base`: what stands before a name in a $ref.
Json SchemasOf(const Contract& contract, const std::string& base);

}  // namespace lyceum::contract
