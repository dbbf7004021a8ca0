// Marks and TextJoiner: text whose characters are split over events.
//
// A server that cuts its text between bytes or between UTF-16 units sends events that are no JSON:
// half a character as bytes, or half a surrogate pair as an escape. Marked() makes each of them a
// character of its own, so that the JSON can be read; TextJoiner puts the halves of neighbouring
// events together again.
//
//   byte b of 0x80..0xff that is no UTF-8    -> U+10F780 + b - 0x80
//   surrogate s of 0xd800..0xdfff, alone     -> U+10F800 + s - 0xd800
// These are of the private use area, where no text has anything.
#pragma once

#include <string>
#include <string_view>

namespace lyceum::llm {

// The JSON text, valid UTF-8 and without an escape of half a pair. As it is where it was so.
std::string Marked(std::string_view json);

class TextJoiner {
 public:
  // Appends what is whole; keeps half a character, of 6 bytes at most. False: bytes that are no
  // character with any that may follow. Then there is no more text.
  bool Add(std::string_view marked, std::string* text);
  // Half a character waits for its other half.
  bool waits() const { return !held_.empty(); }

 private:
  std::string held_;  // Bytes; surrogates as three bytes each, as UTF-8 would have them.
};

}  // namespace lyceum::llm
