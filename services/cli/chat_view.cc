#include "cli/chat_view.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/overloaded.h"
#include "cli/terminal.h"
#include "tutor/limits.h"
#include "tutor/names.h"

namespace lyceum::cli {
namespace {

using tutor::ClientMessage;
using tutor::StateName;

constexpr size_t kLettersMax = 26;

std::string_view Trim(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) {
    text.remove_prefix(1);
  }
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) {
    text.remove_suffix(1);
  }
  return text;
}

// Every line after the first is indented under it.
std::string Block(const std::string& text, std::string_view indent, size_t width) {
  std::string block;
  for (char c : Wrap(text, width > indent.size() + 20 ? width - indent.size() : 0)) {
    block += c;
    if (c == '\n') block += indent;
  }
  return block + "\n";
}

std::string VerdictText(const tutor::FeedbackOut& feedback) {
  std::string mark = "•";
  switch (feedback.verdict) {
    case tutor::Verdict::kCorrect:
      mark = "✓";
      break;
    case tutor::Verdict::kPartiallyCorrect:
      mark = "◐";
      break;
    case tutor::Verdict::kIncorrect:
      mark = "✗";
      break;
    case tutor::Verdict::kInvalid:
    case tutor::Verdict::kNotAnAnswer:
      mark = "?";
      break;
    case tutor::Verdict::kUngraded:
      break;
  }
  const std::string text = Plain(feedback.text);
  return mark + " " + (text.empty() ? std::string(Name(feedback.verdict)) : text);
}

bool IsGoOn(std::string_view text) {
  std::string words(text);
  for (char& c : words) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return words == "continue" || words == "go on" || words == "next";
}

LineMeaning Event(tutor::EventKind kind) { return SendEvent{std::move(kind)}; }

LineMeaning Message(std::string_view text, tutor::Intent intent) {
  if (text.empty()) return BadLine{"say something after it"};
  if (text.size() > tutor::kLearnerTextBytesMax) return BadLine{"that is too long: 16 KiB at most"};
  return Event(tutor::UserMessage{std::string(text), intent});
}

}  // namespace

std::string HelpText() {
  return "  type an answer or a question, or:\n"
         "  /hint           the next hint\n"
         "  /skip           leave this question or part\n"
         "  /continue       go on\n"
         "  /answer TEXT    TEXT is my answer\n"
         "  /ask TEXT       TEXT is a question to the tutor\n"
         "  /quit           leave; the session waits for you\n";
}

void ChatView::Note(const ClientMessage& message) {
  if (!message.in_reply_to.empty() && message.in_reply_to == waiting_for_) waiting_for_ = EventId();
  if (message.n == 0) return;                         // A refusal says nothing of the session.
  if (message.n > joined_n_) state_ = message.state;  // Older ones say how it was.
  if (const auto* question = std::get_if<tutor::QuestionOut>(&message.body)) {
    choices_ = question->question.choices;
  }
}

std::vector<ClientMessage> ChatView::TakeEarly() {
  std::vector<ClientMessage> ready;
  for (auto at = early_.begin(); at != early_.end() && at->first == *last_n_ + 1;) {
    last_n_ = at->first;
    Note(at->second);
    ready.push_back(std::move(at->second));
    at = early_.erase(at);
  }
  return ready;
}

std::vector<ClientMessage> ChatView::Receive(const ClientMessage& message) {
  if (message.n == 0) {
    Note(message);
    return {message};
  }
  if (!last_n_) last_n_ = message.n - 1;
  if (message.n <= *last_n_) return {};
  if (message.n == *last_n_ + 1 || early_.size() < kEarlyMax) early_.emplace(message.n, message);
  return TakeEarly();
}

std::optional<uint32_t> ChatView::Missing() const {
  if (early_.empty() && Has(joined_n_)) return std::nullopt;
  return last_n();
}

std::vector<ClientMessage> ChatView::GiveUpGap() {
  if (early_.empty()) {
    joined_n_ = last_n();
    return {};
  }
  last_n_ = early_.begin()->first - 1;
  return TakeEarly();
}

void ChatView::Sent(const EventId& id) { waiting_for_ = id; }

bool ChatView::Ready() const {
  return waiting_for_.empty() && early_.empty() && Has(joined_n_) &&
         state_ != StateName::kAwaitingToolResult;
}

LineMeaning ChatView::Read(std::string_view line) const {
  const std::string_view text = Trim(line);
  if (text.empty() || text[0] == '#') return Nothing{};
  if (text[0] != '/') {
    const bool is_choice = std::find(choices_.begin(), choices_.end(), text) != choices_.end();
    const auto place = static_cast<size_t>(std::tolower(static_cast<unsigned char>(text[0])) - 'a');
    if (text.size() == 1 && !is_choice && place < std::min(choices_.size(), kLettersMax) &&
        (state_ == StateName::kAwaitingAnswer || state_ == StateName::kRemediatingKnownError ||
         state_ == StateName::kRemediatingUnknownError)) {
      return Message(choices_[place], tutor::Intent::kAnswer);
    }
    // While material is shown, a message is a question about it; who types these asks nothing.
    if (state_ == tutor::StateName::kExposition && IsGoOn(text)) return Event(tutor::Continue{});
    return Message(text, tutor::Intent::kUnspecified);
  }
  const size_t space = text.find(' ');
  const std::string_view word = text.substr(0, space);
  const std::string_view rest =
      space == std::string_view::npos ? std::string_view() : Trim(text.substr(space));
  if (word == "/hint") return Event(tutor::Hint{});
  if (word == "/skip") return Event(tutor::Skip{});
  if (word == "/continue") return Event(tutor::Continue{});
  if (word == "/answer") return Message(rest, tutor::Intent::kAnswer);
  if (word == "/ask") return Message(rest, tutor::Intent::kQuestion);
  if (word == "/quit") return Quit{};
  if (word == "/help") return ShowHelp{};
  return BadLine{"there is no " + PlainLine(word, 40) + ": /help says what there is"};
}

std::string ChatView::Render(const ClientMessage& message) const {
  const auto paint = [this](const char* code, const std::string& text) {
    return looks_.colour ? "\x1b[" + std::string(code) + "m" + text + "\x1b[0m" : text;
  };
  const auto block = [this](const std::string& text, std::string_view indent) {
    return Block(text, indent, looks_.width);
  };
  return std::visit(
      Overloaded{
          [&](const tutor::TextOut& out) { return "\n" + block(Plain(out.text), ""); },
          [&](const tutor::QuestionOut& out) {
            std::string text = "\n" + paint("1", block("? " + Plain(out.question.text), "  "));
            for (size_t i = 0; i < out.question.choices.size(); ++i) {
              const std::string letter = i < kLettersMax
                                             ? std::string(1, static_cast<char>('a' + i))
                                             : std::to_string(i + 1);
              text += block("    " + letter + ") " + Plain(out.question.choices[i]), "       ");
            }
            return text;
          },
          [&](const tutor::FeedbackOut& out) {
            const bool good = out.verdict == tutor::Verdict::kCorrect;
            return paint(good ? "32" : "33", block(VerdictText(out), "  "));
          },
          [&](const tutor::HintOut& out) {
            return paint("36", block("hint " + std::to_string(out.level) + "/" +
                                         std::to_string(out.of) + ": " + Plain(out.text),
                                     "  "));
          },
          [&](const tutor::WaitOut&) {
            return paint("2", "… one moment, the tutor is thinking\n");
          },
          [&](const tutor::ErrorOut& out) {
            return paint("31", block("! " + Plain(out.text.empty() ? out.code : out.text), "  "));
          },
          [&](const tutor::ProgressOut& out) {
            return paint("2", "[" + PlainLine(out.topic.value, 80) + ": " +
                                  std::to_string(out.done) + " of " + std::to_string(out.total) +
                                  "]\n");
          },
          [&](const tutor::CompletedOut&) { return paint("32", "★ The course is completed.\n"); },
          [&](const tutor::RetractOut&) { return std::string(); },
          [&](const tutor::ResumedOut&) { return std::string(); },
          [&](const tutor::DetachedOut& out) {
            return paint("31", block("! " + Plain(out.reason), "  "));
          },
      },
      message.body);
}

}  // namespace lyceum::cli
