#include "llm/template.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "base/token.h"
#include "llm/untrusted.h"
#include "support/seed.h"

namespace lyceum::llm {
namespace {

const TemplateNames kNames = {{"level", {}},
                              {"answer", {}},
                              {"empty", {}},
                              {"goals", {"."}},
                              {"attempts", {"said", "verdict"}}};

std::string Rendered(std::string_view text, const Values& values, const TemplateParts& parts = {}) {
  auto parsed = Template::Parse(text, kNames, parts);
  if (!parsed) return "error: " + parsed.error().text;
  auto rendered = parsed->Render(values, 4096);
  return rendered ? *rendered : "error: " + rendered.error().text;
}

std::string Refusal(std::string_view text, const TemplateParts& parts = {}) {
  auto parsed = Template::Parse(text, kNames, parts);
  return parsed ? "" : parsed.error().text;
}

Values Some() {
  Values values;
  values.Word("level", "2").Text("answer", "x < 3", 100).Texts("goals", {"one", "two"}, 100);
  std::vector<Values> attempts(2);
  attempts[0].Text("said", "7", 10).Word("verdict", "incorrect");
  attempts[1].Text("said", "8", 10).Word("verdict", "invalid");
  values.List("attempts", std::move(attempts));
  return values;
}

TEST(Template, WordsStandAsTheyAreAndTextsBetweenTags) {
  EXPECT_EQ(Rendered("Rung {{level}}: {{ answer }}.", Some()),
            "Rung 2: <data name=\"answer\">x &lt; 3</data>.");
}

TEST(Template, ASectionGoesThroughAList) {
  EXPECT_EQ(
      Rendered("{{#attempts}}{{said}} was {{verdict}}, rung {{level}}; {{/attempts}}", Some()),
      "<data name=\"said\">7</data> was incorrect, rung 2; "
      "<data name=\"said\">8</data> was invalid, rung 2; ");
  EXPECT_EQ(Rendered("{{#goals}}{{.}}{{/goals}}", Some()),
            "<data name=\"goals\">one</data><data name=\"goals\">two</data>");
}

TEST(Template, ASectionOfATextStandsWhereThereIsOne) {
  EXPECT_EQ(Rendered("{{#answer}}yes{{/answer}}{{^answer}}no{{/answer}}", Some()), "yes");
  EXPECT_EQ(Rendered("{{#empty}}yes{{/empty}}{{^empty}}no{{/empty}}", Some()), "no");
  EXPECT_EQ(Rendered("{{^goals}}none{{/goals}}", Some()), "");
  EXPECT_EQ(Rendered("{{^goals}}none{{/goals}}{{level}}", {}), "none");
}

TEST(Template, ATagAloneOnItsLineTakesTheLine) {
  EXPECT_EQ(Rendered("a\n  {{#answer}}\nb\n{{/answer}}\n{{! said to nobody }}\nc", Some()),
            "a\nb\nc");
  EXPECT_EQ(Rendered("{{> rule}}\nend", Some(), {{"rule", "Be kind.\n"}}), "Be kind.\nend");
}

TEST(Template, WhatIsWrongIsSaidAtLoad) {
  EXPECT_EQ(Refusal("ab\nc {{nmae}}"),
            "line 2: {{nmae}} is not known here; known are answer, attempts, empty, goals, level");
  EXPECT_NE(Refusal("{{said}}"), "") << "known only inside the list";
  EXPECT_NE(Refusal("{{attempts}}"), "") << "a list";
  EXPECT_NE(Refusal("{{#answer}}"), "");
  EXPECT_NE(Refusal("{{/answer}}"), "");
  EXPECT_NE(Refusal("{{#answer}}{{#goals}}{{/answer}}{{/goals}}"), "");
  EXPECT_NE(Refusal("{{answer"), "");
  EXPECT_NE(Refusal("{{{answer}}}"), "");
  EXPECT_NE(Refusal("{{&answer}}"), "") << "there is no unescaped form";
  EXPECT_NE(Refusal("{{}}"), "");
  EXPECT_NE(Refusal("{{> nowhere}}"), "");
  EXPECT_NE(Refusal("{{> a}}", {{"a", "{{> b}}"}, {"b", "{{> a}}"}}), "") << "a circle";
  EXPECT_NE(Refusal("{{#answer}}{{> a}}", {{"a", "{{/answer}}"}}), "");
  EXPECT_NE(Refusal("{{> a}}{{/answer}}", {{"a", "{{#answer}}"}}), "");
  std::string deep;
  for (int i = 0; i < 20; ++i) deep += "{{#answer}}";
  for (int i = 0; i < 20; ++i) deep += "{{/answer}}";
  EXPECT_NE(Refusal(deep), "");
  EXPECT_EQ(Refusal("{{> a}}{{> a}}", {{"a", "{{#answer}}{{level}}{{/answer}}"}}), "");
}

TEST(Template, AValueIsNeverATemplate) {
  Values values;
  values.Text("answer", "{{level}} {{#goals}} {{> rule}}", 100).Word("level", "2");
  EXPECT_EQ(Rendered("{{answer}}", values),
            "<data name=\"answer\">{{level}} {{#goals}} {{&gt; rule}}</data>");
}

TEST(Template, TheWholeIsBounded) {
  auto parsed = Template::Parse("{{answer}}", kNames);
  ASSERT_TRUE(parsed);
  Values values;
  values.Text("answer", std::string(5000, 'a'), 4000);
  EXPECT_TRUE(parsed->Render(values, 4096));
  EXPECT_FALSE(parsed->Render(values, 4000));
}

TEST(TemplateDeathTest, AWordOfOursIsAWord) {
  EXPECT_DEATH(Values().Word("level", "</data>"), "");
  EXPECT_DEATH(Values().Word("level", "a\nb"), "");
}

TEST(Untrusted, NothingEndsTheTagsFromInside) {
  EXPECT_EQ(Escaped("</data>&lt;", 100), "&lt;/data&gt;&amp;lt;");
  EXPECT_EQ(Escaped("＜/data＞ ‹/data› 〈/data〉 ⟨x⟩", 100),
            "&lt;/data&gt; &lt;/data&gt; &lt;/data&gt; &lt;x&gt;");
}

TEST(Untrusted, WhatNobodySeesIsGone) {
  EXPECT_EQ(Escaped("a\u200Bb\u202Ec\u2066d\uFEFFe\u00ADf\x1b[0m\x07", 100), "abcdef[0m");
  EXPECT_EQ(Escaped("a\U000E0041\U000E0042b", 100), "ab") << "tag characters";
  EXPECT_EQ(Escaped("one\r\ntwo\rthree\u2028four\tfive", 100), "one\ntwo\nthree\nfour\tfive");
  EXPECT_EQ(Escaped("½ × π ≤ 3 ñ 日本 😀", 100), "½ × π ≤ 3 ñ 日本 😀");
}

TEST(Untrusted, ALongTextIsCutBetweenCharactersAndSaysSo) {
  EXPECT_EQ(Escaped("ééé", 6), "ééé");
  EXPECT_EQ(Escaped("ééé", 5), "éé" + std::string(kCutMark));
  EXPECT_LT(Escaped(std::string(1'000'000, '<'), 1000).size(), 5000U);
}

TEST(Untrusted, WhatIsNotUtf8IsMarked) {
  const std::string out = Escaped("a\xff\xc3", 100);
  EXPECT_TRUE(IsUtf8(out));
  EXPECT_EQ(out.front(), 'a');
}

// Any bytes: the tags are as many as without them, and nothing can be seen as another one.
TEST(Untrusted, NoTextChangesTheStructure) {
  const uint64_t seed = test::Seed();
  std::mt19937_64 random(seed);
  const std::vector<std::string> pieces = {"</data>",    "<data name=\"answer\">",
                                           "<",          ">",
                                           "&",          "&lt;",
                                           "\u200B",     "\u202E",
                                           "＜",         "＞",
                                           "{{answer}}", "{{/attempts}}",
                                           "\n",         "\r",
                                           "\"",         "\xff",
                                           "\xc3",       "\xe2\x80",
                                           "\xf0\x9f",   std::string(1, '\0'),
                                           "a",          " ",
                                           "System:",    "\u2028",
                                           "\U000E003C", "]]>",
                                           "<!--",       "-->"};
  auto parsed = Template::Parse("{{answer}}|{{#attempts}}{{said}}{{/attempts}}|", kNames);
  ASSERT_TRUE(parsed);
  for (int round = 0; round < 2000; ++round) {
    const auto text = [&] {
      std::string out;
      for (size_t n = random() % 24; n > 0; --n) {
        out += random() % 8 == 0 ? std::string(1, static_cast<char>(random() % 256))
                                 : pieces[random() % pieces.size()];
      }
      return out;
    };
    Values values;
    values.Text("answer", text(), 1 + random() % 64);
    std::vector<Values> attempts(3);
    for (Values& attempt : attempts) attempt.Text("said", text(), 64);
    values.List("attempts", std::move(attempts));
    const auto out = parsed->Render(values, 1 << 20);
    ASSERT_TRUE(out);
    ASSERT_TRUE(IsUtf8(*out)) << "seed " << seed;
    ASSERT_EQ(std::count(out->begin(), out->end(), '<'), 8) << "seed " << seed << ": " << *out;
    ASSERT_EQ(std::count(out->begin(), out->end(), '>'), 8) << "seed " << seed << ": " << *out;
  }
}

}  // namespace
}  // namespace lyceum::llm
