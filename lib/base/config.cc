#include "base/config.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <sstream>

namespace lyceum {
namespace {

constexpr size_t kSecretBytesMax = 4096;

std::string EnvName(const std::string& name) {
  std::string env = "LYCEUM_" + name;
  std::transform(env.begin(), env.end(), env.begin(), [](unsigned char c) {
    return c == '-' ? '_' : static_cast<char>(std::toupper(c));
  });
  return env;
}

std::string Dashed(std::string key) {
  std::replace(key.begin(), key.end(), '_', '-');
  return key;
}

std::optional<std::string> Env(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

Result<std::string> ReadSecretFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Reject(fmt::format("can not read {}: name a readable file", path));
  std::string text;
  char c = 0;
  while (text.size() <= kSecretBytesMax && file.get(c)) text += c;
  if (text.size() > kSecretBytesMax)
    return Reject(fmt::format("{} is too long for a secret", path));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

// Name -> value of every key of the file; a table that was declared is its text. Other tables and
// arrays have no place in it.
Result<std::map<std::string, std::string>> ReadFile(const std::string& path,
                                                    const std::vector<Settings::Item>& items) {
  std::map<std::string, std::string> values;
  try {
    const toml::table table = toml::parse_file(path);
    for (const auto& [key, node] : table) {
      const std::string name = Dashed(std::string(key.str()));
      const auto item = std::find_if(items.begin(), items.end(),
                                     [&](const Settings::Item& each) { return each.name == name; });
      if (item == items.end()) {
        return Reject(fmt::format("{}:{}: unknown setting {}: see --help for the names", path,
                                  node.source().begin.line, name));
      }
      if (item->is_table) {
        if (!node.is_table()) {
          return Reject(fmt::format("{}:{}: {} must be a table: [{}]", path,
                                    node.source().begin.line, name, name));
        }
        std::ostringstream text;
        text << *node.as_table();
        values[name] = text.str();
      } else if (const auto text = node.value_exact<std::string>()) {
        values[name] = *text;
      } else if (const auto number = node.value_exact<int64_t>()) {
        values[name] = std::to_string(*number);
      } else if (const auto flag = node.value_exact<bool>()) {
        values[name] = *flag ? "true" : "false";
      } else {
        return Reject(fmt::format("{}:{}: {} must be a text, a whole number or true/false", path,
                                  node.source().begin.line, name));
      }
    }
  } catch (const toml::parse_error& error) {
    return Reject(fmt::format("{}:{}: {}", path, error.source().begin.line, error.description()));
  }
  return values;
}

struct Found {
  std::string value;
  std::string where;
};

Result<std::optional<Found>> FromEnvironment(const Settings::Item& item) {
  for (const std::string& name : item.env) {
    if (const auto value = Env(name)) return std::optional<Found>({*value, name});
    if (!item.secret) continue;
    if (const auto path = Env(name + "_FILE")) {
      Result<std::string> text = ReadSecretFile(*path);
      if (!text) return Reject(fmt::format("{}_FILE: {}", name, text.error().text));
      return std::optional<Found>({*text, name + "_FILE"});
    }
  }
  return std::optional<Found>();
}

}  // namespace

Settings& Settings::Text(const std::string& name, std::string* target, const std::string& help,
                         std::vector<std::string> extra_env) {
  Item item{name, help, {EnvName(name)}};
  item.env.insert(item.env.end(), extra_env.begin(), extra_env.end());
  item.set = [target](const std::string& value) -> Result<void> {
    *target = value;
    return {};
  };
  items_.push_back(std::move(item));
  return *this;
}

Settings& Settings::Number(const std::string& name, int64_t* target, int64_t min, int64_t max,
                           const std::string& help) {
  Item item{name, help, {EnvName(name)}};
  item.set = [=](const std::string& value) -> Result<void> {
    int64_t number = 0;
    const auto [end, code] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (code != std::errc() || end != value.data() + value.size() || number < min || number > max) {
      return Reject(fmt::format("takes a whole number from {} to {}", min, max));
    }
    *target = number;
    return {};
  };
  items_.push_back(std::move(item));
  return *this;
}

Settings& Settings::Switch(const std::string& name, bool* target, const std::string& help) {
  Item item{name, help, {EnvName(name)}};
  item.is_switch = true;
  item.set = [=](const std::string& value) -> Result<void> {
    if (value != "true" && value != "false" && value != "1" && value != "0") {
      return Reject("takes true or false");
    }
    *target = value == "true" || value == "1";
    return {};
  };
  items_.push_back(std::move(item));
  return *this;
}

Settings& Settings::Secret(const std::string& name, std::string* target, const std::string& help,
                           std::vector<std::string> extra_env) {
  Text(name, target, help, std::move(extra_env));
  items_.back().secret = true;
  return *this;
}

Settings& Settings::Table(const std::string& name, std::string* target, const std::string& help) {
  Text(name, target, help);
  items_.back().env.clear();
  items_.back().is_table = true;
  return *this;
}

Result<void> Settings::Resolve(const std::map<std::string, std::string>& flags) {
  std::map<std::string, std::string> file;
  std::string path;
  if (const auto flag = flags.find("config"); flag != flags.end()) {
    path = flag->second;
  } else if (const auto env = Env("LYCEUM_CONFIG")) {
    path = *env;
  }
  if (!path.empty()) {
    Result<std::map<std::string, std::string>> read = ReadFile(path, items_);
    if (!read) return read.error();
    file = std::move(*read);
  }
  for (const Item& item : items_) {
    Found found;
    const auto flag = flags.find(item.name);
    const auto key = file.find(item.name);
    Result<std::optional<Found>> env = FromEnvironment(item);
    if (!env) return env.error();
    if (flag != flags.end() && !item.secret && !item.is_table) {
      found = {flag->second, "--" + item.name};
    } else if (env->has_value()) {
      found = **env;
    } else if (key != file.end()) {
      found = {key->second, fmt::format("{} in {}", item.name, path)};
    } else {
      continue;
    }
    if (Result<void> set = item.set(found.value); !set) {
      return Reject(fmt::format("{} {}", found.where, set.error().text));
    }
  }
  return {};
}

Result<bool> Settings::Load(const std::string& program, const std::string& description, int argc,
                            const char* const* argv) {
  CLI::App app{description, program};
  app.set_version_flag("--version", std::string(LYCEUM_VERSION));
  std::map<std::string, std::string> flags;
  flags["config"];
  app.add_option("--config", flags["config"], "TOML file with these settings (LYCEUM_CONFIG)");
  for (const Item& item : items_) {
    if (item.secret || item.is_table) continue;
    const std::string help = fmt::format("{} ({})", item.help, fmt::join(item.env, ", "));
    if (item.is_switch) {
      app.add_flag("--" + item.name + "{true}", flags[item.name], help);
    } else {
      app.add_option("--" + item.name, flags[item.name], help);
    }
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {
      app.exit(error);
      return false;
    }
    return Reject(fmt::format("{}: see {} --help", error.what(), program));
  }
  std::map<std::string, std::string> given;
  for (const auto& [name, value] : flags) {
    if (app.count("--" + name) > 0) given[name] = value;
  }
  Result<void> resolved = Resolve(given);
  if (!resolved) return resolved.error();
  return true;
}

}  // namespace lyceum
