#include "tutor/course.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>

#include "tutor/limits.h"
#include "tutor/plain_text.h"

namespace lyceum::tutor {
namespace {

using Found = std::vector<std::string>;

void CheckId(std::string_view id, const std::string& what, Found& found) {
  if (IsBlank(id)) found.push_back("the " + what + " is empty");
  if (id.size() > kContentIdBytesMax) found.push_back("the " + what + " is over 128 bytes");
}

void CheckSize(std::string_view text, const std::string& what, size_t bytes_max, Found& found) {
  if (text.size() <= bytes_max) return;
  found.push_back(what + " is over " + std::to_string(bytes_max) + " bytes");
}

void CheckChoices(const Question& question, Found& found) {
  const bool several = question.format == AnswerFormat::kMultipleChoice;
  if (question.format != AnswerFormat::kChoice && !several) {
    if (!question.choices.empty()) found.push_back("choices, but the format is not choice");
    return;
  }
  if (question.choices.size() < 2) found.push_back("less than 2 choices");
  if (question.choices.size() > kChoicesMax) found.push_back("more than 26 choices");
  std::set<std::string> seen;
  for (const std::string& choice : question.choices) {
    if (IsBlank(choice)) found.push_back("a choice is empty");
    if (!seen.insert(choice).second)
      found.push_back("two choices are the same: \"" + choice + "\"");
    CheckSize(choice, "a choice", kContentLineBytesMax, found);
  }
  for (const std::string& key : question.answers) {
    if (!seen.contains(key)) found.push_back("the key is not among the choices: \"" + key + "\"");
  }
}

void CheckNumeric(const Question& question, Found& found) {
  const double relative = question.relative_tolerance;
  if (!std::isfinite(relative) || relative < 0 || relative >= 1) {
    found.push_back("the relative tolerance is not a number from 0 up and below 1");
  }
  if (question.significant_figures > kFiguresMax) {
    found.push_back("more than 15 significant figures");
  }
  if (question.format == AnswerFormat::kNumeric) return;
  if (relative > 0) found.push_back("a relative tolerance, but the format is not numeric");
  if (question.significant_figures > 0) {
    found.push_back("significant figures, but the format is not numeric");
  }
}

void CheckCredit(const Question& question, const KnownError& error, Found& found) {
  const bool several = question.format == AnswerFormat::kMultipleChoice;
  const bool fits =
      several ? error.credit >= -1 && error.credit <= 0 : error.credit >= 0 && error.credit < 1;
  if (!fits) {
    found.push_back("the credit of the known error \"" + error.id.value + "\" is not " +
                    (several ? "from -1 to 0" : "from 0 to below 1"));
  }
  if (several && error.credit < 0 && !question.partial_credit) {
    found.push_back("the known error \"" + error.id.value +
                    "\" has a credit, but partial_credit is false");
  }
}

void CheckKey(const Question& question, Found& found) {
  if (question.answers.empty()) found.push_back("no key");
  for (const std::string& key : question.answers) {
    if (IsBlank(key)) found.push_back("a key is empty");
    CheckSize(key, "a key", kContentLineBytesMax, found);
  }
  if (!std::isfinite(question.tolerance) || question.tolerance < 0) {
    found.push_back("the tolerance is not a number from 0 up");
  }
  CheckNumeric(question, found);
}

void CheckHints(const Question& question, Found& found) {
  if (question.hints.size() > kHintsMax) {
    found.push_back("more than " + std::to_string(kHintsMax) + " hints");
  }
  for (const std::string& hint : question.hints) {
    CheckSize(hint, "a hint", kContentTextBytesMax, found);
  }
}

void CheckKnownErrors(const Question& question, Found& found) {
  if (question.partial_credit && question.format != AnswerFormat::kMultipleChoice) {
    found.push_back("partial_credit, but the format is not multiple_choice");
  }
  std::set<std::string> seen;
  for (const KnownError& error : question.known_errors) {
    CheckId(error.id.value, "known error's id", found);
    if (!seen.insert(error.id.value).second) {
      found.push_back("two known errors with the id \"" + error.id.value + "\"");
    }
    CheckCredit(question, error, found);
    CheckSize(error.text, "a known error's text", kContentTextBytesMax, found);
    for (const std::string& wrong : error.answers) {
      if (std::find(question.answers.begin(), question.answers.end(), wrong) !=
          question.answers.end()) {
        found.push_back("a known wrong answer is the key: \"" + wrong + "\"");
      }
    }
  }
}

void CheckGate(const Topic& topic, Found& found) {
  const Gate& gate = topic.gate;
  if (gate.window > kGateWindowMax) found.push_back("the gate's window is over 64");
  if (gate.correct > gate.window) found.push_back("the gate asks for more than its window holds");
  if (gate.window > 0 && gate.correct == 0) found.push_back("the gate asks for no correct answer");
}

void CheckSynonyms(const Topic& topic, Found& found) {
  if (topic.synonyms.size() > kSynonymGroupsMax)
    found.push_back("more than 256 groups of synonyms");
  for (const auto& group : topic.synonyms) {
    if (group.size() < 2 || group.size() > kSynonymsMax) {
      found.push_back("a group of synonyms has 2 to 16 terms");
    }
    for (const std::string& term : group) {
      if (IsBlank(term)) found.push_back("a synonym is empty");
      CheckSize(term, "a synonym", kSynonymBytesMax, found);
    }
  }
}

void CheckSupervision(const Topic& topic, Found& found) {
  const int64_t decide_ms = topic.supervision ? int64_t{topic.supervision->decide_s} * 1000 : 0;
  if (decide_ms != 0 && (decide_ms < kDecideMsMin || decide_ms > kDecideMsMax)) {
    found.push_back("supervision takes decide_seconds from 5 to 3600, or 0 for 300");
  }
}

}  // namespace

Found Problems(const Question& question) {
  Found found;
  CheckId(question.id.value, "question's id", found);
  if (IsBlank(question.text)) found.push_back("the text is empty");
  CheckSize(question.text, "the text", kContentTextBytesMax, found);
  CheckSize(question.solution, "the solution", kContentTextBytesMax, found);
  CheckKey(question, found);
  CheckChoices(question, found);
  CheckHints(question, found);
  CheckKnownErrors(question, found);
  return found;
}

Found Problems(const Topic& topic) {
  Found found;
  CheckId(topic.id.value, "topic's id", found);
  CheckSize(topic.title, "the title", kContentLineBytesMax, found);
  if (topic.next && (topic.next->empty() || *topic.next == topic.id)) {
    found.push_back("the next topic is empty or the topic itself");
  }
  if (topic.material.empty() && topic.questions.empty() && !topic.generate_questions) {
    found.push_back("neither material nor questions");
  }
  CheckSupervision(topic, found);
  if (topic.material.size() > kTopicItemsMax) found.push_back("more than 4096 segments");
  if (topic.questions.size() > kTopicItemsMax) found.push_back("more than 4096 questions");
  for (const std::string& segment : topic.material) {
    if (IsBlank(segment)) found.push_back("a segment of the material is empty");
    CheckSize(segment, "a segment of the material", kContentTextBytesMax, found);
  }
  std::set<QuestionId> seen;
  for (const Question& question : topic.questions) {
    const std::string name = "question \"" + question.id.value + "\": ";
    if (!seen.insert(question.id).second) found.push_back(name + "the id is there twice");
    for (const std::string& problem : Problems(question)) found.push_back(name + problem);
  }
  CheckGate(topic, found);
  CheckSynonyms(topic, found);
  return found;
}

}  // namespace lyceum::tutor
