// Prompts: what language models are told, as files that an operator may change.
//
// A folder holds for each prompt
//   <name>.system.txt    and <name>.user.txt: templates (template.h)
//   <name>.schema.json   of structured answers only
// and, for all of them, <part>.part.txt: what {{> part}} stands for. Other files are not read.
// The version is the SHA-256 over the files that are read, with their names.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "llm/schema.h"
#include "llm/template.h"

namespace lyceum::llm {

inline constexpr size_t kPromptFileBytesMax = 64 * 1024;
inline constexpr size_t kPromptFilesMax = 64;
inline constexpr size_t kPromptBytesMax = 192 * 1024;  // Rendered, each part.

struct PromptSpec {
  std::string name;
  TemplateNames names;
  bool structured = false;
};

// With its values in place.
struct Prompt {
  std::string system;
  std::string user;
  std::shared_ptr<const Schema> schema;  // Null: the answer is plain text.
  std::string version;
};

// Thread-safe.
class Prompts {
 public:
  // kReject: a file is missing or wrong; the text names it.
  static Result<std::shared_ptr<Prompts>> Load(std::string folder, std::vector<PromptSpec> specs);

  // Reads the folder again. On an error (kReject) what was there before stays.
  Result<void> Reload();
  std::string version() const;
  // kReject: it would be too long. A name that no spec has is a CHECK failure.
  Result<Prompt> Render(std::string_view name, const Values& values) const;

 private:
  struct Set;
  Prompts(std::string folder, std::vector<PromptSpec> specs)
      : folder_(std::move(folder)), specs_(std::move(specs)) {}
  static Result<std::shared_ptr<const Set>> Read(const std::string& folder,
                                                 const std::vector<PromptSpec>& specs);

  const std::string folder_;
  const std::vector<PromptSpec> specs_;
  mutable std::mutex mutex_;  // Of set_.
  std::shared_ptr<const Set> set_;
};

}  // namespace lyceum::llm
