// Text in the form in which two spellings of the same thing are equal.
#pragma once

#include <string>
#include <string_view>

namespace lyceum::tutor {

// Lower case (ASCII), without the LaTeX that only changes the looks ($ \( \left \, and such); runs
// of white space are one space, none at the ends and none around = + * / ^ < >.
std::string Plain(std::string_view text);

// The same of a text that grows: equal to Plain of all that was added, where each addition but the
// last ends before white space.
class PlainWriter {
 public:
  void Add(std::string_view text);
  const std::string& plain() const { return plain_; }

 private:
  std::string plain_;
  bool space_ = false;
};

bool IsAlnum(char c);  // Bytes of other alphabets count as letters.
bool IsDigit(char c);
bool IsBlank(std::string_view text);  // Nothing but ASCII white space.

}  // namespace lyceum::tutor
