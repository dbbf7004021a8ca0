// Amount: several numbers with words between that make one value: 3 R 2, 2 h 30 min, 5 ft 3 in. Not
// a product, whatever the words are.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "grading/answer/compare.h"

namespace lyceum::grading {

inline constexpr size_t kAmountPartsMax = 8;

struct Amount {
  struct Part {
    Rational number;
    std::string unit;  // Lower case where it is no unit of the table. Empty: of the last, none.
  };
  std::vector<Part> parts;
};

// Nothing: fewer than two numbers, or something else than numbers and words. "2 x 3", "2a3b" and
// "2 sin 30" are none.
std::optional<Amount> ParseAmount(std::string_view plain);
// One of the two is an amount. The same only as parts: 80 min is not 1 h 20 min as it was asked
// for, and kUnreadable; of another total, it is different.
Compared CompareAmounts(std::string_view key, std::string_view answer);

}  // namespace lyceum::grading
