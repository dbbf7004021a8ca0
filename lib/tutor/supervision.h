// Supervised sessions (Context::supervision): what a language model says waits for a teacher. A start asks
// for it, or the course (Topic::supervision), which then says how, whatever the start has asked for.
//
//   result of a tool -> held: awaiting_approval, the learner is told `wait`, teachers are shown the draft
//   approve | edit | replace   -> said as it is, or in the teacher's words; then on as without supervision
//   nobody in time             -> by Context::undecided the course's own text, or the draft as it is
//   skip, stop, an operator    -> given up, back to where the call came from
//
// Not held: what is the same as the result's `authored`, what the core says itself, verdicts. A
// model's words for a grade are left out: the verdict says what it is. Bound: kDecideMsMax.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tutor/step.h"

namespace lyceum::tutor {

bool IsSupervised(const Session& session);

// What a tool has found to be said, fit to be shown.
struct Saying {
  std::string text;
  ErrorId error = {};  // As in Draft.
  std::optional<Question> question = std::nullopt;
};
// Says it, or holds it for a teacher. The session stands in the origin of the call.
void SayOrHold(Step& step, const Call& call, Saying saying, const ToolReply& reply);

// A teacher's event. `wait`: null where the session does not wait for one.
void Decide(Step& step, const AwaitingApproval* wait, const Supervise& event);
// Shows the draft once more, if there is one.
void ShowAgain(Step& step);
// The draft, if there is one, is given up: back to the origin of its call.
void GiveUpDraft(Step& step);
// Its timer: shown again, or the time is over.
void FireApproval(Step& step);

}  // namespace lyceum::tutor
