// Unit: the units of SI with their prefixes, some others, what is built of them, and money; and
// which of them a question asks for.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "grading/units/rational.h"

namespace lyceum::grading {

struct Unit {
  std::array<int, 6> dimension{};    // Powers of metre, kilogram, second, ampere, kelvin, mole.
  Rational scale = Rational::Of(1);  // How many of the base units it is.
  std::string opaque;  // Money, degrees: a dimension of its own. Empty for the others.

  bool Comparable(const Unit& other) const {
    return dimension == other.dimension && opaque == other.opaque;
  }
};

// "km", "m/s^2", "ms^-2", "kg*m/s^2", "km per hour", "square feet", "cm squared", "dollars". Empty
// where a name is not in the tables. ms^-2 is of metres and seconds, as it is meant.
std::optional<Unit> ParseUnit(std::string_view text);

// What the answer to a question counts. Both are empty where it does not say, or says two things.
struct Asked {
  std::optional<Unit> unit;  // "How many km/h", "the price in dollars", "how much" of money.
  std::string noun;          // "How many red apples": apples. Lower case.
};
Asked AskedFor(std::string_view question);

}  // namespace lyceum::grading
