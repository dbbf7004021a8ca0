#include "tutor/session.h"

#include <algorithm>

#include "tutor/limits.h"

namespace lyceum::tutor {
namespace {

size_t CountTimers(const Session& session, TimerKind kind) {
  return static_cast<size_t>(std::count_if(session.timers.begin(), session.timers.end(),
                                           [&](const Timer& t) { return t.kind == kind; }));
}

std::string_view BrokenLock(const Session& session) {
  const auto* lock = std::get_if<AwaitingToolResult>(&session.state);
  const size_t deadlines = CountTimers(session, TimerKind::kToolDeadline);
  if (lock == nullptr) return deadlines == 0 ? "" : "a tool deadline without a pending call";
  if (lock->call.id.empty()) return "locked without a pending call";
  if (deadlines != 1) return "a pending call without exactly one deadline";
  if (lock->call.duration_ms <= 0) return "a pending call without a duration";
  return "";
}

std::string_view BrokenApproval(const Session& session) {
  const auto* wait = std::get_if<AwaitingApproval>(&session.state);
  const size_t timers = CountTimers(session, TimerKind::kApproval);
  if (wait == nullptr) return timers == 0 ? "" : "an approval timer without a draft";
  if (wait->draft == nullptr || wait->draft->call.id.empty()) return "approval of no draft";
  return timers == 1 ? "" : "a draft without exactly one timer";
}

std::string_view BrokenQuestion(const Session& session) {
  const bool has = session.question.has_value();
  if (has && CurrentQuestion(session) == nullptr) return "an open question without content";
  switch (NameOf(session.state)) {
    case StateName::kAwaitingAnswer:
      if (!has) return "awaiting an answer without an open question";
      break;
    case StateName::kExposition:
    case StateName::kSettingQuestion:
      if (has) return "an open question outside of its states";
      break;
    case StateName::kCompleted:
      if (has) return "completed with an open question";
      if (!session.inbox.empty()) return "completed with an inbox";
      break;
    case StateName::kErrorState:
      if (std::get<ErrorState>(session.state).failed.id.empty()) return "an error without its call";
      break;
    case StateName::kAwaitingToolResult:
    case StateName::kAwaitingApproval:
    case StateName::kRemediatingKnownError:
    case StateName::kRemediatingUnknownError:
      break;
  }
  if (has && session.question->attempts.size() > kAttemptsMax) return "too many attempts";
  if (has && session.question->hints_shown > kHintsMax) return "too many hints";
  return "";
}

std::string_view BrokenBound(const Session& session) {
  if (session.clients.size() > kClientsMax) return "too many clients";
  if (session.inbox.size() > kInboxMax) return "too much in the inbox";
  if (session.syllabus.done.size() > kTopicsDoneMax) return "too many topics done";
  if (session.syllabus.closed.size() > kGateWindowMax) return "too many closed questions kept";
  if (session.syllabus.errors.size() > kErrorsCountedMax) return "too many errors counted";
  if (CountTimers(session, TimerKind::kIdle) > 1) return "two idle timers";
  if (CountTimers(session, TimerKind::kTtl) > 1) return "two ttl timers";
  if (!session.inbox.empty() && !IsBusy(NameOf(session.state))) {
    return "an inbox without a lock";
  }
  return "";
}

}  // namespace

bool operator==(const Session& one, const Session& other) {
  // Taken apart, so that a field that is added and forgotten here does not compile.
  const auto& [user, lifecycle, state, context, busy_policy, syllabus, topic, topic_digest,
               question, clients, inbox, timers, recent, seen, history_count, n, time_ms, active_ms,
               nudges, first_sequence, last_sequence, counters] = one;
  (void)topic;  // Two of one digest are one.
  return user == other.user && lifecycle == other.lifecycle && state == other.state &&
         context == other.context && busy_policy == other.busy_policy &&
         syllabus == other.syllabus && topic_digest == other.topic_digest &&
         question == other.question && clients == other.clients && inbox == other.inbox &&
         timers == other.timers && recent == other.recent && seen == other.seen &&
         history_count == other.history_count && n == other.n && time_ms == other.time_ms &&
         active_ms == other.active_ms && nudges == other.nudges &&
         first_sequence == other.first_sequence && last_sequence == other.last_sequence &&
         counters == other.counters;
}

StateName NameOf(const State& state) { return static_cast<StateName>(state.index()); }

const Question* CurrentQuestion(const Session& session) {
  if (!session.question) return nullptr;
  const OpenQuestion& open = *session.question;
  if (!open.index) return open.generated ? &*open.generated : nullptr;
  if (session.topic == nullptr || *open.index >= session.topic->questions.size()) return nullptr;
  return &session.topic->questions[*open.index];
}

uint64_t HashId(const EventId& id) {
  uint64_t hash = 14695981039346656037ULL;
  for (unsigned char c : id.value) hash = (hash ^ c) * 1099511628211ULL;
  return hash;
}

std::string Violation(const Session& session) {
  for (std::string_view broken : {BrokenLock(session), BrokenApproval(session),
                                  BrokenQuestion(session), BrokenBound(session)}) {
    if (!broken.empty()) return std::string(broken);
  }
  return "";
}

}  // namespace lyceum::tutor
