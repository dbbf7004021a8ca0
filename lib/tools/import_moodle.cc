// Moodle's XML: <quiz> of <question type="...">.
#include <algorithm>

#include "tools/import_draft.h"
#include "tools/markup.h"

namespace lyceum::tools {
namespace {

// <x format="html"><text>..</text><file/></x>
Result<std::string> TextOf(const XmlNode* node) {
  if (node == nullptr) return std::string();
  if (node->Child("file") != nullptr) return Reject("a file in <" + node->name + ">");
  const XmlNode* text = node->Child("text");
  const std::string raw = text != nullptr ? text->AllText() : std::string();
  const std::string format = node->Attribute("format");
  const bool plain = format == "plain_text" || format == "markdown";
  auto written = plain ? WithCourseMath(raw) : MarkdownOfHtml(raw);
  if (!written) return Reject(written.error().text + " in <" + node->name + ">");
  return written;
}

std::string Plain(const XmlNode& node, std::string_view child) {
  const XmlNode* found = node.Child(child);
  if (found == nullptr) return {};
  const XmlNode* text = found->Child("text");
  std::string raw = text != nullptr ? text->AllText() : found->AllText();
  const size_t begin = raw.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return {};
  return raw.substr(begin, raw.find_last_not_of(" \t\r\n") + 1 - begin);
}

Result<double> WeightOf(const XmlNode& answer) {
  const auto percent = NumberIn(answer.Attribute("fraction"));
  if (!percent) return Reject("a fraction that is not a number");
  return *percent / 100;
}

Result<std::vector<WeightedChoice>> ChoicesOf(const XmlNode& node) {
  std::vector<WeightedChoice> choices;
  for (const XmlNode* answer : node.Children("answer")) {
    auto text = TextOf(answer);
    if (!text) return text.error();
    auto weight = WeightOf(*answer);
    if (!weight) return weight.error();
    auto feedback = TextOf(answer->Child("feedback"));
    if (!feedback) return feedback.error();
    choices.push_back({std::move(*text), *weight, std::move(*feedback)});
  }
  return choices;
}

Result<void> ReadChoice(const XmlNode& node, tutor::Question* question) {
  auto choices = ChoicesOf(node);
  if (!choices) return choices.error();
  const std::string single = Plain(node, "single");
  const bool one = single != "false" && single != "0";
  return one ? SetOneChoice(*choices, question) : SetSeveralChoices(*choices, true, question);
}

Result<void> ReadTruth(const XmlNode& node, tutor::Question* question) {
  auto choices = ChoicesOf(node);
  if (!choices) return choices.error();
  for (WeightedChoice& choice : *choices) {
    if (choice.text == "true") choice.text = "True";
    if (choice.text == "false") choice.text = "False";
  }
  return SetOneChoice(*choices, question);
}

Result<std::vector<WeightedAnswer>> AnswersOf(const XmlNode& node) {
  std::vector<WeightedAnswer> answers;
  for (const XmlNode* answer : node.Children("answer")) {
    WeightedAnswer read;
    const XmlNode* text = answer->Child("text");
    read.text = text != nullptr ? text->AllText() : answer->AllText();
    auto weight = WeightOf(*answer);
    if (!weight) return weight.error();
    read.weight = *weight;
    auto feedback = TextOf(answer->Child("feedback"));
    if (!feedback) return feedback.error();
    read.feedback = std::move(*feedback);
    if (const XmlNode* tolerance = answer->Child("tolerance")) {
      const std::string written = tolerance->AllText();
      const auto number = NumberIn(written);
      const bool blank = written.find_first_not_of(" \t\r\n") == std::string::npos;
      if (!blank && (!number || *number < 0)) return Reject("a tolerance that is not a number");
      read.tolerance = number.value_or(0);
    }
    answers.push_back(std::move(read));
  }
  return answers;
}

Result<void> ReadShort(const XmlNode& node, tutor::Question* question) {
  if (Plain(node, "usecase") == "1") return Reject("capital letters that count (usecase)");
  auto answers = AnswersOf(node);
  if (!answers) return answers.error();
  question->format = tutor::AnswerFormat::kText;
  return SetAnswers(*answers, question);
}

Result<void> ReadNumber(const XmlNode& node, tutor::Question* question) {
  auto answers = AnswersOf(node);
  if (!answers) return answers.error();
  question->format = tutor::AnswerFormat::kNumeric;
  const XmlNode* units = node.Child("units");
  const auto all = units != nullptr ? units->Children("unit") : std::vector<const XmlNode*>();
  if (all.size() > 1) return Reject("several units");
  if (all.size() == 1) {
    if (NumberIn(Plain(*all[0], "multiplier")).value_or(1) != 1)
      return Reject("a unit's multiplier");
    question->unit = Plain(*all[0], "unit_name");
  }
  return SetAnswers(*answers, question);
}

Result<void> ReadHints(const XmlNode& node, tutor::Question* question) {
  for (const XmlNode* hint : node.Children("hint")) {
    auto text = TextOf(hint);
    if (!text) return text.error();
    if (!text->empty()) question->hints.push_back(std::move(*text));
  }
  return {};
}

Result<void> ReadQuestion(const XmlNode& node, const std::string& name, ImportDraft* draft) {
  const std::string type = node.Attribute("type");
  if (!Plain(node, "image").empty()) return Reject("<image>: a picture");
  auto text = TextOf(node.Child("questiontext"));
  if (type == "description") {
    if (!text) return text.error();
    draft->AddMaterial(node.line, std::move(*text));
    return {};
  }
  tutor::Question question;
  Result<void> read;
  if (type == "multichoice") {
    read = ReadChoice(node, &question);
  } else if (type == "truefalse") {
    read = ReadTruth(node, &question);
  } else if (type == "shortanswer") {
    read = ReadShort(node, &question);
  } else if (type == "numerical") {
    read = ReadNumber(node, &question);
  } else {
    return Reject("the question type " + (type.empty() ? "\"\"" : type));
  }
  if (!text) return text.error();
  if (!read) return read;
  question.text = std::move(*text);
  auto solution = TextOf(node.Child("generalfeedback"));
  if (!solution) return solution.error();
  Append(*solution, &question.solution);
  if (auto hints = ReadHints(node, &question); !hints) return hints;
  const std::string number = Plain(node, "idnumber");
  draft->Add(node.line, number.empty() ? name : number, std::move(question));
  return {};
}

}  // namespace

void ReadMoodleXml(const SourceFile& file, ImportDraft* draft) {
  auto quiz = ParseXml(file.bytes);
  if (!quiz) return draft->Refuse(0, {}, quiz.error().text);
  if (quiz->name != "quiz") {
    return draft->Refuse(quiz->line, {}, "<" + quiz->name + ">, where <quiz> was expected");
  }
  for (const XmlNode& node : quiz->children) {
    if (node.is_text()) continue;
    if (node.name != "question") {
      draft->Refuse(node.line, {}, "<" + node.name + ">, where <question> was expected");
      continue;
    }
    if (node.Attribute("type") == "category") {
      const std::string path = Plain(node, "category");
      draft->BeginTopic(path.substr(path.rfind('/') + 1));
      continue;
    }
    const std::string name = Plain(node, "name");
    if (auto read = ReadQuestion(node, name, draft); !read) {
      draft->Refuse(node.line, name, read.error().text);
    }
  }
}

}  // namespace lyceum::tools
