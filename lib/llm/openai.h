// The chat completions of OpenAI, and of the many that speak like it: POST {base}/chat/completions.
//
// A stream of chunks, each with choices[0].delta.content, until `[DONE]`. finish_reason comes in a
// chunk of its own, with the last text, empty or not at all. Usage comes in one more chunk, whose
// choices are empty, null or missing. An object `error` may come instead of any chunk.
// prompt_tokens hold the cached ones.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "llm/codec.h"

namespace lyceum::llm::openai {

WireRequest Encode(const Provider& provider, const std::string& model, const ChatRequest& chat);
std::unique_ptr<Decoder> MakeDecoder();
// The body of an error status says that the account has no money left.
bool IsOutOfQuota(std::string_view body);

}  // namespace lyceum::llm::openai
