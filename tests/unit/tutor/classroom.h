// A session under test, in a small vocabulary: events go in, what came out is asked for. Every step
// is checked against the laws (laws.h).
#pragma once

#include <string>
#include <vector>

#include "tutor/advance.h"
#include "tutor/limits.h"
#include "tutor/table_samples.h"

namespace lyceum::tutor {

class Classroom {
 public:
  // A topic t1 of this content, then t2; `start` may be changed by the caller.
  explicit Classroom(Topic topic = samples::SampleTopic("t1", "t2"), Start start = DefaultStart());
  static Start DefaultStart();

  // --- Events ------------------------------------------------------------------------------------
  Classroom& Do(EventKind kind) { return Fold({NextEventId(), client, Encoding::kProtobuf, kind}); }
  Classroom& Say(std::string text, Intent intent = Intent::kUnspecified) {
    return Do(UserMessage{std::move(text), intent});
  }
  Classroom& Answer(std::string text) { return Say(std::move(text), Intent::kAnswer); }
  Classroom& Ask(std::string text) { return Say(std::move(text), Intent::kQuestion); }
  Classroom& Fold(const Event& event);
  // Results of the pending call, or of the failed one.
  Classroom& Load();  // The topic that is asked for.
  Classroom& Reply(ToolOutcome outcome);
  Classroom& Grade(Verdict verdict, std::string known_error = "", double confidence = 1);
  Classroom& FailTool(std::string code = "lost") { return Reply(ToolError{code, true, ""}); }
  Classroom& Fire(TimerKind kind);
  Classroom& Later(int64_t ms) {
    now_ms += ms;
    return *this;
  }
  // To the first question of the loaded topic.
  Classroom& ToQuestion() { return Load().Do(Skip{}); }

  // --- What came of the last event --------------------------------------------------------------
  StateName state() const { return NameOf(session->state); }
  const Call& call() const;  // The pending one, or the failed one.
  bool IsLockedBy(Tool tool) const;
  // "text", "question q1", "feedback incorrect", "hint 1/2", "wait", "wait kept 1", "error code",
  // "progress 1/2", "completed", in order.
  std::vector<std::string> emitted() const;
  // What is no part of the session: "c: resumed 1..3", "all: retract", in order.
  std::vector<std::string> told() const;
  std::vector<std::string> texts() const;  // The words of texts, hints, feedback and errors.
  const ToolArgs* args() const;  // Of the last call that was started in this step, or null.
  const Timer* timer(TimerKind kind) const;
  template <class E>
  size_t count() const {
    size_t found = 0;
    for (const Effect& effect : effects) found += std::holds_alternative<E>(effect) ? 1 : 0;
    return found;
  }

  std::optional<Session> session;
  Effects effects;
  ClientId client = ClientId("c");
  int64_t now_ms = 1'000'000;
  Topic topic;

 private:
  EventId NextEventId() { return EventId("e" + std::to_string(sequence_ + 1)); }
  uint64_t sequence_ = 0;
};

}  // namespace lyceum::tutor
