// A small course and sessions in each state of the machine, for the tables. See table.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tutor/advance.h"

namespace lyceum::tutor::samples {

Topic SampleTopic(std::string_view id, std::string_view next);

// A session and the log it stands in: each Fold is one record more.
class Sample {
 public:
  // Started, with the load of its first topic pending.
  static Sample Loading();
  // In this state, reached by events where a session rests in it.
  static Sample In(StateName state);
  // Locked by this tool.
  static Sample Locked(Tool tool);

  Effects Fold(EventKind kind);
  Effects FoldAt(int64_t time_ms, EventKind kind);
  Effects Answer(ToolOutcome outcome) { return Fold(Reply(std::move(outcome))); }
  // A result of the pending call, or of the failed one.
  ToolResult Reply(ToolOutcome outcome) const;
  // A decision on the draft that waits; on one of nobody, where none does.
  Supervise Decided(Decision decision, std::string text = "") const;
  ToolOutcome Graded(Verdict verdict, bool known_error) const;
  // The token of the timer of this kind; one that is not there is of nobody.
  std::string TokenOf(TimerKind kind) const;

  Session session;

 private:
  uint64_t sequence_ = 0;
  int64_t time_ms_ = 1'000'000;
};

}  // namespace lyceum::tutor::samples
