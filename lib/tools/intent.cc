#include "tools/intent.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

#include "grading/answer/grade.h"
#include "tools/grade_question.h"
#include "tutor/answer_shape.h"

namespace lyceum::tools {
namespace {

using tutor::FoundIntent;

// Lower case words between single spaces, no punctuation; apostrophes gone.
std::string Plainly(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\'') continue;
    if (byte >= 0x80 || std::isalnum(byte) != 0) {
      out += static_cast<char>(byte < 0x80 ? std::tolower(byte) : byte);
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

template <size_t N>
bool IsOneOf(const std::string& words, const std::array<std::string_view, N>& phrases) {
  return std::find(phrases.begin(), phrases.end(), words) != phrases.end();
}

template <size_t N>
bool Has(const std::string& words, const std::array<std::string_view, N>& phrases) {
  const std::string padded = " " + words + " ";
  return std::any_of(phrases.begin(), phrases.end(), [&](std::string_view phrase) {
    return padded.find(" " + std::string(phrase) + " ") != std::string::npos;
  });
}

template <size_t N>
bool Begins(const std::string& words, const std::array<std::string_view, N>& phrases) {
  const std::string padded = words + " ";
  return std::any_of(phrases.begin(), phrases.end(), [&](std::string_view phrase) {
    return padded.rfind(std::string(phrase) + " ", 0) == 0;
  });
}

constexpr std::array<std::string_view, 24> kHint = {
    "hint",        "a hint",        "hint please", "i am stuck",  "im stuck",    "stuck",
    "help",        "help me",       "i dont know", "no idea",     "i need help", "i have no idea",
    "idk",         "dunno",         "i dunno",     "no clue",     "not sure",    "i have no clue",
    "im not sure", "i am not sure", "help please", "please help", "i am lost",   "im lost"};
// "idk how to start"; with one of the words behind it, it asks about something.
constexpr std::array<std::string_view, 6> kHintBegins = {
    "idk", "i dont know how", "i do not know", "i dont know where", "no idea how", "im stuck on"};
constexpr std::array<std::string_view, 4> kAbout = {"what", "why", "mean", "means"};
constexpr std::array<std::string_view, 6> kHintInside = {"a hint",    "another hint",   "next hint",
                                                         "some help", "give me a clue", "a clue"};
constexpr std::array<std::string_view, 9> kSkip = {
    "skip",      "skip it", "skip this",     "pass", "next question", "skip this question",
    "i give up", "give up", "lets skip this"};
constexpr std::array<std::string_view, 17> kContinue = {
    "continue", "go on",      "next",   "ok",        "okay",    "ready",
    "im ready", "i am ready", "yes",    "lets go",   "sure",    "got it",
    "i see",    "understood", "thanks", "thank you", "go ahead"};
constexpr std::array<std::string_view, 26> kAsks = {
    "what",        "whats",        "why",     "how",
    "when",        "where",        "which",   "who",
    "can you",     "could you",    "is it",   "is there",
    "does",        "do i",         "do we",   "should i",
    "explain",     "tell me",      "show me", "i dont understand",
    "i dont get",  "what if",      "are",     "please explain",
    "im confused", "i am confused"};
constexpr std::array<std::string_view, 7> kOffTopic = {
    "the weather",   "football",        "your name",  "a joke",
    "are you human", "are you a robot", "do you like"};
constexpr std::array<std::string_view, 8> kAnswers = {
    "is it", "the answer is", "i think", "my answer is", "i think its", "it is", "its", "answer"};

// The grader can tell: of the format of the question, or in words the key itself.
bool ReadsAsAnswer(std::string_view text, const tutor::Question& question) {
  const bool choices = question.format == tutor::AnswerFormat::kChoice ||
                       question.format == tutor::AnswerFormat::kMultipleChoice;
  if (question.answers.empty() && !choices) return false;
  const grading::Item item = ItemOf(question);
  if (question.format != tutor::AnswerFormat::kText) return grading::ReadsAsAnswer(item, text);
  return grading::CheckAnswer(item, text).outcome == grading::Outcome::kCorrect;
}

}  // namespace

tutor::ClassifyIntentOk ClassifyIntent(std::string_view text, const tutor::Question* question) {
  const std::string words = Plainly(text);
  const size_t end = text.find_last_not_of(" \t\r\n");
  const bool mark = end != std::string_view::npos && text[end] == '?';
  const bool continues = IsOneOf(words, kContinue);
  const bool choice = question != nullptr && question->format == tutor::AnswerFormat::kChoice;
  if (IsOneOf(words, kHint)) return {FoundIntent::kHint, 0.9};
  if (IsOneOf(words, kSkip)) return {FoundIntent::kSkip, 0.9};
  const bool reads =
      question != nullptr && !mark && (!continues || choice) && ReadsAsAnswer(text, *question);
  if (reads) return {FoundIntent::kAnswer, kReadsConfidence};
  if (Begins(words, kHintBegins) && !Has(words, kAbout)) return {FoundIntent::kHint, 0.8};
  if (Has(words, kOffTopic)) return {FoundIntent::kOffTopic, 0.7};
  if (Has(words, kHintInside)) return {FoundIntent::kHint, 0.8};
  const bool answers = question != nullptr && tutor::LooksLikeAnswer(text, *question);
  if (mark) return {FoundIntent::kQuestion, Begins(words, kAsks) ? 0.95 : 0.85};
  if (Begins(words, kAsks)) return {FoundIntent::kQuestion, 0.8};
  // "yes" may be the answer of a question in words.
  if (answers && !continues) return {FoundIntent::kAnswer, 0.8};
  if (continues) {
    if (answers && choice) return {FoundIntent::kAnswer, 0.7};
    return {FoundIntent::kContinue, 0.8};
  }
  if (question != nullptr && Begins(words, kAnswers)) return {FoundIntent::kAnswer, 0.7};
  return {FoundIntent::kQuestion, 0.5};
}

}  // namespace lyceum::tools
