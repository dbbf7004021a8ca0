#include "tools/qti_processing.h"

#include <algorithm>

#include "tools/import_draft.h"

namespace lyceum::tools {
namespace {

// The rules of an item's own response processing.
class ProcessingReader {
 public:
  explicit ProcessingReader(const std::string& response) : response_(response) {}

  Result<Processing> Read(const XmlNode* node) {
    if (node == nullptr) return processing_;
    const std::string address = node->Attribute("template") + node->Attribute("templatelocation");
    const std::string name = address.substr(address.rfind('/') + 1);
    if (name.starts_with("match_correct") || name.starts_with("CC2_match")) return processing_;
    if ((name.starts_with("map_response") || name.starts_with("CC2_map_response")) &&
        !name.starts_with("map_response_point")) {
      processing_.scoring = Scoring::kMap;
      return processing_;
    }
    if (!name.empty()) return Reject("the response processing template " + name);
    for (const XmlNode& child : node->children) {
      if (child.is_text()) continue;
      auto read = child.name == "setoutcomevalue" ? Set(child, &processing_.left_out, true)
                                                  : Condition(child);
      if (!read) return read.error();
    }
    return processing_;
  }

 private:
  Result<void> Condition(const XmlNode& node) {
    if (node.name != "responsecondition") return Unknown(node);
    // What is no rule of the score may say what it wants: its feedback is left out.
    if (!SetsScore(node) && !TestsResponse(node)) {
      CollectFeedback(node, &processing_.left_out);
      return {};
    }
    bool right = false;  // A branch before was for the right answer.
    for (const XmlNode& branch : node.children) {
      if (branch.is_text()) continue;
      if (branch.name == "responseelse") {
        auto read =
            Branch(branch, 0, right ? &processing_.when_wrong : &processing_.left_out, !right);
        if (!read) return read;
        continue;
      }
      if (branch.name != "responseif" && branch.name != "responseelseif") return Unknown(branch);
      const XmlNode* test = FirstElement(branch);
      if (test == nullptr) return Unknown(branch);
      const bool null =
          test->name == "isnull" || (test->name == "not" && test->Child("isnull") != nullptr);
      if (null) {
        auto read = Branch(branch, 1, &processing_.left_out, test->name == "not");
        if (!read) return read;
      } else if (right && !SetsScore(branch)) {
        CollectFeedback(branch, &processing_.left_out);
      } else {
        if (auto read = Test(*test); !read) return read;
        right = true;
        auto read = Branch(branch, 1, &processing_.when_right, true);
        if (!read) return read;
      }
    }
    return {};
  }

  static const XmlNode* FirstElement(const XmlNode& node) {
    for (const XmlNode& child : node.children) {
      if (!child.is_text()) return &child;
    }
    return nullptr;
  }
  static bool SetsScore(const XmlNode& node) {
    if (node.name == "setoutcomevalue" && node.Attribute("identifier") == "SCORE") return true;
    return std::any_of(node.children.begin(), node.children.end(), SetsScore);
  }
  // Its first branch compares the response with the correct one.
  bool TestsResponse(const XmlNode& node) const {
    const XmlNode* branch = FirstElement(node);
    const XmlNode* test = branch != nullptr ? FirstElement(*branch) : nullptr;
    return test != nullptr && (test->name == "match" || test->name == "equal") &&
           IsOfResponse(*test);
  }
  bool IsOfResponse(const XmlNode& test) const {
    const XmlNode* variable = test.Child("variable");
    const XmlNode* correct = test.Child("correct");
    return variable != nullptr && variable->Attribute("identifier") == response_ &&
           correct != nullptr && correct->Attribute("identifier") == response_;
  }
  static void CollectFeedback(const XmlNode& node, std::set<std::string>* feedback) {
    if (node.name == "basevalue" && node.Attribute("basetype") == "identifier") {
      feedback->insert(Trimmed(node.AllText()));
    }
    for (const XmlNode& child : node.children) CollectFeedback(child, feedback);
  }

  // <match> or <equal> of the response and the correct one.
  Result<void> Test(const XmlNode& node) {
    if (node.name != "match" && node.name != "equal") return Unknown(node);
    if (!IsOfResponse(node)) return Reject("response processing that matches something else");
    if (node.name == "match") return {};
    processing_.scoring = Scoring::kEqual;
    const std::string mode = node.Attribute("tolerancemode");
    if (mode.empty() || mode == "exact") return {};
    const std::string written = Trimmed(node.Attribute("tolerance"));
    const size_t space = written.find(' ');
    const auto below = NumberIn(written.substr(0, space));
    const auto above = space == std::string::npos ? below : NumberIn(written.substr(space + 1));
    if (!below || !above || *below < 0) return Reject("a tolerance that is not a number");
    if (*below != *above) return Reject("a tolerance that differs below and above");
    if (node.Attribute("includelowerbound") == "false" ||
        node.Attribute("includeupperbound") == "false") {
      return Reject("a tolerance without its bounds");
    }
    processing_.tolerance = *below;
    processing_.relative = mode == "relative";
    return {};
  }

  // `marks`: here the score may be above 0.
  Result<void> Branch(const XmlNode& branch, size_t skip, std::set<std::string>* feedback,
                      bool marks) {
    for (const XmlNode& child : branch.children) {
      if (child.is_text()) continue;
      if (skip > 0) {
        --skip;
        continue;
      }
      auto read = child.name == "setoutcomevalue" ? Set(child, feedback, marks) : Condition(child);
      if (!read) return read;
    }
    return {};
  }

  Result<void> Set(const XmlNode& node, std::set<std::string>* feedback, bool marks) {
    const std::string outcome = node.Attribute("identifier");
    const XmlNode* value = FirstElement(node);
    if (value == nullptr) return Unknown(node);
    if (outcome != "SCORE") {
      CollectFeedback(*value, feedback);
      if (HoldsResponse(*value)) processing_.by_response.insert(outcome);
      return {};
    }
    if (value->name == "sum") {  // Of the score so far, which is 0, and one term.
      const XmlNode* term = nullptr;
      for (const XmlNode& part : value->children) {
        const bool score = part.name == "variable" && part.Attribute("identifier") == "SCORE";
        if (part.is_text() || score) continue;
        if (term != nullptr) return Unknown(*value);
        term = &part;
      }
      if (term == nullptr) return Unknown(*value);
      value = term;
    }
    if (value->name == "mapresponse" && value->Attribute("identifier") == response_ && marks) {
      processing_.scoring = Scoring::kMap;
      return {};
    }
    if (value->name == "variable" && value->Attribute("identifier") == "MAXSCORE" && marks) {
      return {};
    }
    if (value->name != "basevalue") return Unknown(*value);
    const auto number = NumberIn(value->AllText());
    if (!number || (!marks && *number > 0)) return Reject("marks for a wrong answer");
    return {};
  }

  bool HoldsResponse(const XmlNode& node) const {
    if (node.name == "variable" && node.Attribute("identifier") == response_) return true;
    return std::any_of(node.children.begin(), node.children.end(),
                       [this](const XmlNode& child) { return HoldsResponse(child); });
  }

  static Error Unknown(const XmlNode& node) {
    return Reject("response processing by <" + node.name + ">");
  }

  std::string response_;
  Processing processing_;
};

}  // namespace

Result<Processing> ReadProcessing(const XmlNode* node, const std::string& response) {
  return ProcessingReader(response).Read(node);
}

}  // namespace lyceum::tools
