// Words and content: what looks like an answer, what gives one away, what is wrong with a question.

#include <gtest/gtest.h>

#include "tutor/answer_shape.h"
#include "tutor/course.h"
#include "tutor/limits.h"
#include "tutor/names.h"
#include "tutor/reveal.h"
#include "tutor/table_samples.h"

namespace lyceum::tutor {
namespace {

Question Numeric(std::string key) {
  Question q = samples::SampleTopic("t", "").questions[0];
  q.answers = {std::move(key)};
  q.known_errors.clear();
  return q;
}

Question Choice() {
  Question q = Numeric("Mitosis");
  q.format = AnswerFormat::kChoice;
  q.choices = {"Meiosis", "Mitosis", "A cell wall"};
  return q;
}

TEST(AnswerShape, Numbers) {
  const Question q = Numeric("1");
  for (const char* text : {"12",
                           "-3.5",
                           "1/2",
                           "1 1/2",
                           "50%",
                           "50 %",
                           "1e-3",
                           "3*10^4",
                           "1,234.5",
                           "x = 3",
                           "3 cm",
                           "2.5 m/s",
                           "$$\\frac{1}{2}$$",
                           "\\frac{3}{4}",
                           "$5$",
                           "+7",
                           "= 4",
                           "3 \\times 10^{4}",
                           ".5",
                           "1 \\frac{1}{2}",
                           "5 square meters",
                           "12."}) {
    EXPECT_TRUE(LooksLikeAnswer(text, q)) << text;
  }
  for (const char* text : {"why?", "is it 12?", "hint", "how much is 12", "twelve apples and more",
                           "", "12 or 13", "5 what does that even mean here please"}) {
    EXPECT_FALSE(LooksLikeAnswer(text, q)) << text;
  }
}

TEST(AnswerShape, Choices) {
  const Question q = Choice();
  for (const char* text : {"b", "(B)", "2", "3.", "mitosis", "  Meiosis ", "a cell wall"}) {
    EXPECT_TRUE(LooksLikeAnswer(text, q)) << text;
  }
  for (const char* text : {"d", "4", "0", "both", "why mitosis?"}) {
    EXPECT_FALSE(LooksLikeAnswer(text, q)) << text;
  }
}

TEST(AnswerShape, SeveralChoices) {
  Question q = Choice();
  q.format = AnswerFormat::kMultipleChoice;
  for (const char* text : {"b", "a, c", "A and C", "ac", "both a and b", "1, 3", "all", "none",
                           "mitosis, meiosis", "a; b", "a, b, and c"}) {
    EXPECT_TRUE(LooksLikeAnswer(text, q)) << text;
  }
  for (const char* text : {"d", "a, d", "ca", "why mitosis?", "a or b", "not a", "what is b", ""}) {
    EXPECT_FALSE(LooksLikeAnswer(text, q)) << text;
  }
  EXPECT_FALSE(LooksLikeAnswer("a, c", Choice()));
}

TEST(AnswerShape, Words) {
  Question q = Numeric("x + 5");
  q.format = AnswerFormat::kText;
  EXPECT_TRUE(LooksLikeAnswer("the mitochondria", q));
  for (const char* text :
       {"what is that", "I don't know", "Help", "is that so?", "can you explain"}) {
    EXPECT_FALSE(LooksLikeAnswer(text, q)) << text;
  }
  EXPECT_TRUE(LooksLikeAnswer("helper cells", q));
}

TEST(Reveal, KeysAsWholeTokens) {
  EXPECT_TRUE(Reveals("So you get 120 here.", Numeric("120")));
  EXPECT_TRUE(Reveals("It is $X+5$", Numeric("x + 5")));
  for (const char* text : {"1200", "120.5", "-120", "1/120", "x120"}) {
    EXPECT_FALSE(Reveals(text, Numeric("120"))) << text;
  }
}

TEST(Reveal, ShortKeysOnlyWhereTheyAreTheAnswer) {
  const Question q = Numeric("5");
  for (const char* text : {"x = 5", "the answer is 5.", "Answer: **5**", "you get 5"}) {
    EXPECT_TRUE(Reveals(text, q)) << text;
  }
  for (const char* text :
       {"Look at step 5 again", "divide 5 by it", "is 5.5 near?", "= 5/6", "is 50"}) {
    EXPECT_FALSE(Reveals(text, q)) << text;
  }
}

TEST(Reveal, ChoicesOnlyWhereTheyAreNamedCorrect) {
  const Question q = Choice();
  EXPECT_TRUE(Reveals("The correct answer is mitosis.", q));
  EXPECT_TRUE(Reveals("Mitosis is correct", q));
  EXPECT_TRUE(Reveals("choose b", q));
  EXPECT_FALSE(Reveals("Compare meiosis and mitosis.", q));
  EXPECT_FALSE(Reveals("The answer is meiosis.", q));
}

TEST(Content, ASampleIsSound) {
  EXPECT_TRUE(Problems(samples::SampleTopic("t1", "t2")).empty());
  EXPECT_TRUE(Problems(Choice()).empty());
}

TEST(Content, EachFaultIsNamed) {
  const auto count = [](auto change, Question q = Choice()) {
    change(q);
    return Problems(q).size();
  };
  EXPECT_EQ(count([](Question& q) { q.text = " "; }), 1u);
  EXPECT_EQ(count([](Question& q) { q.id = QuestionId(); }), 1u);
  EXPECT_EQ(count([](Question& q) { q.answers.clear(); }), 1u);
  EXPECT_EQ(count([](Question& q) { q.answers = {"b"}; }), 1u);
  EXPECT_EQ(count([](Question& q) { q.choices = {"Mitosis"}; }), 1u);
  EXPECT_EQ(count([](Question& q) { q.choices.push_back("Mitosis"); }), 1u);
  EXPECT_EQ(count([](Question& q) { q.hints.resize(kHintsMax + 1); }), 1u);
  EXPECT_EQ(count([](Question& q) { q.known_errors = {{ErrorId(), {}, ""}}; }), 1u);
  EXPECT_EQ(count([](Question& q) { q.tolerance = -1; }), 1u);
  EXPECT_EQ(count([](Question& q) { q.relative_tolerance = 0.1; }), 1u);
  EXPECT_EQ(count([](Question& q) { q.relative_tolerance = 1; }, Numeric("x + 5")), 1u);
  EXPECT_EQ(count([](Question& q) { q.significant_figures = 16; }, Numeric("x + 5")), 1u);
  EXPECT_EQ(count([](Question& q) { q.partial_credit = true; }), 1u);
  EXPECT_EQ(count([](Question& q) { q.known_errors = {{ErrorId("e"), {}, "", 1}}; }), 1u);
  EXPECT_EQ(count([](Question& q) { q.known_errors = {{ErrorId("e"), {}, "", -0.5}}; }), 1u);
  EXPECT_EQ(count([](Question& q) { q.solution.resize(kContentTextBytesMax + 1, 'x'); }), 1u);
}

TEST(Content, FaultsOfATopic) {
  const auto count = [](auto change) {
    Topic topic = samples::SampleTopic("t1", "t2");
    change(topic);
    return Problems(topic).size();
  };
  EXPECT_EQ(count([](Topic& t) { t.questions[1].id = t.questions[0].id; }), 1u);
  EXPECT_EQ(count([](Topic& t) { t.gate = {2, 3}; }), 1u);
  EXPECT_EQ(count([](Topic& t) { t.gate = {65, 3}; }), 1u);
  EXPECT_EQ(count([](Topic& t) { t.next = t.id; }), 1u);
  EXPECT_EQ(count([](Topic& t) { t.id = TopicId(); }), 1u);
  EXPECT_EQ(count([](Topic& t) { t.material.push_back(""); }), 1u);
}

template <class Enum>
void ExpectWordsBack(int count) {
  for (int i = 0; i < count; ++i) {
    const auto value = static_cast<Enum>(i);
    EXPECT_EQ(Parse<Enum>(Name(value)), value);
  }
  EXPECT_EQ(Parse<Enum>("nothing"), std::nullopt);
}

TEST(Names, ReadBack) {
  ExpectWordsBack<Tool>(kToolCount);
  ExpectWordsBack<StateName>(kStateCount);
  ExpectWordsBack<Verdict>(6);
  ExpectWordsBack<AnswerFormat>(7);
  ExpectWordsBack<FoundIntent>(6);
  ExpectWordsBack<Strategy>(3);
  ExpectWordsBack<Lifecycle>(3);
  ExpectWordsBack<Role>(4);
  ExpectWordsBack<BusyPolicy>(3);
  ExpectWordsBack<TimerKind>(3);
}

}  // namespace
}  // namespace lyceum::tutor
