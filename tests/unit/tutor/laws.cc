#include "laws.h"

#include <algorithm>
#include <set>

#include "tutor/dump.h"
#include "tutor/limits.h"

namespace lyceum::tutor {
namespace {

const Call* Pending(const Session& s) {
  const auto* lock = std::get_if<AwaitingToolResult>(&s.state);
  return lock == nullptr ? nullptr : &lock->call;
}

std::string IdOf(const EmitMessage& e) { return e.message.id; }
std::string IdOf(const TellAll& e) { return e.message.id; }
std::string IdOf(const ReplyTo& e) { return e.message.id; }
std::string IdOf(const CallTool& e) { return e.call.id.value; }
std::string IdOf(const SetTimer& e) { return e.timer.token; }
template <class E>
std::string IdOf(const E&) {
  return "";
}

// Follows the effects of a step from the session before it, and compares with the session after it.
class Follower {
 public:
  Follower(const std::optional<Session>& before, const Session& after, const LogPosition& position)
      : after_(after), prefix_(IdAt(position, 0)) {
    prefix_.pop_back();
    if (!before) return;
    n_ = before->n;
    history_ = before->history_count;
    timers_ = before->timers;
    if (const Call* call = Pending(*before)) call_ = call->id;
  }

  std::string Follow(const Effects& effects) {
    for (const Effect& effect : effects) {
      const std::string id = std::visit([](const auto& e) { return IdOf(e); }, effect);
      if (!id.empty() && !id.starts_with(prefix_)) return "an id of another record: " + id;
      if (!id.empty() && !ids_.insert(id).second) return "an id twice: " + id;
      std::string broken = std::visit([&](const auto& e) { return On(e); }, effect);
      if (!broken.empty()) return broken;
    }
    return End();
  }

 private:
  std::string On(const EmitMessage& e) {
    if (e.message.n != ++n_) return "n is not dense";
    if (e.message.state != NameOf(after_.state)) return "a message with another state";
    if (e.message.at_ms != after_.time_ms) return "a message of another time";
    if (e.history_index == 0) return "";
    if (e.history_index != ++history_) return "the history is not dense";
    return HistoryKindOf(e.message.body).empty() ? "a history entry without a kind" : "";
  }
  std::string On(const TellAll& e) {
    if (e.message.n != 0) return "an aside that counts";
    if (e.message.state != NameOf(after_.state)) return "an aside with another state";
    return "";
  }
  std::string On(const ReplyTo& e) {
    if (e.message.n != 0) return "a reply that counts";
    if (e.message.state != NameOf(after_.state)) return "a reply with another state";
    return "";
  }
  std::string On(const Append& e) {
    return e.entry.index == ++history_ ? "" : "the history is not dense";
  }
  std::string On(const CallTool& e) {
    if (!call_.empty()) return "a second call while one is pending";
    if (e.args.index() != static_cast<size_t>(e.call.tool)) return "arguments of another tool";
    call_ = e.call.id;
    return "";
  }
  std::string On(const EndCall& e) {
    if (e.call != call_) return "the end of a call that is not pending";
    call_ = CallId{};
    return "";
  }
  std::string On(const DispatchAgain& e) {
    return e.call == call_ ? "" : "another dispatch of a call that is not pending";
  }
  std::string On(const SetTimer& e) {
    timers_.push_back(e.timer);
    return "";
  }
  std::string On(const ClearTimer& e) {
    const auto found = std::find(timers_.begin(), timers_.end(), e.timer);
    if (found == timers_.end()) return "the end of a timer that is not set";
    timers_.erase(found);
    return "";
  }
  std::string On(const ResendMessages&) { return ""; }
  std::string On(const Unload&) { return ""; }
  std::string On(const ShowDraft&) { return ""; }

  std::string End() const {
    if (n_ != after_.n) return "n is not that of the last message";
    if (history_ != after_.history_count)
      return "the history's count is not that of its last entry";
    if (timers_ != after_.timers) return "the timers are not those that were set";
    const Call* call = Pending(after_);
    if ((call == nullptr ? CallId{} : call->id) != call_) return "the pending call was not started";
    const auto deadline =
        std::find_if(after_.timers.begin(), after_.timers.end(),
                     [](const Timer& t) { return t.kind == TimerKind::kToolDeadline; });
    if ((call != nullptr) != (deadline != after_.timers.end()))
      return "a call without its deadline";
    if (call == nullptr) return "";
    if (call->duration_ms > kToolDurationMs) return "a call that runs too long";
    // The call began with a record of its lock, and its timer counts from there.
    const int64_t began_ms = deadline->due_ms - call->duration_ms;
    const bool in_time = call->locked_ms <= began_ms && began_ms <= after_.time_ms;
    return in_time ? "" : "a deadline that counts from another time";
  }

  const Session& after_;
  std::string prefix_;
  std::set<std::string> ids_;
  uint32_t n_ = 0;
  uint64_t history_ = 0;
  std::vector<Timer> timers_;
  CallId call_;
};

std::string BrokenSession(const std::optional<Session>& before, const Session& after) {
  if (std::string what = Violation(after); !what.empty()) return what;
  if (before && after.time_ms < before->time_ms) return "time went back";
  if (before && after.counters.violations != before->counters.violations) {
    return "a step of its own broke an invariant";
  }
  for (const HistoryEntry& entry : after.recent) {
    if (entry.text.size() > kRecentTextBytesMax) return "a long text in the hot state";
  }
  if (after.nudges > kNudgesMax) return "too many nudges";
  return "";
}

}  // namespace

std::string Dump(const Folded& folded) {
  std::string text = folded.session ? Dump(*folded.session) : "no session\n";
  for (const Effect& effect : folded.effects) text += Dump(effect) + "\n";
  return text;
}

Folded Fold(std::optional<Session> before, const UserId& user, const Event& event,
            const LogPosition& position) {
  Folded folded{std::move(before), {}};
  Advance(&folded.session, user, event, position, &folded.effects);
  return folded;
}

Folded CheckedAdvance(const std::optional<Session>& before, const UserId& user, const Event& event,
                      const LogPosition& position, std::string* broken) {
  Folded folded = Fold(before, user, event, position);
  broken->clear();
  if (!folded.session) return folded;
  *broken = BrokenSession(before, *folded.session);
  if (broken->empty()) {
    *broken = Follower(before, *folded.session, position).Follow(folded.effects);
  }
  return folded;
}

}  // namespace lyceum::tutor
