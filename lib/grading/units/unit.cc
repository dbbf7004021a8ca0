#include "grading/units/unit.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "grading/notation/letters.h"
#include "grading/notation/plain.h"

namespace lyceum::grading {
namespace {

using Dimension = std::array<int, 6>;

struct Known {
  std::string_view names;  // Between spaces. Case matters where SI says so.
  Dimension dimension;
  uint32_t num, den;
};

constexpr Known kUnits[] = {
    {" in inch inches ", {1}, 254, 10'000},
    {" ft foot feet ", {1}, 3048, 10'000},
    {" yd yard yards ", {1}, 9144, 10'000},
    {" mi mile miles ", {1}, 1'609'344, 1000},
    {" acre acres ", {2}, 316'160'658, 78'125},
    {" ha hectare hectares ", {2}, 10'000, 1},
    {" t tonne tonnes ", {0, 1}, 1000, 1},
    {" lb lbs pound pounds ", {0, 1}, 45'359'237, 100'000'000},
    {" oz ounce ounces ", {0, 1}, 45'359'237, 1'600'000'000},
    {" sec secs ", {0, 0, 1}, 1, 1},
    {" min mins minute minutes ", {0, 0, 1}, 60, 1},
    {" h hr hrs hour hours ", {0, 0, 1}, 3600, 1},
    {" d day days ", {0, 0, 1}, 86'400, 1},
    {" week weeks ", {0, 0, 1}, 604'800, 1},
    {" gal gallon gallons ", {3}, 473'176'473, 1},
    {" qt quart quarts ", {3}, 473'176'473, 4},
    {" pt pint pints ", {3}, 473'176'473, 8},
    {" Nm ", {2, 1, -2}, 1, 1},
    {" Ns ", {1, 1, -1}, 1, 1},
    {" Wh ", {2, 1, -2}, 3600, 1},
    {" kWh ", {2, 1, -2}, 3'600'000, 1},
    {" MWh ", {2, 1, -2}, 3'600'000'000, 1},
    {" cal calorie calories ", {2, 1, -2}, 4184, 1000},
    {" kcal kilocalorie kilocalories ", {2, 1, -2}, 4184, 1},
    {" atm atmosphere atmospheres ", {-1, 1, -2}, 101'325, 1},
    {" mph ", {1, 0, -1}, 1'609'344, 3'600'000},
    {" kph kmh ", {1, 0, -1}, 1000, 3600},
};

// With every prefix: 10^exponent of the base units.
struct Si {
  std::string_view symbols;
  std::string_view words;
  Dimension dimension;
  int exponent = 0;
};
constexpr Si kSi[] = {
    {" m ", " meter meters metre metres ", {1}},
    {" g ", " gram grams gramme grammes ", {0, 1}, -3},
    {" s ", " second seconds ", {0, 0, 1}},
    {" A ", " ampere amperes amp amps ", {0, 0, 0, 1}},
    {" K ", " kelvin kelvins ", {0, 0, 0, 0, 1}},
    {" mol ", " mole moles ", {0, 0, 0, 0, 0, 1}},
    {" l L ", " liter liters litre litres ", {3}, -3},
    {" N ", " newton newtons ", {1, 1, -2}},
    {" J ", " joule joules ", {2, 1, -2}},
    {" W ", " watt watts ", {2, 1, -3}},
    {" Hz ", " hertz ", {0, 0, -1}},
    {" Pa ", " pascal pascals ", {-1, 1, -2}},
    {" bar ", " bars ", {-1, 1, -2}, 5},
    {" V ", " volt volts ", {2, 1, -3, -1}},
    {" Ω ", " ohm ohms ", {2, 1, -3, -2}},
    {" C ", " coulomb coulombs ", {0, 0, 1, 1}},
    {" F ", " farad farads ", {-2, -1, 4, 2}},
    {" T ", " tesla teslas ", {0, 1, -2, -1}},
    {" H ", " henry henrys henries ", {2, 1, -2, -2}},
    {" Wb ", " weber webers ", {2, 1, -2, -1}},
};

struct Prefix {
  std::string_view symbol;
  std::string_view word;
  int exponent;
};
constexpr Prefix kPrefixes[] = {
    {"", "", 0},        {"T", "tera", 12},  {"G", "giga", 9},   {"M", "mega", 6},
    {"k", "kilo", 3},   {"h", "hecto", 2},  {"d", "deci", -1},  {"c", "centi", -2},
    {"m", "milli", -3}, {"u", "micro", -6}, {"µ", "micro", -6}, {"μ", "micro", -6},
    {"n", "nano", -9},  {"p", "pico", -12},
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
    {" year years yr yrs ", "year"},
    {" month months ", "year", 12},
    {" ° deg degree degrees ", "degree"},
    {" °C ℃ ", "degree Celsius"},
    {" °F ℉ ", "degree Fahrenheit"},
    {" % percent ", "percent"},
};

bool Lists(std::string_view names, std::string_view name) {
  if (name.empty() || name.find(' ') != std::string_view::npos) return false;
  return names.find(" " + std::string(name) + " ") != std::string_view::npos;
}

// Dimension and scale of one name.
std::optional<Unit> Find(std::string_view name) {
  const std::string lower = name.size() < 3 ? std::string() : Lower(name);
  for (const Known& unit : kUnits) {
    // Short symbols differ by case: mm is not Mm.
    if (!Lists(unit.names, name) && !Lists(unit.names, lower)) continue;
    Unit found;
    found.dimension = unit.dimension;
    // An eighth of a pint in cubic metres has more digits than 32 bits hold.
    const bool gallon = unit.num == 473'176'473;
    const Rational part =
        unit.den > 1 && gallon ? Rational::Fraction(1, unit.den) : Rational::Of(1);
    found.scale = gallon ? Rational::Decimal("3785411784", -12) * part
                         : Rational::Fraction(unit.num, unit.den);
    return found;
  }
  for (const Prefix& prefix : kPrefixes) {
    const bool symbol = name.substr(0, prefix.symbol.size()) == prefix.symbol;
    const bool word = lower.substr(0, prefix.word.size()) == prefix.word;
    for (const Si& unit : kSi) {
      const bool found = (symbol && Lists(unit.symbols, name.substr(prefix.symbol.size()))) ||
                         (word && !lower.empty() &&
                          Lists(unit.words, std::string_view(lower).substr(prefix.word.size())));
      if (!found) continue;
      return Unit{unit.dimension, Rational::Decimal("1", unit.exponent + prefix.exponent), {}};
    }
  }
  return std::nullopt;
}

// A name with its power: "s^2", "s^-2", "s^(-2)", "m2".
std::optional<Unit> Factor(std::string_view text, int sign) {
  const size_t end = std::min(text.find_first_of("^0123456789-("), text.size());
  const auto known = Find(Trimmed(text.substr(0, end)));
  if (!known) return std::nullopt;
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
  for (size_t d = 0; d < unit.dimension.size(); ++d) {
    unit.dimension[d] = known->dimension[d] * power;
  }
  for (int i = 0; i < std::abs(power); ++i) {
    unit.scale = unit.scale * (power > 0 ? known->scale : known->scale.Inverse());
  }
  return unit;
}

void Replace(std::string* text, std::string_view from, std::string_view to) {
  for (size_t at = text->find(from); at != text->npos; at = text->find(from, at + to.size())) {
    text->replace(at, from.size(), to);
  }
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
  const bool converts = std::any_of(tokens.begin(), tokens.end(), [](const Token& token) {
    return Lists(" convert change express ", token.lower);
  });
  for (size_t i = 0; i + 1 < tokens.size(); ++i) {
    const bool to = converts && Lists(" to into ", tokens[i].lower);
    if ((tokens[i].lower != "in" && !to) || tokens[i].ends) continue;
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
  Replace(&text, " per ", "/");
  Replace(&text, " squared", "^2");
  Replace(&text, " cubed", "^3");
  for (const std::string_view power : {"^-", "^(-", "-"}) {
    Replace(&text, "ms" + std::string(power), "m*s" + std::string(power));
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
      for (size_t d = 0; d < 6; ++d) unit.dimension[d] += factor->dimension[d];
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
