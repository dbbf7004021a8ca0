#include "grading/unit.h"

#include <algorithm>
#include <cctype>

#include "grading/plain.h"

namespace lyceum::grading {
namespace {

struct Known {
  std::string_view names;  // Between spaces. Case matters where SI says so.
  int metre, kilogram, second;
  uint32_t num, den;
};

constexpr Known kUnits[] = {
    {" nm nanometer nanometers nanometre nanometres ", 1, 0, 0, 1, 1'000'000'000},
    {" um µm μm micrometer micrometers micrometre micrometres ", 1, 0, 0, 1, 1'000'000},
    {" mm millimeter millimeters millimetre millimetres ", 1, 0, 0, 1, 1000},
    {" cm centimeter centimeters centimetre centimetres ", 1, 0, 0, 1, 100},
    {" dm decimeter decimeters decimetre decimetres ", 1, 0, 0, 1, 10},
    {" m meter meters metre metres ", 1, 0, 0, 1, 1},
    {" km kilometer kilometers kilometre kilometres ", 1, 0, 0, 1000, 1},
    {" in inch inches ", 1, 0, 0, 254, 10'000},
    {" ft foot feet ", 1, 0, 0, 3048, 10'000},
    {" yd yard yards ", 1, 0, 0, 9144, 10'000},
    {" mi mile miles ", 1, 0, 0, 1'609'344, 1000},
    {" ug µg μg microgram micrograms ", 0, 1, 0, 1, 1'000'000'000},
    {" mg milligram milligrams ", 0, 1, 0, 1, 1'000'000},
    {" g gram grams ", 0, 1, 0, 1, 1000},
    {" kg kilogram kilograms ", 0, 1, 0, 1, 1},
    {" t tonne tonnes ", 0, 1, 0, 1000, 1},
    {" lb lbs pound pounds ", 0, 1, 0, 45'359'237, 100'000'000},
    {" oz ounce ounces ", 0, 1, 0, 45'359'237, 1'600'000'000},
    {" ns nanosecond nanoseconds ", 0, 0, 1, 1, 1'000'000'000},
    {" us µs μs microsecond microseconds ", 0, 0, 1, 1, 1'000'000},
    {" ms millisecond milliseconds ", 0, 0, 1, 1, 1000},
    {" s sec secs second seconds ", 0, 0, 1, 1, 1},
    {" min mins minute minutes ", 0, 0, 1, 60, 1},
    {" h hr hrs hour hours ", 0, 0, 1, 3600, 1},
    {" d day days ", 0, 0, 1, 86'400, 1},
    {" week weeks ", 0, 0, 1, 604'800, 1},
    {" l L liter liters litre litres ", 3, 0, 0, 1, 1000},
    {" ml mL milliliter milliliters millilitre millilitres ", 3, 0, 0, 1, 1'000'000},
    {" N newton newtons ", 1, 1, -2, 1, 1},
    {" J joule joules ", 2, 1, -2, 1, 1},
    {" W watt watts ", 2, 1, -3, 1, 1},
    {" Hz hertz ", 0, 0, -1, 1, 1},
    {" mph ", 1, 0, -1, 1'609'344, 3'600'000},
    {" kph kmh ", 1, 0, -1, 1000, 3600},
};

struct Word {
  std::string_view names;
  std::string_view meaning;
};
constexpr Word kOpaque[] = {
    {" $ usd USD dollar dollars ", "dollar"},
    {" € eur EUR euro euros ", "euro"},
    {" £ gbp GBP ", "pound sterling"},
    {" ¥ yen ", "yen"},
    {" cent cents ¢ ", "cent"},
    {" ° deg degree degrees ", "degree"},
    {" °C ℃ ", "degree Celsius"},
    {" °F ℉ ", "degree Fahrenheit"},
    {" % percent ", "percent"},
};

bool Lists(std::string_view names, std::string_view name) {
  if (name.empty() || name.find(' ') != std::string_view::npos) return false;
  return names.find(" " + std::string(name) + " ") != std::string_view::npos;
}

std::string Lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

const Known* Find(std::string_view name) {
  for (const Known& unit : kUnits) {
    if (Lists(unit.names, name)) return &unit;
  }
  if (name.size() < 3) return nullptr;  // Short symbols differ by case: mm is not Mm.
  const std::string lower = Lower(name);
  for (const Known& unit : kUnits) {
    if (Lists(unit.names, lower)) return &unit;
  }
  return nullptr;
}

// A name with its power: "s^2", "s^-2", "s^(-2)", "m2".
std::optional<Unit> Factor(std::string_view text, int sign) {
  const size_t end = std::min(text.find_first_of("^0123456789-("), text.size());
  const Known* known = Find(Trimmed(text.substr(0, end)));
  if (known == nullptr) return std::nullopt;
  std::string digits;
  for (const char c : text.substr(end)) {
    if (c != '^' && c != '(' && c != ')' && c != ' ') digits.push_back(c);
  }
  int power = 1;
  if (!digits.empty()) {
    const bool minus = digits.front() == '-';
    const std::string_view rest = std::string_view(digits).substr(minus ? 1 : 0);
    if (rest.size() != 1 || rest[0] < '1' || rest[0] > '4') return std::nullopt;
    power = (minus ? -1 : 1) * (rest[0] - '0');
  }
  power *= sign;
  Unit unit;
  unit.dimension = {known->metre * power, known->kilogram * power, known->second * power};
  const Rational one = Rational::Fraction(known->num, known->den);
  for (int i = 0; i < std::abs(power); ++i) {
    unit.scale = unit.scale * (power > 0 ? one : one.Inverse());
  }
  return unit;
}

}  // namespace

std::optional<Unit> ParseUnit(std::string_view given) {
  if (given.size() > 64) return std::nullopt;
  std::string text = Plain(given);
  if (text.empty()) return std::nullopt;
  for (const Word& word : kOpaque) {
    if (Lists(word.names, text) || Lists(word.names, Lower(text))) {
      Unit unit;
      unit.opaque = std::string(word.meaning);
      return unit;
    }
  }
  for (char& c : text) {
    if (c == kFracOpen || c == kFracClose) c = ' ';
  }
  for (size_t at = text.find(" per "); at != std::string::npos; at = text.find(" per ")) {
    text.replace(at, 5, "/");
  }
  Unit unit;
  int sign = 1;
  size_t begin = 0;
  const std::string_view view = text;
  for (size_t i = 0; i <= view.size(); ++i) {
    const bool end = i == view.size();
    if (!end && view[i] != '/' && view[i] != '*' && view[i] != ' ') continue;
    const std::string_view part = Trimmed(view.substr(begin, i - begin));
    if (!part.empty()) {
      const auto factor = Factor(part, sign);
      if (!factor) return std::nullopt;
      for (size_t d = 0; d < 3; ++d) unit.dimension[d] += factor->dimension[d];
      unit.scale = unit.scale * factor->scale;
      sign = 1;
    }
    if (!end && view[i] == '/') sign = -1;
    begin = i + 1;
  }
  if (sign == -1) return std::nullopt;  // "m/"
  return unit;
}

}  // namespace lyceum::grading
