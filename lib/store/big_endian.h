// Integers as bytes, the highest first: byte order is then numeric order. For this library's own
// sources.
#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>

namespace lyceum::store {

template <std::unsigned_integral T>
void AppendBigEndian(std::string* out, T value) {
  for (int shift = 8 * (static_cast<int>(sizeof(T)) - 1); shift >= 0; shift -= 8) {
    out->push_back(static_cast<char>(value >> shift));
  }
}

// Of the first bytes; there are enough of them.
template <std::unsigned_integral T>
T ReadBigEndian(std::string_view bytes) {
  T value = 0;
  for (size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>(value << 8 | static_cast<unsigned char>(bytes[i]));
  }
  return value;
}

}  // namespace lyceum::store
