#include <iostream>
#include <random>

#include "import_fixture.h"

namespace lyceum::tools {
namespace {

using tutor::AnswerFormat;
using Texts = std::vector<std::string>;

constexpr char kMatch[] =
    "<responseProcessing template=\"http://www.imsglobal.org/question/qti_v2p1/rptemplates/"
    "match_correct\"/>";
constexpr char kMap[] =
    "<responseProcessing template=\"http://www.imsglobal.org/question/qti_v2p1/rptemplates/"
    "map_response\"/>";

std::string Declared(const std::string& cardinality, const std::string& type,
                     const std::string& inside) {
  return "<responseDeclaration identifier=\"R\" cardinality=\"" + cardinality + "\" baseType=\"" +
         type + "\">" + inside + "</responseDeclaration>";
}

std::string Correct(const Texts& values) {
  std::string text = "<correctResponse>";
  for (const std::string& value : values) text += "<value>" + value + "</value>";
  return text + "</correctResponse>";
}

constexpr char kChoices[] =
    "<itemBody><p>Look.</p><choiceInteraction responseIdentifier=\"R\" maxChoices=\"0\">"
    "<prompt>Which?</prompt><simpleChoice identifier=\"A\">one</simpleChoice>"
    "<simpleChoice identifier=\"B\">two<feedbackInline outcomeIdentifier=\"FEEDBACK\" "
    "showHide=\"show\" identifier=\"B\">Not two.</feedbackInline></simpleChoice>"
    "<simpleChoice identifier=\"C\">three</simpleChoice></choiceInteraction></itemBody>";
constexpr char kEntry[] =
    "<itemBody><p>It is <textEntryInteraction responseIdentifier=\"R\"/> long.</p></itemBody>";

std::string Item(const std::string& inside) {
  return "<assessmentItem xmlns=\"http://www.imsglobal.org/xsd/imsqti_v2p2\" identifier=\"i\" "
         "title=\"One\">" +
         inside + "</assessmentItem>";
}

// The choice's feedback is shown by this rule.
constexpr char kMatchAndFeedback[] =
    "<responseProcessing><responseCondition><responseIf><match><variable identifier=\"R\"/>"
    "<correct identifier=\"R\"/></match><setOutcomeValue identifier=\"SCORE\"><baseValue "
    "baseType=\"float\">1</baseValue></setOutcomeValue></responseIf><responseElse>"
    "<setOutcomeValue identifier=\"SCORE\"><baseValue baseType=\"float\">0</baseValue>"
    "</setOutcomeValue></responseElse></responseCondition><setOutcomeValue "
    "identifier=\"FEEDBACK\"><variable identifier=\"R\"/></setOutcomeValue></responseProcessing>";

Imported Qti(const std::string& bytes) { return Import(SourceFormat::kQti, bytes); }

std::string AsQti3(std::string text) {
  const std::vector<std::pair<std::string, std::string>> names = {
      {"assessmentItem", "qti-assessment-item"},
      {"responseDeclaration", "qti-response-declaration"},
      {"correctResponse", "qti-correct-response"},
      {"<value", "<qti-value"},
      {"</value", "</qti-value"},
      {"itemBody", "qti-item-body"},
      {"choiceInteraction", "qti-choice-interaction"},
      {"simpleChoice", "qti-simple-choice"},
      {"<prompt", "<qti-prompt"},
      {"</prompt", "</qti-prompt"},
      {"feedbackInline", "qti-feedback-inline"},
      {"responseProcessing", "qti-response-processing"},
      {"responseCondition", "qti-response-condition"},
      {"responseIf", "qti-response-if"},
      {"responseElse", "qti-response-else"},
      {"<match>", "<qti-match>"},
      {"</match>", "</qti-match>"},
      {"setOutcomeValue", "qti-set-outcome-value"},
      {"<baseValue", "<qti-base-value"},
      {"</baseValue", "</qti-base-value"},
      {"<variable", "<qti-variable"},
      {"<correct ", "<qti-correct "},
      {"responseIdentifier", "response-identifier"},
      {"outcomeIdentifier", "outcome-identifier"},
      {"baseType", "base-type"},
      {"showHide", "show-hide"},
      {"maxChoices", "max-choices"}};
  for (const auto& [from, to] : names) {
    for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
      text.replace(at, from.size(), to);
  }
  return text;
}

TEST(ImportQti, AChoiceIsTheSameInVersions2And3) {
  const std::string item =
      Item(Declared("single", "identifier", Correct({"A"})) + kChoices + kMatchAndFeedback);
  for (const std::string& bytes : {item, AsQti3(item)}) {
    const Imported all = Qti(bytes);
    EXPECT_EQ(all.Refusal(), "") << bytes;
    const tutor::Question& one = all.Question("one");
    EXPECT_EQ(one.text, "Look.\n\nWhich?");
    EXPECT_EQ(one.format, AnswerFormat::kChoice);
    EXPECT_EQ(one.choices, (Texts{"one", "two", "three"}));
    EXPECT_EQ(one.answers, Texts{"one"});
    ASSERT_EQ(one.known_errors.size(), 1U);
    EXPECT_EQ(one.known_errors[0].answers, Texts{"two"});
    EXPECT_EQ(one.known_errors[0].text, "Not two.");
  }
}

std::string Mapped(const std::string& attributes, const std::string& entries) {
  return "<mapping " + attributes + ">" + entries + "</mapping>";
}
std::string Entry(const std::string& key, const std::string& value) {
  return "<mapEntry mapKey=\"" + key + "\" mappedValue=\"" + value + "\"/>";
}
// Without the feedback, which no template shows.
std::string Bare() {
  std::string choices = kChoices;
  const size_t begin = choices.find("<feedbackInline");
  const std::string end = "</feedbackInline>";
  return choices.erase(begin, choices.find(end) + end.size() - begin);
}

TEST(ImportQti, AnInlineChoiceIsAChoiceWithAGapInTheText) {
  const Imported all = Qti(
      Item(Declared("single", "identifier", Correct({"B"})) +
           "<itemBody><p>Grass is <inlineChoiceInteraction responseIdentifier=\"R\"><inlineChoice "
           "identifier=\"A\">red</inlineChoice><inlineChoice identifier=\"B\">green</inlineChoice>"
           "</inlineChoiceInteraction>.</p></itemBody>" +
           kMatch));
  EXPECT_EQ(all.Refusal(), "");
  EXPECT_EQ(all.Question("one").text, "Grass is _____ .");
  EXPECT_EQ(all.Question("one").answers, Texts{"green"});
}

TEST(ImportQti, AScoreMayBeASumOfNothingAndATerm) {
  const auto with = [](const std::string& term) {
    return Item(Declared("single", "identifier", Correct({"A"})) + Bare() +
                "<responseProcessing><responseCondition><responseIf><match><variable "
                "identifier=\"R\"/><correct identifier=\"R\"/></match><setOutcomeValue "
                "identifier=\"SCORE\"><sum><variable identifier=\"SCORE\"/>" +
                term +
                "</sum></setOutcomeValue></responseIf></responseCondition>"
                "</responseProcessing>");
  };
  EXPECT_EQ(Qti(with("<variable identifier=\"MAXSCORE\"/>")).Refusal(), "");
  EXPECT_EQ(Qti(with("<baseValue baseType=\"float\">1</baseValue>")).Refusal(), "");
  EXPECT_EQ(Qti(with("<variable identifier=\"OTHER\"/>")).Refusal(),
            "response processing by <variable>");
}

TEST(ImportQti, SeveralRightChoicesAreWholeOrByTheirMapping) {
  const Imported whole =
      Qti(Item(Declared("multiple", "identifier", Correct({"A", "C"})) + Bare() + kMatch));
  EXPECT_EQ(whole.Refusal(), "");
  EXPECT_EQ(whole.Question("one").answers, (Texts{"one", "three"}));
  EXPECT_FALSE(whole.Question("one").partial_credit);
  const Imported mapped =
      Qti(Item(Declared("multiple", "identifier",
                        Mapped("lowerBound=\"0\" upperBound=\"2\" defaultValue=\"-2\"",
                               Entry("A", "1") + Entry("C", "1") + Entry("B", "-0.5"))) +
               Bare() + kMap));
  EXPECT_EQ(mapped.Refusal(), "");
  EXPECT_EQ(mapped.Question("one").format, AnswerFormat::kMultipleChoice);
  EXPECT_TRUE(mapped.Question("one").partial_credit);
  EXPECT_DOUBLE_EQ(mapped.Question("one").known_errors.at(0).credit, -0.25);
}

TEST(ImportQti, EntriesAreTextsOrNumbersWithTheirTolerance) {
  const Imported text =
      Qti(Item(Declared("single", "string",
                        Mapped("defaultValue=\"0\"", Entry("York", "1") + Entry("york", "0.5"))) +
               kEntry + kMap));
  EXPECT_EQ(text.Refusal(), "the known error wrong-1 has a right answer");
  const Imported other =
      Qti(Item(Declared("single", "string",
                        Mapped("defaultValue=\"0\"", Entry("York", "2") + Entry("Leeds", "1"))) +
               kEntry + kMap));
  EXPECT_EQ(other.Refusal(), "");
  EXPECT_EQ(other.Question("one").text, "It is _____ long.");
  EXPECT_EQ(other.Question("one").answers, Texts{"York"});
  EXPECT_DOUBLE_EQ(other.Question("one").known_errors.at(0).credit, 0.5);
  const auto equal = [](const std::string& attributes) {
    return Item(Declared("single", "float", Correct({"2.5"})) + kEntry +
                "<responseProcessing><responseCondition><responseIf><equal " + attributes +
                "><variable identifier=\"R\"/><correct identifier=\"R\"/></equal>"
                "<setOutcomeValue identifier=\"SCORE\"><baseValue baseType=\"float\">1</baseValue>"
                "</setOutcomeValue></responseIf></responseCondition></responseProcessing>");
  };
  const Imported absolute = Qti(equal("toleranceMode=\"absolute\" tolerance=\"0.1 0.1\""));
  EXPECT_EQ(absolute.Refusal(), "");
  EXPECT_EQ(absolute.Question("one").format, AnswerFormat::kNumeric);
  EXPECT_DOUBLE_EQ(absolute.Question("one").tolerance, 0.1);
  const Imported relative = Qti(equal("toleranceMode=\"relative\" tolerance=\"2\""));
  EXPECT_DOUBLE_EQ(relative.Question("one").relative_tolerance, 0.02);
  EXPECT_EQ(Qti(equal("toleranceMode=\"absolute\" tolerance=\"0.1 0.2\"")).Refusal(),
            "a tolerance that differs below and above");
}

TEST(ImportQti, WhatIsNotCarriedIsRefusedByItsName) {
  const std::string declared = Declared("single", "identifier", Correct({"A"}));
  std::string order = Bare();
  for (size_t at = order.find("choiceInt"); at != std::string::npos; at = order.find("choiceInt"))
    order.replace(at, 6, "order");
  std::string two = Bare();
  two.insert(two.find("</itemBody>"), "<textEntryInteraction responseIdentifier=\"S\"/>");
  std::string picture = Bare();
  picture.insert(picture.find("Look."), "<img src=\"x.png\" alt=\"\"/>");
  const std::vector<std::pair<std::string, const char*>> items = {
      {Item(declared + order + kMatch), "<orderinteraction>"},
      {Item(declared + two + kMatch), "several interactions in one item"},
      {Item(declared + picture + kMatch), "<img>: a picture"},
      {Item("<templateDeclaration/>" + declared + Bare() + kMatch), "<templatedeclaration>"},
      {Item(declared + kChoices + kMatch), "feedback that no rule shows: B"},
      {Item(Declared("ordered", "identifier", "") + Bare()), "a response of cardinality ordered"},
      {Item(Declared("single", "identifier", "") + Bare() + kMatch), "no correct response"},
      {Item(declared + Bare() +
            "<responseProcessing><responseCondition><responseIf><gt><variable identifier=\"R\"/>"
            "</gt><setOutcomeValue identifier=\"SCORE\"><baseValue baseType=\"float\">1"
            "</baseValue></setOutcomeValue></responseIf></responseCondition>"
            "</responseProcessing>"),
       "response processing by <gt>"},
      {Item(Declared("multiple", "identifier",
                     Mapped("defaultValue=\"0\"", Entry("A", "1") + Entry("C", "1"))) +
            Bare() + kMap),
       "wrong choices that cost nothing: marking all of them has full marks"},
      {"<assessmentTest/>", "<assessmenttest>: give the files of the items"},
  };
  for (const auto& [item, why] : items) EXPECT_EQ(Qti(item).Refusal(), why) << item;
}

// Whatever comes: a course or an error, never a crash.
TEST(Import, IsTotalOnDamagedFiles) {
  const uint32_t seed = std::random_device{}();
  std::cout << "seed " << seed << std::endl;
  std::mt19937 random(seed);
  const std::string item =
      Item(Declared("multiple", "identifier",
                    Correct({"A"}) + Mapped("lowerBound=\"0\"", Entry("A", "1"))) +
           kChoices + kMatchAndFeedback);
  const std::vector<std::pair<SourceFormat, std::string>> files = {
      {SourceFormat::kQti, item},
      {SourceFormat::kGift,
       "::n:: [html]<p>a {~%50%b#c ~%-50%d =e} f</p>\n\n$CATEGORY: x/y\n\ng {#1..2}\n\nh "
       "{#=1:2#i =%50%3}\n\nj {T#k#l}\n\nm {=n -> o}####p"},
      {SourceFormat::kMoodleXml,
       "<quiz><question type=\"multichoice\"><name><text>a</text></name><questiontext "
       "format=\"html\"><text><![CDATA[<p>b &lt; <b>c</b></p>]]></text></questiontext><answer "
       "fraction=\"100\"><text>d</text></answer><answer fraction=\"-50\"><text>e</text><feedback>"
       "<text>f</text></feedback></answer></question></quiz>"},
      {SourceFormat::kOlx,
       "<problem display_name=\"a\"><p>b</p><choiceresponse><checkboxgroup><choice "
       "correct=\"true\">c<choicehint selected=\"true\">d</choicehint></choice><choice "
       "correct=\"false\">e</choice></checkboxgroup></choiceresponse><numericalresponse "
       "answer=\"[1,2]\"/><solution><math><mfrac><mi>x</mi></mfrac></math></solution></problem>"}};
  for (const auto& [format, file] : files) {
    for (int i = 0; i < 1500; ++i) {
      std::string damaged = file;
      for (int changes = 1 + static_cast<int>(random() % 4); changes > 0; --changes) {
        const size_t at = random() % damaged.size();
        const size_t length = random() % 12;
        switch (random() % 4) {
          case 0:
            damaged[at] = static_cast<char>(random());
            break;
          case 1:
            damaged.erase(at, length);
            break;
          case 2:
            damaged.insert(at, damaged.substr(random() % damaged.size(), length));
            break;
          default:
            damaged.insert(at, 1, "<>{}=~#%\"&;\\"[random() % 12]);
        }
        if (damaged.empty()) damaged = "x";
      }
      (void)ImportCourse(CourseId("c"), format, {{"f", damaged}});
    }
  }
}

}  // namespace
}  // namespace lyceum::tools
