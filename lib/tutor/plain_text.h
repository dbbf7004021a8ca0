// Text in the form in which two spellings of the same thing are equal.
#pragma once

#include <string>
#include <string_view>

namespace lyceum::tutor {

// Lower case (ASCII), without the LaTeX that only changes the looks ($ \( \left \, and such); runs
// of white space are one space, none at the ends and none around = + * / ^ < >.
std::string Plain(std::string_view text);

bool IsAlnum(char c);  // Bytes of other alphabets count as letters.
bool IsDigit(char c);

}  // namespace lyceum::tutor
