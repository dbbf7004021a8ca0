#include "tools/key_check.h"

#include <algorithm>

#include "base/token.h"
#include "grading/notation/plain.h"
#include "tools/grade_question.h"

namespace lyceum::tools {
namespace {

constexpr size_t kTextBytesMax = 120;  // Nobody writes the same longer sentence.
constexpr size_t kFigureBytesMax = 200;

bool HoldsInvisible(std::string_view key) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (std::any_of(key.begin(), key.end(), is_control)) return true;
  for (const std::string_view character :
       {"\u200B", "\u200C", "\u200D", "\u2060", "\uFEFF", "\uFFFD", "\u00AD"}) {
    if (key.find(character) != std::string_view::npos) return true;
  }
  // The private use area: U+E000 to U+F8FF.
  for (size_t i = 0; i + 2 < key.size(); ++i) {
    const auto byte = [&](size_t at) { return static_cast<unsigned char>(key[at]); };
    if (byte(i) == 0xEE || (byte(i) == 0xEF && byte(i + 1) < 0xA4)) return true;
  }
  return false;
}

}  // namespace

std::string WhyUntypable(const tutor::Question& question, const std::string& key) {
  using tutor::AnswerFormat;
  const bool choices =
      question.format == AnswerFormat::kChoice || question.format == AnswerFormat::kMultipleChoice;
  if (choices) return {};
  if (HoldsInvisible(key)) return "it has characters that cannot be seen";
  if (grading::Plain(key).find('\\') != std::string::npos) {
    return "it has LaTeX that has no plain notation";
  }
  if (question.format == AnswerFormat::kText && key.size() > kTextBytesMax) {
    return "it is a long text that has to be met exactly";
  }
  tutor::CheckAnswerArgs args;
  args.question = question;
  args.answer = key;
  const tutor::CheckAnswerOk graded = GradeAnswer(args);
  if (graded.verdict == tutor::Verdict::kCorrect) return {};
  const bool copy = graded.verdict == tutor::Verdict::kInvalid && !graded.answer_note.empty();
  return copy ? "given as an answer it is not graded: " + graded.answer_note
              : "given as an answer it is not correct";
}

std::string MissingFigure(std::string_view text) {
  for (size_t begin = text.find("##"); begin != std::string_view::npos;) {
    const size_t end = text.find("##", begin + 2);
    if (end == std::string_view::npos) return {};
    const std::string_view name = text.substr(begin + 2, end - begin - 2);
    const bool file = !name.empty() && name.size() <= kFigureBytesMax &&
                      name.find_first_of(" \n\t#") == std::string_view::npos &&
                      name.find('.') != std::string_view::npos;
    if (file) return std::string(name);
    begin = end;
  }
  return {};
}

std::string MissingFigure(const tutor::Question& question) {
  std::string figure = MissingFigure(question.text);
  const auto look = [&](std::string_view text) {
    if (figure.empty()) figure = MissingFigure(text);
  };
  look(question.solution);
  for (const std::string& text : question.choices) look(text);
  for (const std::string& text : question.answers) look(text);
  for (const std::string& text : question.hints) look(text);
  for (const tutor::KnownError& error : question.known_errors) look(error.text);
  return figure;
}

}  // namespace lyceum::tools
