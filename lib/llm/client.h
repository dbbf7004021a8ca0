// Client: asks the configured providers in their order of preference until one answers well.
//
// One call is bounded in everything: its deadline, the attempts at each provider (retries of 408,
// 409, 429, 5xx and broken transfers with full jitter, Retry-After honoured where it fits into the
// deadline), the concurrency, requests and tokens per minute of each provider, the tokens of a user
// and day. A provider whose circuit breaker is open, or whose limits leave no room, is passed over.
// When nobody else is left, room is waited for; an open breaker is not. Before the first piece of
// text another attempt is free; after it the text is retracted and said anew. An answer that breaks
// off is asked of the next provider; of the same one only where no other is left. A refusal is not
// asked for again where it came from. A provider that refuses how it is asked (the form of a
// schema, the name of a bound) is asked more mildly, and that is remembered. Any number of calls at
// once, from any threads; it outlives them. A call goes on in the thread that ends its wait: mostly
// that of the HTTP client.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/histogram.h"
#include "base/result.h"
#include "base/task.h"
#include "base/thread_pool.h"
#include "base/trace.h"
#include "llm/chat.h"
#include "llm/config.h"
#include "llm/ledger.h"
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
  Tracer* tracer = nullptr;       // Makes a span of each attempt. Null: none.
  std::string trace{};            // Its parent, where there is a tracer.
};

// One request to one provider, for the accounts.
struct Attempt {
  std::string provider;
  std::string model;
  std::string reason;  // Why it was made: first | rewrite | retry | fallback | repair | milder
  // ok | http_429 | first_byte | bad_json | refused | bad_result ...: a word, no free text.
  std::string outcome;
  uint32_t latency_ms = 0;
  uint32_t first_text_ms = 0;  // 0: none came.
  Usage usage;                 // As the provider tells; else what was reserved for it.
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

class Client {
 public:
  // kReject: the configuration has no provider. With a ledger every call is written down in it, and
  // none is made that cannot be; what users have used today is known from it.
  static Result<std::shared_ptr<Client>> Make(Config config, std::shared_ptr<wire::HttpClient> http,
                                              std::shared_ptr<Ledger> ledger = nullptr);
  ~Client();

  // Plain text. An answer that ended with kLength is an answer; one that is empty is not.
  // What is given outlives the call.
  Task<Reply> AskText(const Ask& ask);
  // An answer that `judge` finds good, in the text, the input of a tool or what the model thought;
  // else one repair with what it says, else the next provider. Never streams.
  Task<Reply> AskJson(const Ask& ask, const Judge& judge);

  // What a tool asks, for the check.
  struct CheckAsk {
    std::string tool;
    ChatRequest chat;
    Judge judge;                        // Empty: any text is good.
    std::chrono::milliseconds time{0};  // Within this the answer is of use. 0: no matter.
    uint32_t input_tokens_max = 0;      // How long the question may get, beside this one.
  };
  struct Check {
    std::string provider;
    std::string model;
    std::string tool;  // Empty: of the provider as a whole.
    bool good = false;
    bool warning = false;  // Good, but something is to be looked at.
    std::string text;      // "answered in 412 ms", or what is wrong and what to do about it.
  };
  // One short real question to each provider, past the breaker; to those that answer, each of
  // `asks`. In the order of the configuration.
  Task<std::vector<Check>> CheckProviders(const std::vector<CheckAsk>& asks, Deadline deadline);

  const Config& config() const;

  // By provider, since the start.
  struct Counters {
    std::string provider;
    uint64_t attempts = 0, ok = 0, failed = 0, retries = 0, fallbacks = 0, repairs = 0,
             input_tokens = 0, output_tokens = 0, cached_tokens = 0, latency_ms = 0,
             first_text_ms = 0, breaker_opened = 0, running = 0;
    Histogram::Values latency, first_text;  // Of answers; of those with text that came in parts.
  };
  std::vector<Counters> counters() const;
  const Ledger* ledger() const;  // May be null.
  uint64_t budget_refusals() const;

 private:
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lyceum::llm
