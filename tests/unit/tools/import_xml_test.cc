// Moodle's XML and OLX.
#include "import_fixture.h"
#include "tools/markup.h"
#include "tools/xml.h"

namespace lyceum::tools {
namespace {

using tutor::AnswerFormat;
using Texts = std::vector<std::string>;

std::string Answer(const char* fraction, const char* text, const char* more = "") {
  return std::string("<answer fraction=\"") + fraction + "\"><text>" + text + "</text>" + more +
         "</answer>";
}

std::string Moodle(const char* type, const std::string& inside) {
  return std::string("<quiz><question type=\"") + type +
         "\"><name><text>One</text></name><questiontext format=\"html\"><text><![CDATA[<p>Which "
         "H<sub>2</sub>O?</p>]]></text></questiontext>" +
         inside + "</question></quiz>";
}

TEST(ImportMoodleXml, AChoiceComesWithFeedbackHintsAndSolution) {
  const Imported all = Import(
      SourceFormat::kMoodleXml,
      Moodle("multichoice", Answer("100", "water") +
                                Answer("0", "ice", "<feedback><text>Too cold.</text></feedback>") +
                                "<single>true</single><hint><text>Wet.</text></hint>"
                                "<generalfeedback><text>Water it is.</text></generalfeedback>"));
  EXPECT_EQ(all.Refusal(), "");
  const tutor::Question& one = all.Question("one");
  EXPECT_EQ(one.text, "Which H₂O?");
  EXPECT_EQ(one.answers, Texts{"water"});
  EXPECT_EQ(one.known_errors.at(0).text, "Too cold.");
  EXPECT_EQ(one.hints, Texts{"Wet."});
  EXPECT_EQ(one.solution, "Water it is.");
}

TEST(ImportMoodleXml, NumbersHaveTheirToleranceAndUnit) {
  const Imported all =
      Import(SourceFormat::kMoodleXml,
             Moodle("numerical", Answer("100", "3.5", "<tolerance>0.1</tolerance>") +
                                     "<units><unit><multiplier>1</multiplier><unit_name>km"
                                     "</unit_name></unit></units>"));
  EXPECT_EQ(all.Refusal(), "");
  EXPECT_EQ(all.Question("one").answers, Texts{"3.5"});
  EXPECT_DOUBLE_EQ(all.Question("one").tolerance, 0.1);
  EXPECT_EQ(all.Question("one").unit, "km");
}

TEST(ImportMoodleXml, WhatIsNotCarriedIsRefusedByItsName) {
  const std::string good = Answer("100", "a") + Answer("0", "b");
  const std::vector<std::pair<std::string, const char*>> items = {
      {Moodle("essay", ""), "the question type essay"},
      {Moodle("cloze", ""), "the question type cloze"},
      {Moodle("shortanswer", good + "<usecase>1</usecase>"),
       "capital letters that count (usecase)"},
      {Moodle("multichoice", good + "<image>x.png</image>"), "<image>: a picture"},
      {Moodle("multichoice", good + "<generalfeedback><text>t</text><file/></generalfeedback>"),
       "a file in <generalfeedback>"},
      {Moodle("numerical", good), "the key is not a number"},
      {"<exam/>", "<exam>, where <quiz> was expected"},
      {"<quiz>", "line 1: "},
      {"<!DOCTYPE q [<!ENTITY e 'x'>]><quiz>&e;</quiz>", "DOCTYPE"},
  };
  for (const auto& [item, why] : items) {
    const Imported all = Import(SourceFormat::kMoodleXml, item);
    EXPECT_NE(all.Refusal().find(why), std::string::npos) << item << ": " << all.Refusal();
    EXPECT_EQ(all.Questions(), 0U) << item;
  }
}

std::string Olx(const std::string& inside) {
  return "<problem display_name=\"One\">" + inside + "</problem>";
}

TEST(ImportOlx, EachKindOfResponseIsCarried) {
  const Imported choice =
      Import(SourceFormat::kOlx,
             Olx("<multiplechoiceresponse><label>Which?</label><choicegroup>"
                 "<choice correct=\"true\">a</choice><choice correct=\"false\">b"
                 "<choicehint>Not b.</choicehint></choice><choice correct=\"false\">c</choice>"
                 "</choicegroup><solution><p>It is a.</p></solution></multiplechoiceresponse>"
                 "<demandhint><hint>First letter.</hint></demandhint>"));
  EXPECT_EQ(choice.Refusal(), "");
  EXPECT_EQ(choice.Question("one").text, "Which?");
  EXPECT_EQ(choice.Question("one").choices, (Texts{"a", "b", "c"}));
  EXPECT_EQ(choice.Question("one").known_errors.at(0).text, "Not b.");
  EXPECT_EQ(choice.Question("one").hints, Texts{"First letter."});
  EXPECT_EQ(choice.Question("one").solution, "It is a.");
  const Imported several =
      Import(SourceFormat::kOlx, Olx("<p>All?</p><choiceresponse><checkboxgroup>"
                                     "<choice correct=\"true\">a</choice>"
                                     "<choice correct=\"true\">b</choice>"
                                     "<choice correct=\"false\">c</choice>"
                                     "</checkboxgroup></choiceresponse>"));
  EXPECT_EQ(several.Refusal(), "");
  EXPECT_EQ(several.Question("one").format, AnswerFormat::kMultipleChoice);
  EXPECT_FALSE(several.Question("one").partial_credit);
  const Imported number = Import(
      SourceFormat::kOlx, Olx("<p>How much is [mathjaxinline]2x[/mathjaxinline]?</p>"
                              "<numericalresponse answer=\"12\"><responseparam type=\"tolerance\" "
                              "default=\"5%\"/><formulaequationinput/></numericalresponse>"));
  EXPECT_EQ(number.Refusal(), "");
  EXPECT_EQ(number.Question("one").text, "How much is $$2x$$?");
  EXPECT_DOUBLE_EQ(number.Question("one").relative_tolerance, 0.05);
  const Imported range =
      Import(SourceFormat::kOlx, Olx("<p>?</p><numericalresponse answer=\"[5,7]\"/>"));
  EXPECT_EQ(range.Question("one").answers, Texts{"6"});
  EXPECT_DOUBLE_EQ(range.Question("one").tolerance, 1);
  const Imported text = Import(
      SourceFormat::kOlx, Olx("<p>Name?</p><stringresponse answer=\"Ann\" type=\"ci\">"
                              "<additional_answer answer=\"Anne\"/><stringequalhint answer=\"Bob\">"
                              "A boy.</stringequalhint><textline/></stringresponse>"));
  EXPECT_EQ(text.Refusal(), "");
  EXPECT_EQ(text.Question("one").answers, (Texts{"Ann", "Anne"}));
  EXPECT_EQ(text.Question("one").known_errors.at(0).text, "A boy.");
}

TEST(ImportOlx, SeveralResponsesAreAQuestionEachWithItsOwnText) {
  const Imported all = Import(
      SourceFormat::kOlx,
      Olx("<p>What colour?</p><optionresponse><optioninput options=\"('red','blue')\" "
          "correct=\"blue\"/></optionresponse><p>How many?</p><numericalresponse answer=\"2\"/>"
          "<solution>Blue, and two.</solution>"));
  EXPECT_EQ(all.Refusal(), "");
  ASSERT_EQ(all.Questions(), 2U);
  const auto& questions = all.read.course.topics[0].questions;
  EXPECT_EQ(questions[0].text, "What colour?");
  EXPECT_EQ(questions[0].answers, Texts{"blue"});
  EXPECT_EQ(questions[1].text, "How many?");
  EXPECT_EQ(questions[1].solution, "Blue, and two.");
}

TEST(ImportOlx, WhatIsNotCarriedIsRefusedByItsName) {
  const std::vector<std::pair<std::string, const char*>> items = {
      {Olx("<customresponse/>"), "<customresponse>"},
      {Olx("<script>x=1</script><numericalresponse answer=\"$x\"/>"),
       "<script>: values that a program computes"},
      {Olx("<choiceresponse partial_credit=\"EDC\"><checkboxgroup/></choiceresponse>"),
       "partial credit \"EDC\""},
      {Olx("<numericalresponse answer=\"(5,7)\"/>"), "a range with an open end"},
      {Olx("<stringresponse answer=\"a\" type=\"regexp\"/>"), "answers as patterns (regexp)"},
      {Olx("<p>Read.</p>"), "no response: its text may be material"},
      {"<vertical><problem url_name=\"x\"/></vertical>",
       "it stands in a file of its own: give that one too"},
      {"<vertical><video display_name=\"v\"/></vertical>", "<video>"},
  };
  for (const auto& [item, why] : items) {
    EXPECT_EQ(Import(SourceFormat::kOlx, item).Refusal(), why) << item;
  }
}

TEST(Markup, BecomesMarkdownOrIsRefusedByItsName) {
  const std::vector<std::pair<const char*, const char*>> texts = {
      {"plain 2 < 3 & more", "plain 2 < 3 & more"},
      {"<p>a</p><p>b<br>c</p>", "a\n\nb\nc"},
      {"<ul><li>x</li><li>y</li></ul>z", "- x\n- y\n\nz"},
      {"<b>bold</b> <i>it</i> x<sup>2</sup> CO<sub>2</sub> x<sup>n+1</sup>",
       "**bold** *it* x² CO₂ x^(n+1)"},
      {"&lt;tag&gt; &eacute;", "<tag> é"},
      {"\\(x^2\\) and \\[y\\]", "$$x^2$$ and $$y$$"},
      {"<a href=\"https://a.b/c\">here</a>", "here (https://a.b/c)"},
      {"<math><mfrac><mn>1</mn><mi>x</mi></mfrac><mo>≤</mo><msup><mi>y</mi><mn>2</mn></msup></"
       "math>",
       "$$\\frac{1}{x}\\le y^{2}$$"},
  };
  for (const auto& [html, expected] : texts) {
    const auto text = MarkdownOfHtml(html);
    ASSERT_TRUE(text) << html << ": " << text.error().text;
    EXPECT_EQ(*text, expected) << html;
  }
  for (const auto& [html, why] : std::vector<std::pair<const char*, const char*>>{
           {"a <img src=b>", "<img>: a picture"},
           {"<table><tr><td>x</td></tr></table>", "<table>: a table"},
           {"<script>x</script>", "<script>: a script"},
           {"<a href=\"@@PLUGINFILE@@/x\">x</a>", "<a>: a file"},
           {"<math><mtable></mtable></math>", "MathML <mtable>"},
           {"<blink>x</blink>", "<blink>"}}) {
    const auto text = MarkdownOfHtml(html);
    ASSERT_FALSE(text) << html;
    EXPECT_EQ(text.error().text, why) << html;
  }
}

TEST(Xml, DepthAndEntitiesHaveBounds) {
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "<a>";
  for (int i = 0; i < 100; ++i) deep += "</a>";
  EXPECT_FALSE(ParseXml(deep));
  std::string html;
  for (int i = 0; i < 100'000; ++i) html += "<b>";
  EXPECT_FALSE(ParseHtml(html));
  EXPECT_FALSE(ParseXml("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>"));
  EXPECT_FALSE(ParseXml("<a>&other;</a>"));
  const auto named = ParseXml("<a b='&eacute;'>x&nbsp;&uarr;&amp;&lt;<![CDATA[&nbsp;]]></a>");
  ASSERT_TRUE(named) << named.error().text;
  EXPECT_EQ(named->AllText(), "x\u00A0↑&<&nbsp;");
  EXPECT_EQ(named->Attribute("b"), "é");
  const auto fine = ParseXml("<A x='1&amp;2'>t<![CDATA[<u>]]><q:b/></A>");
  ASSERT_TRUE(fine);
  EXPECT_EQ(fine->name, "a");
  EXPECT_EQ(fine->Attribute("x"), "1&2");
  EXPECT_EQ(fine->AllText(), "t<u>");
  EXPECT_NE(fine->Child("b"), nullptr);
}

}  // namespace
}  // namespace lyceum::tools
