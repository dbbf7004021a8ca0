#include "llm/prompts.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/digest.h"
#include "base/token.h"

namespace lyceum::llm {
namespace {

constexpr std::string_view kPartEnd = ".part.txt";

Result<std::string> ReadWhole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Reject(path + " can not be read");
  std::string text(kPromptFileBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  if (file.bad()) return Reject(path + " can not be read");
  if (text.size() > kPromptFileBytesMax) {
    return Reject(fmt::format("{} is longer than {} bytes", path, kPromptFileBytesMax));
  }
  if (!IsUtf8(text)) return Reject(path + " is not UTF-8");
  return text;
}

// Reads files and adds each to the version.
class Folder {
 public:
  explicit Folder(std::string path) : path_(std::move(path)) {}

  Result<std::string> Read(const std::string& name) {
    auto text = ReadWhole(path_ + "/" + name);
    if (text) all_ += fmt::format("{}\n{}\n{}", name, text->size(), *text);
    return text;
  }

  Result<TemplateParts> ReadParts() {
    std::error_code error;
    std::filesystem::directory_iterator entries(path_, error);
    if (error) return Reject(path_ + " is not a folder that can be read");
    std::vector<std::string> names;
    for (const auto& entry : entries) {
      const std::string name = entry.path().filename().string();
      if (name.ends_with(kPartEnd) && name.size() > kPartEnd.size()) names.push_back(name);
      if (names.size() > kPromptFilesMax) return Reject(path_ + " has too many parts");
    }
    std::sort(names.begin(), names.end());
    TemplateParts parts;
    for (const std::string& name : names) {
      auto text = Read(name);
      if (!text) return text.error();
      parts.emplace(name.substr(0, name.size() - kPartEnd.size()), std::move(*text));
    }
    return parts;
  }

  std::string Version() const { return Sha256Hex(all_); }
  const std::string& path() const { return path_; }

 private:
  const std::string path_;
  std::string all_;
};

Result<Template> ReadTemplate(Folder& folder, const std::string& name, const TemplateNames& names,
                              const TemplateParts& parts) {
  auto text = folder.Read(name);
  if (!text) return text.error();
  auto parsed = Template::Parse(*text, names, parts);
  if (!parsed) return Reject(folder.path() + "/" + name + ": " + parsed.error().text);
  return parsed;
}

}  // namespace

struct Prompts::Set {
  struct One {
    Template system;
    Template user;
    std::shared_ptr<const Schema> schema;
  };
  std::map<std::string, One, std::less<>> prompts;
  std::string version;
};

Result<std::shared_ptr<const Prompts::Set>> Prompts::Read(const std::string& path,
                                                          const std::vector<PromptSpec>& specs) {
  Folder folder(path);
  const auto parts = folder.ReadParts();
  if (!parts) return parts.error();
  auto set = std::make_shared<Set>();
  for (const PromptSpec& spec : specs) {
    auto system = ReadTemplate(folder, spec.name + ".system.txt", spec.names, *parts);
    if (!system) return system.error();
    auto user = ReadTemplate(folder, spec.name + ".user.txt", spec.names, *parts);
    if (!user) return user.error();
    Set::One one{std::move(*system), std::move(*user), nullptr};
    if (spec.structured) {
      const std::string name = spec.name + ".schema.json";
      auto text = folder.Read(name);
      if (!text) return text.error();
      auto schema = Schema::Parse(*text);
      if (!schema) return Reject(path + "/" + name + ": " + schema.error().text);
      one.schema = std::make_shared<const Schema>(std::move(*schema));
    }
    set->prompts.emplace(spec.name, std::move(one));
  }
  set->version = folder.Version();
  return std::shared_ptr<const Set>(std::move(set));
}

Result<std::shared_ptr<Prompts>> Prompts::Load(std::string folder, std::vector<PromptSpec> specs) {
  std::shared_ptr<Prompts> prompts(new Prompts(std::move(folder), std::move(specs)));
  if (auto read = prompts->Reload(); !read) return read.error();
  return prompts;
}

Result<void> Prompts::Reload() {
  auto read = Read(folder_, specs_);
  if (!read) return read.error();
  std::lock_guard lock(mutex_);
  set_ = std::move(*read);
  return {};
}

std::string Prompts::version() const {
  std::lock_guard lock(mutex_);
  return set_->version;
}

Result<Prompt> Prompts::Render(std::string_view name, const Values& values) const {
  std::shared_ptr<const Set> set;
  {
    std::lock_guard lock(mutex_);
    set = set_;
  }
  const auto found = set->prompts.find(name);
  CHECK(found != set->prompts.end());
  auto system = found->second.system.Render(values, kPromptBytesMax);
  if (!system) return system.error();
  auto user = found->second.user.Render(values, kPromptBytesMax);
  if (!user) return user.error();
  return Prompt{std::move(*system), std::move(*user), found->second.schema, set->version};
}

}  // namespace lyceum::llm
