#include "llm/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <string>
#include <utility>

#include "llm/json.h"

namespace lyceum::llm {
namespace {

constexpr std::chrono::seconds kContextWait{5};
constexpr size_t kListBytesMax = 1024 * 1024;
constexpr uint32_t kTokensForASpeed = 8;

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
        "the certificate of {} cannot be verified: look at base_url, and name who is trusted as "
        "ca_file or by SSL_CERT_FILE",
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
  if (outcome == "context_length_exceeded") {
    return "its context is too small for the question: start the server with a larger one";
  }
  if (one_of({"no_finish", "bad_finish"})) {
    return fmt::format(
        "its answer ends without saying why ({}): look at its log; if it never says, set "
        "quirks.finish_reason = false",
        outcome);
  }
  if (outcome == "empty") {
    return "it answered without text: look at model; one that thinks first needs a larger "
           "max_tokens";
  }
  return fmt::format("it failed ({}): try again later", outcome);
}

// Of what a server lists of its models.
uint32_t ContextIn(const Json& model) {
  for (const char* name : {"max_model_len", "context_length", "context_window",
                           "max_context_length", "max_input_tokens", "n_ctx"}) {
    if (const uint32_t tokens = CountField(model, name); tokens > 0) return tokens;
  }
  return 0;
}

std::string Speed(const AttemptEnd& end) {
  const uint32_t speaking_ms = end.latency_ms - std::min(end.latency_ms, end.first_text_ms);
  if (speaking_ms == 0 || end.reply.usage.output_tokens < kTokensForASpeed) return {};
  return fmt::format(", {} tokens/s", uint64_t{end.reply.usage.output_tokens} * 1000 / speaking_ms);
}

}  // namespace

Task<AttemptEnd> ProviderCheck::Ask(const std::string& tool, const ChatRequest& chat) {
  const std::function<void(std::string_view)> nobody;
  const std::function<void()> never;
  const std::string& model = provider_.ModelOf(tool);
  ChatRequest asked = chat;
  if (provider_.max_tokens > 0) asked.output_tokens_max = provider_.max_tokens;
  Quirks quirks = gate_->quirks();
  while (true) {
    const AttemptOrder order{provider_, model,  asked, deadline_, deadline_,
                             {},        nobody, never, quirks};
    AttemptEnd end = co_await MakeAttempt(http_, order);
    gate_->Count({provider_.name, model, "first", end.trouble ? end.trouble->outcome : "ok",
                  end.latency_ms, end.first_text_ms, end.reply.usage});
    if (!end.trouble) {
      gate_->Learn(quirks);
      co_return end;
    }
    auto milder =
        Milder(provider_.api, quirks, provider_.quirks, !chat.schema.empty(), *end.trouble);
    if (!milder) co_return end;
    quirks = *std::move(milder);
  }
}

Task<Client::Check> ProviderCheck::Ask(const Client::CheckAsk& ask) {
  Client::Check check;
  check.provider = provider_.name;
  check.model = provider_.ModelOf(ask.tool);
  check.tool = ask.tool;
  AttemptEnd end = co_await Ask(ask.tool, ask.chat);
  if (end.trouble) {
    check.text = Advice(end.trouble->outcome, provider_);
    co_return check;
  }
  check.good = true;
  const std::string took = fmt::format("answered in {} ms{}", end.latency_ms, Speed(end));
  check.text = took;
  if (ask.judge) {
    const std::string problem = JudgeReply(ask.judge, &end.reply);
    check.good = problem.empty();
    if (!check.good) {
      check.text = fmt::format(
          "{}, but not in the form that is asked for ({}): look at quirks.schema, or take another "
          "model",
          took, problem);
    }
  }
  if (check.good && end.reply.finish == Finish::kLength) {
    check.warning = true;
    check.text += ", and was cut off by its length: raise max_tokens";
  }
  std::chrono::milliseconds time = ask.time;
  if (ask.tool == kGradingTool && provider_.grading.count() > 0) {
    time = std::min(time, provider_.grading);
  }
  if (check.good && time.count() > 0 && end.latency_ms > time.count()) {
    check.warning = true;
    check.text += fmt::format(
        ", but it is waited for {} ms: take a quicker model for it (models = {{ {} = \"...\" }}), "
        "or "
        "set grading_ms so that the next provider has time",
        time.count(), ask.tool);
  }
  co_return check;
}

Task<std::string> ProviderCheck::Get(std::string url) {
  wire::HttpRequest request;
  request.method = "GET";
  request.url = std::move(url);
  if (!provider_.key.empty()) {
    if (provider_.api == Api::kAnthropic) {
      request.headers.emplace_back("x-api-key", provider_.key);
      request.headers.emplace_back("anthropic-version", "2023-06-01");
    } else {
      request.headers.emplace_back("authorization", "Bearer " + provider_.key);
    }
  }
  request.deadline = std::min(deadline_, In(kContextWait));
  request.plain_http_allowed = provider_.plain_http;
  request.ca_file = provider_.ca_file;
  wire::HttpTransfer transfer = http_.Begin(std::move(request));
  const Result<wire::HttpHead> head = co_await transfer.Head();
  if (!head || head->status != 200) co_return std::string();
  const Result<std::string> body = co_await transfer.ReadAll(kListBytesMax);
  co_return body ? *body : std::string();
}

Task<uint32_t> ProviderCheck::Context() {
  const bool anthropic = provider_.api == Api::kAnthropic;
  const std::string base = provider_.base_url + (anthropic ? "/v1" : "");
  const Json list = ParseJson(co_await Get(base + "/models"));
  uint32_t tokens = 0;
  for (const char* name : {"data", "models"}) {
    const Json& models = Field(list, name);
    if (!models.is_array()) continue;
    for (const Json& model : models) {
      if (TextField(model, "id") != provider_.model && models.size() > 1) continue;
      if (tokens == 0) tokens = ContextIn(model);
    }
  }
  if (tokens > 0 || anthropic) co_return tokens;
  // llama.cpp says it elsewhere.
  std::string root = provider_.base_url;
  if (root.ends_with("/v1")) root.resize(root.size() - 3);
  const Json props = ParseJson(co_await Get(root + "/props"));
  co_return CountField(Field(props, "default_generation_settings"), "n_ctx");
}

Task<std::vector<Client::Check>> ProviderCheck::Run(const std::vector<Client::CheckAsk>& asks) {
  ChatRequest chat;
  chat.turns = {{Turn::Role::kUser, "Answer with the word ready."}};
  chat.output_tokens_max = 256;  // Some models think before the first word.
  std::vector<Client::Check> checks;
  Client::Check whole;
  whole.provider = provider_.name;
  whole.model = provider_.model;
  const AttemptEnd end = co_await Ask("", chat);
  whole.good = !end.trouble;
  if (end.trouble) {
    whole.text = Advice(end.trouble->outcome, provider_);
    checks.push_back(std::move(whole));
    co_return checks;
  }
  whole.text = fmt::format("answered in {} ms{}", end.latency_ms, Speed(end));
  if (!asks.empty()) {
    const uint32_t context = co_await Context();
    uint32_t needed = 0;
    for (const Client::CheckAsk& ask : asks) {
      const uint32_t output =
          provider_.max_tokens > 0 ? provider_.max_tokens : ask.chat.output_tokens_max;
      needed = std::max(needed, ask.input_tokens_max + InputTokensAtMost(ask.chat) + output);
    }
    whole.text += context > 0 ? fmt::format(", a context of {} tokens", context)
                              : ", the server does not say how large its context is";
    if (context > 0 && context < needed) {
      whole.warning = true;
      whole.text += fmt::format(
          ", but a question of a long topic with its answer takes up to {}: start the server with "
          "a larger one",
          needed);
    }
  }
  checks.push_back(std::move(whole));
  for (const Client::CheckAsk& ask : asks) checks.push_back(co_await Ask(ask));
  co_return checks;
}

}  // namespace lyceum::llm
