// The Messages API of Anthropic: POST {base}/v1/messages.
//
// A stream: message_start (usage of the input), content_block_start, content_block_delta ...,
// content_block_stop, message_delta (stop_reason; usage is cumulative), message_stop. Between them:
// ping, error. Events and blocks of other names are passed over: more of them come with time.
// Input tokens do not hold the cached ones there; in Usage they do.
// A schema is asked for by output_config.format, or by a tool that has to be used, whose input
// (pieces of JSON) is the text then.
#pragma once

#include <memory>
#include <string>

#include "llm/codec.h"

namespace lyceum::llm::anthropic {

WireRequest Encode(const Provider& provider, const std::string& model, const ChatRequest& chat);
std::unique_ptr<Decoder> MakeDecoder();

}  // namespace lyceum::llm::anthropic
