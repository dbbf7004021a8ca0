// Tokens: plain notation (plain.h) cut into numbers, names, functions and signs.
//
// Names. A run of letters is cut into the functions and constants that it holds and single letters:
// "xsinx" is x, sin, x and "ab" is a, b. A run of five letters or more that holds none of them is
// one name ("speed"). Greek letters are one name each; digits and a subscript belong to their
// letter (b1, b_1 and b_{1} are b_1), and so do primes. dy/dx is one name, y', and dv/dt one of its
// own. "minus", "choose" and other words for signs are refused, sgn is x/|x|. Numbers. 1,234,567 and 1.5e3 are one
// number; "e" is an exponent where digits follow at once, or a sign and digits behind a mantissa
// with a point. "2x10^3" is 2*10^3. Errors, in words: prose, signs that are not known, literals of
// over kDigitsMax digits.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "grading/algebra/tree.h"

namespace lyceum::grading {

enum class TokenKind : uint8_t { kNumber, kName, kFunction, kConstant, kSign };

struct Token {
  TokenKind kind;
  char sign = '\0';  // kSign: + - * / ^ ( ) [ ] { } | ! % , _ and kPlusMinus, kFracOpen, kFracClose
  bool space = false;  // White space before it.
  Op constant = Op::kPi;
  Function function = Function::kSqrt;
  bool cube = false;  // cbrt: kRoot with its index in its name.
  std::string_view text;
  std::string name;
};

// "-" for a minus-plus sign, which takes the other sign than kPlusMinus.
inline constexpr char kPlusMinus = '\x03';
inline constexpr char kMinusPlus = '\x04';

struct Tokens {
  std::vector<Token> list;
  std::string error;  // Empty: none.
};
// The tokens point into `plain`.
Tokens Tokenize(std::string_view plain);

}  // namespace lyceum::grading
