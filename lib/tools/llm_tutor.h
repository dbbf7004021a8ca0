// The tutor with language models: the tools of the built-in one, each better where a model answers
// well, and as they are (degraded) where none does.
//
//   load_topic                                   never asks
//   present_material clarify_concept give_hint   text, streamed
//   remediate_known_error
//   diagnose_error classify_intent               structured: the schema, then checks of our own
//   generate_question                            as those; its key must be gradable by the program
//   check_answer                                 the program decides where it can; only a text that
//                                                is neither the key nor a known error goes to a
//                                                model, with a rubric. Not sure, or none that
//                                                answers: ungraded.
// What a model says of an open question never holds its key, except for the last hint.
#pragma once

#include <memory>

#include "llm/client.h"
#include "llm/prompts.h"
#include "toolhost/function_caller.h"
#include "tools/course_bucket.h"
#include "tools/toolbox.h"

namespace lyceum::tools {

// `prompts`: loaded with PromptSpecs() (prompt_values.h). The tools of `built_in`. `caller`: what
// the functions of courses are called with, in the tools that answer with a text; null: none are.
Toolbox LlmTutor(Toolbox built_in, std::shared_ptr<llm::Client> client,
                 std::shared_ptr<llm::Prompts> prompts, std::shared_ptr<TopicSource> source,
                 std::shared_ptr<toolhost::FunctionCaller> caller = nullptr);

}  // namespace lyceum::tools
