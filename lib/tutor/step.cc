#include "tutor/step.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "base/token.h"
#include "tutor/args.h"
#include "tutor/limits.h"
#include "tutor/phrases.h"

namespace lyceum::tutor {

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

uint64_t Step::Remember(Role role, std::string_view kind, std::string_view text) {
  HistoryEntry& entry = session.recent.Add();
  entry.index = ++session.history_count;
  entry.at_ms = now();
  entry.role = role;
  entry.kind = kind;
  entry.text = CutUtf8(text, kRecentTextBytesMax);
  return entry.index;
}

void Step::Note(Role role, std::string_view kind, std::string_view text) {
  const uint64_t index = Remember(role, kind, text);
  Do(Append{{index, now(), role, std::string(kind), std::string(text)}});
}

void Step::Emit(Body body) { EmitBody(std::move(body), true); }

void Step::Refuse(ErrorCode code, std::string_view text, bool retryable, bool noted) {
  EmitBody(ErrorOut{std::string(Name(code)), std::string(text), retryable}, noted);
}

void Step::RefuseAs(std::string_view code, std::string_view text, bool retryable) {
  EmitBody(ErrorOut{std::string(code), std::string(text), retryable}, true);
}

void Step::EmitBody(Body body, bool noted) {
  const std::string_view kind = noted ? HistoryKindOf(body) : "";
  const uint64_t index = kind.empty() ? 0 : Remember(Role::kTutor, kind, HistoryTextOf(body));
  // The state is set at the end of the step.
  Do(EmitMessage{{NextId(), ++session.n, cause, now(), StateName::kExposition, std::move(body)},
                 index});
}

ClientMessage Step::Aside(Body body) {
  return {NextId(), 0, cause, now(), NameOf(session.state), std::move(body)};
}

void Step::Reply(Body body) {
  if (client.empty()) return;
  Do(ReplyTo{{client, encoding}, Aside(std::move(body))});
}

void Step::Retract(const Call& call) {
  const bool streams = Speaks(call.tool) && session.context.supervision == Supervision::kNone;
  if (!streams || session.clients.empty()) return;
  Do(TellAll{Aside(RetractOut{call.id})});
}

void Step::AttachClient(bool again) {
  if (client.empty()) return;
  std::vector<AttachedClient>& clients = session.clients;
  const auto known = std::find_if(clients.begin(), clients.end(),
                                  [&](const AttachedClient& other) { return other.id == client; });
  if (known != clients.end()) {
    if (again) known->encoding = encoding;
    std::rotate(clients.begin(), known, known + 1);
    return;
  }
  if (clients.size() >= kClientsMax) {
    Do(ReplyTo{clients.back(), Aside(DetachedOut{std::string(phrases::kTooManyClients)})});
    clients.pop_back();
  }
  clients.insert(clients.begin(), {client, encoding});
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

void Step::StartCall(Call call) {
  call.id = CallId(NextId());
  call.locked_ms = locked_ms == 0 ? now() : locked_ms;
  call.duration_ms = call.tool == Tool::kCheckAnswer ? kGradingDurationMs : kToolDurationMs;
  call.cause = cause;
  const int64_t due_ms = now() + call.duration_ms;
  Do(CallTool{call, MakeArgs(session, call, fold_version())});
  Go(AwaitingToolResult{std::move(call)});
  SetTimer(TimerKind::kToolDeadline, due_ms);
}

std::optional<Call> Step::EndCall(bool tell_worker) {
  auto* lock = std::get_if<AwaitingToolResult>(&session.state);
  if (lock == nullptr) return std::nullopt;
  Call call = std::move(lock->call);
  Do(tutor::EndCall{call.id, tell_worker});
  if (tell_worker) Retract(call);
  ClearTimer(TimerKind::kToolDeadline);
  GoBack(call.origin);
  return call;
}

void Step::Finish() {
  const StateName state = NameOf(session.state);
  for (Effect& effect : effects) {
    if (auto* emit = std::get_if<EmitMessage>(&effect)) emit->message.state = state;
    if (auto* tell = std::get_if<TellAll>(&effect)) tell->message.state = state;
    if (auto* reply = std::get_if<ReplyTo>(&effect)) reply->message.state = state;
  }
}

Origin OriginOf(const State& state) {
  return std::visit(
      [](const auto& in) -> Origin {
        using S = std::decay_t<decltype(in)>;
        if constexpr (std::is_same_v<S, AwaitingToolResult>) {
          return in.call.origin;
        } else if constexpr (std::is_same_v<S, AwaitingApproval>) {
          return in.draft->call.origin;
        } else if constexpr (std::is_same_v<S, ErrorState>) {
          return in.failed.origin;
        } else {
          return in;
        }
      },
      state);
}

}  // namespace lyceum::tutor
