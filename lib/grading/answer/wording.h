// Wording: the words in and around an answer, told from mathematics before a parser reads them as
// products of letters: SAS is not S*A*S.
//
// A word is right by its letters alone. Case says nothing in a word (Yes, YES); in a short label
// it may (CO and Co, Bb and BB), so that there only the same case is the same.
#pragma once

#include <string>
#include <string_view>

#include "grading/answer/compare.h"

namespace lyceum::grading {

// "SAS", "no", "very likely": letters alone, two or more, that are not "xy", "sin x" or "pi".
bool IsWording(std::string_view plain);
// kDifferent only where one says the opposite of the other: yes and no. Else kUnreadable.
Compared CompareWording(std::string_view key, std::string_view answer);
// "no real solutions", "none", ∅.
bool SaysNoSolution(std::string_view text);
// A word of three letters or more that is neither a function nor in the key: "x=ten".
bool HasStrangeWord(std::string_view key, std::string_view answer);
// "not", "never", "maybe", "?": what may turn an answer into something else.
bool HasDoubt(std::string_view text);
// "dozen", "squared", "below": a word beside a number that makes it another number.
bool ChangesNumber(std::string_view unit);
// "The answer is x=4." is "x=4": without a harmless beginning and the full stop.
std::string WithoutLeadIn(std::string_view text);

}  // namespace lyceum::grading
