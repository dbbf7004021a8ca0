// Step: one step in the making. The session as it is so far, the effects so far, and the ids they
// get.
//
// Every id is that of the record's position (IdAt), with one counter for all that a step makes. No
// two things of a session have the same id, and the same record always gives the same ids.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "tutor/effect.h"
#include "tutor/error_code.h"
#include "tutor/event.h"
#include "tutor/session.h"

namespace lyceum::tutor {

class Step {
 public:
  // Moves the session on to the record's time, never back. All four outlive the step; what it does
  // is added to `effects`.
  Step(Session* changed, const Event& event, const LogPosition& position, Effects* added);

  Session& session;
  Effects& effects;
  EventId cause;           // in_reply_to of what is emitted from here on.
  const ClientId& client;  // Of the record's event, and how it was written.
  const Encoding encoding;
  int64_t locked_ms = 0;  // Of the lock whose result is being handled; 0: a new call begins one.

  int64_t now() const { return session.time_ms; }
  // Where old and new behaviour part, see fold_version.h.
  uint32_t fold_version() const { return position_.fold_version; }
  std::string NextId();

  // --- Messages and history --------------------------------------------------------------------
  void Note(Role role, std::string_view kind, std::string_view text);
  // To all attached clients; kept in the history too, unless it is `wait` or progress.
  void Emit(Body body);
  void EmitText(std::string_view text) { Emit(TextOut{std::string(text)}); }
  // An error answer. `noted` false: it is not kept in the history.
  void Refuse(ErrorCode code, std::string_view text, bool retryable = false, bool noted = true);
  // The same with the code that a tool gave.
  void RefuseAs(std::string_view code, std::string_view text, bool retryable);
  // To the event's client alone, no part of the session.
  void Reply(Body body);
  // What may have been streamed for this call is void: it ended without its text.
  void Retract(const Call& call);
  template <class E>
  void Do(E effect) {
    effects.emplace_back(std::in_place_type<E>, std::move(effect));
  }

  // --- Clients ---------------------------------------------------------------------------------
  // The event's client, before all others. `again`: a start or attach event, which also says how it
  // wants to be written to. One too many: the one silent longest goes, and is told.
  void AttachClient(bool again);
  void DetachClient();

  // --- Timers ----------------------------------------------------------------------------------
  void SetTimer(TimerKind kind, int64_t due_ms);  // In place of the one of that kind, if any.
  void ClearTimer(TimerKind kind);
  bool HasTimer(TimerKind kind) const;

  // --- Calls -----------------------------------------------------------------------------------
  void Go(State state) { session.state = std::move(state); }
  // Back to where a call came from.
  void GoBack(const Origin& origin);
  // Locks the session with this call, with a new id, a duration and its timer.
  void StartCall(Call call);
  // Ends the pending call and leaves the lock for its origin. Gives the call back; empty: not
  // locked. `tell_worker`: it ends without a result, so what it said is retracted.
  std::optional<Call> EndCall(bool tell_worker);

  // Ends the step: every message says the state after it.
  void Finish();

 private:
  void EmitBody(Body body, bool noted);
  ClientMessage Aside(Body body);  // With n = 0.
  // The entry among the recent ones. Its index.
  uint64_t Remember(Role role, std::string_view kind, std::string_view text);

  const LogPosition& position_;
  uint32_t index_ = 0;
};

// A state as the origin of a call: that of its call where it has one.
Origin OriginOf(const State& state);

}  // namespace lyceum::tutor
