// Without this valijson ends the process where a schema is wrong.
#define VALIJSON_USE_EXCEPTIONS 1

#include "llm/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "base/token.h"

namespace lyceum::llm {
namespace {

using Json = nlohmann::json;
using Adapter = valijson::adapters::NlohmannJsonAdapter;

constexpr size_t kProblemsMax = 5;
constexpr size_t kProblemBytesMax = 200;
constexpr std::string_view kSpace = " \t\r\n";

std::string_view Trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

// Without parsing: brackets outside of strings.
bool NestsTooDeep(std::string_view json) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kAnswerJsonDepthMax) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

}  // namespace

std::string_view JsonIn(std::string_view answer) {
  answer = Trimmed(answer);
  if (answer.size() < 6 || !answer.starts_with("```") || !answer.ends_with("```")) return answer;
  const size_t line_end = answer.find('\n');
  if (line_end == std::string_view::npos) return answer;
  const std::string_view language = Trimmed(answer.substr(3, line_end - 3));
  if (!language.empty() && language != "json" && language != "JSON") return answer;
  if (line_end + 1 > answer.size() - 3) return {};
  return Trimmed(answer.substr(line_end + 1, answer.size() - 3 - line_end - 1));
}

struct Schema::Impl {
  std::string text;
  valijson::Schema schema;
};

Schema::Schema(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Schema::Schema(Schema&&) noexcept = default;
Schema& Schema::operator=(Schema&&) noexcept = default;
Schema::~Schema() = default;

const std::string& Schema::text() const { return impl_->text; }

Result<Schema> Schema::Parse(std::string_view json) {
  if (json.size() > kAnswerJsonBytesMax || NestsTooDeep(json)) {
    return Reject("the schema is too large, or nested too deep");
  }
  const Json document = Json::parse(json, nullptr, false);
  if (!document.is_object()) return Reject("the schema is not a JSON object");
  auto impl = std::make_unique<Impl>();
  impl->text = std::string(Trimmed(json));
  try {
    valijson::SchemaParser parser;
    parser.populateSchema(Adapter(document), impl->schema);
  } catch (const std::exception& error) {
    return Reject(std::string("the schema can not be read: ") + error.what());
  }
  return Schema(std::move(impl));
}

std::string Schema::Problems(std::string_view answer) const {
  const std::string_view json = JsonIn(answer);
  if (json.empty()) return "The answer is empty; it has to be one JSON object.";
  if (json.size() > kAnswerJsonBytesMax) return "The answer is too long.";
  if (NestsTooDeep(json)) return "The JSON is nested too deep.";
  const Json document = Json::parse(json, nullptr, false);
  if (document.is_discarded()) {
    return "The answer is not one JSON value: nothing may stand before or after it.";
  }
  valijson::ValidationResults results;
  valijson::Validator validator;
  if (validator.validate(impl_->schema, Adapter(document), &results)) return {};
  std::string problems;
  valijson::ValidationResults::Error error;
  for (size_t i = 0; i < kProblemsMax && results.popError(error); ++i) {
    std::string place;
    for (const std::string& step : error.context) place += step;
    const std::string line = fmt::format("At {}: {}", place, error.description);
    if (!problems.empty()) problems += '\n';
    problems += CutUtf8(line, kProblemBytesMax);
  }
  return problems.empty() ? "The answer does not fit the schema." : problems;
}

}  // namespace lyceum::llm
