#include "tutor/step.h"

#include <algorithm>
#include <type_traits>

#include "base/token.h"
#include "tutor/args.h"
#include "tutor/limits.h"

namespace lyceum::tutor {
namespace {

// What the history keeps of a message: its kind and its words.
struct Written {
  std::string_view kind;
  std::string_view text;
};

Written WriteDown(const TextOut& m) { return {"text", m.text}; }
Written WriteDown(const QuestionOut& m) { return {"question", m.question.text}; }
Written WriteDown(const FeedbackOut& m) { return {"feedback", m.text}; }
Written WriteDown(const HintOut& m) { return {"hint", m.text}; }
Written WriteDown(const WaitOut&) { return {}; }
Written WriteDown(const ErrorOut& m) { return {"error", m.text}; }
Written WriteDown(const ProgressOut&) { return {}; }
Written WriteDown(const CompletedOut&) { return {"completed", ""}; }

}  // namespace

Turn::Turn(Session session, const LogPosition& position, const Event& event)
    : s(std::move(session)),
      cause(event.id),
      client(event.client),
      encoding(event.encoding),
      position_(position) {
  s.time_ms = std::max(s.time_ms, position.time_ms);
  s.last_sequence = position.sequence;
  ++s.counters.records;
}

std::string Turn::NextId() { return IdAt(position_, index_++); }

void Turn::Note(Role role, std::string_view kind, std::string_view text) {
  HistoryEntry entry{++s.history_count, now(), role, std::string(kind), std::string(text)};
  if (s.recent.size() >= kRecentMax) s.recent.erase(s.recent.begin());
  s.recent.push_back({entry.index, entry.at_ms, role, entry.kind,
                      std::string(CutUtf8(text, kRecentTextBytesMax))});
  Do(Append{std::move(entry)});
}

void Turn::Say(Body body) { SayIt(std::move(body), true); }

void Turn::Refuse(std::string_view code, std::string_view text, bool retryable, bool noted) {
  SayIt(ErrorOut{std::string(code), std::string(text), retryable}, noted);
}

void Turn::SayIt(Body body, bool noted) {
  const Written written = std::visit([](const auto& m) { return WriteDown(m); }, body);
  if (noted && !written.kind.empty()) Note(Role::kTutor, written.kind, written.text);
  // The state is set at the end of the step.
  Do(tutor::Say{{NextId(), ++s.n, cause, now(), StateName::kExposition, std::move(body)}});
}

void Turn::AttachClient(bool again) {
  if (client.empty()) return;
  for (AttachedClient& attached : s.clients) {
    if (attached.id != client) continue;
    if (again) attached.encoding = encoding;
    return;
  }
  if (s.clients.size() >= kClientsMax) s.clients.erase(s.clients.begin());
  s.clients.push_back({client, encoding});
}

void Turn::DetachClient() {
  std::erase_if(s.clients, [&](const AttachedClient& attached) { return attached.id == client; });
}

void Turn::SetTimer(TimerKind kind, int64_t due_ms) {
  ClearTimer(kind);
  s.timers.push_back({kind, NextId(), due_ms});
  Do(tutor::SetTimer{s.timers.back()});
}

void Turn::ClearTimer(TimerKind kind) {
  for (const Timer& timer : s.timers) {
    if (timer.kind == kind) Do(tutor::ClearTimer{timer});
  }
  std::erase_if(s.timers, [&](const Timer& timer) { return timer.kind == kind; });
}

bool Turn::HasTimer(TimerKind kind) const {
  return std::any_of(s.timers.begin(), s.timers.end(),
                     [&](const Timer& timer) { return timer.kind == kind; });
}

void Turn::GoBack(const Origin& origin) {
  std::visit([&](const auto& state) { Go(state); }, origin);
}

bool Turn::StartCall(Call call) {
  const int64_t began = locked_ms == 0 ? now() : locked_ms;
  const int64_t period = call.tool == Tool::kCheckAnswer ? kGradingDeadlineMs : kToolDeadlineMs;
  const int64_t deadline = std::min(now() + period, began + kLockMsMax);
  if (deadline <= now()) return false;
  call.id = CallId(NextId());
  call.locked_ms = began;
  call.deadline_ms = deadline;
  call.cause = cause;
  Do(CallTool{call, MakeArgs(s, call)});
  Go(AwaitingToolResult{std::move(call)});
  SetTimer(TimerKind::kToolDeadline, deadline);
  return true;
}

std::optional<Call> Turn::EndCall(bool tell_worker) {
  auto* lock = std::get_if<AwaitingToolResult>(&s.state);
  if (lock == nullptr) return std::nullopt;
  Call call = std::move(lock->call);
  Do(tutor::EndCall{call.id, tell_worker});
  ClearTimer(TimerKind::kToolDeadline);
  GoBack(call.origin);
  return call;
}

void Turn::Finish() {
  const StateName state = NameOf(s.state);
  for (Effect& effect : effects) {
    if (auto* say = std::get_if<tutor::Say>(&effect)) say->message.state = state;
  }
}

Origin OriginOf(const State& state) {
  return std::visit(
      [](const auto& in) -> Origin {
        using S = std::decay_t<decltype(in)>;
        if constexpr (std::is_same_v<S, AwaitingToolResult>) {
          return in.call.origin;
        } else if constexpr (std::is_same_v<S, ErrorState>) {
          return in.failed.origin;
        } else {
          return in;
        }
      },
      state);
}

}  // namespace lyceum::tutor
