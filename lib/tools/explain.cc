#include "tools/explain.h"

#include "tools/passages.h"
#include "tutor/names.h"
#include "tutor/reveal.h"

namespace lyceum::tools {
namespace {

using tutor::Question;
using tutor::Strategy;

const tutor::KnownError* FindError(const tutor::Topic& topic, const Question* question,
                                   const ErrorId& id) {
  if (question != nullptr) {
    for (const auto& error : question->known_errors) {
      if (error.id == id) return &error;
    }
  }
  for (const Question& other : topic.questions) {
    for (const auto& error : other.known_errors) {
      if (error.id == id) return &error;
    }
  }
  return nullptr;
}

std::string ErrorText(const TopicView& view, const tutor::RemediateKnownErrorArgs& args,
                      const Question* question) {
  std::string text = args.error_text;
  if (text.empty()) {
    const auto* error = FindError(view.topic(), question, args.error);
    if (error != nullptr) text = error->text;
  }
  if (text.empty()) {
    text =
        "This is a wrong answer that many people give here. Look at what the question asks for, "
        "and at the step in which you used each number it gives.";
  }
  return text;
}

std::string FirstSentence(const std::string& text) {
  const size_t end = text.find(". ");
  return end == std::string::npos ? text : text.substr(0, end + 1);
}

std::string ExampleText(const TopicView& view, const std::string& query, const Question* question) {
  if (question != nullptr) {
    if (const Question* example = view.WorkedExample(*question)) {
      return "Here is one like it, worked out.\n\n" + example->text + "\n\n" + example->solution;
    }
  }
  const auto passage = view.Best(query + " example solution step", {}, question);
  return passage ? "From the material:\n\n" + passage->text : std::string();
}

}  // namespace

tutor::GiveHintOk GiveHint(const TopicView& view, const tutor::GiveHintArgs& args) {
  tutor::GiveHintOk ok;
  ok.level = args.level;
  ok.of = args.of;
  ok.bottom_out = args.level >= args.of;
  const Question* question = view.Find(args.question);
  if (question != nullptr && args.level >= 1 && args.level <= question->hints.size()) {
    ok.text = question->hints[args.level - 1];
  }
  if (ok.text.empty()) {
    const auto passage = view.Best(args.question.text, {}, question);
    ok.text = passage ? "This part of the material helps.\n\n" + passage->text
                      : "Write down what is given and what is asked for, and find one step that "
                        "leads from the one to the other.";
    ok.bottom_out = false;
  }
  return ok;
}

tutor::RemediateKnownErrorOk Remediate(const TopicView& view,
                                       const tutor::RemediateKnownErrorArgs& args) {
  const Question* question = view.Find(args.question);
  const std::string error_text = ErrorText(view, args, question);
  const std::string query =
      error_text + " " + (args.question ? args.question->text : std::string());
  tutor::RemediateKnownErrorOk ok;
  ok.error = args.error;
  ok.strategy = std::string(tutor::Name(args.strategy));
  switch (args.strategy) {
    case Strategy::kHint:
      ok.text = FirstSentence(error_text);
      break;
    case Strategy::kExplanation: {
      ok.text = error_text;
      const auto passage = view.Best(query, {}, question);
      if (passage) ok.text += "\n\nThe material puts it like this. " + passage->text;
      break;
    }
    case Strategy::kWorkedExample: {
      ok.text = error_text;
      const std::string example = ExampleText(view, query, question);
      if (!example.empty()) ok.text += "\n\n" + example;
      break;
    }
  }
  if (args.question) ok.probe = "What do you get when you do that step again?";
  ok.reveals_answer = question != nullptr && tutor::Reveals(ok.text, *question);
  return ok;
}

}  // namespace lyceum::tools
