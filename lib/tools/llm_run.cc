#include "tools/llm_run.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/log.h"
#include "base/token.h"
#include "tutor/limits.h"
#include "tutor/names.h"
#include "tutor/reveal.h"

namespace lyceum::tools {
namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;

constexpr milliseconds kReserve{300};  // To answer without a model, and for the way back.
constexpr milliseconds kUseful{200};   // With less than this nobody is asked.
constexpr int kDraftsMax = 2;
constexpr size_t kDraftBytesMax = 2048;         // Of a draft that is sent back.
constexpr size_t kGuardedBytesMax = 16 * 1024;  // Looked at word by word.
constexpr std::string_view kCutShort =
    "\n\n(This text stops here because it became too long. Ask about the part that is missing.)";
constexpr std::string_view kAgain =
    "That text gives the answer of the open question away, or says it together with the words that "
    "make it the answer. Write it again from the beginning: without the answer, without a part of "
    "it, without the last step, and without saying which choice is right or wrong. Write the text "
    "alone; do not mention this correction.";

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

// Also what was called already.
void WithoutFunctions(llm::ChatRequest* chat) {
  chat->functions.clear();
  std::erase_if(chat->turns,
                [](const llm::Turn& turn) { return !turn.calls.empty() || !turn.results.empty(); });
}

uint32_t Sum(uint32_t a, uint32_t b) { return a > UINT32_MAX - b ? UINT32_MAX : a + b; }

}  // namespace

Secret Secret::Of(const std::optional<tutor::QuestionView>& open, const TopicView& view) {
  Secret secret;
  if (!open) return secret;
  secret.question = view.Find(open);
  secret.unknown = secret.question == nullptr;
  return secret;
}

bool LlmRun::HasTime() const {
  return !call_.stop.stop_requested() && call_.deadline - Steady::now() > kReserve + kUseful;
}

std::optional<llm::Ask> LlmRun::AskFor(const llm::Values& values, uint32_t output_tokens_max,
                                       std::shared_ptr<const llm::Schema>* schema) const {
  if (!HasTime()) return std::nullopt;
  const std::string tool(tutor::Name(call_.request.tool));
  auto prompt = parts_.prompts->Render(tool, values);
  if (!prompt) {
    LogWarn("prompt not usable", {{"tool", tool}, {"why", prompt.error().text}});
    return std::nullopt;
  }
  llm::Ask ask;
  ask.chat.system = std::move(prompt->system);
  ask.chat.turns.push_back({llm::Turn::Role::kUser, std::move(prompt->user)});
  ask.chat.output_tokens_max = output_tokens_max;
  if (prompt->schema != nullptr) {
    ask.chat.schema = prompt->schema->text();
    ask.chat.schema_name = tool;
    *schema = prompt->schema;
  }
  ask.tool = tool;
  ask.user = call_.request.user.value;
  ask.deadline = call_.deadline - kReserve;
  ask.stop = call_.stop;
  ask.tracer = call_.tracer;
  if (call_.tracer != nullptr) ask.trace = call_.request.trace;
  return ask;
}

Task<void> LlmRun::UseFunctions(const tutor::TopicRef& ref) {
  if (parts_.caller == nullptr) co_return;
  std::shared_ptr<const CourseFunctions> functions = parts_.source->FunctionsAtHand(ref);
  if (functions == nullptr) {
    co_await call_.OwnThread();
    auto read = parts_.source->Functions(ref);
    if (!read) {
      LogWarn("functions cannot be read",
              {{"call", call_.request.id.value}, {"why", read.error().text}});
      co_return;
    }
    functions = *std::move(read);
  }
  if (!functions->all().empty()) {
    functions_.emplace(parts_.caller.get(), std::move(functions), call_);
  }
}

Task<std::optional<std::string>> LlmRun::Say(const llm::Values& values, const Secret& secret,
                                             uint32_t output_tokens_max) {
  std::shared_ptr<const llm::Schema> no_schema;
  auto ask = AskFor(values, output_tokens_max, &no_schema);
  if (!ask) co_return std::nullopt;
  if (functions_) functions_->Offer(&ask->chat);
  for (int draft = 0; draft < kDraftsMax && HasTime(); ++draft) {
    if (functions_) ask->chat.functions_closed = functions_->spent();
    std::string text;
    const Draft made = co_await SayOnce(*ask, secret, &text);
    switch (made) {
      case Draft::kGood:
        co_return text;
      case Draft::kNone:
        co_return std::nullopt;
      case Draft::kRevealing:
        break;
    }
    LogInfo("text withheld", {{"call", call_.request.id.value},
                              {"draft", draft + 1},
                              {"trace", TraceIdIn(call_.request.trace)}});
    ask->reason = "rewrite";
    ask->chat.turns.push_back(
        {llm::Turn::Role::kAssistant, std::string(CutUtf8(text, kDraftBytesMax))});
    ask->chat.turns.push_back({llm::Turn::Role::kUser, std::string(kAgain)});
  }
  co_return std::nullopt;
}

// As often as the model calls functions. What it says beside its calls is no part of the text.
Task<llm::Reply> LlmRun::AskText(llm::Ask& ask, const std::function<void()>& retract) {
  while (true) {
    llm::Reply reply = co_await parts_.client->AskText(ask);
    Account(reply);
    const llm::Answer* answer = reply.answer();
    const llm::Failure* failure = reply.failure();
    // A server may know no functions.
    if (failure != nullptr && failure->code == "bad_request" && !ask.chat.functions.empty()) {
      WithoutFunctions(&ask.chat);
      ask.reason = "without_functions";
      continue;
    }
    if (answer == nullptr || !functions_ || !HasTime()) co_return reply;
    const bool called = co_await functions_->Run(*answer, &ask.chat);
    if (!called) co_return reply;
    retract();
    ask.reason = "function";
  }
}

Task<LlmRun::Draft> LlmRun::SayOnce(llm::Ask ask, const Secret& secret, std::string* text) {
  RevealGuard guard(secret.question);
  TextStream* const stream = secret.unknown ? nullptr : call_.stream;
  const auto retract = [&] {
    if (stream != nullptr) stream->Retract();
  };
  // Ends the answer where it has given too much away, beside the call's own end.
  std::stop_source enough;
  std::string leak;  // The text up to there.
  const std::stop_callback also(call_.stop, [&] { enough.request_stop(); });
  ask.stop = enough.get_token();
  ask.on_text = [&](std::string_view piece) {
    if (guard.text().size() > kGuardedBytesMax) return;
    const std::string sayable = guard.Add(piece);
    if (guard.revealed()) {
      leak = guard.text();
      enough.request_stop();
    } else if (stream != nullptr && !sayable.empty()) {
      stream->Add(sayable);
    }
  };
  ask.on_retract = [&] {
    guard.Reset();
    retract();
  };
  const llm::Reply reply = co_await AskText(ask, ask.on_retract);
  const llm::Answer* answer = reply.answer();
  *text = answer == nullptr ? leak : answer->text;
  const bool cut =
      answer != nullptr && (answer->finish == llm::Finish::kLength ||
                            text->size() > tutor::kToolTextBytesMax - kCutShort.size());
  if (cut) *text = std::string(CutUtf8(*text, tutor::kToolTextBytesMax - kCutShort.size()));
  const bool reveals =
      !leak.empty() || (secret.question != nullptr && tutor::Reveals(*text, *secret.question));
  if (reveals || answer == nullptr || answer->finish == llm::Finish::kRefused || IsBlank(*text)) {
    retract();
    co_return reveals && !call_.stop.stop_requested() ? Draft::kRevealing : Draft::kNone;
  }
  const bool streamed = stream != nullptr && guard.text() == answer->text;
  if (streamed) stream->Add(guard.Finish());
  if (cut) {
    *text += kCutShort;
    if (streamed) stream->Add(kCutShort);
  }
  co_return Draft::kGood;
}

Task<std::optional<Json>> LlmRun::Decide(const llm::Values& values, const Judge& judge,
                                         uint32_t output_tokens_max, size_t first_provider) {
  std::shared_ptr<const llm::Schema> schema;
  auto ask = AskFor(values, output_tokens_max, &schema);
  if (!ask) co_return std::nullopt;
  ask->first_provider = first_provider;
  ask->threads = call_.threads;
  // A part of a sentence: the client ends it.
  const llm::Judge problems = [&](std::string_view text) -> std::string {
    const llm::Fitted fitted = schema->Fit(text);
    std::string problem = fitted.problem;
    if (problem.empty()) problem = judge(Json::parse(fitted.json));
    if (problem.ends_with('.')) problem.pop_back();
    return problem;
  };
  const llm::Reply reply = co_await parts_.client->AskJson(*ask, problems);
  Account(reply);
  const llm::Answer* answer = reply.answer();
  if (answer == nullptr) co_return std::nullopt;
  co_return Json::parse(schema->Fit(answer->text).json);
}

void LlmRun::Account(const llm::Reply& reply) {
  uint32_t before_ms = 0;
  uint32_t first_text_ms = 0;
  for (const llm::Attempt& attempt : reply.attempts) {
    ++attempts_;
    if (attempt.reason == "fallback") ++fallbacks_;
    first_text_ms = attempt.first_text_ms == 0 ? 0 : Sum(before_ms, attempt.first_text_ms);
    before_ms = Sum(before_ms, attempt.latency_ms);
    // The line of the whole call says the same of one that went as it should.
    if (attempt.reason == "first" && attempt.outcome == "ok") continue;
    LogInfo("model asked", {{"call", call_.request.id.value},
                            {"tool", tutor::Name(call_.request.tool)},
                            {"provider", attempt.provider},
                            {"model", attempt.model},
                            {"reason", attempt.reason},
                            {"outcome", attempt.outcome},
                            {"latency_ms", attempt.latency_ms},
                            {"first_text_ms", attempt.first_text_ms},
                            {"input_tokens", attempt.usage.input_tokens},
                            {"output_tokens", attempt.usage.output_tokens},
                            {"cached_tokens", attempt.usage.cached_tokens},
                            {"trace", TraceIdIn(call_.request.trace)}});
  }
  usage_ += reply.usage;
  if (const llm::Answer* answer = reply.answer()) {
    provider_ = answer->provider;
    model_ = answer->model;
    first_text_ms_ = first_text_ms;
  } else if (const llm::Failure* failure = reply.failure()) {
    LogWarn("no model answered", {{"call", call_.request.id.value},
                                  {"tool", tutor::Name(call_.request.tool)},
                                  {"code", failure->code},
                                  {"why", failure->text},
                                  {"trace", TraceIdIn(call_.request.trace)}});
  }
}

ToolAnswer LlmRun::Answer(tutor::ToolOutcome outcome) const {
  ToolAnswer answer = std::move(outcome);
  answer.provider = provider_;
  answer.model = model_;
  answer.usage = {usage_.input_tokens, usage_.output_tokens, usage_.cached_tokens};
  answer.attempts = attempts_;
  answer.fallbacks = fallbacks_;
  answer.first_text_ms = first_text_ms_;
  if (functions_) answer.functions = functions_->uses();
  return answer;
}

ToolAnswer LlmRun::Instead(tutor::ToolOutcome outcome) const {
  if (call_.stop.stop_requested()) {
    outcome = ToolErrorOf("cancelled", false, "Nobody waits for it any more.");
  }
  ToolAnswer answer = Answer(std::move(outcome));
  answer.provider.clear();
  answer.model.clear();
  answer.first_text_ms = 0;
  answer.degraded = true;
  return answer;
}

Task<ToolAnswer> LlmRun::Instead() const {
  ToolAnswer answer = co_await parts_.built_in.Start(call_);
  tutor::ToolOutcome outcome = std::move(answer.outcome);
  const auto* error = std::get_if<tutor::ToolError>(&outcome);
  if (error != nullptr && error->code == "not_supported") {
    outcome = ToolErrorOf("unavailable", true, "No language model has answered well.");
  }
  co_return Instead(std::move(outcome));
}

}  // namespace lyceum::tools
