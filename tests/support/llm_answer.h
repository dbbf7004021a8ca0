// What LlmServer sends: the two wire formats, and how each goes wrong. Pure.
//
// An answer is a list of parts. A part is bytes of the body and how long to wait before they are
// sent; what becomes of the connection after the last one is the answer's end.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "support/llm_server.h"

namespace lyceum::test {

struct AnswerPart {
  std::string bytes;
  std::chrono::milliseconds wait{0};
};

struct Answer {
  enum class End {
    kWhole,    // The body is ended in order.
    kCut,      // The connection is closed.
    kSilent,   // Nothing more, until the client goes.
    kEndless,  // The last part, again and again.
  };
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  bool no_head = false;  // With kSilent: not even the head is sent.
  std::vector<AnswerPart> parts;
  End end = End::kWhole;
};

// Fills in what a call says in its body. Anything that is not there stays empty.
void ReadCallBody(LlmCall& call);

Answer MakeAnswer(const LlmCall& call, const LlmReply& reply);

}  // namespace lyceum::test
