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
#include "llm/structured.h"

namespace lyceum::llm {
namespace {

using Adapter = valijson::adapters::NlohmannJsonAdapter;

constexpr size_t kProblemsMax = 5;
constexpr size_t kProblemBytesMax = 200;

}  // namespace

struct Schema::Impl {
  std::string Problems(const Json& object) const;

  std::string text;
  Json document;
  valijson::Schema schema;
};

Schema::Schema(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Schema::Schema(Schema&&) noexcept = default;
Schema& Schema::operator=(Schema&&) noexcept = default;
Schema::~Schema() = default;

const std::string& Schema::text() const { return impl_->text; }

Result<Schema> Schema::Parse(std::string_view json) {
  if (json.size() > kAnswerJsonBytesMax || IsTooDeepJson(json, kAnswerJsonDepthMax)) {
    return Reject("the schema is too large, or nested too deep");
  }
  Json document = Json::parse(json, nullptr, false);
  if (!document.is_object()) return Reject("the schema is not a JSON object");
  auto impl = std::make_unique<Impl>();
  impl->text = std::string(Trimmed(json));
  try {
    valijson::SchemaParser parser;
    parser.populateSchema(Adapter(document), impl->schema);
  } catch (const std::exception& error) {
    return Reject(std::string("the schema can not be read: ") + error.what());
  }
  impl->document = std::move(document);
  return Schema(std::move(impl));
}

std::string Schema::Impl::Problems(const Json& object) const {
  valijson::ValidationResults results;
  valijson::Validator validator;
  if (validator.validate(schema, Adapter(object), &results)) return {};
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

Fitted Schema::Fit(std::string_view answer) const {
  answer = Trimmed(answer);
  if (answer.empty()) return {{}, "The answer is empty; it has to be one JSON object."};
  if (answer.size() > kAnswerJsonBytesMax) return {{}, "The answer is too long."};
  if (IsTooDeepJson(answer, kAnswerJsonDepthMax)) return {{}, "The JSON is nested too deep."};
  Fitted fitted;
  bool found = false;
  for (Json& object : ObjectsIn(answer)) {
    Mend(impl_->document, &object);
    const std::string problem = impl_->Problems(object);
    if (!problem.empty()) {
      if (!found && fitted.problem.empty()) fitted.problem = problem;
      continue;
    }
    std::string json = Dump(object);
    if (found && json != fitted.json) {
      return {{}, "There are several JSON objects; give the one that counts."};
    }
    found = true;
    fitted = {std::move(json), {}};
  }
  if (!found && fitted.problem.empty()) {
    fitted.problem = "The answer is not one JSON object.";
  }
  return fitted;
}

}  // namespace lyceum::llm
