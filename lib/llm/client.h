// Client: asks the configured providers in their order of preference until one answers well.
//
// One call is bounded in everything: its deadline, the attempts at each provider (retries of 408,
// 409, 429, 5xx and broken transfers with full jitter, Retry-After honoured where it fits into the
// deadline), the concurrency, requests and tokens per minute of each provider, the tokens of a user
// and day. A provider whose circuit breaker is open, or whose limits leave no room, is passed over.
// When nobody else is left, room is waited for; an open breaker is not. Before the first piece of
// text another attempt is free; after it the text is retracted and said anew. A refusal is not
// asked for again where it came from. Any number of calls at once, from any threads; it outlives
// them. A call goes on in the thread that ends its wait: mostly that of the HTTP client.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/task.h"
#include "base/thread_pool.h"
#include "llm/chat.h"
#include "llm/config.h"
#include "wire/http.h"

namespace lyceum::llm {

struct Ask {
  ChatRequest chat;
  std::string tool;   // Chooses the model: Provider::models.
  std::string user;   // Whose budget.
  Deadline deadline;  // Of everything.
  std::stop_token stop;
  // Text as it comes, in whole UTF-8 characters. Empty: nobody listens, and nothing is streamed to
  // anybody. Must not block: it may keep all other calls waiting.
  std::function<void(std::string_view)> on_text;
  // All text since the last retract is void. Called only after on_text.
  std::function<void()> on_retract;
  ThreadPool* threads = nullptr;  // Where an answer is judged. Null: where it has come.
  size_t first_provider = 0;      // Index into the order; those before it are not asked.
  std::string reason = "first";   // Why it is asked at all, for the accounts; a word.
};

// One request to one provider, for the accounts.
struct Attempt {
  std::string provider;
  std::string model;
  std::string reason;  // Why it was made: first | rewrite | retry | fallback | repair
  // ok | http_429 | first_byte | bad_json | refused | bad_result ...: a word, no free text.
  std::string outcome;
  uint32_t latency_ms = 0;
  uint32_t first_text_ms = 0;  // 0: none came.
  Usage usage;                 // As far as the provider has told.
};

struct Answer {
  std::string text;
  Finish finish = Finish::kStop;
  std::string provider;
  std::string model;
  size_t provider_index = 0;
  std::vector<FunctionCall> calls;  // With or without text.
};

// Why there is no answer.
struct Failure {
  // unavailable | budget | deadline | cancelled | refused | bad_result | bad_request
  std::string code;
  bool retryable = false;
  std::string text;  // For an operator. Holds no key, no prompt and nothing a model said.
};

struct Reply {
  std::variant<Failure, Answer> outcome;
  std::vector<Attempt> attempts;
  Usage usage;  // Of all attempts.
  const Answer* answer() const { return std::get_if<Answer>(&outcome); }
  const Failure* failure() const { return std::get_if<Failure>(&outcome); }
};

// What is wrong with an answer, in words that the model is told in the one repair. Empty: nothing.
using Judge = std::function<std::string(std::string_view text)>;

class Client {
 public:
  // kReject: the configuration has no provider.
  static Result<std::shared_ptr<Client>> Make(Config config,
                                              std::shared_ptr<wire::HttpClient> http);
  ~Client();

  // Plain text. An answer that ended with kLength is an answer; one that is empty is not.
  // What is given outlives the call.
  Task<Reply> AskText(const Ask& ask);
  // An answer that `judge` finds good; else one repair with what it says, else the next provider.
  // Never streams.
  Task<Reply> AskJson(const Ask& ask, const Judge& judge);

  // One short real question to each provider, past the breaker. In the order of the configuration.
  struct Check {
    std::string provider;
    std::string model;
    bool good = false;
    std::string text;  // "answered in 412 ms", or what is wrong and what to do about it.
  };
  Task<std::vector<Check>> CheckProviders(Deadline deadline);

  const Config& config() const;

  // By provider, since the start.
  struct Counters {
    std::string provider;
    uint64_t attempts = 0, ok = 0, failed = 0, retries = 0, fallbacks = 0, repairs = 0,
             input_tokens = 0, output_tokens = 0, cached_tokens = 0, latency_ms = 0,
             first_text_ms = 0, breaker_opened = 0, running = 0;
  };
  std::vector<Counters> counters() const;
  uint64_t budget_refusals() const;

 private:
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lyceum::llm
