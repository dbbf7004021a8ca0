#include "cli/chat_view.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/overloaded.h"
#include "cli/math_text.h"
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

void ReplaceAll(std::string* text, std::string_view what, std::string_view with) {
  for (size_t i = text->find(what); i != std::string::npos; i = text->find(what, i + with.size())) {
    text->replace(i, what.size(), with);
  }
}

// "b", "B", "b)", "(b)", "[b]", "b.": the place of the letter. Empty: something else.
std::optional<size_t> LetterOf(std::string_view text) {
  if (text.size() == 3 &&
      ((text[0] == '(' && text[2] == ')') || (text[0] == '[' && text[2] == ']'))) {
    text = text.substr(1, 1);
  } else if (text.size() == 2 && (text[1] == ')' || text[1] == '.' || text[1] == ':')) {
    text = text.substr(0, 1);
  }
  if (text.size() != 1 || std::isalpha(static_cast<unsigned char>(text[0])) == 0)
    return std::nullopt;
  return static_cast<size_t>(std::tolower(static_cast<unsigned char>(text[0])) - 'a');
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
  const std::string text = ForPeople(feedback.text);
  return mark + " " + (text.empty() ? std::string(Name(feedback.verdict)) : text);
}

std::string Lower(std::string_view text) {
  std::string lower(text.substr(0, 16));
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}
bool IsGoOn(std::string_view text) {
  const std::string said = Lower(text);
  return said == "continue" || said == "go on" || said == "next";
}

LineMeaning Event(tutor::EventKind kind) { return SendEvent{std::move(kind)}; }

LineMeaning Message(std::string_view text, tutor::Intent intent) {
  if (text.empty()) return BadLine{"say something after it"};
  if (text.size() > tutor::kLearnerTextBytesMax) return BadLine{"that is too long: 16 KiB at most"};
  return Event(tutor::UserMessage{std::string(text), intent});
}

}  // namespace

std::string ForPeople(std::string_view text) {
  std::string readable = ReadableMath(Plain(text));
  ReplaceAll(&readable, "send continue", "say go on");
  ReplaceAll(&readable, "Send continue", "Say go on");
  ReplaceAll(&readable, "send start with a course first", "name a course with --course");
  return readable;
}

std::string NameOf(std::string_view id) {
  std::string name = PlainLine(id, 80);
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '-' || c == '_'; }, ' ');
  return name;
}

std::string HelpText() {
  return "  type an answer or a question, or:\n"
         "  /hint           the next hint\n"
         "  /skip           leave this question or part (also: skip)\n"
         "  /continue       go on (also: go on, next, continue)\n"
         "  /stop           stop what the tutor is at\n"
         "  /wrong [WHY]    the last grade seems wrong: mark it for review\n"
         "  /answer TEXT    TEXT is my answer\n"
         "  /ask TEXT       TEXT is a question to the tutor\n"
         "  /quit           leave; the session waits for you\n";
}

void ChatView::Note(const ClientMessage& message) {
  if (!message.in_reply_to.empty() && message.in_reply_to == waiting_for_) waiting_for_ = EventId();
  if (message.n == 0) return;                         // A refusal says nothing of the session.
  if (message.n > joined_n_) state_ = message.state;  // Older ones say how it was.
  if (std::holds_alternative<tutor::FeedbackOut>(message.body)) graded_n_ = message.n;
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
  return waiting_for_.empty() && early_.empty() && Has(joined_n_) && !tutor::IsBusy(state_);
}

LineMeaning ChatView::Read(std::string_view line) const {
  const std::string_view text = Trim(line);
  if (text.empty() || text[0] == '#') return Nothing{};
  if (text[0] != '/') {
    const bool is_choice = std::find(choices_.begin(), choices_.end(), text) != choices_.end();
    const std::optional<size_t> letter = LetterOf(text);
    if (letter && !is_choice && *letter < std::min(choices_.size(), kLettersMax) &&
        (state_ == StateName::kAwaitingAnswer || state_ == StateName::kRemediatingKnownError ||
         state_ == StateName::kRemediatingUnknownError)) {
      return Message(choices_[*letter], tutor::Intent::kAnswer);
    }
    // Where no question is open, a message is a question to the tutor; who types these asks nothing.
    if (state_ == StateName::kExposition || state_ == StateName::kSettingQuestion ||
        state_ == StateName::kErrorState || state_ == StateName::kCompleted) {
      if (IsGoOn(text)) return Event(tutor::Continue{});
      if (Lower(text) == "skip") return Event(tutor::Skip{});
    }
    return Message(text, tutor::Intent::kUnspecified);
  }
  const size_t space = text.find(' ');
  const std::string_view word = text.substr(0, space);
  const std::string_view rest =
      space == std::string_view::npos ? std::string_view() : Trim(text.substr(space));
  if (word == "/hint") return Event(tutor::Hint{});
  if (word == "/skip") return Event(tutor::Skip{});
  if (word == "/continue") return Event(tutor::Continue{});
  if (word == "/stop") return Event(tutor::Stop{});
  if (word == "/wrong") {
    if (graded_n_ == 0) return BadLine{"nothing was graded yet"};
    return Event(tutor::Review{graded_n_, std::string(rest)});
  }
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
          [&](const tutor::TextOut& out) { return "\n" + block(ForPeople(out.text), ""); },
          [&](const tutor::QuestionOut& out) {
            std::string text = "\n" + paint("1", block("? " + ForPeople(out.question.text), "  "));
            for (size_t i = 0; i < out.question.choices.size(); ++i) {
              const std::string letter = i < kLettersMax
                                             ? std::string(1, static_cast<char>('a' + i))
                                             : std::to_string(i + 1);
              text += block("    " + letter + ") " + ForPeople(out.question.choices[i]), "       ");
            }
            if (out.question.format == tutor::AnswerFormat::kMultipleChoice) {
              text += paint("2", "    Several may be right: answer with all their letters, a, c\n");
            }
            return text;
          },
          [&](const tutor::FeedbackOut& out) {
            const bool good = out.verdict == tutor::Verdict::kCorrect;
            return paint(good ? "32" : "33", block(VerdictText(out), "  "));
          },
          [&](const tutor::HintOut& out) {
            return paint("36", block("hint " + std::to_string(out.level) + "/" +
                                         std::to_string(out.of) + ": " + ForPeople(out.text),
                                     "  "));
          },
          [&](const tutor::WaitOut&) {
            const bool teacher = message.state == StateName::kAwaitingApproval;
            return paint("2", teacher ? "… a teacher reads the answer before you get it\n"
                                      : "… one moment, the tutor is thinking\n");
          },
          [&](const tutor::ErrorOut& out) {
            return paint("31",
                         block("! " + ForPeople(out.text.empty() ? out.code : out.text), "  "));
          },
          [&](const tutor::ProgressOut& out) {
            return paint("2", "[" + NameOf(out.topic.value) + ": " + std::to_string(out.done) +
                                  " of " + std::to_string(out.total) + "]\n");
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
