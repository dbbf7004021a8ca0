// ChatView: what a terminal conversation knows and shows. No I/O.
//
// Messages come in with Receive and go out in the order of n, each once: what comes too early is
// kept (at most kEarlyMax) until the gap before it is filled, a second copy is dropped. The caller
// asks for what is missing (Missing) with an attach event.
//
// Ready: the last event we sent was answered and no tool runs, so that the next line will be heard.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "envelope/codec.h"
#include "tutor/effect.h"

namespace lyceum::cli {

// What a line of the learner means.
struct SendEvent {
  tutor::EventKind kind;
};
struct Quit {};
struct ShowHelp {};
struct Nothing {};  // Empty, or a comment.
struct BadLine {
  std::string why;
};
using LineMeaning = std::variant<SendEvent, Quit, ShowHelp, Nothing, BadLine>;

std::string HelpText();

// A text of the tutor for people: safe to print, mathematics readable, commands by the words that can be
// typed here.
std::string ForPeople(std::string_view text);
// An id of a course, topic or question, where no title is known.
std::string NameOf(std::string_view id);

struct Looks {
  bool colour = false;
  size_t width = 0;  // Characters in a line. 0: as long as they come.
};

class ChatView {
 public:
  static constexpr size_t kEarlyMax = 256;

  // `after_n`: of the last message that is not wanted. Empty: the first one that comes sets it.
  explicit ChatView(Looks looks, std::optional<uint32_t> after_n = 0)
      : looks_(looks), last_n_(after_n) {}

  void SetWidth(size_t width) { looks_.width = width; }

  // The messages that can be shown now.
  std::vector<tutor::ClientMessage> Receive(const tutor::ClientMessage& message);
  // For people, control characters stripped, with its newlines.
  std::string Render(const tutor::ClientMessage& message) const;

  // A learner who types the letter of a choice of the open question, as b, B, b), (b), [b] or b., means the
  // choice.
  LineMeaning Read(std::string_view line) const;

  void Sent(const EventId& id);
  // The session is known to be in this state after message n, and an attach is going to send what
  // is missing up to it: not ready before.
  void Join(uint32_t n, tutor::StateName state) {
    joined_n_ = n;
    state_ = state;
  }
  // The question that is open, known from elsewhere than a message.
  void OpenQuestion(const tutor::QuestionView& question) { choices_ = question.choices; }
  bool Ready() const;
  // A tool runs or a teacher decides, as far as is known.
  bool locked() const { return tutor::IsBusy(state_); }
  bool completed() const { return state_ == tutor::StateName::kCompleted; }
  // The session is known to be at n: has everything come?
  bool Has(uint32_t n) const { return last_n_.value_or(0) >= n; }

  // What came after this n is known to be missing: if it does not come by itself, attach with it.
  std::optional<uint32_t> Missing() const;
  // It can not be had any more (too long ago): go on without it. What can be shown now.
  std::vector<tutor::ClientMessage> GiveUpGap();
  uint32_t last_n() const { return last_n_.value_or(0); }

 private:
  std::vector<tutor::ClientMessage> TakeEarly();
  void Note(const tutor::ClientMessage& message);

  Looks looks_;
  std::optional<uint32_t> last_n_;
  uint32_t joined_n_ = 0;
  std::map<uint32_t, tutor::ClientMessage> early_;
  uint32_t graded_n_ = 0;  // Of the last feedback.
  EventId waiting_for_;    // Empty: answered.
  tutor::StateName state_ = tutor::StateName::kExposition;
  std::vector<std::string> choices_;  // Of the open question.
};

}  // namespace lyceum::cli
