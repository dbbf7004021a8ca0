#include "tools/explain.h"

#include "tools/passages.h"
#include "tutor/names.h"
#include "tutor/reveal.h"

namespace lyceum::tools {
namespace {

using tutor::Question;
using tutor::Strategy;

// Below this share of the asked words the passage is about something else.
constexpr double kCoverageMin = 0.3;

std::string LastOfTutor(const std::vector<tutor::HistoryEntry>& recent) {
  for (size_t i = recent.size(); i-- > 0;) {
    if (recent[i].role == tutor::Role::kTutor) return recent[i].text;
  }
  return {};
}

std::string Pointer(const Question* question) {
  return question == nullptr ? "" : "\n\nNow look at the question again with that in mind.";
}

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

tutor::ClarifyConceptOk Clarify(const TopicView& view, const tutor::ClarifyConceptArgs& args) {
  const Question* question = view.Find(args.question);
  const std::string context = args.question ? args.question->text : LastOfTutor(args.recent);
  tutor::ClarifyConceptOk ok;
  // "Why?", "I do not get it": about what stands there now.
  const bool about_now = ContentWords(args.text).empty();
  const auto passage =
      about_now ? view.Best(context, {}, question) : view.Best(args.text, context, question);
  const bool fits = passage && (about_now || passage->coverage >= kCoverageMin);
  if (fits) {
    ok.text = (about_now ? "Let us go back to this part of the material.\n\n"
                         : "This is what the material says about it.\n\n") +
              passage->text + Pointer(args.question ? question : nullptr);
    return ok;
  }
  if (about_now) {
    ok.text =
        args.question
            ? "Read the question once more: what is given, and what is asked for? A hint "
              "takes you one step further."
            : "Tell me which word or step is unclear, and I will look for it in the material.";
    return ok;
  }
  ok.on_topic = false;
  const std::string& title = view.topic().title;
  ok.text = "The material of this topic" + (title.empty() ? "" : " (" + title + ")") +
            " does not say anything about that. Ask about a word or a step of it, or go on.";
  return ok;
}

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
