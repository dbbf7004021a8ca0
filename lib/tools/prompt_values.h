// What the prompts of the tools may say: the names of their values, and the values of a request.
//
// Everything that a learner, an author, a gateway or a model has written is untrusted (llm/
// untrusted.h), and cut to a bound. The key and the wrong answers that show a known error are
// values of check_answer alone. The authored solution is one of the tools that explain too: a tutor
// that knows the right way sees where the learner leaves it. What they say is held back where it
// gives the answer away (reveal_guard.h); who does not want the model to know it at all leaves
// `solution` out of the prompt's files.
#pragma once

#include <cstdint>
#include <vector>

#include "envelope/codec.h"
#include "llm/prompts.h"
#include "tools/topic_view.h"

namespace lyceum::tools {

// By how much the material of a topic and what was said before may make a prompt longer than one
// with none of it.
inline constexpr uint32_t kPromptGrowthTokensMax = 5'500;

// Of every tool that asks a language model; named as the tool.
std::vector<llm::PromptSpec> PromptSpecs();

// `view`: the topic of the request. Null where the tool does without: present_material,
// check_answer. load_topic has no prompt: a CHECK failure.
llm::Values PromptValues(const envelope::ToolRequest& request, const TopicView* view);

}  // namespace lyceum::tools
