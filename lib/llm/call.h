// Call: one question on its way from provider to provider. Of client.cc.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/task.h"
#include "base/timers.h"
#include "llm/attempt.h"
#include "llm/budget.h"
#include "llm/client.h"
#include "llm/gate.h"

namespace lyceum::llm {

// What all calls share.
struct Shared {
  Shared(Config the_config, std::shared_ptr<wire::HttpClient> the_http,
         std::shared_ptr<Ledger> the_ledger);
  const Config config;
  const std::shared_ptr<wire::HttpClient> http;
  const std::shared_ptr<Ledger> ledger;  // May be null.
  Timers timers;
  std::vector<std::unique_ptr<Gate>> gates;  // As config.providers.
  std::mutex mutex;                          // Of the two below.
  Budget budget;
  std::mt19937_64 random{std::random_device{}()};
  std::atomic<uint64_t> budget_refusals{0};
};

class Call {
 public:
  // `judge` may be null: then any text is good.
  Call(Shared& shared, const Ask& ask, const Judge* judge)
      : shared_(shared), ask_(ask), judge_(judge) {}

  Task<Reply> Run();

 private:
  enum class Next { kDone, kEnd, kElsewhere, kNoRoom };

  // At this provider, with `others` left that may be asked after it.
  Task<Next> AskOne(size_t index, size_t others, bool wait_for_room);
  // How a provider is asked.
  struct Way {
    ChatRequest chat;
    Quirks quirks;
    Deadline text_by;   // Of the first text.
    Deadline deadline;  // Of all of it.
    bool wait_for_room = false;
  };
  // One attempt, with everything that is counted. Nothing: not begun, `*next` says what now.
  Task<std::optional<AttemptEnd>> TryOnce(size_t index, const Way& way, Next* next,
                                          std::string* verdict);

  // Written down from now on. Nothing: it could not be, and is not to be made.
  std::optional<uint64_t> WriteDown(const Provider& provider, const ChatRequest& chat, int64_t day);
  std::optional<Budget::Reservation> Reserve(uint32_t tokens);
  void Settle(const Budget::Reservation& reservation, uint32_t tokens_used);
  std::chrono::milliseconds RetryWait(const AttemptEnd& end, uint32_t retry,
                                      const Provider& provider);
  void Retract();
  Failure WhyNot() const;

  Shared& shared_;
  const Ask& ask_;
  const Judge* judge_;
  Reply reply_;
  std::string reason_;  // Of the next attempt.
  bool said_ = false;   // Text was given out that is not retracted.
  bool over_budget_ = false;
  std::string ledger_says_;  // Why a call could not be written down.
  bool refused_ = false;
  bool bad_result_ = false;
  bool all_bad_requests_ = true;  // Of the attempts that were made.
};

}  // namespace lyceum::llm
