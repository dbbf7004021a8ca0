// lyceum course preview: a lesson without a server. Material, questions, hints, verdicts and solutions as
// the built-in tutor has them; nothing is kept.
#include <fmt/format.h>

#include <iostream>
#include <string>

#include "cli/chat_view.h"
#include "cli/cli.h"
#include "cli/course_read.h"
#include "cli/terminal.h"
#include "grading/notation/plain.h"
#include "tools/grade_question.h"
#include "tutor/limits.h"
#include "tutor/names.h"

namespace lyceum::cli {
namespace {

constexpr size_t kLineBytesMax = 4096;

enum class Go { kOn, kQuit };

// One line of the learner; false at the end of the input. What is too long is cut.
bool ReadLine(std::string* line) {
  std::cout << "> " << std::flush;
  if (!std::getline(std::cin, *line)) return false;
  if (line->size() > kLineBytesMax) line->resize(kLineBytesMax);
  *line = std::string(grading::Trimmed(*line));
  return *line != "/quit";
}

void Show(const std::string& text) { std::cout << ForPeople(text) << "\n"; }

void ShowQuestion(const tutor::Question& question) {
  tutor::ClientMessage message;
  message.body =
      tutor::QuestionOut{{question.id, question.text, question.format, question.choices}};
  std::cout << ChatView({}).Render(message);
}

void ShowSolution(const tutor::Question& question) {
  if (!question.solution.empty()) return Show(question.solution);
  std::string keys = question.answers.front();
  if (question.format == tutor::AnswerFormat::kMultipleChoice) {
    for (size_t i = 1; i < question.answers.size(); ++i) keys += ", " + question.answers[i];
  }
  Show("The answer is " + keys + ".");
}

Go Ask(const tutor::Question& question) {
  ShowQuestion(question);
  tutor::CheckAnswerArgs args;
  args.question = question;
  size_t hints = 0;
  std::string line;
  while (args.attempts.size() < tutor::kAttemptsMax) {
    if (!ReadLine(&line)) return Go::kQuit;
    if (line.empty()) continue;
    if (line == "/skip") return Go::kOn;
    if (line == "/hint") {
      if (hints == question.hints.size()) break;
      Show(fmt::format("hint {}/{}: {}", hints + 1, question.hints.size(), question.hints[hints]));
      ++hints;
      continue;
    }
    args.answer = line;
    const tutor::CheckAnswerOk graded = tools::GradeAnswer(args);
    std::cout << "[" << tutor::Name(graded.verdict) << fmt::format(", score {:.2f}", graded.score)
              << "] ";
    Show(graded.feedback.empty() ? graded.answer_note : graded.feedback);
    if (graded.verdict == tutor::Verdict::kCorrect) return Go::kOn;
    const bool counts = graded.verdict == tutor::Verdict::kIncorrect ||
                        graded.verdict == tutor::Verdict::kPartiallyCorrect;
    if (!counts) continue;
    tutor::Attempt attempt;
    attempt.answer = line;
    attempt.verdict = graded.verdict;
    args.attempts.push_back(std::move(attempt));
    if (!graded.known_error) continue;
    for (const tutor::KnownError& error : question.known_errors) {
      if (error.id == graded.known_error->id && !error.text.empty()) Show(error.text);
    }
  }
  ShowSolution(question);
  return Go::kOn;
}

Go Teach(const tutor::Topic& topic) {
  Show("== " + (topic.title.empty() ? topic.id.value : topic.title));
  std::string line;
  for (const std::string& segment : topic.material) {
    Show(segment);
    if (!ReadLine(&line)) return Go::kQuit;
    if (line == "/skip") break;
  }
  for (const tutor::Question& question : topic.questions) {
    if (Ask(question) == Go::kQuit) return Go::kQuit;
  }
  return Go::kOn;
}

}  // namespace

int RunCoursePreview(const Common&, const CourseSource& source, const std::string& topic) {
  bool unreadable = false;
  auto read = ReadCourseFrom(source, &unreadable);
  if (!read) return unreadable ? FailUsage(read.error()) : Fail(kNo, read.error().text);
  if (!read->refusals.empty()) {
    std::cerr << read->refusals.size() << " items are refused: see `lyceum course check`\n";
  }
  bool found = false;
  std::cout << "Enter goes on; /hint, /skip, /quit.\n";
  for (const tutor::Topic& each : read->course.topics) {
    if (!topic.empty() && each.id.value != topic) continue;
    found = true;
    if (Teach(each) == Go::kQuit) break;
  }
  if (!found) {
    return Fail(kNo,
                "there is no topic " + PlainLine(topic, 120) + " in what is left of the course");
  }
  return kDone;
}

}  // namespace lyceum::cli
