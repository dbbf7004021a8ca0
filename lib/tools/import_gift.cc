// GIFT: items between blank lines; "::name::", "[format]", the text, and its answers in braces.
#include <algorithm>
#include <array>
#include <cctype>

#include "base/token.h"
#include "tools/import_draft.h"
#include "tools/markup.h"

namespace lyceum::tools {
namespace {

constexpr std::string_view kEscaped = ":~=#{}\\";
// Escaped signs are bytes of their own while an item is taken apart.
constexpr char kFirstMark = '\x10';

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
}

std::string Marked(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const size_t sign =
        text[i] == '\\' && i + 1 < text.size() ? kEscaped.find(text[i + 1]) : std::string::npos;
    if (sign != std::string::npos) {
      out += static_cast<char>(kFirstMark + static_cast<char>(sign));
      ++i;
    } else if (text.substr(i, 2) == "\\n") {
      out += '\n';
      ++i;
    } else if (static_cast<unsigned char>(text[i]) >= 0x20 || text[i] == '\n' || text[i] == '\t') {
      out += text[i];
    }
  }
  return out;
}

std::string Unmarked(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const int sign = c - kFirstMark;
    const bool marked = sign >= 0 && sign < static_cast<int>(kEscaped.size());
    out += marked ? kEscaped[static_cast<size_t>(sign)] : c;
  }
  return out;
}

enum class Markup { kMoodle, kHtml, kPlain };

// One answer: "=", "~" or neither before it, a weight, the text and a feedback.
struct Piece {
  bool equals = false;
  std::optional<double> weight;
  std::string text;
  std::string feedback;
};

class Item {
 public:
  Item(int line, std::string text, ImportDraft* draft)
      : line_(line), text_(Marked(text)), draft_(draft) {}

  void Read() {
    if (auto read = ReadParts(); !read) draft_->Refuse(line_, Name(), read.error().text);
  }

 private:
  std::string Name() const { return name_.empty() ? Unmarked(text_.substr(0, 60)) : name_; }

  Result<void> ReadParts() {
    std::string_view text = Trim(text_);
    if (text.starts_with("::")) {
      const size_t end = text.find("::", 2);
      if (end == std::string_view::npos) return Reject("a name without an end: ::name::");
      name_ = Unmarked(Trim(text.substr(2, end - 2)));
      text = Trim(text.substr(end + 2));
    }
    if (text.starts_with("[")) {
      const std::string_view format = text.substr(0, std::min(text.find(']'), text.size()));
      if (format == "[html") markup_ = Markup::kHtml;
      if (format == "[plain" || format == "[markdown") markup_ = Markup::kPlain;
      if (format == "[html" || format == "[plain" || format == "[markdown" || format == "[moodle") {
        text.remove_prefix(std::min(format.size() + 1, text.size()));
        text = Trim(text);
      }
    }
    const size_t open = text.find('{');
    if (open == std::string_view::npos) {
      if (text.find('}') != std::string_view::npos) return Reject("a } without its {");
      auto material = Text(text);
      if (!material) return material.error();
      draft_->AddMaterial(line_, std::move(*material));
      return {};
    }
    const size_t close = text.find('}', open);
    if (close == std::string_view::npos) return Reject("a { without its }");
    const std::string_view after = Trim(text.substr(close + 1));
    if (after.find_first_of("{}") != std::string_view::npos) {
      return Reject("more than one part in braces");
    }
    std::string asked(Trim(text.substr(0, open)));
    if (!after.empty()) {
      const bool mark = std::ispunct(static_cast<unsigned char>(after.front())) != 0;
      asked += " _____" + std::string(mark ? "" : " ") + std::string(after);
    }
    auto question_text = Text(asked);
    if (!question_text) return question_text.error();
    question_.text = std::move(*question_text);
    if (auto answers = ReadAnswers(text.substr(open + 1, close - open - 1)); !answers) {
      return answers;
    }
    draft_->Add(line_, name_, std::move(question_));
    return {};
  }

  Result<std::string> Text(std::string_view marked) const {
    const std::string text = Unmarked(Trim(marked));
    return markup_ == Markup::kPlain ? WithCourseMath(text) : MarkdownOfHtml(text);
  }

  Result<void> ReadAnswers(std::string_view text) {
    std::string general;
    if (const size_t mark = text.find("####"); mark != std::string_view::npos) {
      auto feedback = Text(text.substr(mark + 4));
      if (!feedback) return feedback.error();
      general = std::move(*feedback);
      text = text.substr(0, mark);
    }
    text = Trim(text);
    auto read = ReadKind(text);
    Append(general, &question_.solution);
    return read;
  }

  Result<void> ReadKind(std::string_view text) {
    if (text.empty()) return Reject("an essay");
    if (text.front() == '#') return ReadNumbers(Trim(text.substr(1)));
    const std::string_view word = Trim(text.substr(0, text.find('#')));
    std::string truth(word);
    for (char& c : truth) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    if (truth == "T" || truth == "TRUE") return ReadTruth(true, text);
    if (truth == "F" || truth == "FALSE") return ReadTruth(false, text);
    if (text.find('~') != std::string_view::npos) return ReadChoices(text);
    if (text.front() != '=') return Reject("answers without = or ~");
    if (text.find("->") != std::string_view::npos) return Reject("matching");
    return ReadShort(text);
  }

  // "T", "T#of the wrong answer#of the right one"
  Result<void> ReadTruth(bool truth, std::string_view text) {
    std::array<std::string, 2> feedback;
    for (std::string& part : feedback) {
      const size_t mark = text.find('#');
      if (mark == std::string_view::npos) break;
      text = text.substr(mark + 1);
      auto read = Text(text.substr(0, text.find('#')));
      if (!read) return read.error();
      part = std::move(*read);
    }
    return SetOneChoice({{"True", truth ? 1.0 : 0.0, feedback[truth ? 1 : 0]},
                         {"False", truth ? 0.0 : 1.0, feedback[truth ? 0 : 1]}},
                        &question_);
  }

  Result<std::vector<Piece>> PiecesOf(std::string_view text, std::string_view marks) const {
    std::vector<Piece> pieces;
    while (!text.empty()) {
      Piece piece;
      piece.equals = text.front() == '=';
      const bool marked = marks.find(text.front()) != std::string_view::npos;
      if (!marked && !pieces.empty()) return Reject("an answer without its sign");
      if (marked) text.remove_prefix(1);
      const size_t end = std::min(text.find_first_of(marks), text.size());
      std::string_view body = Trim(text.substr(0, end));
      text = text.substr(end);
      if (body.starts_with('%')) {
        const size_t percent = body.find('%', 1);
        const auto weight = percent == std::string_view::npos
                                ? std::nullopt
                                : NumberIn(body.substr(1, percent - 1));
        if (!weight) return Reject("a weight that is not a number: %50%");
        piece.weight = *weight / 100;
        body = Trim(body.substr(percent + 1));
      }
      if (const size_t mark = body.find('#'); mark != std::string_view::npos) {
        auto feedback = Text(body.substr(mark + 1));
        if (!feedback) return feedback.error();
        piece.feedback = std::move(*feedback);
        body = Trim(body.substr(0, mark));
      }
      auto written = Text(body);
      if (!written) return written.error();
      piece.text = std::move(*written);
      pieces.push_back(std::move(piece));
    }
    return pieces;
  }

  Result<void> ReadChoices(std::string_view text) {
    auto pieces = PiecesOf(text, "~=");
    if (!pieces) return pieces.error();
    const bool one = std::any_of(pieces->begin(), pieces->end(),
                                 [](const Piece& piece) { return piece.equals; });
    std::vector<WeightedChoice> choices;
    for (Piece& piece : *pieces) {
      const double weight = piece.weight.value_or(piece.equals ? 1 : 0);
      choices.push_back({std::move(piece.text), weight, std::move(piece.feedback)});
    }
    return one ? SetOneChoice(choices, &question_) : SetSeveralChoices(choices, true, &question_);
  }

  Result<void> ReadShort(std::string_view text) {
    auto pieces = PiecesOf(text, "=");
    if (!pieces) return pieces.error();
    std::vector<WeightedAnswer> answers;
    for (Piece& piece : *pieces) {
      answers.push_back(
          {std::move(piece.text), piece.weight.value_or(1), std::move(piece.feedback)});
    }
    question_.format = tutor::AnswerFormat::kText;
    return SetAnswers(answers, &question_);
  }

  // "1822", "1822:2", "3.141..3.142", or several of them after "=".
  Result<void> ReadNumbers(std::string_view text) {
    auto pieces = PiecesOf(text, "=~");
    if (!pieces) return pieces.error();
    std::vector<WeightedAnswer> answers;
    for (size_t i = 0; i < pieces->size(); ++i) {
      Piece& piece = (*pieces)[i];
      const bool only = i == 0 && pieces->size() == 1;
      if (!piece.equals && !only) {
        draft_->Warn(line_, Name(), "the feedback on any other number is left out");
        continue;
      }
      auto answer = NumberOf(piece.text);
      if (!answer) return answer.error();
      answer->weight = piece.weight.value_or(1);
      answer->feedback = std::move(piece.feedback);
      answers.push_back(std::move(*answer));
    }
    question_.format = tutor::AnswerFormat::kNumeric;
    return SetAnswers(answers, &question_);
  }

  static Result<WeightedAnswer> NumberOf(std::string_view text) {
    WeightedAnswer answer;
    if (const size_t dots = text.find(".."); dots != std::string_view::npos) {
      const auto low = NumberIn(text.substr(0, dots));
      const auto high = NumberIn(text.substr(dots + 2));
      if (!low || !high || *low > *high) return Reject("a range that is not low..high");
      answer.text = Written((*low + *high) / 2);
      answer.tolerance = (*high - *low) / 2;
      return answer;
    }
    const size_t colon = text.find(':');
    answer.text = std::string(Trim(text.substr(0, colon)));
    if (answer.text == "*") return Reject("any number is right");
    if (!NumberIn(answer.text)) return Reject("\"" + answer.text + "\" is not a number");
    if (colon != std::string_view::npos) {
      const auto tolerance = NumberIn(text.substr(colon + 1));
      if (!tolerance || *tolerance < 0) return Reject("a tolerance that is not a number");
      answer.tolerance = *tolerance;
    }
    return answer;
  }

  int line_;
  std::string text_;
  ImportDraft* draft_;
  std::string name_;
  Markup markup_ = Markup::kMoodle;
  tutor::Question question_;
};

}  // namespace

void ReadGift(const SourceFile& file, ImportDraft* draft) {
  std::string_view text = file.bytes;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (!IsUtf8(text)) return draft->Refuse(0, {}, "the file is not UTF-8");
  std::string item;
  int begin = 0;
  int number = 0;
  const auto flush = [&] {
    if (!Trim(item).empty()) Item(begin, item, draft).Read();
    item.clear();
  };
  while (!text.empty()) {
    ++number;
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::string_view trimmed = Trim(line);
    if (trimmed.starts_with("//")) continue;
    if (trimmed.empty()) {
      flush();
    } else if (trimmed.starts_with("$CATEGORY:")) {
      flush();
      const std::string_view path = Trim(trimmed.substr(10));
      draft->BeginTopic(std::string(path.substr(path.rfind('/') + 1)));
    } else {
      if (item.empty()) begin = number;
      item += std::string(line) + "\n";
    }
  }
  flush();
}

}  // namespace lyceum::tools
