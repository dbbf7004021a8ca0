#include "envelope/field_out.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace lyceum::envelope {
namespace {

constexpr int64_t kFirstSecond = -62'135'596'800;  // Year 1.
constexpr int64_t kLastSecond = 253'402'300'799;   // Year 9999.

// Bytes that may begin a character which is not written as it is.
constexpr std::array<bool, 256> MayBeEscaped() {
  std::array<bool, 256> may{};
  for (size_t c = 0; c < 0x20; ++c) may[c] = true;
  for (const unsigned char c : {'"', '\\', '<', '>', '\x7F'}) may[c] = true;
  for (const int c : {0xC2, 0xD8, 0xDB, 0xDC, 0xE1, 0xE2, 0xEF, 0xF0, 0xF3}) {
    may[static_cast<size_t>(c)] = true;
  }
  return may;
}
constexpr std::array<bool, 256> kMayBeEscaped = MayBeEscaped();

// Characters that steer the layout and are not seen.
bool IsInvisible(uint32_t c) {
  return c == 0xAD || (c >= 0x80 && c < 0xA0) || (c >= 0x600 && c <= 0x603) || c == 0x6DD ||
         c == 0x70F || c == 0x17B4 || c == 0x17B5 || (c >= 0x200B && c <= 0x200F) ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x2064) ||
         (c >= 0x206A && c <= 0x206F) || c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFB) ||
         (c >= 0x1D173 && c <= 0x1D17A) || c == 0xE0001 || (c >= 0xE0020 && c <= 0xE007F);
}

void AppendUnit(std::string* to, uint32_t unit) {
  constexpr std::string_view kHex = "0123456789abcdef";
  to->append("\\u");
  for (int shift = 12; shift >= 0; shift -= 4) to->push_back(kHex[unit >> shift & 15]);
}

void AppendEscaped(std::string* to, uint32_t c) {
  switch (c) {
    case '"':
      to->append("\\\"");
      return;
    case '\\':
      to->append("\\\\");
      return;
    case '\b':
      to->append("\\b");
      return;
    case '\f':
      to->append("\\f");
      return;
    case '\n':
      to->append("\\n");
      return;
    case '\r':
      to->append("\\r");
      return;
    case '\t':
      to->append("\\t");
      return;
    default:
      break;
  }
  if (c < 0x10000) {
    AppendUnit(to, c);
  } else {
    AppendUnit(to, 0xD800 + ((c - 0x10000) >> 10));
    AppendUnit(to, 0xDC00 + ((c - 0x10000) & 0x3FF));
  }
}

// The character at the front of valid UTF-8 and how many bytes it has.
std::pair<uint32_t, size_t> Front(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  const size_t size = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (size == 1 || size > text.size()) return {first, 1};
  uint32_t c = first & (0x7Fu >> size);
  for (size_t i = 1; i < size; ++i) c = c << 6 | (byte(i) & 0x3Fu);
  return {c, size};
}

}  // namespace

SplitTime Split(int64_t unix_ms) {
  unix_ms = std::clamp(unix_ms, kFirstSecond * 1000, kLastSecond * 1000);
  int64_t seconds = unix_ms / 1000;
  int64_t ms = unix_ms % 1000;
  if (ms < 0) {
    ms += 1000;
    --seconds;
  }
  return {seconds, static_cast<int32_t>(ms * 1'000'000)};
}

void ProtoOut::WriteLongSize(size_t begin, size_t size) {
  std::array<char, 10> digits;
  size_t count = 0;
  while (size >= 0x80) {
    digits[count++] = static_cast<char>(size | 0x80);
    size >>= 7;
  }
  digits[count++] = static_cast<char>(size);
  to_->insert(begin, count - 1, '\0');
  std::copy_n(digits.begin(), count, to_->begin() + static_cast<std::ptrdiff_t>(begin));
}

void JsonOut::Digits(uint64_t value) {
  std::array<char, 20> digits;
  to_->append(digits.data(), std::to_chars(digits.begin(), digits.end(), value).ptr);
}

// The shorter of 15 and 17 digits that reads back as the same number.
void JsonOut::Double(uint32_t, std::string_view name, double value) {
  if (std::bit_cast<uint64_t>(value) == 0) return;
  Name(name);
  if (std::isnan(value)) {
    to_->append("\"NaN\"");
  } else if (std::isinf(value)) {
    to_->append(value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
  } else {
    std::array<char, 32> digits;
    const auto print = [&](int precision) {
      return std::to_chars(digits.begin(), digits.end(), value, std::chars_format::general,
                           precision)
          .ptr;
    };
    const char* end = print(15);
    double again = 0;
    std::from_chars(digits.data(), end, again);
    if (again != value) end = print(17);
    to_->append(digits.data(), static_cast<size_t>(end - digits.data()));
  }
}

void JsonOut::Time(uint32_t, std::string_view name, int64_t unix_ms) {
  const SplitTime time = Split(unix_ms);
  // Civil date of days since 0000-03-01, in eras of 400 years of 146,097 days.
  const int64_t days = (time.seconds - kFirstSecond) / 86'400 + 306;
  const int64_t second = (time.seconds - kFirstSecond) % 86'400;
  const int64_t era = days / 146'097;
  const int64_t day_of_era = days % 146'097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const int64_t day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  const int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  const int64_t year = era * 400 + year_of_era + (month <= 2 ? 1 : 0);

  Name(name);
  const auto digits = [this](int64_t value, int64_t unit) {
    for (; unit > 0; unit /= 10) to_->push_back(static_cast<char>('0' + value / unit % 10));
  };
  to_->push_back('"');
  digits(year, 1000);
  to_->push_back('-');
  digits(month, 10);
  to_->push_back('-');
  digits(day, 10);
  to_->push_back('T');
  digits(second / 3600, 10);
  to_->push_back(':');
  digits(second / 60 % 60, 10);
  to_->push_back(':');
  digits(second % 60, 10);
  if (time.nanos != 0) {
    to_->push_back('.');
    digits(time.nanos / 1'000'000, 100);
  }
  to_->append("Z\"");
}

void JsonOut::Quote(std::string_view text) {
  to_->push_back('"');
  size_t plain = 0;  // Where what is written as it is begins.
  size_t next = 0;
  while (next < text.size()) {
    if (!kMayBeEscaped[static_cast<unsigned char>(text[next])]) {
      ++next;
      continue;
    }
    const auto [c, size] = Front(text.substr(next));
    if (c < 0x80 || IsInvisible(c)) {
      to_->append(text.substr(plain, next - plain));
      AppendEscaped(to_, c);
      plain = next + size;
    }
    next += size;
  }
  to_->append(text.substr(plain));
  to_->push_back('"');
}

}  // namespace lyceum::envelope
