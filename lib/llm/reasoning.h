// ReasoningFilter: what of a model's text is for its reader, while it comes.
//
// Models think aloud in the same text that holds their answer: between tags (<think> ... </think>
// and its like), or in channels (<|channel|>analysis<|message|> ... <|end|>). Some servers take the
// first tag away, or the last one, or all of a channel's but its name. So:
//   a block that is opened            nothing until its end is shown; none, and the rest is hidden
//   an end of a block not opened      all before it was thought: it is void
//   a channel                         only `final` is shown
//   the tokens around it              are never shown
// Tags may come in pieces; what may be the begin of one is kept until it is known. Upper and lower
// case are the same. Bounded: keeps kReasoningBytesMax of what is hidden, and no more than the
// longest tag of what may be one. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lyceum::llm {

inline constexpr size_t kReasoningBytesMax = 64 * 1024;

class ReasoningFilter {
 public:
  struct Shown {
    bool void_before = false;  // All that was shown before is not for the reader.
    std::string text;
  };
  Shown Add(std::string_view text);
  // The text has ended: what was kept because it might have been a tag.
  Shown Finish();

  // What was hidden. For structured answers, which some models put there.
  const std::string& hidden() const { return hidden_; }

 private:
  enum class State {
    kShown,
    kBlock,    // Until block_end_.
    kHeader,   // Of a channel, until its message begins.
    kChannel,  // Another channel than the final one, or between two.
  };
  void Take(std::string_view text, bool last, Shown* shown);
  void Plain(std::string_view text, Shown* shown);
  void Hide(std::string_view text);
  void OnTag(size_t tag, Shown* shown);

  State state_ = State::kShown;
  std::string_view block_end_;
  std::string header_;
  std::string held_;  // Of a tag, perhaps.
  std::string hidden_;
  std::string before_;      // Shown, as long as it may still turn out to be thought.
  bool begun_ = false;      // Something was read.
  bool shown_any_ = false;  // Since the last void.
  bool removed_ = false;    // Something was hidden: white space after it goes too.
};

}  // namespace lyceum::llm
