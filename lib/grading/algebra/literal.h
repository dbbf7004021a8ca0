// Literal: the digits of a number token (token.h) as a number, in each of the ways that are
// computed with.
#pragma once

#include <string>
#include <string_view>

#include "grading/algebra/tree.h"

namespace lyceum::grading {

// "1,234.50e-3". Says in words what is wrong with it: over kDigitsMax digits, or an exponent over
// kExponentMax. Empty: nothing.
std::string ReadLiteral(std::string_view text, Literal* literal, Small* small);

}  // namespace lyceum::grading
