// Form: is an answer of the key's value written in the form that was asked for? Nobody says so
// outright, so the key is taken as the example, and words of the question as hints. Used to hold
// back, never to call an answer wrong.
#pragma once

#include <string>
#include <string_view>

#include "grading/algebra/equivalence.h"

namespace lyceum::grading {

// False where it may be another form than the one asked for:
//   a product for a sum        (z-4)^2 for z^2-8z+16
//   other factors              2(x^2-4) for 2(x-2)(x+2)
//   a fraction to reduce       6/8, in either
//   a sum still to work out    x=50/5 for x=10
//   another power of ten       45*10^-5 for 4.5*10^-4
//   a fraction, a decimal      where the question says "decimal", "fraction"
bool SameForm(std::string_view question, const std::string& key, const std::string& answer,
              Budget* budget);

// With 1/3a as 1/(3a): is it the key as well?
bool ReadsOneWay(const std::string& key, const std::string& answer, Budget* budget);

}  // namespace lyceum::grading
