// Schema: does a structured answer fit? Asked of every one, whatever the provider promised.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace lyceum::llm {

inline constexpr size_t kAnswerJsonBytesMax = 256 * 1024;
inline constexpr int kAnswerJsonDepthMax = 16;

// The JSON of an answer: without white space around it and a fence of ``` or ```json.
std::string_view JsonIn(std::string_view answer);

// Thread-safe.
class Schema {
 public:
  // A JSON schema. kReject: it is none.
  static Result<Schema> Parse(std::string_view json);
  Schema(Schema&&) noexcept;
  Schema& operator=(Schema&&) noexcept;
  ~Schema();

  // What is wrong with the answer, in a few short sentences for the one who is to repair it. Empty:
  // nothing. Size and nesting are checked before anything is parsed.
  std::string Problems(std::string_view answer) const;
  const std::string& text() const;  // As given.

 private:
  struct Impl;
  explicit Schema(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lyceum::llm
