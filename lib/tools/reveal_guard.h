// RevealGuard: what of a text may already be said while it is still being made and a question is
// open.
//
// Of the text so far everything up to a word's end may go out, except so much at its end as the
// longest key takes, spelling aside: so when a key is complete, none of it has been said, and
// nothing more is. With no question open everything passes at once. Each addition costs as much as
// is new, whatever it is made of. Pure.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "tutor/plain_text.h"
#include "tutor/reveal.h"

namespace lyceum::tools {

class RevealGuard {
 public:
  // Null: no question is open.
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
  // Before a word: in the text, and in its plain form.
  struct Place {
    size_t at = 0;
    size_t plain = 0;
  };
  // All up to `end`, which is a word's.
  bool Check(size_t end);

  const std::optional<tutor::RevealKeys> keys_;
  const size_t held_bytes_ = 0;  // In the plain form.
  std::string text_;
  tutor::PlainWriter plain_;  // Of what is checked.
  std::deque<Place> places_;  // Where what goes out may end, beginning with what did.
  size_t checked_ = 0;        // Up to here it gives nothing away.
  size_t said_ = 0;
  bool revealed_ = false;
};

}  // namespace lyceum::tools
