// The providers of language models, as an operator writes them down.
//
//   [llm]
//   user_tokens_per_day = 200000     # 0: no budget
//
//   [[llm.provider]]                 # in order of preference, 8 at most
//   name = "claude"                  # [a-z0-9_-]{1,64}, unique
//   api = "anthropic"                # or "openai": chat completions, and what speaks like it
//   base_url = "https://..."         # default: ANTHROPIC_BASE_URL or OPENAI_BASE_URL, else the
//                                    # vendor's
//   key_env = "ANTHROPIC_API_KEY"    # the variable with the key, or with _FILE its file; "": none.
//                                    # Default: the api's, but none where this file names a
//                                    # base_url that is not the vendor's
//   model = "..."                    # for tools that `models` does not name
//   models = { check_answer = "..." }
//   plain_http = false               # http to a host that is not loopback
//   concurrency = 32                 # and requests_per_min, tokens_per_min: 0: no limit
//   attempts = 3                     # at this provider, in one call
//   connect_ms = 5000                # and first_byte_ms, between_bytes_ms, whole_ms. Silence in
//                                    # the middle lasts a third of the call's time at most
//   backoff_ms = 500                 # before the first retry at most; doubled up to 16 times that
//   breaker_open_ms = 15000          # how long a provider that fails is left alone
//   max_tokens = 0                   # of an answer, with what a model thinks before it; 0: as each
//                                    # tool needs for the answer alone
//   grading_ms = 0                   # how long a grade is waited for here before the next provider
//                                    # is asked; 0: as long as the session waits
//   ca_file = ""                     # PEM with who is trusted; default: SSL_CERT_FILE, else the
//                                    # system's. Proxies: HTTPS_PROXY, HTTP_PROXY, NO_PROXY
//   [llm.provider.quirks]            # what a server does otherwise than its api says
//   max_tokens_field = "max_completion_tokens"  # or "max_tokens"; openai
//   schema = "response_format"       # openai: response_format json_object none;
//                                    # anthropic: output_config tool none
//   stream_usage = true              # sends stream_options.include_usage; openai
//   finish_reason = true             # false: it never says why an answer ends. Else one that ends
//                                    # without a reason has been broken off
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
std::string_view Name(SchemaWay way);  // "none", "native", "json_object", "tool"

// What servers that speak the same format do differently: data, not code paths.
struct Quirks {
  std::string max_tokens_field = "max_completion_tokens";
  SchemaWay schema = SchemaWay::kNative;
  bool stream_usage = true;
  bool finish_reason = true;
  bool operator==(const Quirks&) const = default;
};

struct Limits {
  size_t concurrency = 32;
  uint32_t requests_per_min = 0;  // 0: no limit.
  uint32_t tokens_per_min = 0;
};

inline constexpr std::string_view kGradingTool = "check_answer";  // Provider::grading is of it.

struct Provider {
  std::string name;
  Api api = Api::kAnthropic;
  std::string base_url;  // Without a slash at the end.
  std::string key_env;   // The variable that the key came from; empty: none is wanted.
  std::string key;       // Secret. Empty: none is sent.
  std::string model;
  std::map<std::string, std::string> models;  // By tool.
  bool plain_http = false;
  uint32_t attempts = 3;
  Limits limits;
  wire::HttpBounds bounds;
  std::chrono::milliseconds whole{60'000};
  std::chrono::milliseconds backoff{500};
  std::chrono::milliseconds breaker_open{15'000};
  uint32_t max_tokens = 0;               // 0: as the tool asks.
  std::chrono::milliseconds grading{0};  // 0: no bound of its own.
  std::string ca_file;                   // Empty: the system's.
  Quirks quirks;

  const std::string& ModelOf(const std::string& tool) const;
};

struct Config {
  std::vector<Provider> providers;
  uint64_t user_tokens_per_day = 0;  // 0: no budget.
};

using GetEnv = std::function<std::optional<std::string>(const std::string& name)>;

// From the text of the table `llm`: what stands under [llm], with [[provider]] for
// [[llm.provider]]. kReject: the text says which key is wrong, what it takes, and never quotes a
// value that may be a secret.
Result<Config> ReadConfig(std::string_view toml, const GetEnv& env);

}  // namespace lyceum::llm
