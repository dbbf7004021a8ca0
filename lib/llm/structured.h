// Structured answers as models give them: the JSON object in what stands around it, and its values
// as the schema wants them, where there is no doubt what is meant.
//
// Mended: the case of a name or of a word of an enum, and the spaces in one ("Partially correct");
// a number or a boolean as text; null for a text or a list that may be empty; fields that nobody
// asked for. Never mended: a value. What is 95 stays 95, and is out of a range that ends at 1. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "llm/json.h"

namespace lyceum::llm {

inline constexpr size_t kObjectsMax = 16;

std::string_view Trimmed(std::string_view text);  // Without white space around it.

// The outermost objects of the text, in their order, kObjectsMax at most: all of it, the one in a
// text or in a list, or those that stand between other words.
std::vector<Json> ObjectsIn(std::string_view text);

void Mend(const Json& schema, Json* value);

}  // namespace lyceum::llm
