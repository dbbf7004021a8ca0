// What the text of a question says about the form of its answer.
#pragma once

#include <string>
#include <string_view>

#include "grading/units/quantity.h"

namespace lyceum::grading {

// "About how many": a number that rounds to the key is good. Not "round to two decimals".
bool AsksApproximation(std::string_view question);

// A point, and no interval: "the vertex", "coordinates".
bool AsksPoint(std::string_view question);

enum class PercentIn {
  kNowhere,
  kGiven,  // "20% of 50": a number of the question.
  kAsked,  // "the percent change", "as a percent", "___ %".
};
PercentIn PercentOf(std::string_view question);

// It has, or asks for, something to work out: that must not come back as the answer.
bool HoldsSum(std::string_view question);

// The answer, of the key's value, in plain notation, says the question again: its number in the old
// form, or a division that is left to do. Why, in words; empty: it does not.
std::string SaysAgain(std::string_view question, std::string_view key, std::string_view answer);

// The answer, of the key's value, in plain notation, is not in the form that is asked for: a
// decimal, a fraction, a mixed number, lowest terms, scientific notation. Empty: it is.
std::string OtherForm(std::string_view question, std::string_view key, std::string_view answer);

}  // namespace lyceum::grading
