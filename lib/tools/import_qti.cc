// QTI 2.1, 2.2 and 3.0: one item a file. QTI 3 names <qti-simple-choice> what QTI 2 names
// <simpleChoice>, and files mix both: names are compared without "qti-" and hyphens.
#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "tools/import_draft.h"
#include "tools/markup.h"
#include "tools/qti_processing.h"

namespace lyceum::tools {
namespace {

// In place, all the way down. Names of HTML and MathML have no hyphens.
void Normalize(XmlNode* node) {
  if (node->name.starts_with("qti-")) node->name.erase(0, 4);
  std::erase(node->name, '-');
  for (auto& [name, value] : node->attributes) std::erase(name, '-');
  for (XmlNode& child : node->children) Normalize(&child);
}

void FindAll(const XmlNode& node, std::string_view suffix, std::vector<const XmlNode*>* found) {
  for (const XmlNode& child : node.children) {
    if (child.name.ends_with(suffix)) found->push_back(&child);
    FindAll(child, suffix, found);
  }
}

struct Mapping {
  std::map<std::string, double> values;
  double otherwise = 0;
  std::optional<double> upper;
  std::optional<double> lower;
};

struct Declaration {
  std::string id;
  std::string base_type;
  bool multiple = false;
  std::vector<std::string> correct;
  std::optional<Mapping> mapping;
};

Result<Declaration> ReadDeclaration(const XmlNode& node) {
  Declaration declared;
  declared.id = node.Attribute("identifier");
  declared.base_type = node.Attribute("basetype");
  const std::string cardinality = node.Attribute("cardinality");
  if (cardinality != "single" && cardinality != "multiple") {
    return Reject("a response of cardinality " + cardinality);
  }
  declared.multiple = cardinality == "multiple";
  if (const XmlNode* correct = node.Child("correctresponse")) {
    for (const XmlNode* value : correct->Children("value")) {
      declared.correct.push_back(Trimmed(value->AllText()));
    }
  }
  if (node.Child("areamapping") != nullptr) return Reject("<areaMapping>");
  if (const XmlNode* mapping = node.Child("mapping")) {
    Mapping read;
    read.otherwise = NumberIn(mapping->Attribute("defaultvalue")).value_or(0);
    read.upper = NumberIn(mapping->Attribute("upperbound"));
    read.lower = NumberIn(mapping->Attribute("lowerbound"));
    for (const XmlNode* entry : mapping->Children("mapentry")) {
      const auto value = NumberIn(entry->Attribute("mappedvalue"));
      if (!value) return Reject("a mapped value that is not a number");
      read.values[entry->Attribute("mapkey")] = *value;
    }
    declared.mapping = std::move(read);
  }
  return declared;
}

class ItemReader {
 public:
  ItemReader(const XmlNode& item, ImportDraft* draft) : item_(item), draft_(draft) {}

  Result<void> Read(const std::string& name) {
    if (auto checked = CheckParts(); !checked) return checked;
    const XmlNode* body = item_.Child("itembody");
    if (body == nullptr) return Reject("no <itemBody>");
    std::vector<const XmlNode*> interactions;
    FindAll(*body, "interaction", &interactions);
    if (interactions.empty()) return Reject("no interaction");
    const XmlNode& interaction = *interactions[0];
    const bool entry = interaction.name == "textentryinteraction";
    const bool choice =
        interaction.name == "choiceinteraction" || interaction.name == "inlinechoiceinteraction";
    if (!entry && !choice) {
      return Reject("<" + interaction.name + ">");
    }
    if (interactions.size() > 1) return Reject("several interactions in one item");
    auto declared = DeclarationOf(interaction.Attribute("responseidentifier"));
    if (!declared) return declared.error();
    auto processing = ReadProcessing(item_.Child("responseprocessing"), declared->id);
    if (!processing) return processing.error();
    if (auto read = ReadFeedback(*processing); !read) return read;
    auto read = choice ? ReadChoices(interaction, *declared, *processing)
                       : ReadEntry(*declared, *processing);
    if (!read) return read;
    auto text = BodyText(*body, interaction);
    if (!text) return text.error();
    question_.text = std::move(*text);
    Append(right_feedback_, &question_.solution);
    draft_->Add(item_.line, name, std::move(question_));
    if (wrong_feedback_) {
      draft_->Warn(item_.line, name, "the feedback on any wrong answer is left out");
    }
    if (other_feedback_) {
      draft_->Warn(item_.line, name, "feedback that depends on the score or on a rule is left out");
    }
    return {};
  }

 private:
  Result<void> CheckParts() {
    if (item_.Attribute("adaptive") == "true") return Reject("an adaptive item");
    for (const XmlNode* outcome : item_.Children("outcomedeclaration")) {
      const XmlNode* first = outcome->Child("defaultvalue");
      const bool score = outcome->Attribute("identifier") == "SCORE" && first != nullptr;
      if (score && NumberIn(first->AllText()).value_or(0) != 0) {
        return Reject("a score that does not begin at 0");
      }
    }
    constexpr std::array<std::string_view, 10> kKnown = {
        "responsedeclaration",   "outcomedeclaration", "itembody",
        "responseprocessing",    "modalfeedback",      "stylesheet",
        "cataloginfo",           "contextdeclaration", "assessmentstimulusref",
        "companionmaterialsinfo"};
    for (const XmlNode& child : item_.children) {
      if (child.is_text()) continue;
      const bool known = std::find(kKnown.begin(), kKnown.end(), child.name) != kKnown.end();
      if (child.name == "assessmentstimulusref") return Reject("a stimulus in another file");
      if (child.name == "companionmaterialsinfo") return Reject("companion materials");
      if (!known) return Reject("<" + child.name + ">");
    }
    return {};
  }

  Result<Declaration> DeclarationOf(const std::string& id) {
    for (const XmlNode* node : item_.Children("responsedeclaration")) {
      if (node->Attribute("identifier") == id) return ReadDeclaration(*node);
    }
    return Reject("no response declaration of " + id);
  }

  // Sorts what is said after an answer: of one choice, of the right answer, of any wrong one.
  Result<void> ReadFeedback(const Processing& processing) {
    std::vector<const XmlNode*> nodes = item_.Children("modalfeedback");
    const size_t modal = nodes.size();
    FindAll(item_, "feedbackinline", &nodes);
    FindAll(item_, "feedbackblock", &nodes);
    for (size_t i = 0; i < nodes.size(); ++i) {
      const XmlNode& node = *nodes[i];
      if (node.Attribute("showhide") == "hide") return Reject("feedback that is hidden (showHide)");
      auto text = MarkdownOf(node);
      if (!text) return text.error();
      const std::string id = node.Attribute("identifier");
      if (processing.by_response.contains(node.Attribute("outcomeidentifier"))) {
        Append(*text, &by_choice_[id]);
      } else if (processing.when_right.contains(id)) {
        Append(*text, &right_feedback_);
      } else if (processing.when_wrong.contains(id)) {
        wrong_feedback_ = true;
      } else if (processing.left_out.contains(id)) {
        other_feedback_ = true;
      } else if (i < modal || !text->empty()) {
        return Reject("feedback that no rule shows: " + id);
      }
    }
    return {};
  }

  std::string FeedbackOf(const std::string& id) const {
    const auto found = by_choice_.find(id);
    return found == by_choice_.end() ? std::string() : found->second;
  }

  Result<void> ReadChoices(const XmlNode& interaction, const Declaration& declared,
                           const Processing& processing) {
    if (processing.scoring == Scoring::kEqual) return Reject("<equal> of choices");
    const bool map = processing.scoring == Scoring::kMap;
    if (map && !declared.mapping) return Reject("a mapped response without a mapping");
    if (!map && declared.correct.empty()) return Reject("no correct response");
    double whole = 1;
    if (map) {
      auto sum = WholeOf(interaction, declared);
      if (!sum) return sum.error();
      whole = *sum;
    }
    std::vector<WeightedChoice> choices;
    for (const XmlNode& child : interaction.children) {
      if (child.is_text() || child.name == "prompt") continue;
      if (child.name != "simplechoice" && child.name != "inlinechoice")
        return Reject("<" + child.name + "> among choices");
      const std::string id = child.Attribute("identifier");
      auto text = ChoiceText(child);
      if (!text) return text.error();
      const bool right =
          std::find(declared.correct.begin(), declared.correct.end(), id) != declared.correct.end();
      const double share = declared.multiple ? static_cast<double>(declared.correct.size()) : 1;
      const double weight = map ? ValueOf(*declared.mapping, id) / whole : right ? 1 / share : 0;
      choices.push_back({std::move(*text), weight, FeedbackOf(id)});
    }
    if (!declared.multiple) {
      if (map) {
        for (WeightedChoice& choice : choices) choice.weight = std::max(choice.weight, 0.0);
      }
      return SetOneChoice(choices, &question_);
    }
    return SetSeveralChoices(choices, map, &question_);
  }

  static double ValueOf(const Mapping& mapping, const std::string& id) {
    const auto found = mapping.values.find(id);
    return found == mapping.values.end() ? mapping.otherwise : found->second;
  }

  // All of the marks. The bounds must be those that our scores have: 0 and all.
  static Result<double> WholeOf(const XmlNode& interaction, const Declaration& declared) {
    double sum = 0;
    double most = 0;
    double least = 0;
    for (const XmlNode& choice : interaction.children) {
      if (choice.name != "simplechoice" && choice.name != "inlinechoice") continue;
      const double value = ValueOf(*declared.mapping, choice.Attribute("identifier"));
      sum += std::max(value, 0.0);
      most = std::max(most, value);
      least = std::min(least, value);
    }
    const double whole = declared.multiple ? sum : most;
    if (whole <= 0) return Reject("a mapping without a right choice");
    if (declared.mapping->upper && *declared.mapping->upper < whole) {
      return Reject("a mapping whose upper bound is less than all of the marks");
    }
    const bool floor = declared.mapping->lower && *declared.mapping->lower >= 0;
    if (least < 0 && !floor) return Reject("a mapping whose score may be below 0 (lowerBound)");
    if (declared.mapping->lower.value_or(0) > 0) return Reject("a lower bound above 0");
    return whole;
  }

  // Without the feedback in it.
  static Result<std::string> ChoiceText(const XmlNode& choice) {
    XmlNode bare = choice;
    RemoveFeedback(&bare);
    return MarkdownOf(bare);
  }
  static void RemoveFeedback(XmlNode* node) {
    std::erase_if(node->children, [](const XmlNode& child) {
      return child.name == "feedbackinline" || child.name == "feedbackblock";
    });
    for (XmlNode& child : node->children) RemoveFeedback(&child);
  }

  Result<void> ReadEntry(const Declaration& declared, const Processing& processing) {
    const bool numeric = declared.base_type == "float" || declared.base_type == "integer";
    if (!numeric && declared.base_type != "string") {
      return Reject("a text entry of type " + declared.base_type);
    }
    if (declared.multiple) return Reject("a text entry with several answers");
    question_.format = numeric ? tutor::AnswerFormat::kNumeric : tutor::AnswerFormat::kText;
    if (!numeric && processing.scoring == Scoring::kEqual) return Reject("<equal> of texts");
    std::vector<WeightedAnswer> answers;
    if (processing.scoring == Scoring::kMap) {
      if (!declared.mapping) return Reject("a mapped response without a mapping");
      if (declared.mapping->otherwise > 0) return Reject("marks for any answer");
      double most = 0;
      for (const auto& [key, value] : declared.mapping->values) most = std::max(most, value);
      if (most <= 0) return Reject("a mapping without a right answer");
      for (const auto& [key, value] : declared.mapping->values) {
        answers.push_back({key, std::max(value, 0.0) / most, FeedbackOf(key), 0});
      }
    } else {
      for (const std::string& key : declared.correct) answers.push_back({key, 1, {}, 0});
    }
    if (auto set = SetAnswers(answers, &question_); !set) return set;
    if (processing.relative) {
      question_.relative_tolerance = processing.tolerance / 100;
    } else {
      question_.tolerance = processing.tolerance;
    }
    return {};
  }

  // The prompt stands in the interaction, a gap in the text where a text entry was.
  Result<std::string> BodyText(const XmlNode& body, const XmlNode& interaction) const {
    XmlNode copy = body;
    if (auto replaced = Replace(&copy, interaction.name); !replaced) return replaced.error();
    RemoveFeedback(&copy);
    return MarkdownOf(copy);
  }
  static Result<void> Replace(XmlNode* node, const std::string& interaction) {
    std::vector<XmlNode> kept;
    for (XmlNode& child : node->children) {
      if (child.name == "rubricblock") {
        if (child.Attribute("view").find("candidate") != std::string::npos) {
          return Reject("<rubricBlock> for the candidate");
        }
        continue;
      }
      if (child.name != interaction) {
        if (auto replaced = Replace(&child, interaction); !replaced) return replaced;
        kept.push_back(std::move(child));
        continue;
      }
      if (interaction != "choiceinteraction") {
        XmlNode gap;
        gap.text = " _____ ";
        kept.push_back(std::move(gap));
      } else if (const XmlNode* prompt = child.Child("prompt")) {
        XmlNode paragraph = *prompt;
        paragraph.name = "p";
        kept.push_back(std::move(paragraph));
      }
    }
    node->children = std::move(kept);
    return {};
  }

  const XmlNode& item_;
  ImportDraft* draft_;
  tutor::Question question_;
  std::map<std::string, std::string> by_choice_;
  std::string right_feedback_;
  bool wrong_feedback_ = false;
  bool other_feedback_ = false;
};

}  // namespace

void ReadQti(const SourceFile& file, ImportDraft* draft) {
  auto root = ParseXml(file.bytes);
  if (!root) return draft->Refuse(0, {}, root.error().text);
  Normalize(&*root);
  if (root->name != "assessmentitem") {
    return draft->Refuse(root->line, {}, "<" + root->name + ">: give the files of the items");
  }
  std::string name = root->Attribute("title");
  if (name.empty()) name = root->Attribute("identifier");
  if (auto read = ItemReader(*root, draft).Read(name); !read) {
    draft->Refuse(root->line, name, read.error().text);
  }
}

}  // namespace lyceum::tools
