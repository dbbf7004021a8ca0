// Parse: plain notation (plain.h) to a tree.
//
//   sum      = [sign] product { (+ | - | ±) product }
//   product  = power { (* | / | nothing) power }        one strength, from the left: 1/2x is (1/2)x
//   power    = postfix [ ^ sign power ]                 -x^2 is -(x^2); 2^3^4 is 2^(3^4)
//   postfix  = atom { ! | % }
//   atom     = number | 1 1/2 | name | (sum) | [sum] | |sum| | fraction | call
//   call     = function [^ exponent] argument           sin^2 x; sin^-1 x is arcsin x
//   argument = (sum) | product without signs            sin 2x is sin(2x); sqrt 2x is (sqrt 2)x
//   root(x,n) is the n-th root; log_b x; log is of base 10, ln of base e; exp(x) is e^x;
//   50% is 50/100
// Conventions. e and pi are the constants, i is a letter like any other. Names: token.h. f(x) is a
// function of which nothing is known where f, g or h always stands before a bracket, and a product
// where it also stands alone (h(a+b)/2 with another h): Unknowns decides for a key and its answer.
// Bounds: kAnswerBytesMax bytes, kDepthMax brackets in each other, kNodesMax nodes, kNamesMax
// names.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "grading/algebra/tree.h"

namespace lyceum::grading {

inline constexpr int kDepthMax = 48;

struct Reading {
  std::string_view functions;  // Letters that are unknown functions where a bracket follows.
  bool upper_sign = true;      // Which sign of ± counts.
  bool natural = false;        // log is ln: to see whether that makes a difference.
  bool tight = false;          // 1/2x is 1/(2x): to see whether that makes a difference.
};

struct Parsed {
  std::optional<Tree> tree;
  bool plus_minus = false;  // There is a ± in it.
  std::string error;        // In a few words, where there is no tree.
};

Parsed Parse(std::string_view plain, const Reading& reading);
// left - right as one tree.
Parsed ParseDifference(std::string_view left, std::string_view right, const Reading& reading);

// How a letter stands in a text: as a function's name, or as a factor.
struct Use {
  bool applied = false;  // f(..)
  bool to_atom = false;  // f(2), f(x)
  bool capitals = true;  // Never with anything but capital letters and signs: P(A+B)
  bool inverse = false;  // f^-1(..)
  bool alone = false;
};
Use UseOf(char letter, std::string_view text);

// Those of "fghFGH", and of `more`, that stand in `a` or `b`, and always right before a bracket.
std::string Unknowns(std::string_view a, std::string_view b, std::string_view more = {});

}  // namespace lyceum::grading
