#include "tools/course_functions.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "base/token.h"
#include "envelope/functions.h"

namespace lyceum::tools {
namespace {

using Json = nlohmann::json;

// Keywords that could keep a thread busy, or end it: regular expressions recurse for each byte of a
// text, references for as long as they like. A property of that name is an object, and is allowed.
bool HasEndlessKeyword(const Json& json, int depth_max) {
  if (depth_max == 0) return false;  // Is refused for its depth.
  for (const auto& [key, value] : json.items()) {
    const bool is_keyword = (value.is_string() && (key == "pattern" || key == "$ref")) ||
                            (value.is_object() && key == "patternProperties");
    if (json.is_object() && is_keyword) return true;
    if (value.is_structured() && HasEndlessKeyword(value, depth_max - 1)) return true;
  }
  return false;
}

std::string SchemaProblem(std::string_view field, const std::string& text) {
  if (text.empty()) return fmt::format("{} is missing: it is a JSON schema as text", field);
  if (text.size() > kFunctionSchemaBytesMax) {
    return fmt::format("{} is longer than {} bytes", field, kFunctionSchemaBytesMax);
  }
  // Before it is read as a schema: that follows references.
  if (HasEndlessKeyword(Json::parse(text, nullptr, false), llm::kAnswerJsonDepthMax)) {
    return fmt::format("{}: pattern, patternProperties and $ref are not allowed", field);
  }
  const auto schema = llm::Schema::Parse(text);
  return schema ? std::string() : fmt::format("{}: {}", field, schema.error().text);
}

}  // namespace

std::string ProblemOf(const CourseFunction& function) {
  if (!envelope::IsFunctionName(function.name)) {
    return "the name must be [a-z][a-z0-9_]{0,63}, and not that of a tool of the tutor";
  }
  if (function.description.empty()) return "description is missing: it tells the model what it is";
  if (function.description.size() > kFunctionDescriptionBytesMax) {
    return fmt::format("description is longer than {} bytes", kFunctionDescriptionBytesMax);
  }
  std::string problem = SchemaProblem("arguments", function.arguments);
  if (problem.empty()) problem = SchemaProblem("result", function.result);
  if (!problem.empty()) return problem;
  const Json arguments = Json::parse(function.arguments, nullptr, false);
  const auto type = arguments.find("type");
  if (type == arguments.end() || *type != "object") {
    return "arguments must have \"type\": \"object\"";
  }
  return {};
}

std::string EncodeFunctions(const std::vector<CourseFunction>& functions) {
  if (functions.empty()) return {};
  Json list = Json::array();
  for (const CourseFunction& function : functions) {
    list.push_back({{"name", function.name},
                    {"description", function.description},
                    {"arguments", function.arguments},
                    {"result", function.result}});
  }
  return list.dump();
}

CourseFunctions::CourseFunctions(const std::vector<CourseFunction>& functions) {
  for (const CourseFunction& function : functions) {
    if (functions_.size() >= kFunctionsMax || !ProblemOf(function).empty()) continue;
    functions_.push_back(
        {function, *llm::Schema::Parse(function.arguments), *llm::Schema::Parse(function.result)});
  }
}

const Function* CourseFunctions::Find(std::string_view name) const {
  for (const Function& function : functions_) {
    if (function.is.name == name) return &function;
  }
  return nullptr;
}

}  // namespace lyceum::tools
