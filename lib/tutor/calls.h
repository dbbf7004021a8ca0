// Starting tool calls, and what happens when one has finally failed (EXHAUST in table A).
#pragma once

#include "tutor/step.h"

namespace lyceum::tutor {

// A call from where the session stands now.
Call CallFor(const Step& step, Tool tool);

// The call has finally failed; the session stands in its origin. Text tools: authored or static
// text. check_answer, generate_question, load_topic: error_state, the learner's text kept in the
// call.
void GiveUp(Step& step, Call call, const ToolError& error);

// What stands in for a text tool's result: authored where there are some.
void EmitSubstitute(Step& step, const Call& call);

// error_state, with this call kept.
void Fail(Step& step, Call call, std::string_view code);

// From error_state: the failed call again, with all that it held.
void AskAgain(Step& step);

}  // namespace lyceum::tutor
