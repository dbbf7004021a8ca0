#include "llm/chat.h"

#include <algorithm>
#include <limits>

namespace lyceum::llm {
namespace {

uint32_t Sum(uint32_t a, uint32_t b) {
  return a > std::numeric_limits<uint32_t>::max() - b ? std::numeric_limits<uint32_t>::max()
                                                      : a + b;
}

}  // namespace

Usage& Usage::operator+=(const Usage& other) {
  input_tokens = Sum(input_tokens, other.input_tokens);
  output_tokens = Sum(output_tokens, other.output_tokens);
  cached_tokens = Sum(cached_tokens, other.cached_tokens);
  return *this;
}

// Prose in English has about four characters a token, code and formulas three: two are counted. A
// character beyond ASCII, of two to four bytes, may be a token or two of its own.
uint32_t TokensAtMost(std::string_view text) {
  constexpr size_t kCountedBytesMax = size_t{1} << 30;
  uint64_t halves = 2;  // Half tokens.
  for (const char c : text.substr(0, std::min(text.size(), kCountedBytesMax))) {
    halves += (static_cast<unsigned char>(c) & 0x80) != 0 ? 2 : 1;
  }
  return static_cast<uint32_t>(halves / 2);
}

uint32_t InputTokensAtMost(const ChatRequest& chat) {
  Usage guess{TokensAtMost(chat.system), 0, 0};
  for (const Turn& turn : chat.turns) {
    guess += Usage{TokensAtMost(turn.text), 0, 0};
    for (const FunctionCall& call : turn.calls) guess += Usage{TokensAtMost(call.arguments), 0, 0};
    for (const FunctionResult& result : turn.results)
      guess += Usage{TokensAtMost(result.text), 0, 0};
  }
  for (const FunctionSpec& function : chat.functions) {
    guess += Usage{TokensAtMost(function.description), 0, 0};
    guess += Usage{TokensAtMost(function.schema), 0, 0};
  }
  guess += Usage{TokensAtMost(chat.schema), 0, 0};
  return guess.input_tokens;
}

}  // namespace lyceum::llm
