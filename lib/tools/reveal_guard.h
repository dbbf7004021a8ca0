// RevealGuard: what of a text may already be said while it is still being made and a question is
// open.
//
// Of the text so far everything up to a word's end may go out, except so much at its end as the
// longest key takes, spelling aside: so when a key is complete, none of it has been said, and
// nothing more is. With no question open everything passes at once. Pure.
#pragma once

#include <string>
#include <string_view>

#include "tutor/content.h"

namespace lyceum::tools {

class RevealGuard {
 public:
  // Null: no question is open. Outlives the guard.
  explicit RevealGuard(const tutor::Question* question);

  // What may go out now, after what went out before.
  std::string Add(std::string_view text);
  // The text is whole: the rest of it, or nothing where it gives the answer away.
  std::string Finish();
  // The text was taken back: begins anew.
  void Reset();

  bool revealed() const { return revealed_; }
  const std::string& text() const { return text_; }  // All that was added.

 private:
  size_t SayableEnd(size_t checked) const;

  const tutor::Question* const question_;
  size_t held_bytes_ = 0;  // In the spelling of tutor::Plain.
  std::string text_;
  size_t checked_ = 0;  // Up to here it gives nothing away.
  size_t said_ = 0;
  bool revealed_ = false;
};

}  // namespace lyceum::tools
