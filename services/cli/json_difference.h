// Where two JSON values differ first.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace lyceum::cli {

// The path of the first place where they differ, with both values: "syllabus.done[2]: live 1,
// replayed 2". Members are compared by name, whatever their order. Empty: the values are the same.
std::string FirstDifference(const nlohmann::ordered_json& live,
                            const nlohmann::ordered_json& replayed, const std::string& path);

// Every place where they differ, named as above. What one of them does not have is null there.
struct JsonDifference {
  std::string path;
  nlohmann::ordered_json was;
  nlohmann::ordered_json is;
};
std::vector<JsonDifference> Differences(const nlohmann::ordered_json& was,
                                        const nlohmann::ordered_json& is);

}  // namespace lyceum::cli
