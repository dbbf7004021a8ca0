#include "tools/reveal_guard.h"

#include <gtest/gtest.h>

#include <cctype>
#include <chrono>
#include <random>

#include "support/seed.h"
#include "tutor/plain_text.h"
#include "tutor/reveal.h"

namespace lyceum::tools {
namespace {

tutor::Question Open(tutor::AnswerFormat format, std::vector<std::string> answers,
                     std::vector<std::string> choices = {}) {
  tutor::Question question;
  question.format = format;
  question.answers = std::move(answers);
  question.choices = std::move(choices);
  return question;
}

struct Case {
  tutor::Question question;
  std::string text;
};

std::vector<Case> Revealing() {
  using enum tutor::AnswerFormat;
  return {
      {Open(kText, {"the mitochondrion of the cell"}),
       "Think of where energy is made. It is the mitochondrion of the cell, as we saw before."},
      {Open(kText, {"photosynthesis"}), "photosynthesis is what we look for, is it not?"},
      {Open(kText, {"oxygen"}), "Plants give off a gas. Its name? \"Oxygen\"! Now you."},
      {Open(kNumeric, {"5"}),
       "Take 5 apples and 7 pears. In the end what you get is 5 and no more."},
      {Open(kNumeric, {"1234.5"}), "Multiply both and you will find 1234.5 at the very end."},
      {Open(kNumeric, {"3/4"}), "Half and a quarter make \\(\\frac{1}{2}\\), then 3 / 4 in all."},
      {Open(kExpression, {"(x+1)(x-2)"}), "So the factors are $(x + 1)(x-2)$ as expected here."},
      {Open(kChoice, {"a red fox"}, {"a dog", "a red fox", "a cat"}),
       "You saw a dog, a red fox and a cat. Well, a red fox is correct. The others are not."},
      {Open(kChoice, {"a cat"}, {"a dog", "a red fox", "a cat"}),
       "Of all of them the right answer must be a cat because it purrs."},
      {Open(kText, {"die Photosynthese", "photosynthesis"}),
       "Es ist ganz einfach: die Photosynthese macht das möglich, in jedem Blatt."},
  };
}

// What has gone out holds no key, and of what leads up to one at most one word.
void ExpectSafe(const Case& one, const std::string& said, const std::string& how) {
  ASSERT_FALSE(tutor::Reveals(said, one.question)) << how << ": " << said;
  if (one.question.format == tutor::AnswerFormat::kChoice) return;  // Choices are public.
  const std::string plain = tutor::Plain(said);
  for (const std::string& answer : one.question.answers) {
    const std::string key = tutor::Plain(answer);
    const size_t first = key.find(' ');
    const size_t second = first == std::string::npos ? first : key.find(' ', first + 1);
    if (second == std::string::npos) continue;
    ASSERT_FALSE(plain.ends_with(key.substr(0, second))) << how << ": " << said;
  }
}

void Feed(const Case& one, const std::vector<std::string>& pieces, const std::string& how) {
  RevealGuard guard(&one.question);
  std::string said;
  for (const std::string& piece : pieces) {
    said += guard.Add(piece);
    ASSERT_TRUE(one.text.starts_with(said)) << how;
    ExpectSafe(one, said, how);
  }
  said += guard.Finish();
  ExpectSafe(one, said, how);
  EXPECT_TRUE(guard.revealed()) << how << ": " << one.text;
}

TEST(RevealGuard, NoSplitInTwoLetsAKeyThrough) {
  for (const Case& one : Revealing()) {
    ASSERT_TRUE(tutor::Reveals(one.text, one.question)) << one.text;
    for (size_t cut = 0; cut <= one.text.size(); ++cut) {
      Feed(one, {one.text.substr(0, cut), one.text.substr(cut)}, "cut at " + std::to_string(cut));
    }
  }
}

TEST(RevealGuard, NoSplitIntoPiecesLetsAKeyThrough) {
  const uint64_t seed = test::Seed();
  std::mt19937_64 random(seed);
  for (const Case& one : Revealing()) {
    for (size_t bytes = 1; bytes <= 9; ++bytes) {
      std::vector<std::string> pieces;
      for (size_t at = 0; at < one.text.size(); at += bytes) {
        pieces.push_back(one.text.substr(at, bytes));
      }
      Feed(one, pieces, "pieces of " + std::to_string(bytes));
    }
    for (int round = 0; round < 100; ++round) {
      std::vector<std::string> pieces;
      for (size_t at = 0; at < one.text.size();) {
        const size_t bytes = 1 + random() % 20;
        pieces.push_back(one.text.substr(at, bytes));
        at += bytes;
      }
      Feed(one, pieces, "seed " + std::to_string(seed));
    }
  }
}

TEST(RevealGuard, ATextThatKeepsTheSecretGoesOutWhole) {
  const tutor::Question question = Open(tutor::AnswerFormat::kNumeric, {"12"});
  const std::string text =
      "There were 120 apples, 12.5 of them green, and 1/12 of them gone. Half of the rest is what? "
      "Work it out with the numbers in the first line, and mind the unit.";
  RevealGuard guard(&question);
  std::string said;
  size_t pieces = 0;
  for (const char c : text) {
    const std::string now = guard.Add(std::string(1, c));
    pieces += now.empty() ? 0 : 1;
    said += now;
    if (!said.empty() && said.size() < text.size()) {
      EXPECT_EQ(text[said.size()], ' ') << "ends at a word's end";
    }
  }
  EXPECT_GT(pieces, 10U) << "it is not kept until the end";
  said += guard.Finish();
  EXPECT_EQ(said, text);
  EXPECT_FALSE(guard.revealed());
}

TEST(RevealGuard, CostsAsMuchAsIsNewWhateverTheTextIsMadeOf) {
  const tutor::Question question = Open(tutor::AnswerFormat::kNumeric, {"123456"});
  for (const char* piece : {" ", "a", "a ", "$", "$ ", "(", "5", "\\"}) {
    RevealGuard guard(&question);
    const auto begin = std::chrono::steady_clock::now();
    std::string text, said;
    while (text.size() < 256 * 1024) {
      text += piece;
      said += guard.Add(piece);
    }
    said += guard.Finish();
    EXPECT_EQ(said, text);
    // Where each addition costs as much as the whole text, this takes minutes.
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5)) << piece;
  }
}

TEST(RevealGuard, WithNoOpenQuestionEverythingPassesAtOnce) {
  RevealGuard guard(nullptr);
  EXPECT_EQ(guard.Add("T"), "T");
  EXPECT_EQ(guard.Add("he answer is 5"), "he answer is 5");
  EXPECT_EQ(guard.Finish(), "");
  EXPECT_EQ(guard.text(), "The answer is 5");
}

TEST(RevealGuard, AfterAResetItBeginsAnew) {
  const tutor::Question question = Open(tutor::AnswerFormat::kText, {"oxygen"});
  RevealGuard guard(&question);
  guard.Add("It is oxygen, of course, as everybody knows.");
  EXPECT_TRUE(guard.revealed());
  EXPECT_EQ(guard.Add(" More of it."), "");
  guard.Reset();
  EXPECT_FALSE(guard.revealed());
  EXPECT_EQ(guard.Add("It is a gas that we breathe, and plants give it off. "),
            "It is a gas that we breathe, and");
}

TEST(PlainText, BitByBitIsTheSameAsAtOnce) {
  const uint64_t seed = test::Seed();
  std::mt19937_64 random(seed);
  const std::vector<std::string> parts = {" ",   "\t",  "  \n",   "=", "x", "12",
                                          "$",   "\\(", "\\left", "A", "^", "\xE2\x88\x92",
                                          "\\)", "é"};
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    tutor::PlainWriter writer;
    size_t added = 0;
    for (size_t i = random() % 30; i > 0; --i) {
      const std::string& part = parts[random() % parts.size()];
      if (std::isspace(static_cast<unsigned char>(part[0])) != 0 && random() % 2 == 0) {
        writer.Add(std::string_view(text).substr(added));
        added = text.size();
      }
      text += part;
    }
    writer.Add(std::string_view(text).substr(added));
    ASSERT_EQ(writer.plain(), tutor::Plain(text)) << text;
  }
}

TEST(Reveal, AsATextGrowsIsTheSameAsAtOnce) {
  const uint64_t seed = test::Seed();
  std::mt19937_64 random(seed);
  const std::vector<std::string> words = {"is",      "12",  "=",       "Mitosis", "the",
                                          "correct", "120", "answer:", "12/5",    "(12)",
                                          "5",       "$5$", "right",   "a",       "b"};
  size_t revealing = 0;
  for (const tutor::Question& question :
       {Open(tutor::AnswerFormat::kNumeric, {"12"}), Open(tutor::AnswerFormat::kNumeric, {"5"}),
        Open(tutor::AnswerFormat::kNumeric, {"12/5"}),
        Open(tutor::AnswerFormat::kChoice, {"Mitosis"}, {"Meiosis", "Mitosis"})}) {
    const tutor::RevealKeys keys(question);
    for (int round = 0; round < 2000; ++round) {
      std::string text;
      size_t known = 0;
      for (size_t i = random() % 40; i > 0; --i) {
        text += words[random() % words.size()];
        const std::string plain = tutor::Plain(text);
        const bool reveals = tutor::Reveals(text, question);
        ASSERT_EQ(keys.In(plain, known), reveals) << text;
        if (reveals) {
          ++revealing;
          break;
        }
        known = plain.size();
        text += ' ';
      }
    }
  }
  EXPECT_GT(revealing, 1000U);
}

}  // namespace
}  // namespace lyceum::tools
