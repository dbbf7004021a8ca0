// Hashes that are written down somewhere: on a disk, in a record's id, in a partition's number.
// Each gives the same number on every machine. None of them is for secrets.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace lyceum {

// FNV-1a, a byte at a time: for short texts, where others compute the same number.
constexpr uint32_t Fnv1a32(std::string_view bytes) {
  uint32_t hash = 2166136261u;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return hash;
}
constexpr uint64_t Fnv1a64(std::string_view bytes) {
  uint64_t hash = 14695981039346656037ULL;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return hash;
}

namespace hash {

inline constexpr uint64_t kKey0 = 0x9E3779B97F4A7C15ULL;
inline constexpr uint64_t kKey1 = 0xD1B54A32D192ED03ULL;
inline constexpr uint64_t kKey2 = 0x8CB92BA72F3D8DD7ULL;

// The two halves of the 128-bit product, folded.
inline uint64_t Mix(uint64_t a, uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

// Little-endian, whatever the machine is.
inline uint64_t Load64(const char* from) {
  uint64_t value;
  std::memcpy(&value, from, sizeof value);
  if constexpr (std::endian::native == std::endian::big) value = __builtin_bswap64(value);
  return value;
}
inline uint64_t LoadTail(const char* from, size_t size) {  // size < 8
  uint64_t value = 0;
  for (size_t i = 0; i < size; ++i) {
    value |= static_cast<uint64_t>(static_cast<unsigned char>(from[i])) << (8 * i);
  }
  return value;
}

}  // namespace hash

// 64 bits of long data, 16 bytes at a step:
//   h = Mix(seed ^ kKey0, kKey1)
//   for each whole 16 bytes (a, b):  h = Mix(a ^ kKey1 ^ h, b ^ kKey2)
//   the rest, filled with zeros to 16 bytes, likewise; and last h = Mix(h ^ size, kKey0).
// Differing data of the same length differs with near certainty; it is not made against whoever
// looks for two that do not.
inline uint64_t Hash64(std::string_view bytes, uint64_t seed = 0) {
  using namespace hash;
  uint64_t h = Mix(seed ^ kKey0, kKey1);
  const char* from = bytes.data();
  size_t left = bytes.size();
  for (; left >= 16; from += 16, left -= 16) {
    h = Mix(Load64(from) ^ kKey1 ^ h, Load64(from + 8) ^ kKey2);
  }
  const uint64_t a = left >= 8 ? Load64(from) : LoadTail(from, left);
  const uint64_t b = left > 8 ? LoadTail(from + 8, left - 8) : 0;
  h = Mix(a ^ kKey1 ^ h, b ^ kKey2);
  return Mix(h ^ bytes.size(), kKey0);
}

// Of a record of the log: told from another one that lies under the same number.
inline uint64_t Fingerprint(std::string_view subject, std::string_view data, int64_t time_ms) {
  return Hash64(data, Hash64(subject, static_cast<uint64_t>(time_ms)));
}

}  // namespace lyceum
