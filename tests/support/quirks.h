// Quirks: the ways in which real servers of language models misbehave, by name, in the bytes that
// they send.
//
// Each either means an answer, or none: then another provider has to give it.
#pragma once

#include <string>
#include <vector>

#include "support/llm_server.h"

namespace lyceum::test {

// What is never to be seen by anybody.
inline constexpr char kThought[] = "hidden plan";
// What an answer means, whatever stands around it.
inline constexpr char kMeant[] =
    "A half is one of two equal parts: \xc2\xbd, na\xc3\xafve \xf0\x9f\x98\x80.";

struct Quirk {
  std::string name;  // Of a test: letters.
  bool anthropic = false;
  LlmReply reply;
  bool answers = true;  // With kMeant. Else the outcome:
  std::string outcome;  // The word of an attempt.
};

std::vector<Quirk> AllQuirks();

}  // namespace lyceum::test
