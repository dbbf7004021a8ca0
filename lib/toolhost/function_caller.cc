#include "toolhost/function_caller.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <optional>
#include <utility>

#include "base/log.h"
#include "base/token.h"
#include "envelope/tool_requests.h"

namespace lyceum::toolhost {
namespace {

using envelope::kFunctionReplies;

constexpr int64_t kBackoffMsFirst = 20;
constexpr int64_t kBackoffMsMax = 200;
// The JSON stands in a text: each of its bytes may be escaped. Around it: ids, names, an error.
constexpr size_t kResultMessageBytesMax = 6 * envelope::kFunctionResultBytesMax + 8 * 1024;
constexpr size_t kErrorBytesMax = 512;
constexpr size_t kParentBytesMax = 64;
constexpr size_t kOursBytes = 8;  // Of the inbox, in an id.

}  // namespace

std::string_view Name(FunctionOutcome outcome) {
  switch (outcome) {
    case FunctionOutcome::kOk:
      return "ok";
    case FunctionOutcome::kUnknown:
      return "unknown";
    case FunctionOutcome::kBadArguments:
      return "bad_arguments";
    case FunctionOutcome::kNoTime:
      return "no_time";
    case FunctionOutcome::kNoTool:
      return "no_tool";
    case FunctionOutcome::kBusy:
      return "busy";
    case FunctionOutcome::kDeadline:
      return "deadline";
    case FunctionOutcome::kError:
      return "error";
    case FunctionOutcome::kBadResult:
      return "bad_result";
    case FunctionOutcome::kCancelled:
      return "cancelled";
  }
  return "";
}

struct FunctionCaller::Open {
  FunctionAsk ask;
  Number number = 0;
  CallId id;
  int64_t begun = 0;        // Steady ms, as all times here.
  int64_t deadline = 0;     //
  int64_t deadline_ms = 0;  // Unix.
  int64_t send_at = INT64_MAX;
  int64_t backoff = kBackoffMsFirst;
  std::string worker;  // That has accepted it.
  std::coroutine_handle<> waiter;
  FunctionEnd end;
  std::optional<std::stop_callback<std::function<void()>>> stopped;
};

struct FunctionCaller::Wait {
  FunctionCaller* caller;
  std::shared_ptr<Open> open;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> task) const {
    open->waiter = task;
    caller->loop_->Post([self = caller->self_, open = open] {
      if (*self != nullptr) (*self)->Begin(open);
    });
  }
  FunctionEnd await_resume() const { return std::move(open->end); }
};

FunctionCaller::FunctionCaller(const Clock* clock, Executor* loop, envelope::Subjects subjects)
    : clock_(clock),
      loop_(loop),
      subjects_(std::move(subjects)),
      self_(std::make_shared<FunctionCaller*>(this)),
      random_(std::random_device{}()) {}

FunctionCaller::~FunctionCaller() { *self_ = nullptr; }

Task<FunctionEnd> FunctionCaller::Call(const FunctionAsk& ask) {
  auto open = std::make_shared<Open>();
  open->ask = ask;
  // It has a name, since GCC 12 destroys a temporary of this kind twice.
  const Wait wait{this, std::move(open)};
  co_return co_await wait;
}

void FunctionCaller::Begin(std::shared_ptr<Open> open) {
  const int64_t now = clock_->SteadyMs();
  open->number = ++last_number_;
  open->begun = now;
  const int64_t left = LeftMs(open->ask.deadline);
  open->deadline = now + left;
  open->deadline_ms = clock_->UnixMs() + left;
  open->send_at = now;
  const Number number = open->number;
  open_.emplace(number, open);
  if (open_.size() > kOpenMax) return End(number, FunctionOutcome::kBusy);
  if (left == 0) return End(number, FunctionOutcome::kDeadline);
  // Told in whichever thread stops it.
  open->stopped.emplace(open->ask.stop, [self = self_, loop = loop_, number] {
    loop->Post([self, number] {
      if (*self != nullptr) (*self)->End(number, FunctionOutcome::kCancelled);
    });
  });
  if (wire_ != nullptr) Send(*open);
}

void FunctionCaller::Send(Open& open) {
  open.send_at = INT64_MAX;
  // Ids of two processes differ, also those of one that was started again.
  if (open.id.empty()) {
    const std::string_view ours = std::string_view(inbox_).substr(kFunctionReplies.size());
    open.id.value = CutUtf8(open.ask.parent.value, kParentBytesMax);
    open.id.value.append("-f").append(ours.substr(ours.size() - std::min(kOursBytes, ours.size())));
    open.id.value.append("-").append(std::to_string(open.number));
  }
  envelope::FunctionRequest request;
  request.id = open.id;
  request.name = open.ask.name;
  request.user = open.ask.user;
  request.deadline_ms = open.deadline_ms;
  request.reply_subject = inbox_ + "." + std::to_string(open.number);
  request.trace = open.ask.trace;
  request.json = open.ask.json;
  const std::string data = envelope::EncodeFunctionRequest(request);
  const std::string subject = subjects_.ToolRequests(open.ask.name);
  wire_->Request({.subject = subject, .data = data, .content_type = "application/json"}, kAckWait,
                 [self = self_, number = open.number](Result<wire::Answer> ack) {
                   if (*self != nullptr) (*self)->OnAck(number, ack);
                 });
}

void FunctionCaller::OnAck(Number number, const Result<wire::Answer>& ack) {
  const auto found = open_.find(number);
  if (found == open_.end()) return;  // The result was there before, or its time is over.
  Open& open = *found->second;
  const int64_t reach = std::min(open.deadline, open.begun + kReach.count());
  if (!ack) return Again(open, FunctionOutcome::kNoTool, reach);
  const auto read =
      envelope::DecodeToolAck(ack->data, envelope::EncodingOf(ack->content_type, ack->data));
  if (!read || read->id != open.id) return Again(open, FunctionOutcome::kNoTool, reach);
  if (!read->accepted) return Again(open, FunctionOutcome::kBusy, open.deadline);
  open.worker = read->worker;
}

// A worker that is full leaves the queue group, so that nobody is there for a moment.
void FunctionCaller::Again(Open& open, FunctionOutcome why, int64_t until) {
  const int64_t now = clock_->SteadyMs();
  const int64_t wait =
      std::uniform_int_distribution<int64_t>(open.backoff / 2, open.backoff)(random_);
  open.backoff = std::min(2 * open.backoff, kBackoffMsMax);
  if (now + wait >= until) return End(open.number, why);
  open.send_at = now + wait;
}

void FunctionCaller::OnResult(const wire::Arrived& message) {
  const std::string_view token = message.subject.substr(message.subject.rfind('.') + 1);
  Number number = 0;
  std::from_chars(token.data(), token.data() + token.size(), number);
  const auto found = open_.find(number);
  if (found == open_.end()) return;  // It comes too late, or twice.
  const Open& open = *found->second;
  FunctionEnd end;
  end.result_bytes = message.data.size();
  if (message.data.size() > kResultMessageBytesMax) {
    end.outcome = FunctionOutcome::kBadResult;
    return End(number, std::move(end));
  }
  auto result = envelope::DecodeFunctionResult(
      message.data, envelope::EncodingOf(message.content_type, message.data));
  if (!result) {
    LogWarn("function result cannot be read",
            {{"call", open.id.value}, {"why", result.error().text}});
    end.outcome = FunctionOutcome::kBadResult;
    return End(number, std::move(end));
  }
  if (result->id != open.id || result->name != open.ask.name) return;
  end.worker = std::move(result->worker);
  if (const auto* error = std::get_if<tutor::ToolError>(&result->outcome)) {
    end.outcome = FunctionOutcome::kError;
    end.error = std::string(CutUtf8(error->code + ": " + error->text, kErrorBytesMax));
    return End(number, std::move(end));
  }
  end.json = std::move(std::get<std::string>(result->outcome));
  end.result_bytes = end.json.size();
  if (end.json.size() > envelope::kFunctionResultBytesMax) {
    end.json.clear();
    end.outcome = FunctionOutcome::kBadResult;
  }
  End(number, std::move(end));
}

void FunctionCaller::End(Number number, FunctionOutcome outcome) {
  FunctionEnd end;
  end.outcome = outcome;
  End(number, std::move(end));
}

void FunctionCaller::End(Number number, FunctionEnd end) {
  const auto found = open_.find(number);
  if (found == open_.end()) return;
  const std::shared_ptr<Open> open = std::move(found->second);
  open_.erase(found);
  open->stopped.reset();
  open->end = std::move(end);
  open->end.id = open->id;
  if (open->end.worker.empty()) open->end.worker = open->worker;
  open->end.latency_ms = static_cast<uint32_t>(clock_->SteadyMs() - open->begun);
  open->waiter.resume();
}

void FunctionCaller::OnConnection(wire::Wire* wire) {
  wire_ = wire;
  if (wire == nullptr) return;
  if (inbox_.empty()) {
    // Of the role, also where the connection has no role.
    std::string fresh = wire->NewInbox();
    if (fresh.starts_with(kFunctionReplies)) fresh.erase(0, kFunctionReplies.size());
    std::replace(fresh.begin(), fresh.end(), '.', '-');
    inbox_ = std::string(kFunctionReplies) + fresh;
  }
  const auto subscribed = wire->Subscribe(
      inbox_ + ".*", "", [this](const wire::Arrived& message) { OnResult(message); });
  if (!subscribed) LogWarn("cannot subscribe to results", {{"why", subscribed.error().text}});
}

void FunctionCaller::Turn() {
  if (open_.empty()) return;
  const int64_t now = clock_->SteadyMs();
  std::vector<Number> over;
  for (const auto& [number, open] : open_) {
    if (now >= open->deadline) {
      over.push_back(number);
    } else if (wire_ != nullptr && now >= open->send_at) {
      Send(*open);
    }
  }
  for (const Number number : over) End(number, FunctionOutcome::kDeadline);
}

int64_t FunctionCaller::NextMs() const {
  int64_t next = INT64_MAX;
  for (const auto& [number, open] : open_) {
    next = std::min(next, open->deadline);
    if (wire_ != nullptr) next = std::min(next, open->send_at);
  }
  return next;
}

void FunctionCaller::Count(FunctionOutcome outcome, size_t argument_bytes, const FunctionEnd& end) {
  calls_ += 1;
  argument_bytes_ += argument_bytes;
  result_bytes_ += end.result_bytes;
  latency_ms_ += end.latency_ms;
  by_outcome_[static_cast<size_t>(outcome)] += 1;
}

FunctionCaller::Figures FunctionCaller::figures() const {
  Figures figures{calls_, argument_bytes_, result_bytes_, latency_ms_, {}};
  for (size_t i = 0; i < kFunctionOutcomes; ++i) figures.by_outcome[i] = by_outcome_[i];
  return figures;
}

}  // namespace lyceum::toolhost
