#include "grading/answer/solutions.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <limits>

#include "grading/algebra/relation.h"
#include "grading/answer/compare.h"
#include "grading/answer/set_notation.h"
#include "grading/notation/plain.h"

namespace lyceum::grading {
namespace {

constexpr double kFar = std::numeric_limits<double>::infinity();

using Set = std::vector<Segment>;

End Unbounded(double value) { return {value, false, nullptr}; }

constexpr std::array<std::string_view, 11> kNothing = {"no solution",
                                                       "no solutions",
                                                       "none",
                                                       "empty set",
                                                       "the empty set",
                                                       "∅",
                                                       "no real solution",
                                                       "no real solutions",
                                                       "there is no solution",
                                                       "there are no solutions",
                                                       "there is no real solution"};
constexpr std::array<std::string_view, 8> kEverything = {
    "all real numbers", "all reals",         "r",           "any real number",
    "all real",         "every real number", "all numbers", "the set of all real numbers"};

template <class Table>
bool In(const Table& table, std::string_view text) {
  return std::find(table.begin(), table.end(), text) != table.end();
}

bool Before(const End& a, const End& b) {  // Low ends.
  return a.value != b.value ? a.value < b.value : a.closed && !b.closed;
}

// Below 0, 0 or above 0. Nothing: nearly the same, and it can not be told whether they are.
std::optional<int> Order(const End& a, const End& b) {
  const int order = a.value < b.value ? -1 : (a.value > b.value ? 1 : 0);
  if (!a.tree || !b.tree) return order;
  const double slack = 1e-9 * std::max({1.0, std::abs(a.value), std::abs(b.value)});
  if (std::abs(a.value - b.value) > slack) return order;
  Budget budget;
  if (Equivalent(*a.tree, *b.tree, &budget) == Same::kYes) return 0;
  const bool exact = a.tree->top().small.known() && b.tree->top().small.known();
  return exact && order != 0 ? std::optional<int>(order) : std::nullopt;
}

// Ascending, joined where they touch. Nothing: two ends can not be ordered.
std::optional<Set> Tidy(Set set) {
  std::sort(set.begin(), set.end(),
            [](const Segment& a, const Segment& b) { return Before(a.low, b.low); });
  Set tidy;
  for (Segment& segment : set) {
    if (!tidy.empty()) {
      End& end = tidy.back().high;
      const auto gap = Order(segment.low, end);
      const auto reach = Order(segment.high, end);
      if (!gap || !reach) return std::nullopt;
      if (*gap < 0 || (*gap == 0 && (segment.low.closed || end.closed))) {
        const bool further = *reach > 0 || (*reach == 0 && segment.high.closed && !end.closed);
        if (further) end = std::move(segment.high);
        continue;
      }
    }
    tidy.push_back(std::move(segment));
  }
  return tidy;
}

bool IsPoint(const Segment& segment) { return segment.low.value == segment.high.value; }

// More than their ends in common.
bool Overlap(const Segment& a, const Segment& b) {
  const auto left = Order(a.low, b.high);
  const auto right = Order(b.low, a.high);
  return !left || !right || (*left < 0 && *right < 0);
}

bool Within(const Segment& inner, const Segment& outer) {
  const auto low = Order(outer.low, inner.low);
  const auto high = Order(inner.high, outer.high);
  if (!low || !high) return true;
  return (*low < 0 || (*low == 0 && (outer.low.closed || !inner.low.closed))) &&
         (*high < 0 || (*high == 0 && (outer.high.closed || !inner.high.closed)));
}

Set Intersection(const Set& a, const Set& b) {
  Set set;
  for (const Segment& x : a) {
    for (const Segment& y : b) {
      const End& low = Before(x.low, y.low) ? y.low : x.low;
      const bool x_first =
          x.high.value != y.high.value ? x.high.value < y.high.value : !x.high.closed;
      const End& high = x_first ? x.high : y.high;
      const bool empty =
          low.value > high.value || (low.value == high.value && !(low.closed && high.closed));
      if (!empty && set.size() < kSegmentsMax) set.push_back({low, high});
    }
  }
  return set;
}

class Reader {
 public:
  std::optional<Solutions> Read(std::string_view text) {
    auto set = Union(Trimmed(text), 0);
    if (set) set = Tidy(std::move(*set));
    if (!set) return std::nullopt;
    return Solutions{variable_, std::move(*set)};
  }

 private:
  std::optional<Set> Union(std::string_view text, int depth) {
    if (depth > 4) return std::nullopt;
    if (text.find_first_of("([{?") == std::string_view::npos) {
      const std::string words = Words(text);
      if (In(kNothing, words)) return Set{};
      if (In(kEverything, words)) return Set{{Unbounded(-kFar), Unbounded(kFar)}};
    }
    if (auto inside = Builder(text)) return Union(*inside, depth + 1);
    if (const auto within = WithoutIn(text); within != text) return Union(within, depth + 1);
    if (auto parts = SplitAt(text, " or "); parts.size() > 1) return Either(parts, depth);
    if (auto parts = SplitAt(text, " U "); parts.size() > 1) return All(parts, depth, false);
    if (auto parts = SplitAt(text, " and "); parts.size() > 1) {
      const bool intervals =
          std::all_of(parts.begin(), parts.end(), [&](const auto& p) { return Interval(p); });
      return intervals ? Either(parts, depth) : Both(parts, depth);
    }
    if (auto interval = Interval(text)) return interval;
    text = Unbraced(text);
    std::string commas(text);
    std::replace(commas.begin(), commas.end(), ';', ',');
    if (auto parts = SplitAt(commas, ","); parts.size() > 1) return All(parts, depth, true);
    return Relation(text);
  }

  // {x | x > 2}, (x : x > 2): the condition.
  std::optional<std::string_view> Builder(std::string_view text) {
    if (text.size() < 5 || (text[0] != '{' && text[0] != '(')) return std::nullopt;
    if (Closing(text, 0) != text.size() - 1) return std::nullopt;
    const std::string_view inside = Trimmed(text.substr(1, text.size() - 2));
    const size_t bar = inside.find_first_of("|:");
    if (bar == std::string_view::npos || NameOnLeft(WithoutR(inside.substr(0, bar))).empty()) {
      return std::nullopt;
    }
    return Trimmed(inside.substr(bar + 1));
  }
  static std::string_view WithoutR(std::string_view text) {
    const size_t in = text.find(" in ");
    return Trimmed(in == std::string_view::npos ? text : text.substr(0, in));
  }

  // "x in [0,1)"
  std::string_view WithoutIn(std::string_view text) {
    const size_t in = text.find(" in ");
    if (in == std::string_view::npos || in > 8) return text;
    const std::string name = NameOnLeft(text.substr(0, in));
    if (name.empty() || !Named(name)) return text;
    return Trimmed(text.substr(in + 4));
  }

  static std::string_view Unbraced(std::string_view text) {
    const bool braces = text.size() > 2 && text[0] == '{' && Closing(text, 0) == text.size() - 1;
    return braces ? Trimmed(text.substr(1, text.size() - 2)) : text;
  }

  std::optional<Set> All(const std::vector<std::string>& parts, int depth, bool points) {
    Set set;
    for (const std::string& part : parts) {
      auto more = points ? Relation(part) : Union(part, depth + 1);
      if (!more) return std::nullopt;
      for (Segment& segment : *more) {
        const bool point = IsPoint(segment);
        if ((points && !point) || set.size() >= kSegmentsMax) return std::nullopt;
        set.push_back(std::move(segment));
      }
    }
    return set;
  }

  // "[0,1] or (0,1)" is two answers in one, and so is "x>1 or x>2".
  std::optional<Set> Either(const std::vector<std::string>& parts, int depth) {
    Set set;
    for (const std::string& part : parts) {
      const bool interval = Interval(part).has_value();
      auto more = Union(part, depth + 1);
      if (!more || set.size() + more->size() > kSegmentsMax) return std::nullopt;
      for (const Segment& segment : *more) {
        for (const Segment& other : set) {
          const bool hedged = Within(segment, other) || Within(other, segment);
          if (hedged || (interval && Overlap(segment, other))) return std::nullopt;
        }
      }
      set.insert(set.end(), more->begin(), more->end());
    }
    return set;
  }

  std::optional<Set> Both(const std::vector<std::string>& parts, int depth) {
    std::optional<Set> set;
    bool points = true;
    Set all;
    for (const std::string& part : parts) {
      auto more = Union(part, depth + 1);
      if (!more || all.size() + more->size() > kSegmentsMax) return std::nullopt;
      for (const Segment& segment : *more) points &= IsPoint(segment);
      all.insert(all.end(), more->begin(), more->end());
      set = set ? Intersection(*set, *more) : std::move(*more);
    }
    // "x=1 and x=2" lists two solutions.
    return points ? std::optional<Set>(std::move(all)) : set;
  }

  bool Named(const std::string& name) {
    if (variable_.empty()) variable_ = name;
    return variable_ == name;
  }

  static bool IsInfinity(const std::string& text, double* value) {
    std::string form = Canonical(text);
    const bool minus = !form.empty() && form[0] == '-';
    if (minus || (!form.empty() && form[0] == '+')) form.erase(0, 1);
    *value = minus ? -kFar : kFar;
    return form == "inf" || form == "infinity" || form == "infty" || form == "oo";
  }

  std::optional<End> EndOf(const std::string& text, bool closed) {
    double value = 0;
    if (IsInfinity(text, &value)) {
      // Infinity is not in any set: [2, inf] is a slip, and no set.
      if (closed) return std::nullopt;
      return Unbounded(value);
    }
    Parsed parsed = Parse(text, {});
    if (!parsed.tree || !parsed.tree->names().empty() || parsed.plus_minus) return std::nullopt;
    const auto number = ValueOf(*parsed.tree);
    if (!number) return std::nullopt;
    return End{*number, closed, std::make_shared<const Tree>(std::move(*parsed.tree))};
  }

  std::optional<Set> Segment_(std::optional<End> low, std::optional<End> high) {
    if (!low || !high) return std::nullopt;
    const bool empty =
        low->value > high->value || (low->value == high->value && !(low->closed && high->closed));
    if (empty) return std::nullopt;
    return Set{{std::move(*low), std::move(*high)}};
  }

  std::optional<Set> Interval(std::string_view text) {
    if (text.size() < 5 || (text[0] != '(' && text[0] != '[')) return std::nullopt;
    if (Closing(text, 0) != text.size() - 1) return std::nullopt;
    const auto ends = SplitAt(text.substr(1, text.size() - 2), ",");
    if (ends.size() != 2) return std::nullopt;
    return Segment_(EndOf(ends[0], text[0] == '['), EndOf(ends[1], text.back() == ']'));
  }

  std::optional<Set> Points(const std::string& text) {
    Set set;
    for (const bool upper : {true, false}) {
      Reading reading;
      reading.upper_sign = upper;
      Parsed parsed = Parse(text, reading);
      if (!parsed.tree || !parsed.tree->names().empty()) return std::nullopt;
      const auto number = ValueOf(*parsed.tree);
      if (!number) return std::nullopt;
      const End end{*number, true, std::make_shared<const Tree>(std::move(*parsed.tree))};
      set.push_back({end, end});
      if (!parsed.plus_minus) break;
    }
    return set;
  }

  // One condition on the variable, or a bare number.
  std::optional<Set> Relation(std::string_view text) {
    auto chain = SplitChain(text);
    if (!chain) return std::nullopt;
    if (chain->signs.empty()) return Points(chain->sides[0]);
    if (chain->signs.size() == 2) return Between(*chain);
    if (chain->signs.size() != 1) return std::nullopt;
    if (NameOnLeft(chain->sides[0]).empty()) {
      std::swap(chain->sides[0], chain->sides[1]);
      chain->signs[0] = Flipped(chain->signs[0]);
    }
    const std::string name = NameOnLeft(chain->sides[0]);
    if (name.empty() || !Named(name)) return std::nullopt;
    const std::string& side = chain->sides[1];
    switch (chain->signs[0]) {
      case Sign::kEqual:
        return Points(side);
      case Sign::kNotEqual: {
        auto below = Segment_(Unbounded(-kFar), EndOf(side, false));
        auto above = Segment_(EndOf(side, false), Unbounded(kFar));
        if (below && above) below->push_back(above->front());
        return below;
      }
      case Sign::kLess:
      case Sign::kLessEqual:
        return Segment_(Unbounded(-kFar), EndOf(side, chain->signs[0] == Sign::kLessEqual));
      case Sign::kGreater:
      case Sign::kGreaterEqual:
        return Segment_(EndOf(side, chain->signs[0] == Sign::kGreaterEqual), Unbounded(kFar));
    }
    return std::nullopt;
  }

  // 1 < x <= 3, 3 >= x > 1
  std::optional<Set> Between(Chain chain) {
    const auto less = [](Sign s) { return s == Sign::kLess || s == Sign::kLessEqual; };
    const auto greater = [](Sign s) { return s == Sign::kGreater || s == Sign::kGreaterEqual; };
    if (greater(chain.signs[0]) && greater(chain.signs[1])) {
      std::swap(chain.sides[0], chain.sides[2]);
      std::swap(chain.signs[0], chain.signs[1]);
      for (Sign& sign : chain.signs) sign = Flipped(sign);
    }
    if (!less(chain.signs[0]) || !less(chain.signs[1])) return std::nullopt;
    const std::string name = NameOnLeft(chain.sides[1]);
    if (name.empty() || !Named(name)) return std::nullopt;
    return Segment_(EndOf(chain.sides[0], chain.signs[0] == Sign::kLessEqual),
                    EndOf(chain.sides[2], chain.signs[1] == Sign::kLessEqual));
  }

  std::string variable_;
};

Same SameEnd(const End& a, const End& b, Budget* budget) {
  if (a.closed != b.closed || (a.tree == nullptr) != (b.tree == nullptr)) return Same::kNo;
  if (a.tree == nullptr) return a.value == b.value ? Same::kYes : Same::kNo;
  return Equivalent(*a.tree, *b.tree, budget);
}

}  // namespace

std::optional<Solutions> ParseSolutions(std::string_view plain) {
  if (plain.size() > kAnswerBytesMax) return std::nullopt;
  return Reader().Read(plain);
}

Same SameSolutions(const Solutions& a, const Solutions& b, Budget* budget) {
  const bool names = !a.variable.empty() && !b.variable.empty() && a.variable != b.variable;
  if (names) return Same::kUndecided;
  if (a.segments.size() != b.segments.size()) return Same::kNo;
  Same same = Same::kYes;
  for (size_t i = 0; i < a.segments.size(); ++i) {
    for (const bool low : {true, false}) {
      const End& left = low ? a.segments[i].low : a.segments[i].high;
      const End& right = low ? b.segments[i].low : b.segments[i].high;
      const Same end = SameEnd(left, right, budget);
      if (end == Same::kNo) return Same::kNo;
      if (end == Same::kUndecided) same = end;
    }
  }
  return same;
}

}  // namespace lyceum::grading
