#include "grading/algebra/literal.h"

#include <charconv>
#include <utility>

#include "grading/algebra/modular.h"
#include "grading/units/quantity.h"

namespace lyceum::grading {
namespace {

Small SmallOf(const std::string& digits, int exponent) {
  int64_t num = 0;
  int64_t den = 1;
  for (const char c : digits) {
    if (num > (int64_t{1} << 36)) return {};
    num = num * 10 + (c - '0');
  }
  if (num == 0) return {0, 1};
  for (; exponent > 0 && num <= (int64_t{1} << 36); --exponent) num *= 10;
  for (; exponent < 0; ++exponent) {
    if (num % 10 == 0) {
      num /= 10;
    } else if (num % 2 == 0 && den % 5 == 0 && den <= (int64_t{1} << 36)) {
      num /= 2;
      den *= 5;
    } else if (den <= (int64_t{1} << 36)) {
      den *= 10;
    } else {
      return {};
    }
  }
  if (exponent > 0) return {};
  int64_t a = num, b = den;
  while (b != 0) a = std::exchange(b, a % b);
  return {num / a, den / a};
}

}  // namespace

std::string ReadLiteral(std::string_view text, Literal* literal, Small* small) {
  std::string digits;
  std::string clean;
  int exponent = 0;
  size_t i = 0;
  for (; i < text.size() && text[i] != 'e' && text[i] != 'E'; ++i) {
    if (text[i] == ',') continue;
    clean += text[i];
    if (text[i] == '.') {
      literal->point = true;
    } else {
      digits += text[i];
      exponent -= literal->point ? 1 : 0;
    }
  }
  if (i < text.size()) {
    std::string_view power = text.substr(i + 1);
    if (power.front() == '+') power.remove_prefix(1);
    int value = 0;
    const auto [end, code] = std::from_chars(power.data(), power.data() + power.size(), value);
    if (code != std::errc{} || value > kExponentMax || value < -kExponentMax) {
      return "the exponent is too large";
    }
    exponent += value;
    clean += "E" + std::to_string(value);  // 3e-11 without a point reads as 3*e-11.
  }
  if (digits.size() > kDigitsMax) return "this has too many digits";
  const size_t leading = digits.find_first_not_of('0');
  literal->significant =
      leading == std::string::npos ? 0 : static_cast<int>(digits.size() - leading);
  std::from_chars(clean.data(), clean.data() + clean.size(), literal->value);
  if (clean.back() == '.') clean.pop_back();
  literal->text = std::move(clean);
  for (size_t p = 0; p < 2; ++p) literal->residue[p] = ResidueOf(digits, exponent, p);
  *small = SmallOf(digits, exponent);
  return {};
}

}  // namespace lyceum::grading
