#include "llm/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <string>

#include "llm/attempt.h"

namespace lyceum::llm {
namespace {

// What is wrong and what to do about it, from the word of an attempt's outcome.
std::string Advice(const std::string& outcome, const Provider& provider) {
  const auto one_of = [&](std::initializer_list<std::string_view> words) {
    return std::find(words.begin(), words.end(), outcome) != words.end();
  };
  if (one_of({"http_401", "authentication_error", "invalid_api_key"})) {
    if (provider.key_env.empty()) return "it wants a key: name its variable as key_env";
    return fmt::format("it does not take the key: look at {0}, or at the file of {0}_FILE",
                       provider.key_env);
  }
  if (one_of({"http_403", "permission_error"})) {
    return fmt::format("it does not let this key use {}: look at the account's rights",
                       provider.model);
  }
  if (one_of({"http_402", "billing_error", "insufficient_quota"})) {
    return "the account has no money left: look at its billing";
  }
  if (one_of({"http_404", "not_found_error", "model_not_found"})) {
    return fmt::format("it knows no model {}, or {} is not its address: look at model and base_url",
                       provider.model, provider.base_url);
  }
  if (one_of({"http_400", "http_422", "invalid_request_error"})) {
    return "it does not take the question as it is asked: look at api, model and quirks";
  }
  if (one_of({"http_429", "rate_limit_error", "rate_limit_exceeded"})) {
    return "too many requests for the account just now: try again, or set requests_per_min";
  }
  if (one_of({"connect", "resolve", "url"})) {
    return fmt::format("nobody is reached at {}: look at base_url, and at HTTPS_PROXY",
                       provider.base_url);
  }
  if (outcome == "tls") {
    return fmt::format(
        "the certificate of {} can not be verified: look at base_url and at the "
        "certificates of this machine",
        provider.base_url);
  }
  if (one_of({"first_byte", "first_text", "stalled", "deadline"})) {
    return fmt::format("it was too slow ({}): try again, or raise first_byte_ms", outcome);
  }
  if (outcome == "bad_content_type" || outcome.starts_with("http_3")) {
    return fmt::format("{} is the address of something else: look at base_url", provider.base_url);
  }
  if (one_of({"bad_json", "bad_stream", "cut"})) {
    return fmt::format("its answer is not in the format ({}): look at api and base_url", outcome);
  }
  if (outcome == "empty") return "it answered without text: look at model";
  return fmt::format("it failed ({}): try again later", outcome);
}

}  // namespace

Task<Client::Check> CheckProvider(wire::HttpClient& http, const Provider& provider, Gate* gate,
                                  Deadline deadline) {
  ChatRequest chat;
  chat.turns = {{Turn::Role::kUser, "Answer with the word ready."}};
  chat.output_tokens_max = 256;  // Some models think before the first word.
  const std::function<void(std::string_view)> nobody;
  const AttemptOrder order{provider, provider.model, chat, deadline, deadline, {}, nobody};
  const AttemptEnd end = co_await MakeAttempt(http, order);
  const std::string outcome = end.trouble ? end.trouble->outcome : "ok";
  gate->Count({provider.name, provider.model, "first", outcome, end.latency_ms, end.first_text_ms,
               end.reply.usage});
  Client::Check check{provider.name, provider.model, !end.trouble, ""};
  check.text =
      end.trouble ? Advice(outcome, provider) : fmt::format("answered in {} ms", end.latency_ms);
  co_return check;
}

}  // namespace lyceum::llm
