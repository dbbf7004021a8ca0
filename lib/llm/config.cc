#include "llm/config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <initializer_list>
#include <utility>

namespace lyceum::llm {
namespace {

using std::chrono::milliseconds;

constexpr size_t kProvidersMax = 8;
constexpr size_t kModelsMax = 64;
constexpr size_t kSecretBytesMax = 4096;

// What an api has of its own.
struct Vendor {
  const char* base_url;
  const char* base_url_env;
  const char* key_env;
};

Vendor VendorOf(Api api) {
  if (api == Api::kAnthropic) {
    return {"https://api.anthropic.com", "ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY"};
  }
  return {"https://api.openai.com/v1", "OPENAI_BASE_URL", "OPENAI_API_KEY"};
}

bool IsName(std::string_view text, std::string_view more) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || more.find(c) != more.npos;
  });
}

bool IsVariable(std::string_view text) {
  return text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
         });
}

bool IsPrintable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

// Reads one table. The first thing that is wrong stays; what is read after it does not matter.
class Table {
 public:
  Table(const toml::table& table, std::string where) : table_(table), where_(std::move(where)) {}

  void Known(std::initializer_list<std::string_view> keys) {
    for (const auto& [key, node] : table_) {
      if (std::find(keys.begin(), keys.end(), key.str()) != keys.end()) continue;
      Wrong(fmt::format("unknown key {}: there are {}", std::string_view(key.str()),
                        fmt::join(keys, ", ")));
    }
  }

  bool Has(std::string_view key) const { return table_.contains(key); }

  void Text(std::string_view key, std::string* target) {
    const toml::node* node = table_.get(key);
    if (node == nullptr) return;
    const auto text = node->value_exact<std::string>();
    if (!text) return Wrong(fmt::format("{} takes a text", key));
    *target = *text;
  }

  void Switch(std::string_view key, bool* target) {
    const toml::node* node = table_.get(key);
    if (node == nullptr) return;
    const auto flag = node->value_exact<bool>();
    if (!flag) return Wrong(fmt::format("{} takes true or false", key));
    *target = *flag;
  }

  template <class T>
  void Number(std::string_view key, T* target, int64_t min, int64_t max) {
    const toml::node* node = table_.get(key);
    if (node == nullptr) return;
    const auto number = node->value_exact<int64_t>();
    if (!number || *number < min || *number > max) {
      return Wrong(fmt::format("{} takes a whole number from {} to {}", key, min, max));
    }
    *target = T(*number);
  }

  const toml::table* Sub(std::string_view key) {
    const toml::node* node = table_.get(key);
    if (node == nullptr) return nullptr;
    if (!node->is_table()) Wrong(fmt::format("{} takes a table", key));
    return node->as_table();
  }

  void Wrong(std::string text) {
    if (!wrong_) wrong_ = Reject(fmt::format("{}: {}", where_, text));
  }
  const std::optional<Error>& wrong() const { return wrong_; }

 private:
  const toml::table& table_;
  const std::string where_;
  std::optional<Error> wrong_;
};

// The variable's value, or what the file holds that <name>_FILE names. Nothing: neither is set.
Result<std::optional<std::string>> Secret(const std::string& name, const GetEnv& env) {
  std::string secret;
  if (const auto value = env(name); value && !value->empty()) {
    secret = *value;
  } else if (const auto path = env(name + "_FILE"); path && !path->empty()) {
    std::ifstream file(*path, std::ios::binary);
    if (!file) return Reject(fmt::format("{}_FILE names no readable file", name));
    char c = 0;
    while (secret.size() <= kSecretBytesMax && file.get(c)) secret += c;
    while (!secret.empty() && (secret.back() == '\n' || secret.back() == '\r')) secret.pop_back();
    if (secret.empty()) return Reject(fmt::format("{}_FILE names an empty file", name));
  } else {
    return std::optional<std::string>();
  }
  if (secret.size() > kSecretBytesMax || !IsPrintable(secret)) {
    return Reject(fmt::format("{} holds no key: it is too long, or has spaces in it", name));
  }
  return std::optional<std::string>(std::move(secret));
}

void ReadQuirks(const toml::table& table, const std::string& where, Provider* provider,
                Table* parent) {
  Table quirks(table, where + ".quirks");
  quirks.Known({"max_tokens_field", "schema", "stream_usage", "finish_reason"});
  Quirks& to = provider->quirks;
  quirks.Text("max_tokens_field", &to.max_tokens_field);
  if (to.max_tokens_field != "max_completion_tokens" && to.max_tokens_field != "max_tokens") {
    quirks.Wrong("max_tokens_field takes max_completion_tokens or max_tokens");
  }
  quirks.Switch("stream_usage", &to.stream_usage);
  quirks.Switch("finish_reason", &to.finish_reason);
  const bool openai = provider->api == Api::kOpenAi;
  std::string way = openai ? "response_format" : "output_config";
  quirks.Text("schema", &way);
  if (way == (openai ? "response_format" : "output_config")) {
    to.schema = SchemaWay::kNative;
  } else if (way == "none") {
    to.schema = SchemaWay::kNone;
  } else if (openai && way == "json_object") {
    to.schema = SchemaWay::kJsonObject;
  } else if (!openai && way == "tool") {
    to.schema = SchemaWay::kTool;
  } else {
    quirks.Wrong(openai ? "schema takes response_format, json_object or none"
                        : "schema takes output_config, tool or none");
  }
  if (quirks.wrong()) parent->Wrong(quirks.wrong()->text);
}

void ReadModels(const toml::table& models, Provider* provider, Table* parent) {
  if (models.size() > kModelsMax) parent->Wrong(fmt::format("models takes {}", kModelsMax));
  for (const auto& [tool, node] : models) {
    const auto model = node.value_exact<std::string>();
    if (!IsName(tool.str(), "_") || !model || model->empty() || model->size() > 256) {
      return parent->Wrong("models takes the name of a tool = the name of a model");
    }
    provider->models[std::string(tool.str())] = *model;
  }
}

// Where it is, and with which key.
Result<void> ReadAddress(Table* table, const GetEnv& env, Provider* provider) {
  const Vendor vendor = VendorOf(provider->api);
  const bool named = table->Has("base_url");
  std::string from = "base_url";
  table->Text("base_url", &provider->base_url);
  if (!named) {
    const auto value = env(vendor.base_url_env);
    const bool set = value && !value->empty();
    provider->base_url = set ? *value : vendor.base_url;
    if (set) from = vendor.base_url_env;
  }
  while (provider->base_url.ends_with('/')) provider->base_url.pop_back();
  std::string problem = wire::UrlProblem(provider->base_url, provider->plain_http);
  if (problem.empty() && provider->base_url.find_first_of("?#") != std::string::npos) {
    problem = "has more than a path";
  }
  if (!problem.empty()) return Reject(fmt::format("{}: {}", from, problem));

  provider->key_env = named && provider->base_url != vendor.base_url ? "" : vendor.key_env;
  table->Text("key_env", &provider->key_env);
  if (provider->key_env.empty()) return {};
  // Not quoted: somebody may have written the key itself.
  if (!IsVariable(provider->key_env))
    return Reject("key_env takes the name of a variable: A-Z, 0-9, _");
  const Result<std::optional<std::string>> key = Secret(provider->key_env, env);
  if (!key) return key.error();
  if (!key->has_value()) {
    return Reject(fmt::format("{0} is not set: set it or {0}_FILE, or key_env = \"\" for no key",
                              provider->key_env));
  }
  provider->key = **key;
  return {};
}

// Whose certificates are taken.
Result<void> ReadTrust(Table* table, const GetEnv& env, Provider* provider) {
  std::string from = "ca_file";
  table->Text("ca_file", &provider->ca_file);
  if (provider->ca_file.empty()) {
    from = "SSL_CERT_FILE";
    provider->ca_file = env(from).value_or("");
  }
  if (provider->ca_file.empty()) return {};
  if (!std::ifstream(provider->ca_file)) {
    return Reject(fmt::format("{} names no readable file: {}", from, provider->ca_file));
  }
  return {};
}

Result<Provider> ReadProvider(const toml::table& from, size_t number, const GetEnv& env) {
  Provider provider;
  std::string where = fmt::format("llm.provider {}", number);
  Table table(from, where);
  table.Known({"name",
               "api",
               "base_url",
               "key_env",
               "model",
               "models",
               "plain_http",
               "concurrency",
               "requests_per_min",
               "tokens_per_min",
               "attempts",
               "connect_ms",
               "first_byte_ms",
               "between_bytes_ms",
               "whole_ms",
               "backoff_ms",
               "breaker_open_ms",
               "max_tokens",
               "grading_ms",
               "ca_file",
               "quirks"});
  table.Text("name", &provider.name);
  if (!IsName(provider.name, "_-")) table.Wrong("name takes 1 to 64 of a-z, 0-9, _ and -");
  std::string api;
  table.Text("api", &api);
  if (api != "anthropic" && api != "openai") table.Wrong("api takes anthropic or openai");
  provider.api = api == "openai" ? Api::kOpenAi : Api::kAnthropic;
  table.Text("model", &provider.model);
  if (provider.model.empty() || provider.model.size() > 256) {
    table.Wrong("model takes the name of a model");
  }
  if (const toml::table* models = table.Sub("models")) ReadModels(*models, &provider, &table);
  table.Switch("plain_http", &provider.plain_http);
  table.Number("concurrency", &provider.limits.concurrency, 0, 1024);
  table.Number("requests_per_min", &provider.limits.requests_per_min, 0, 1'000'000);
  table.Number("tokens_per_min", &provider.limits.tokens_per_min, 0, 1'000'000'000);
  table.Number("attempts", &provider.attempts, 1, 10);
  table.Number("connect_ms", &provider.bounds.connect, 10, 60'000);
  table.Number("first_byte_ms", &provider.bounds.first_byte, 10, 600'000);
  table.Number("between_bytes_ms", &provider.bounds.between_bytes, 10, 600'000);
  table.Number("whole_ms", &provider.whole, 10, 600'000);
  table.Number("backoff_ms", &provider.backoff, 1, 60'000);
  table.Number("breaker_open_ms", &provider.breaker_open, 10, 600'000);
  table.Number("max_tokens", &provider.max_tokens, 0, 1'000'000);
  table.Number("grading_ms", &provider.grading, 0, 600'000);
  if (Result<void> trust = ReadTrust(&table, env, &provider); !trust) {
    table.Wrong(trust.error().text);
  }
  if (const toml::table* quirks = table.Sub("quirks")) {
    ReadQuirks(*quirks, where, &provider, &table);
  }
  if (!table.wrong()) {
    if (Result<void> address = ReadAddress(&table, env, &provider); !address) {
      table.Wrong(address.error().text);
    }
  }
  if (table.wrong()) return *table.wrong();
  return provider;
}

}  // namespace

std::string_view Name(SchemaWay way) {
  switch (way) {
    case SchemaWay::kNone:
      return "none";
    case SchemaWay::kNative:
      return "native";
    case SchemaWay::kJsonObject:
      return "json_object";
    case SchemaWay::kTool:
      return "tool";
  }
  return "none";
}

const std::string& Provider::ModelOf(const std::string& tool) const {
  const auto found = models.find(tool);
  return found == models.end() ? model : found->second;
}

Result<Config> ReadConfig(std::string_view toml, const GetEnv& env) {
  toml::table root;
  try {
    root = toml::parse(toml);
  } catch (const toml::parse_error& error) {
    // Its words may quote the file, and somebody may have put a key there.
    return Reject(fmt::format("llm: line {} is not TOML", error.source().begin.line));
  }
  Config config;
  Table table(root, "llm");
  table.Known({"user_tokens_per_day", "provider"});
  table.Number("user_tokens_per_day", &config.user_tokens_per_day, 0, 1'000'000'000'000);
  const toml::array* providers = root["provider"].as_array();
  if (table.Has("provider") && providers == nullptr) table.Wrong("write [[llm.provider]]");
  if (providers != nullptr && providers->size() > kProvidersMax) {
    table.Wrong(fmt::format("provider: there may be {}", kProvidersMax));
  }
  if (table.wrong()) return *table.wrong();
  for (size_t i = 0; providers != nullptr && i < providers->size(); ++i) {
    const toml::table* each = (*providers)[i].as_table();
    if (each == nullptr) return Reject("llm: write [[llm.provider]]");
    Result<Provider> provider = ReadProvider(*each, i + 1, env);
    if (!provider) return provider.error();
    for (const Provider& other : config.providers) {
      if (other.name == provider->name) {
        return Reject(fmt::format("llm.provider {}: another one has that name", i + 1));
      }
    }
    config.providers.push_back(std::move(*provider));
  }
  return config;
}

}  // namespace lyceum::llm
