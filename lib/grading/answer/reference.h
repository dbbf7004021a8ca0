// Reference: what a mixed reference is, and the units that it and an answer carry.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "grading/units/quantity.h"

namespace lyceum::grading {

struct Reference {
  enum class Is { kNumber, kExpression, kEquation, kProse } is = Is::kProse;
  std::string plain;  // Of a chain of numbers, the last.
  std::string first;  // Of a chain of numbers, the first. Empty: no chain.
};
// A chain of numbers that is false, 3=4, is prose.
Reference ReadReference(std::string_view text);

// "44 items" is 44 with a unit: one number, and words behind it that hold no other.
std::optional<Quantity> Counted(std::string_view plain);
// Units that are none of the table (unit.h) are compared by their words.
bool SameUnit(const std::string& a, const std::string& b);
// "9t" beside "9": a unit that was left out, or a letter that counts?
bool IsLetter(const std::string& unit);
// How many sides end in such a letter: v=9t is not v=9.
size_t LetterUnits(std::string_view plain);
// "9π cm^2"
bool EndsInUnit(std::string_view plain);

}  // namespace lyceum::grading
