// The providers of language models, as an operator writes them down.
//
//   [llm]
//   user_tokens_per_day = 200000          # 0: no budget
//
//   [[llm.provider]]                      # in order of preference
//   name = "claude"                       # [a-z0-9_-]{1,64}, unique
//   api = "anthropic"                     # anthropic | openai (chat completions, and what speaks
//   it) base_url = "https://api.anthropic.com"  # default: ANTHROPIC_BASE_URL, OPENAI_BASE_URL, the
//   vendor's key_env = "ANTHROPIC_API_KEY"         # variable, or the same with _FILE; "" for none.
//   Default: the api's,
//                                         # but none where the file names a base_url that is not
//                                         the vendor's
//   model = "..."                         # for tools that `models` does not name
//   models = { check_answer = "..." }
//   plain_http = false                    # http to a host that is not loopback
//   concurrency = 32                      # and requests_per_min, tokens_per_min: 0 = no limit
//   attempts = 3                          # at this provider, in one call
//   connect_ms = 5000                     # and first_byte_ms, between_bytes_ms, whole_ms
//   [llm.provider.quirks]                 # what a compatible server does otherwise: quirks.h-like
//   data max_tokens_field = "max_completion_tokens"   # or "max_tokens" schema = "response_format"
//   # response_format | json_object | none;  anthropic: output_config | tool | none stream_usage =
//   true                   # sends stream_options.include_usage
//
// A key is never in the file.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "wire/http.h"

namespace lyceum::llm {

enum class Api { kAnthropic, kOpenAi };
enum class SchemaWay { kNone, kNative, kJsonObject, kTool };

// What servers that speak the same format do differently: data, not code paths.
struct Quirks {
  std::string max_tokens_field = "max_completion_tokens";
  SchemaWay schema = SchemaWay::kNative;
  bool stream_usage = true;
};

struct Limits {
  size_t concurrency = 32;
  uint32_t requests_per_min = 0;  // 0: no limit.
  uint32_t tokens_per_min = 0;
};

struct Provider {
  std::string name;
  Api api = Api::kAnthropic;
  std::string base_url;  // Without a slash at the end.
  std::string key;       // Secret. Empty: none is sent.
  std::string model;
  std::map<std::string, std::string> models;  // By tool.
  bool plain_http = false;
  uint32_t attempts = 3;
  Limits limits;
  wire::HttpBounds bounds;
  std::chrono::milliseconds whole{60'000};
  Quirks quirks;

  const std::string& ModelOf(const std::string& tool) const;
};

struct Config {
  std::vector<Provider> providers;
  uint64_t user_tokens_per_day = 0;  // 0: no budget.
};

using GetEnv = std::function<std::optional<std::string>(const std::string& name)>;

// From the text of the table `llm`, as above. kReject: the text says which key is wrong, what it
// takes, and never quotes a secret.
Result<Config> ReadConfig(std::string_view toml, const GetEnv& env);

}  // namespace lyceum::llm
