// How letters stand in a text: as names of functions, or as factors.
#include <algorithm>

#include "grading/algebra/parse.h"
#include "grading/notation/letters.h"
#include "grading/notation/plain.h"

namespace lyceum::grading {

Use UseOf(char letter, std::string_view text) {
  Use use;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != letter) continue;
    if (i > 0 && IsAlpha(text[i - 1])) {
      // ah is a*h; the letters of longer runs are those of words and functions.
      const bool pair =
          (i < 2 || !IsAlpha(text[i - 2])) && (i + 1 >= text.size() || !IsAlpha(text[i + 1]));
      use.alone = use.alone || pair;
      continue;
    }
    const std::string_view rest = text.substr(i + 1);
    if (rest.starts_with("^(-1)(") || rest.starts_with("^-1(")) {
      use.inverse = true;
    } else if (rest.starts_with('(')) {
      use.applied = true;
      const size_t close = Closing(rest, 0);
      const std::string_view inside = Trimmed(rest.substr(1, std::max<size_t>(close, 1) - 1));
      const bool number = std::all_of(inside.begin(), inside.end(), IsDigit);
      use.to_atom = use.to_atom || number || inside.size() == 1;
      const bool events = std::none_of(inside.begin(), inside.end(),
                                       [](char c) { return IsDigit(c) || (c >= 'a' && c <= 'z'); });
      use.capitals = use.capitals && events;
    } else {
      use.alone = true;
    }
  }
  return use;
}

std::string Unknowns(std::string_view a, std::string_view b, std::string_view more) {
  std::string unknowns;
  for (const char letter : "fghFGH" + std::string(more)) {
    const Use in_a = UseOf(letter, a);
    const Use in_b = UseOf(letter, b);
    if ((in_a.applied || in_b.applied) && !in_a.alone && !in_b.alone) unknowns += letter;
  }
  // P(A+B) is a probability; P(1+r) is a product.
  const Use in_a = UseOf('P', a);
  const Use in_b = UseOf('P', b);
  const bool events = in_a.capitals && in_b.capitals && !in_a.alone && !in_b.alone;
  if ((in_a.applied || in_b.applied) && events && more.find('P') == more.npos) unknowns += 'P';
  return unknowns;
}

}  // namespace lyceum::grading
