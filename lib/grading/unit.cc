#include "grading/unit.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "grading/letters.h"
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
  uint32_t part = 1;  // How many of it make one.
};
constexpr Word kOpaque[] = {
    {" $ usd USD dollar dollars ", "dollar"},
    {" € eur EUR euro euros ", "euro"},
    {" £ gbp GBP ", "pound sterling"},
    {" ¥ yen ", "yen"},
    {" cent cents ¢ ", "dollar", 100},
    {" ° deg degree degrees ", "degree"},
    {" °C ℃ ", "degree Celsius"},
    {" °F ℉ ", "degree Fahrenheit"},
    {" % percent ", "percent"},
};

bool Lists(std::string_view names, std::string_view name) {
  if (name.empty() || name.find(' ') != std::string_view::npos) return false;
  return names.find(" " + std::string(name) + " ") != std::string_view::npos;
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

// "square feet" as "feet^2".
std::string PowersOfNames(const std::string& text) {
  constexpr std::pair<std::string_view, std::string_view> kPowers[] = {
      {"square ", "^2"}, {"sq ", "^2"}, {"cubic ", "^3"}, {"cu ", "^3"}};
  for (const auto& [word, power] : kPowers) {
    if (text.compare(0, word.size(), word) != 0) continue;
    const size_t end = std::min(text.find_first_of(" /*", word.size()), text.size());
    return text.substr(word.size(), end - word.size()) + std::string(power) + text.substr(end);
  }
  return text;
}

// A word of a question.
struct Token {
  std::string_view text;  // Without the punctuation around it.
  std::string lower;
  bool ends = false;  // Punctuation follows.
};

std::vector<Token> TokensOf(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  constexpr std::string_view kMarks = ".,;:?!)\"";
  std::vector<Token> tokens;
  while (!text.empty()) {
    const size_t begin = std::min(text.find_first_not_of(kSpace), text.size());
    const size_t end = std::min(text.find_first_of(kSpace, begin), text.size());
    std::string_view word = text.substr(begin, end - begin);
    text.remove_prefix(end);
    if (word.substr(0, 1) == "(") word.remove_prefix(1);
    const size_t kept = word.find_last_not_of(kMarks) + 1;
    const bool ends = kept < word.size();
    if (kept > 0) tokens.push_back({word.substr(0, kept), Lower(word.substr(0, kept)), ends});
    if (kept == 0 && !tokens.empty()) tokens.back().ends = true;
  }
  return tokens;
}

// They end what is asked for.
constexpr std::string_view kStops =
    " of do does did is are was were will would can could should has have had in there to for from "
    "on at that this these those if it he she they we you i left each than with must "
    "long tall high wide deep far old ";
constexpr std::string_view kAdjectives = " more fewer total additional extra other whole full ";
// They count too: of "how many dozen eggs" the answer does not count eggs.
constexpr std::string_view kCounts =
    " dozen dozens hundred hundreds thousand thousands million millions billion billions pair "
    "pairs "
    "half halves third thirds quarter quarters percent times score tens ones ";
constexpr std::string_view kMoney =
    " money cost costs pay paid spend spent earn make made charge owe save profit worth price ";
constexpr std::string_view kDoes = " money do does did is was will would should can has have ";
constexpr std::string_view kOtherMoney =
    " cent cents euro euros pound pounds yen penny pennies dime dimes nickel nickels ";

// The words from `at` to the next stop: "square meters". Empty where that is too long, or not all.
std::vector<Token> Phrase(const std::vector<Token>& tokens, size_t at) {
  constexpr size_t kWordsMax = 4;
  std::vector<Token> phrase;
  for (; at < tokens.size(); ++at) {
    if (Lists(kStops, tokens[at].lower)) return phrase;
    if (tokens[at].lower == "and" || tokens[at].lower == "or") return {};
    if (phrase.size() == kWordsMax) return {};
    const bool adjective = phrase.empty() && Lists(kAdjectives, tokens[at].lower);
    if (!adjective) phrase.push_back(tokens[at]);
    if (tokens[at].ends) return phrase;
  }
  return phrase;
}

Asked AskedBy(const std::vector<Token>& phrase) {
  Asked asked;
  std::string all;
  bool counts = phrase.empty();
  for (const Token& token : phrase) {
    all += (all.empty() ? "" : " ") + std::string(token.text);
    counts = counts || Lists(kCounts, token.lower);
  }
  asked.unit = ParseUnit(all);
  if (!asked.unit && !counts) asked.noun = phrase.back().lower;
  return asked;
}

bool SameUnit(const std::optional<Unit>& a, const std::optional<Unit>& b) {
  if (!a || !b) return !a && !b;
  return a->Comparable(*b) && a->scale == b->scale;
}

// "How much does it cost", where all money is in dollars.
bool AsksDollars(const std::vector<Token>& tokens) {
  bool dollars = false;
  bool money = false;
  for (size_t i = 0; i < tokens.size(); ++i) {
    const std::string& word = tokens[i].lower;
    for (const std::string_view sign : {"€", "£", "¥", "¢"}) {
      if (word.find(sign) != std::string::npos) return false;
    }
    if (Lists(kOtherMoney, word)) return false;
    dollars = dollars || word.find('$') != std::string::npos || Lists(" dollar dollars ", word);
    money = money || Lists(kMoney, word);
    // Only what stands behind the last "how much" says of what.
    if (i > 0 && word == "much" && tokens[i - 1].lower == "how") {
      if (i + 1 == tokens.size() || !Lists(kDoes, tokens[i + 1].lower)) return false;
      money = false;
    }
  }
  return dollars && money;
}

}  // namespace

Asked AskedFor(std::string_view question) {
  const std::vector<Token> tokens = TokensOf(question);
  std::optional<Asked> asked;
  constexpr int kPhrasesMax = 16;
  int phrases = 0;
  bool many = false;
  bool much = false;
  for (size_t i = 0; i + 1 < tokens.size(); ++i) {
    const bool how = tokens[i].lower == "how";
    much = much || (how && tokens[i + 1].lower == "much");
    if (!how || tokens[i + 1].lower != "many" || tokens[i + 1].ends) continue;
    many = true;
    if (++phrases > kPhrasesMax) return {};
    Asked next = AskedBy(Phrase(tokens, i + 2));
    const bool same = !asked || (SameUnit(asked->unit, next.unit) && asked->noun == next.noun);
    if (!same) return {};
    asked = std::move(next);
  }
  if (many) return much ? Asked{} : asked.value_or(Asked{});
  for (size_t i = 0; i + 1 < tokens.size(); ++i) {
    if (tokens[i].lower != "in" || tokens[i].ends) continue;
    if (++phrases > kPhrasesMax) return {};
    const Asked next = AskedBy(Phrase(tokens, i + 1));
    if (!next.unit) continue;
    if (asked && !SameUnit(asked->unit, next.unit)) return {};
    asked = Asked{next.unit, {}};
  }
  if (!asked && much && AsksDollars(tokens)) asked = Asked{ParseUnit("dollars"), {}};
  return asked.value_or(Asked{});
}

std::optional<Unit> ParseUnit(std::string_view given) {
  if (given.size() > 64) return std::nullopt;
  std::string text = Plain(given);
  if (text.empty()) return std::nullopt;
  for (const Word& word : kOpaque) {
    if (Lists(word.names, text) || Lists(word.names, Lower(text))) {
      Unit unit;
      unit.opaque = std::string(word.meaning);
      unit.scale = Rational::Fraction(1, word.part);
      return unit;
    }
  }
  for (char& c : text) {
    if (c == kFracOpen || c == kFracClose) c = ' ';
  }
  for (size_t at = text.find(" per "); at != std::string::npos; at = text.find(" per ")) {
    text.replace(at, 5, "/");
  }
  text = PowersOfNames(text);
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
