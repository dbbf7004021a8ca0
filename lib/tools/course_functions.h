// CourseFunctions: the functions of a course: tools of any name, served by anybody, that the
// tutor's model may call while it explains, hints or remediates.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "llm/schema.h"

namespace lyceum::tools {

inline constexpr size_t kFunctionsMax = 16;  // Of a course.
inline constexpr size_t kFunctionDescriptionBytesMax = 1024;
inline constexpr size_t kFunctionSchemaBytesMax = 8 * 1024;

// As it is registered.
struct CourseFunction {
  std::string name;         // envelope::IsFunctionName
  std::string description;  // For the model.
  // JSON schemas, without pattern, patternProperties and $ref: that of an object, and any.
  std::string arguments;
  std::string result;
  bool operator==(const CourseFunction&) const = default;
};

// What is wrong with it; empty: nothing.
std::string ProblemOf(const CourseFunction& function);

// JSON, the same for the same functions: as the index of a course has them, and its version. Empty
// functions: an empty text.
std::string EncodeFunctions(const std::vector<CourseFunction>& functions);

struct Function {
  CourseFunction is;
  llm::Schema arguments;
  llm::Schema result;
};

class CourseFunctions {
 public:
  // Those that ProblemOf finds nothing wrong with.
  explicit CourseFunctions(const std::vector<CourseFunction>& functions);

  const std::vector<Function>& all() const { return functions_; }
  const Function* Find(std::string_view name) const;

 private:
  std::vector<Function> functions_;
};

}  // namespace lyceum::tools
