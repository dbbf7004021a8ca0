// Numbers in words, of an answer: "forty-two cm" as "42 cm".
#pragma once

#include <string>
#include <string_view>

namespace lyceum::grading {

// The number that the text begins with in digits, and the rest as it is:
//   minus five       -5        one hundred and six   106       two point five   2.5
//   one half   half  1/2       three quarters        3/4       two and a half   2 1/2
// Empty where it does not begin with such words, or where a digit follows them.
std::string WithDigits(std::string_view plain);

}  // namespace lyceum::grading
