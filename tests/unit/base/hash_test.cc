// The numbers are written down elsewhere: they must never change.
#include "base/hash.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace lyceum {
namespace {

TEST(Hash, KnownTextsHaveKnownNumbers) {
  static_assert(Fnv1a32("") == 0x811C9DC5u);
  static_assert(Fnv1a32("foobar") == 0xBF9CF968u);
  static_assert(Fnv1a64("") == 0xCBF29CE484222325u);
  static_assert(Fnv1a64("foobar") == 0x85944171F73967E8u);
  EXPECT_EQ(Hash64(""), 0xC5F4CFC5DD2E59B3u);
  EXPECT_EQ(Hash64("foobar"), 0xA5B1698FEAF68544u);
  EXPECT_EQ(Hash64(std::string(1'000, 'x'), 7), 0xEE429D1DDE933D8Au);
  EXPECT_EQ(Fingerprint("lyceum.p.3.user.ana", "data", 1'769'847'300'123), 0x61C857C0C1AF23E7u);
}

TEST(Hash, EveryByteAndTheLengthCount) {
  std::set<uint64_t> seen;
  size_t made = 0;
  for (size_t size = 0; size <= 70; ++size) {
    std::string text(size, '\0');
    seen.insert(Hash64(text));
    ++made;
    for (size_t i = 0; i < size; ++i) {
      for (const char c : {'\x01', '\x80', '\xFF'}) {
        text[i] = c;
        seen.insert(Hash64(text));
        ++made;
      }
      text[i] = '\0';
    }
  }
  EXPECT_EQ(seen.size(), made);
}

// A text that is cut elsewhere, another time, another order: another fingerprint.
TEST(Hash, FingerprintsTellRecordsApart) {
  const std::set<uint64_t> seen = {Fingerprint("ab", "c", 1), Fingerprint("a", "bc", 1),
                                   Fingerprint("ab", "c", 2), Fingerprint("c", "ab", 1),
                                   Fingerprint("abc", "", 1), Fingerprint("", "abc", 1)};
  EXPECT_EQ(seen.size(), 6u);
}

}  // namespace
}  // namespace lyceum
