// Plain: what was typed or authored, in LaTeX, Unicode or ASCII, as one plain ASCII-like notation.
//
//   $$..$$ \( \) \[ \] \left \right \, \;        gone or a space; so is the ~ of 5~cm
//   \frac{a}{b} \dfrac \tfrac                    a / b, each between kFracOpen and kFracClose
//   {token} {a+b} {a, b}                         token (a+b) {a, b}
//   \sqrt{a} √                                   sqrt(a)
//   × \times · \cdot ÷ \div                      * * * * / /
//   − – (U+2212, U+2013 ...)                     -
//   ≤ \leq ≥ \geq ≠ \neq ∞ \infty ∪ \cup         <= <= >= >= != != inf inf U U
//   ± \pm ∓ \mp                                  ± ± ∓ ∓
//   ½ ² ²³ ⁻³ x₂ fullwidth digits                1/2 as a fraction, ^2, ^23, ^(-3), x_(2), digits
//   \text{a} \mathrm{a} \operatorname{a}          a
//   0.1\overline{6}                              15/90 as a fraction
//   \boxed{a} as the whole or behind =           (a)
//   \vec \to and others that are not known       as they are, with their backslash: nothing reads them
//   \% \$ \{ \}                                  % $ { }
// Total: bad LaTeX gives some text, never an error. At most kPlainDepthMax nested groups, deeper
// ones stay.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lyceum::grading {

inline constexpr size_t kAnswerBytesMax = 4096;
inline constexpr int kPlainDepthMax = 32;
inline constexpr char kFracOpen = '\x01';
inline constexpr char kFracClose = '\x02';

std::string Plain(std::string_view text);

// Without white space at both ends.
std::string_view Trimmed(std::string_view text);
// The brackets ( [ { and the marks of a fraction all match.
bool Balanced(std::string_view plain);
// The index of the bracket that closes the one at `open`, or npos.
size_t Closing(std::string_view plain, size_t open);
// The same of all of them in one pass: at an opening bracket its closing one, npos elsewhere.
std::vector<size_t> Closings(std::string_view plain);

}  // namespace lyceum::grading
