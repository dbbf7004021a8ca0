// Schema: what does a structured answer say, and does it fit? Asked of every one, whatever the provider promised.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace lyceum::llm {

inline constexpr size_t kAnswerJsonBytesMax = 256 * 1024;
inline constexpr int kAnswerJsonDepthMax = 16;

// What an answer says in the schema's form.
struct Fitted {
  std::string json;  // Fits, where there is no problem.
  // In a few short sentences for the one who is to repair it. Empty: none.
  std::string problem;
};

// Thread-safe.
class Schema {
 public:
  // A JSON schema. kReject: it is none.
  static Result<Schema> Parse(std::string_view json);
  Schema(Schema&&) noexcept;
  Schema& operator=(Schema&&) noexcept;
  ~Schema();

  // The one object in the answer that fits, mended as structured.h says. Two that differ are a
  // problem: which is meant is not guessed. Size and nesting are checked before anything is parsed.
  Fitted Fit(std::string_view answer) const;
  const std::string& text() const;  // As given.

 private:
  struct Impl;
  explicit Schema(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lyceum::llm
