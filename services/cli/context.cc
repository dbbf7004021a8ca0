#include "cli/context.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

namespace lyceum::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr size_t kNameMax = 64;
constexpr size_t kFileBytesMax = 64 * 1024;
constexpr size_t kContextsMax = 1000;

// What the `nats` command knows to connect with and we do not.
constexpr const char* kNotOurs[] = {"token", "nkey", "nsc", "user_jwt", "user_seed", "socks_proxy"};

std::optional<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::string text(kFileBytesMax, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  return text;
}

// As a whole or not at all, for the owner alone.
Result<void> WriteFile(const std::string& path, const std::string& text) {
  std::error_code error;
  const fs::path folder = fs::path(path).parent_path();
  fs::create_directories(folder, error);
  if (error) return Reject("cannot make " + folder.string() + ": " + error.message());
  fs::permissions(folder, fs::perms::owner_all, error);
  const std::string fresh = path + ".new";
  ::unlink(fresh.c_str());
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return Reject("cannot write " + fresh);
  const ssize_t written = ::write(fd, text.data(), text.size());
  const bool done = written == static_cast<ssize_t>(text.size()) && ::fsync(fd) == 0;
  ::close(fd);
  if (!done) return Reject("cannot write " + fresh);
  fs::rename(fresh, path, error);
  if (error) return Reject("cannot write " + path + ": " + error.message());
  return {};
}

std::string TextOf(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Result<Context> Parse(const std::string& name, const std::string& text, bool of_nats) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return Reject("the context " + name + " is not a JSON object");
  for (const char* field : kNotOurs) {
    if (!TextOf(json, field).empty()) {
      return Reject("the context " + name + " connects with " + field +
                    ", which is not known here: use user and password, or creds");
    }
  }
  Context context;
  context.name = name;
  context.of_nats = of_nats;
  context.description = TextOf(json, "description");
  context.url = TextOf(json, "url");
  context.user = TextOf(json, "user");
  context.password = TextOf(json, "password");
  context.creds = TextOf(json, "creds");
  context.ca = TextOf(json, "ca");
  context.cert = TextOf(json, "cert");
  context.key = TextOf(json, "key");
  if (!of_nats && json.contains("prefix")) context.prefix = TextOf(json, "prefix");
  if (!of_nats && json.contains("partitions")) {
    context.partitions =
        json["partitions"].is_number_integer() ? json["partitions"].get<int64_t>() : int64_t{0};
  }
  if (context.url.empty()) return Reject("the context " + name + " has no url");
  if (context.partitions < 1 || context.partitions > 1024) {
    return Reject("the context " + name + ": partitions must be 1 to 1024");
  }
  return context;
}

}  // namespace

Contexts::Contexts(std::string config_folder) {
  if (config_folder.empty()) return;
  folder_ = config_folder + "/lyceum";
  nats_folder_ = std::move(config_folder) + "/nats/context";
}

std::string Contexts::ConfigFolder() {
  if (const char* config = std::getenv("XDG_CONFIG_HOME"); config != nullptr && *config == '/') {
    return config;
  }
  if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/') {
    return std::string(home) + "/.config";
  }
  return {};
}

bool Contexts::IsName(std::string_view name) {
  if (name.empty() || name.size() > kNameMax || name.front() == '.') return false;
  return std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return (std::isalnum(c) != 0 && c < 0x80) || c == '_' || c == '-' || c == '.';
  });
}

std::string Contexts::PathOf(const std::string& name) const {
  return folder_ + "/context/" + name + ".json";
}

std::vector<Context> Contexts::List() const {
  std::map<std::string, Context> found;
  if (folder_.empty()) return {};
  for (const std::string& folder : {nats_folder_, folder_ + "/context"}) {
    std::error_code error;
    size_t count = 0;
    for (fs::directory_iterator file(folder, error), end; !error && file != end;
         file.increment(error)) {
      if (++count > kContextsMax) break;
      const std::string name = file->path().stem().string();
      if (file->path().extension() != ".json" || !IsName(name)) continue;
      if (auto context = Read(name); context && *context) found[name] = **std::move(context);
    }
  }
  std::vector<Context> contexts;
  for (auto& [name, context] : found) contexts.push_back(std::move(context));
  return contexts;
}

Result<std::optional<Context>> Contexts::Read(const std::string& name) const {
  if (folder_.empty() || !IsName(name)) return std::optional<Context>();
  bool of_nats = false;
  auto text = ReadFile(PathOf(name));
  if (!text) {
    of_nats = true;
    text = ReadFile(nats_folder_ + "/" + name + ".json");
  }
  if (!text) return std::optional<Context>();
  Result<Context> context = Parse(name, *text, of_nats);
  if (!context) return context.error();
  return std::optional<Context>(*std::move(context));
}

Result<void> Contexts::Write(const Context& context) const {
  if (folder_.empty()) return Reject("there is no place for contexts: set HOME");
  Json json{{"description", context.description},
            {"url", context.url},
            {"user", context.user},
            {"password", context.password},
            {"creds", context.creds},
            {"ca", context.ca},
            {"cert", context.cert},
            {"key", context.key},
            {"prefix", context.prefix},
            {"partitions", context.partitions}};
  return WriteFile(PathOf(context.name),
                   json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

Result<bool> Contexts::Remove(const std::string& name) const {
  if (folder_.empty() || !IsName(name)) return false;
  if (Selected() == name) {
    if (auto none = Select(""); !none) return none.error();
  }
  std::error_code error;
  const bool removed = fs::remove(PathOf(name), error);
  if (error) return Reject("cannot remove " + PathOf(name) + ": " + error.message());
  return removed;
}

std::string Contexts::Selected() const {
  if (folder_.empty()) return {};
  std::string name = ReadFile(folder_ + "/context.txt").value_or("");
  while (!name.empty() && std::isspace(static_cast<unsigned char>(name.back())) != 0) {
    name.pop_back();
  }
  return IsName(name) ? name : std::string();
}

Result<void> Contexts::Select(const std::string& name) const {
  if (folder_.empty()) return Reject("there is no place for contexts: set HOME");
  return WriteFile(folder_ + "/context.txt", name + "\n");
}

}  // namespace lyceum::cli
