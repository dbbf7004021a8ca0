#include "llm/call.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "llm/chat_span.h"

namespace lyceum::llm {
namespace {

using std::chrono::milliseconds;

uint32_t Sum(const Usage& usage) {
  Usage sum = usage;
  sum += Usage{usage.output_tokens, 0, 0};
  return sum.input_tokens;
}

Breaker::Outcome ForBreaker(const AttemptEnd& end) {
  if (!end.trouble) return Breaker::Outcome::kGood;
  switch (end.trouble->blame) {
    case Blame::kPassing:
      return end.hurried ? Breaker::Outcome::kNothing : Breaker::Outcome::kBad;
    case Blame::kProvider:
      return Breaker::Outcome::kWrong;
    case Blame::kRequest:
      return Breaker::Outcome::kNothing;
    case Blame::kAnswer:  // It is there, and works.
      return Breaker::Outcome::kGood;
  }
  CheckFailed(__FILE__, __LINE__, "a value of the enum");
}

// What the model said goes back to the model alone.
ChatRequest WithRepair(const ChatRequest& chat, std::string text, const std::string& wrong) {
  if (text.empty()) text = "(no answer)";
  ChatRequest repair = chat;
  repair.turns.push_back({Turn::Role::kAssistant, std::move(text)});
  repair.turns.push_back(
      {Turn::Role::kUser,
       fmt::format("That answer can not be used: {}. Answer again, with the corrected JSON object "
                   "and nothing else.",
                   wrong)});
  return repair;
}

}  // namespace

Shared::Shared(Config the_config, std::shared_ptr<wire::HttpClient> the_http,
               std::shared_ptr<Ledger> the_ledger)
    : config(std::move(the_config)),
      http(std::move(the_http)),
      ledger(std::move(the_ledger)),
      budget(config.user_tokens_per_day) {
  if (ledger != nullptr) {
    const Ledger::Spent spent = ledger->spent();
    for (const auto& [user, tokens] : spent.users) budget.Remember(user, spent.day, tokens);
  }
  for (const Provider& provider : config.providers) {
    gates.push_back(std::make_unique<Gate>(provider, &timers));
  }
}

Task<Reply> Call::Run() {
  const size_t count = shared_.config.providers.size();
  std::vector<size_t> without_room;
  reason_ = ask_.reason;
  Next next = Next::kElsewhere;
  for (size_t i = ask_.first_provider; i < count; ++i) {
    next = co_await AskOne(i, count - i - 1 + without_room.size(), false);
    if (next == Next::kDone || next == Next::kEnd) break;
    if (next == Next::kNoRoom) without_room.push_back(i);
    reason_ = "fallback";
  }
  for (size_t i = 0; i < without_room.size() && next != Next::kDone && next != Next::kEnd; ++i) {
    if (reply_.attempts.empty() && without_room[i] == ask_.first_provider) reason_ = ask_.reason;
    next = co_await AskOne(without_room[i], without_room.size() - i - 1, true);
    reason_ = "fallback";
  }
  if (next != Next::kDone) {
    Retract();
    reply_.outcome = WhyNot();
  }
  co_return std::move(reply_);
}

Task<Call::Next> Call::AskOne(size_t index, size_t others, bool wait_for_room) {
  const Provider& provider = shared_.config.providers[index];
  Gate& gate = *shared_.gates[index];
  Way way;
  way.wait_for_room = wait_for_room;
  way.quirks = gate.quirks();
  way.chat = ask_.chat;
  if (provider.max_tokens > 0) way.chat.output_tokens_max = provider.max_tokens;
  // While others are left, this one has its even share of the time to begin to speak, over all its
  // attempts: so that somebody still has time when it is silent. Once it speaks it may go on until
  // the end.
  const Deadline now = Steady::now();
  way.deadline = ask_.deadline;
  if (provider.grading.count() > 0 && ask_.tool == kGradingTool) {
    way.deadline = std::min(way.deadline, now + provider.grading);
  }
  way.text_by = std::min(way.deadline, now + std::max(Steady::duration(0), ask_.deadline - now) /
                                                 static_cast<int64_t>(others + 1));
  const ChatRequest first = way.chat;
  bool repaired = false;
  uint32_t failures = 0;
  while (true) {
    if (ask_.stop.stop_requested() || LeftMs(ask_.deadline) == 0) co_return Next::kEnd;
    if (LeftMs(way.deadline) == 0) co_return Next::kElsewhere;
    Next next = Next::kElsewhere;
    std::string wrong;
    const std::optional<AttemptEnd> end = co_await TryOnce(index, way, &next, &wrong);
    if (!end) co_return next;
    if (!end->trouble) gate.Learn(way.quirks);
    if (!end->trouble && wrong.empty()) {
      reply_.outcome =
          Answer{end->reply.text, end->reply.finish, provider.name, provider.ModelOf(ask_.tool),
                 index,           end->reply.calls};
      co_return Next::kDone;
    }
    if (!end->trouble) {
      if (std::exchange(repaired, true)) co_return Next::kElsewhere;
      way.chat = WithRepair(first, end->reply.text, wrong);
      reason_ = "repair";
      continue;
    }
    Retract();
    auto milder =
        Milder(provider.api, way.quirks, provider.quirks, !way.chat.schema.empty(), *end->trouble);
    if (milder) {
      way.quirks = *std::move(milder);
      reason_ = "milder";
      continue;
    }
    const Blame blame = end->trouble->blame;
    const bool again = (blame == Blame::kPassing || blame == Blame::kRequest) &&
                       end->hints.should_retry.value_or(blame == Blame::kPassing);
    if (!again || ++failures >= provider.attempts) co_return Next::kElsewhere;
    if (end->broken && others > 0) co_return Next::kElsewhere;
    // A wait that does not fit is not begun: the time is better spent elsewhere.
    const Deadline due = Steady::now() + RetryWait(*end, failures - 1, provider);
    if (due >= way.text_by) co_return Next::kElsewhere;
    const bool in_time = co_await shared_.timers.Until(due, ask_.stop);
    if (!in_time) co_return Next::kEnd;
    reason_ = "retry";
  }
}

Task<std::optional<AttemptEnd>> Call::TryOnce(size_t index, const Way& way, Next* next,
                                              std::string* verdict) {
  const Provider& provider = shared_.config.providers[index];
  Gate& gate = *shared_.gates[index];
  const uint32_t tokens = Sum({InputTokensAtMost(way.chat), way.chat.output_tokens_max, 0});
  std::optional<Budget::Reservation> reservation = Reserve(tokens);
  if (!reservation) {
    *next = Next::kEnd;
    co_return std::nullopt;
  }
  const Gate::Entered entered = co_await gate.Enter(
      tokens, way.wait_for_room ? std::optional<Deadline>(way.deadline) : std::nullopt, ask_.stop);
  if (const Gate::Refusal* refusal = std::get_if<Gate::Refusal>(&entered)) {
    Settle(*reservation, 0);
    *next =
        *refusal == Gate::Refusal::kRoom && !way.wait_for_room ? Next::kNoRoom : Next::kElsewhere;
    co_return std::nullopt;
  }
  const Gate::Pass& pass = std::get<Gate::Pass>(entered);
  Attempt attempt{provider.name, provider.ModelOf(ask_.tool), reason_};
  std::optional<uint64_t> entry;
  if (shared_.ledger != nullptr) {
    entry = WriteDown(provider, way.chat, reservation->day);
    if (!entry) {
      Settle(*reservation, 0);
      attempt.outcome = "ledger";
      gate.Leave(pass, Breaker::Outcome::kNothing, attempt, 0);
      *next = Next::kEnd;
      co_return std::nullopt;
    }
  }

  // Of JSON nobody hears a part.
  std::function<void(std::string_view)> listener;
  std::function<void()> on_void;
  if (ask_.on_text && judge_ == nullptr) {
    listener = [this](std::string_view text) {
      said_ = true;
      ask_.on_text(text);
    };
    on_void = [this] { Retract(); };
  }
  std::optional<Span> span;
  if (ask_.tracer != nullptr) span = BeginChat(*ask_.tracer, ask_.trace, provider, attempt);
  const AttemptOrder order{provider,  attempt.model, way.chat, way.deadline, way.text_by,
                           ask_.stop, listener,      on_void,  way.quirks,   span.has_value()};
  AttemptEnd end = co_await MakeAttempt(*shared_.http, order);
  if (!end.trouble && judge_ != nullptr) {
    co_await ThreadPool::Entry{ask_.threads};
    *verdict = JudgeReply(*judge_, &end.reply);
  }

  attempt.outcome = end.trouble ? end.trouble->outcome : verdict->empty() ? "ok" : "bad_result";
  attempt.latency_ms = end.latency_ms;
  attempt.first_text_ms = end.first_text_ms;
  // What the provider tells; else what was reserved. A call that ends early is billed too.
  attempt.usage = end.cost;
  if (span) EndChat(*ask_.tracer, *std::move(span), end, attempt);
  if (entry) shared_.ledger->End(*entry, end.cost, !end.cost_known);
  Settle(*reservation, Sum(end.cost));
  gate.Leave(pass, ForBreaker(end), attempt, Sum(end.cost));
  if (attempt.outcome != "ok" && attempt.outcome != "cancelled") {
    LogWarn("language model attempt failed", {{"provider", attempt.provider},
                                              {"model", attempt.model},
                                              {"reason", attempt.reason},
                                              {"outcome", attempt.outcome},
                                              {"latency_ms", attempt.latency_ms},
                                              {"trace", TraceIdIn(ask_.trace)}});
  }
  refused_ |= attempt.outcome == "refused";
  bad_result_ |= attempt.outcome == "bad_result";
  all_bad_requests_ &=
      end.trouble && end.trouble->blame == Blame::kRequest && attempt.outcome != "closed";
  reply_.usage += attempt.usage;
  reply_.attempts.push_back(std::move(attempt));
  co_return end;
}

std::optional<uint64_t> Call::WriteDown(const Provider& provider, const ChatRequest& chat,
                                        int64_t day) {
  const bool budget = shared_.config.user_tokens_per_day > 0;
  const Result<uint64_t> entry =
      shared_.ledger->Begin({day,
                             provider.name,
                             budget ? ask_.user : std::string(),
                             {InputTokensAtMost(chat), chat.output_tokens_max, 0}});
  if (entry) return *entry;
  LogError("language models are not asked", {{"why", entry.error().text}});
  ledger_says_ = entry.error().text;
  return std::nullopt;
}

std::optional<Budget::Reservation> Call::Reserve(uint32_t tokens) {
  std::lock_guard lock(shared_.mutex);
  auto reservation = shared_.budget.Reserve(ask_.user, tokens, UnixMs());
  over_budget_ = !reservation.has_value();
  if (over_budget_) shared_.budget_refusals.fetch_add(1);
  return reservation;
}

void Call::Settle(const Budget::Reservation& reservation, uint32_t tokens_used) {
  std::lock_guard lock(shared_.mutex);
  shared_.budget.Settle(reservation, tokens_used);
}

milliseconds Call::RetryWait(const AttemptEnd& end, uint32_t retry, const Provider& provider) {
  if (end.hints.wait) return *end.hints.wait;
  std::lock_guard lock(shared_.mutex);
  return Backoff(retry, provider.backoff,
                 std::uniform_real_distribution<double>(0, 1)(shared_.random));
}

void Call::Retract() {
  if (std::exchange(said_, false) && ask_.on_retract) ask_.on_retract();
}

Failure Call::WhyNot() const {
  if (ask_.stop.stop_requested()) return {"cancelled", false, "the caller has stopped it"};
  if (over_budget_) return {"budget", false, "the user's tokens of today do not suffice"};
  if (!ledger_says_.empty()) return {"unavailable", true, ledger_says_};
  std::string tried;
  for (const Attempt& attempt : reply_.attempts) {
    tried += fmt::format("{}{}: {}", tried.empty() ? "" : ", ", attempt.provider, attempt.outcome);
  }
  if (tried.empty()) tried = "no provider could be asked: they rest after failures, or are full";
  if (LeftMs(ask_.deadline) == 0) return {"deadline", true, tried};
  if (refused_) return {"refused", false, tried};
  if (bad_result_) return {"bad_result", false, tried};
  if (!reply_.attempts.empty() && all_bad_requests_) return {"bad_request", false, tried};
  return {"unavailable", true, tried};
}

}  // namespace lyceum::llm
