// OLX of Open edX: <problem>, alone or inside of what holds problems.
#include <algorithm>
#include <array>

#include "tools/import_draft.h"
#include "tools/markup.h"

namespace lyceum::tools {
namespace {

constexpr std::array<std::string_view, 8> kHolders = {
    "course", "chapter", "sequential", "vertical", "library", "openedx", "libraries", "split_test"};

std::string NameOf(const XmlNode& node) {
  const std::string name = node.Attribute("display_name");
  return name.empty() ? node.Attribute("url_name") : name;
}

bool IsResponse(const XmlNode& node) { return node.name.ends_with("response"); }

// Children that are no text of the question: they are read on their own.
bool StandsApart(const XmlNode& node) {
  constexpr std::array<std::string_view, 21> kNames = {
      "choicegroup",          "checkboxgroup", "optioninput",     "textline",
      "formulaequationinput", "solution",      "demandhint",      "responseparam",
      "additional_answer",    "correcthint",   "stringequalhint", "hintgroup",
      "compoundhint",         "choicehint",    "regexphint",      "tolerance",
      "numericalhint",        "radiogroup",    "choice",          "option",
      "partial_answer"};
  return std::find(kNames.begin(), kNames.end(), node.name) != kNames.end();
}

class ProblemReader {
 public:
  ProblemReader(const XmlNode& problem, ImportDraft* draft) : problem_(problem), draft_(draft) {}

  Result<void> Read(const std::string& name) {
    std::vector<const XmlNode*> responses;
    if (auto found = Find(problem_, &responses); !found) return found;
    if (responses.empty()) return Reject("no response: its text may be material");
    if (responses.size() > 1) return Reject("several responses in one problem");
    const XmlNode& response = *responses[0];
    if (auto read = ReadResponse(response); !read) return read;
    if (auto read = ReadAround(problem_); !read) return read;
    XmlNode text = problem_;
    Strip(&text);
    auto written = MarkdownOf(text);
    if (!written) return written.error();
    question_.text = std::move(*written);
    if (question_.text.empty()) question_.text = problem_.Attribute("display_name");
    for (const std::string& feedback : left_out_) draft_->Warn(problem_.line, name, feedback);
    draft_->Add(problem_.line, name, std::move(question_));
    return {};
  }

 private:
  static Result<void> Find(const XmlNode& node, std::vector<const XmlNode*>* responses) {
    for (const XmlNode& child : node.children) {
      if (child.name == "script") return Reject("<script>: values that a program computes");
      if (IsResponse(child)) {
        responses->push_back(&child);
      } else if (auto found = Find(child, responses); !found) {
        return found;
      }
    }
    return {};
  }

  // The text is what is left: labels and prose. A response is a box around its own.
  static void Strip(XmlNode* node) {
    std::erase_if(node->children, [](const XmlNode& child) { return StandsApart(child); });
    for (XmlNode& child : node->children) {
      Strip(&child);
      const bool prose = child.name == "label" || child.name == "legend" ||
                         child.name == "description" || IsResponse(child);
      if (prose) child.name = "p";
    }
  }

  // Hints and solutions, wherever they stand.
  Result<void> ReadAround(const XmlNode& node) {
    for (const XmlNode& child : node.children) {
      if (child.name == "solution") {
        auto text = MarkdownOf(child);
        if (!text) return text.error();
        Append(*text, &question_.solution);
      } else if (child.name == "demandhint") {
        for (const XmlNode* hint : child.Children("hint")) {
          auto text = MarkdownOf(*hint);
          if (!text) return text.error();
          if (!text->empty()) question_.hints.push_back(std::move(*text));
        }
      } else if (auto read = ReadAround(child); !read) {
        return read;
      }
    }
    return {};
  }

  Result<void> ReadResponse(const XmlNode& response) {
    if (response.name == "multiplechoiceresponse") return ReadOneChoice(response);
    if (response.name == "choiceresponse") return ReadSeveral(response);
    if (response.name == "optionresponse") return ReadOptions(response);
    if (response.name == "numericalresponse") return ReadNumber(response);
    if (response.name == "stringresponse") return ReadText(response);
    return Reject("<" + response.name + ">");
  }

  static const XmlNode* GroupOf(const XmlNode& response, std::string_view name) {
    for (const XmlNode& child : response.children) {
      if (child.name == name) return &child;
      if (const XmlNode* found = GroupOf(child, name)) return found;
    }
    return nullptr;
  }

  // Text and feedback of a choice; `selected`: of several, the hint for having marked it.
  Result<WeightedChoice> ChoiceOf(const XmlNode& choice, bool several) {
    WeightedChoice read;
    XmlNode bare = choice;
    std::erase_if(bare.children, [](const XmlNode& child) {
      return child.name == "choicehint" || child.name == "optionhint";
    });
    auto text = MarkdownOf(bare);
    if (!text) return text.error();
    read.text = std::move(*text);
    for (const XmlNode& child : choice.children) {
      if (child.name != "choicehint" && child.name != "optionhint") continue;
      if (several && child.Attribute("selected") == "false") {
        LeaveOut("the feedback on a choice that was not marked");
        continue;
      }
      auto hint = MarkdownOf(child);
      if (!hint) return hint.error();
      Append(*hint, &read.feedback);
    }
    return read;
  }

  Result<void> ReadOneChoice(const XmlNode& response) {
    const XmlNode* group = GroupOf(response, "choicegroup");
    if (group == nullptr) return Reject("no <choicegroup>");
    const bool partial = response.Attribute("partial_credit") == "points";
    std::vector<WeightedChoice> choices;
    for (const XmlNode& child : group->children) {
      if (child.is_text()) continue;
      if (child.name != "choice") return Reject("<" + child.name + "> among choices");
      auto choice = ChoiceOf(child, false);
      if (!choice) return choice.error();
      const std::string correct = Lower(child.Attribute("correct"));
      if (correct == "true") choice->weight = 1;
      if (correct == "partial") {
        if (!partial) return Reject("a partly correct choice without partial_credit");
        choice->weight = NumberIn(child.Attribute("point_value")).value_or(0.5);
      }
      choices.push_back(std::move(*choice));
    }
    return SetOneChoice(choices, &question_);
  }

  Result<void> ReadSeveral(const XmlNode& response) {
    const XmlNode* group = GroupOf(response, "checkboxgroup");
    if (group == nullptr) return Reject("no <checkboxgroup>");
    const std::string partial = response.Attribute("partial_credit");
    if (!partial.empty()) return Reject("partial credit \"" + partial + "\"");
    std::vector<WeightedChoice> choices;
    double right = 0;
    for (const XmlNode& child : group->children) {
      if (child.is_text()) continue;
      if (child.name == "compoundhint") {
        LeaveOut("a feedback on a combination of choices");
        continue;
      }
      if (child.name != "choice") return Reject("<" + child.name + "> among choices");
      auto choice = ChoiceOf(child, true);
      if (!choice) return choice.error();
      if (Lower(child.Attribute("correct")) == "true") {
        choice->weight = 1;
        ++right;
      }
      choices.push_back(std::move(*choice));
    }
    for (WeightedChoice& choice : choices) choice.weight /= std::max(right, 1.0);
    return SetSeveralChoices(choices, false, &question_);
  }

  // A list to choose from: <option correct="True">, or options="('a','b')" correct="a".
  Result<void> ReadOptions(const XmlNode& response) {
    const XmlNode* input = GroupOf(response, "optioninput");
    if (input == nullptr) return Reject("no <optioninput>");
    std::vector<WeightedChoice> choices;
    for (const XmlNode* option : input->Children("option")) {
      auto choice = ChoiceOf(*option, false);
      if (!choice) return choice.error();
      if (Lower(option->Attribute("correct")) == "true") choice->weight = 1;
      choices.push_back(std::move(*choice));
    }
    if (choices.empty()) {
      const std::string list = input->Attribute("options");
      for (size_t begin = list.find('\''); begin != std::string::npos;) {
        const size_t end = list.find('\'', begin + 1);
        if (end == std::string::npos) return Reject("options without an end");
        const std::string text = list.substr(begin + 1, end - begin - 1);
        choices.push_back({text, text == input->Attribute("correct") ? 1.0 : 0.0, {}});
        begin = list.find('\'', end + 1);
      }
    }
    return SetOneChoice(choices, &question_);
  }

  Result<void> ReadNumber(const XmlNode& response) {
    question_.format = tutor::AnswerFormat::kNumeric;
    if (response.HasAttribute("partial_credit")) return Reject("partial credit of a number");
    std::string answer = Trimmed(response.Attribute("answer"));
    double tolerance = 0;
    if (!answer.empty() && (answer.front() == '[' || answer.front() == '(') &&
        answer.find(',') != std::string::npos) {
      if (answer.front() != '[' || answer.back() != ']') return Reject("a range with an open end");
      const size_t comma = answer.find(',');
      const auto low = NumberIn(answer.substr(1, comma - 1));
      const auto high = NumberIn(answer.substr(comma + 1, answer.size() - comma - 2));
      if (!low || !high || *low > *high) return Reject("a range that is not [low,high]");
      answer = Written((*low + *high) / 2);
      tolerance = (*high - *low) / 2;
    }
    std::vector<WeightedAnswer> answers = {{answer, 1, {}, tolerance}};
    question_.tolerance = tolerance;
    for (const XmlNode& child : response.children) {
      if (child.name == "responseparam") {
        if (child.Attribute("type") != "tolerance") return Reject("<responseparam>");
        if (auto set = SetTolerance(child.Attribute("default"), &answers[0]); !set) return set;
      } else if (child.name == "additional_answer") {
        answers.push_back({Trimmed(child.Attribute("answer")), 1, {}, answers[0].tolerance});
      } else if (child.name == "correcthint") {
        if (auto read = RightHint(child, &answers[0]); !read) return read;
      }
    }
    for (WeightedAnswer& other : answers) other.tolerance = answers[0].tolerance;
    return SetAnswers(answers, &question_);
  }

  Result<void> SetTolerance(std::string written, WeightedAnswer* answer) {
    written = Trimmed(written);
    const bool percent = written.ends_with('%');
    if (percent) written.pop_back();
    const auto number = NumberIn(written);
    if (!number || *number < 0) return Reject("a tolerance that is not a number");
    if (percent) {
      question_.relative_tolerance = *number / 100;
    } else {
      answer->tolerance = *number;
    }
    return {};
  }

  static Result<void> RightHint(const XmlNode& hint, WeightedAnswer* answer) {
    auto text = MarkdownOf(hint);
    if (!text) return text.error();
    Append(*text, &answer->feedback);
    return {};
  }

  Result<void> ReadText(const XmlNode& response) {
    question_.format = tutor::AnswerFormat::kText;
    const std::string type = Lower(response.Attribute("type"));
    if (type.find("regexp") != std::string::npos) return Reject("answers as patterns (regexp)");
    std::vector<WeightedAnswer> answers = {{Trimmed(response.Attribute("answer")), 1, {}, 0}};
    for (const XmlNode& child : response.children) {
      if (child.name == "additional_answer") {
        std::string answer = Trimmed(child.Attribute("answer"));
        if (answer.empty()) answer = Trimmed(child.AllText());
        answers.push_back({std::move(answer), 1, {}, 0});
      } else if (child.name == "stringequalhint") {
        auto hint = MarkdownOf(child);
        if (!hint) return hint.error();
        answers.push_back({Trimmed(child.Attribute("answer")), 0, std::move(*hint), 0});
      } else if (child.name == "correcthint") {
        if (auto read = RightHint(child, &answers[0]); !read) return read;
      } else if (child.name == "regexphint") {
        LeaveOut("a feedback on answers by a pattern");
      }
    }
    return SetAnswers(answers, &question_);
  }

  static std::string Lower(std::string text) {
    for (char& c : text) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return text;
  }
  void LeaveOut(const char* what) {
    const std::string warning = std::string(what) + " is left out";
    const bool said = std::find(left_out_.begin(), left_out_.end(), warning) != left_out_.end();
    if (!said) left_out_.push_back(warning);
  }

  const XmlNode& problem_;
  ImportDraft* draft_;
  tutor::Question question_;
  std::vector<std::string> left_out_;
};

// A problem with several responses, each behind its own text, as a problem for each. Solutions and hints
// are of all of them.
std::vector<XmlNode> PartsOf(const XmlNode& problem) {
  const auto count = std::count_if(problem.children.begin(), problem.children.end(), IsResponse);
  if (count < 2) return {problem};
  std::vector<XmlNode> parts;
  XmlNode part = problem;
  part.children.clear();
  const XmlNode empty = part;
  for (const XmlNode& child : problem.children) {
    if (child.name == "solution" || child.name == "demandhint") continue;
    part.children.push_back(child);
    if (!IsResponse(child)) continue;
    part.line = child.line;
    parts.push_back(std::move(part));
    part = empty;
  }
  for (const XmlNode& child : problem.children) {
    if (child.name != "solution" && child.name != "demandhint") continue;
    for (XmlNode& each : parts) each.children.push_back(child);
  }
  // What stands behind the last one is of it.
  for (XmlNode& child : part.children) parts.back().children.push_back(std::move(child));
  return parts;
}

void ReadNode(const XmlNode& node, ImportDraft* draft);

void ReadInside(const XmlNode& node, ImportDraft* draft) {
  for (const XmlNode& child : node.children) {
    if (!child.is_text()) ReadNode(child, draft);
  }
}

void ReadNode(const XmlNode& node, ImportDraft* draft) {
  const std::string name = NameOf(node);
  if (std::find(kHolders.begin(), kHolders.end(), node.name) != kHolders.end()) {
    const bool topic = node.name == "chapter" || node.name == "sequential";
    if (topic && !node.Attribute("display_name").empty()) {
      draft->BeginTopic(node.Attribute("display_name"));
    }
    return ReadInside(node, draft);
  }
  const bool elsewhere = node.children.empty() && node.HasAttribute("url_name");
  if (node.name == "problem" && elsewhere) {
    return draft->Refuse(node.line, name, "it stands in a file of its own: give that one too");
  }
  if (node.name == "problem") {
    for (const XmlNode& part : PartsOf(node)) {
      if (auto read = ProblemReader(part, draft).Read(name); !read) {
        draft->Refuse(part.line, name, read.error().text);
      }
    }
    return;
  }
  if (node.name == "html" && !elsewhere && !node.HasAttribute("filename")) {
    auto text = MarkdownOf(node);
    if (text) return draft->AddMaterial(node.line, std::move(*text));
    return draft->Refuse(node.line, name, text.error().text);
  }
  draft->Refuse(node.line, name, "<" + node.name + ">");
}

}  // namespace

void ReadOlx(const SourceFile& file, ImportDraft* draft) {
  auto root = ParseXml(file.bytes);
  if (!root) return draft->Refuse(0, {}, root.error().text);
  ReadNode(*root, draft);
}

}  // namespace lyceum::tools
