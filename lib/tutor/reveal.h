// The guard over what tools say while a question is open: does the text give the answer away?
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tutor/content.h"

namespace lyceum::tutor {

// True where the text holds a key as a whole token, spelling and spacing aside. A key of less than
// 3 characters counts only where it is said to be the answer ("= 5", "is 5", "answer: 5"), since it
// is everywhere; so does a choice's text, since the choices are public.
bool Reveals(std::string_view text, const Question& question);

// The same for a text that grows and is looked at again and again.
class RevealKeys {
 public:
  explicit RevealKeys(const Question& question);

  // `plain`: in the spelling of Plain. Its first `known` bytes were looked at before and gave
  // nothing away.
  bool In(std::string_view plain, size_t known = 0) const;
  // The longest key with what behind it makes it the answer.
  size_t bytes() const;

 private:
  enum class Kind { kLong, kShort, kChoice };
  struct Key {
    std::string plain;
    Kind kind;
  };
  static bool Holds(std::string_view text, const Key& key, size_t known);

  std::vector<Key> keys_;
};

}  // namespace lyceum::tutor
