#include "tutor/step.h"

#include <algorithm>
#include <type_traits>

#include "base/token.h"
#include "tutor/args.h"
#include "tutor/limits.h"

namespace lyceum::tutor {
namespace {

// What the history keeps of a message: its kind and its text.
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

Step::Step(Session* changed, const Event& event, const LogPosition& position, Effects* added)
    : session(*changed),
      effects(*added),
      cause(event.id),
      client(event.client),
      encoding(event.encoding),
      position_(position) {
  session.time_ms = std::max(session.time_ms, position.time_ms);
  session.last_sequence = position.sequence;
  ++session.counters.records;
}

std::string Step::NextId() { return IdAt(position_, index_++); }

void Step::Note(Role role, std::string_view kind, std::string_view text) {
  HistoryEntry entry{++session.history_count, now(), role, std::string(kind), std::string(text)};
  if (session.recent.size() >= kRecentMax) session.recent.erase(session.recent.begin());
  session.recent.push_back({entry.index, entry.at_ms, role, entry.kind,
                            std::string(CutUtf8(text, kRecentTextBytesMax))});
  Do(Append{std::move(entry)});
}

void Step::Emit(Body body) { EmitBody(std::move(body), true); }

void Step::Refuse(std::string_view code, std::string_view text, bool retryable, bool noted) {
  EmitBody(ErrorOut{std::string(code), std::string(text), retryable}, noted);
}

void Step::EmitBody(Body body, bool noted) {
  const Written written = std::visit([](const auto& m) { return WriteDown(m); }, body);
  if (noted && !written.kind.empty()) Note(Role::kTutor, written.kind, written.text);
  // The state is set at the end of the step.
  Do(EmitMessage{{NextId(), ++session.n, cause, now(), StateName::kExposition, std::move(body)}});
}

void Step::AttachClient(bool again) {
  if (client.empty()) return;
  for (AttachedClient& attached : session.clients) {
    if (attached.id != client) continue;
    if (again) attached.encoding = encoding;
    return;
  }
  if (session.clients.size() >= kClientsMax) session.clients.erase(session.clients.begin());
  session.clients.push_back({client, encoding});
}

void Step::DetachClient() {
  std::erase_if(session.clients,
                [&](const AttachedClient& attached) { return attached.id == client; });
}

void Step::SetTimer(TimerKind kind, int64_t due_ms) {
  ClearTimer(kind);
  session.timers.push_back({kind, NextId(), due_ms});
  Do(tutor::SetTimer{session.timers.back()});
}

void Step::ClearTimer(TimerKind kind) {
  for (const Timer& timer : session.timers) {
    if (timer.kind == kind) Do(tutor::ClearTimer{timer});
  }
  std::erase_if(session.timers, [&](const Timer& timer) { return timer.kind == kind; });
}

bool Step::HasTimer(TimerKind kind) const {
  return std::any_of(session.timers.begin(), session.timers.end(),
                     [&](const Timer& timer) { return timer.kind == kind; });
}

void Step::GoBack(const Origin& origin) {
  std::visit([&](const auto& state) { Go(state); }, origin);
}

bool Step::StartCall(Call call) {
  const int64_t began = locked_ms == 0 ? now() : locked_ms;
  const int64_t period = call.tool == Tool::kCheckAnswer ? kGradingDeadlineMs : kToolDeadlineMs;
  const int64_t deadline = std::min(now() + period, began + kLockMsMax);
  if (deadline <= now()) return false;
  call.id = CallId(NextId());
  call.locked_ms = began;
  call.deadline_ms = deadline;
  call.cause = cause;
  Do(CallTool{call, MakeArgs(session, call)});
  Go(AwaitingToolResult{std::move(call)});
  SetTimer(TimerKind::kToolDeadline, deadline);
  return true;
}

std::optional<Call> Step::EndCall(bool tell_worker) {
  auto* lock = std::get_if<AwaitingToolResult>(&session.state);
  if (lock == nullptr) return std::nullopt;
  Call call = std::move(lock->call);
  Do(tutor::EndCall{call.id, tell_worker});
  ClearTimer(TimerKind::kToolDeadline);
  GoBack(call.origin);
  return call;
}

void Step::Finish() {
  const StateName state = NameOf(session.state);
  for (Effect& effect : effects) {
    if (auto* say = std::get_if<EmitMessage>(&effect)) say->message.state = state;
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
