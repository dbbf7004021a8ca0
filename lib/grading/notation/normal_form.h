// The normal form of an expression as a text: what can be told of two without reading them as trees.
#pragma once

#include <string>
#include <string_view>

namespace lyceum::grading {

// Equal texts are equal expressions (not the other way round). `plain`: as Plain (plain.h) writes it.
std::string NormalForm(std::string_view plain);
// The same of any text, without regard to case.
std::string Canonical(std::string_view text);

}  // namespace lyceum::grading
