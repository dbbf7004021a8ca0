// Unit: a small table of units of length, mass and time, what is built of them, and money.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "grading/rational.h"

namespace lyceum::grading {

struct Unit {
  std::array<int, 3> dimension{};    // Powers of metre, kilogram, second.
  Rational scale = Rational::Of(1);  // How many of the base units it is.
  std::string opaque;                // Money, degrees: equal only to itself. Empty for the others.

  bool Comparable(const Unit& other) const {
    return dimension == other.dimension && opaque == other.opaque;
  }
};

// "km", "m/s^2", "kg*m/s^2", "km per hour", "dollars". Empty where a name is not in the table.
std::optional<Unit> ParseUnit(std::string_view text);

}  // namespace lyceum::grading
