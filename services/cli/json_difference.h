// Where two JSON values differ first.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace lyceum::cli {

// The path of the first place where they differ, with both values: "syllabus.done[2]: live 1,
// replayed 2". Members are compared by name, whatever their order. Empty: the values are the same.
std::string FirstDifference(const nlohmann::ordered_json& live,
                            const nlohmann::ordered_json& replayed, const std::string& path);

}  // namespace lyceum::cli
