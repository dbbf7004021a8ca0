// The bodies of answers in the two wire formats, as their vendors describe them. Pure.
//
//   Anthropic, POST /v1/messages          message_start, content_block_start, ping,
//                                         content_block_delta ..., content_block_stop,
//                                         message_delta, message_stop; a forced tool is answered
//                                         with tool_use and input_json_delta
//   OpenAI, POST /v1/chat/completions     chunks: the role, the text, the finish_reason, the usage
//                                         with empty choices where it was asked for; [DONE]
#pragma once

#include <string>

#include "support/llm_answer.h"

namespace lyceum::test {

// Appends the events of a streamed answer to the parts, and sets its end.
void AddEvents(const LlmCall& call, const LlmReply& reply, Answer& answer);

// The JSON of an answer that is not streamed.
std::string WholeBody(const LlmCall& call, const LlmReply& reply);

}  // namespace lyceum::test
