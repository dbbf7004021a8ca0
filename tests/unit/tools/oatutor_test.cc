#include "tools/oatutor.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "envelope/codec.h"
#include "tutor/limits.h"

namespace lyceum::tools {
namespace {

const CourseId kCourse("algebra");

std::string Problem(const std::string& more) {
  return R"({"id":"p1","topic":"sums","lesson":"1.3 Sums","question_text":"1+1?",)" + more + "}\n";
}
const std::string kGood =
    R"({"id":"good","topic":"sums","question_text":"2+2?","answer_kind":"numeric","answers":["4"]})"
    "\n";

TEST(Oatutor, HintsErrorsAndSolutionComeAlong) {
  const auto read = ParseOatutor(
      kCourse,
      Problem(R"("answer_kind":"multiple_choice","answers":["2"],"choices":["2","3"],)"
              R"("known_wrong_answers":[{"answer":"3","origin":"distractor"}],)"
              R"("hints":[{"id":"h2","text":"What is it?","dependencies":["h1"],"answer":["2"]},)"
              R"({"id":"h1","text":"Count.","dependencies":[]}])"),
      "");
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_TRUE(read->refusals.empty());
  const tutor::Topic& topic = read->course.topics.at(0);
  EXPECT_EQ(topic.title, "Sums");
  const tutor::Question& question = topic.questions.at(0);
  EXPECT_EQ(question.hints, (std::vector<std::string>{"Count.", "What is it? (2)"}));
  EXPECT_EQ(question.solution, "Count.\nWhat is it? (2)\nThe answer: 2");
  ASSERT_EQ(question.known_errors.size(), 1U);
  EXPECT_EQ(question.known_errors[0].id.value, "wrong-1");
}

TEST(Oatutor, AHintThatDependsOnAnotherStepLosesThatWithAWarning) {
  const auto read = ParseOatutor(
      kCourse,
      Problem(R"("answer_kind":"numeric","answers":["2"],"hints":[{"id":"a","text":"t",)"
              R"("dependencies":["other-step-h1"]}])"),
      "");
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_TRUE(read->refusals.empty());
  ASSERT_EQ(read->warnings.size(), 1U);
  EXPECT_EQ(read->warnings[0].reason,
            "a hint depends on other-step-h1, which is not there: it comes without that");
  EXPECT_EQ(read->course.topics.at(0).questions.at(0).hints, std::vector<std::string>{"t"});
}

TEST(Oatutor, SectionsOfReferencesAndSegmentsWithFiguresAreLeftOut) {
  const auto section = [](const char* title, const char* text) {
    return std::string(R"({"id":"s","topic":"sums","section_title":")") + title + R"(","text":")" +
           text + "\"}\n";
  };
  const auto read =
      ParseOatutor(kCourse, kGood,
                   section("References", "Smith 2001.") + section("Sums", "Add them.") +
                       section("Shapes", "See ##figure2.png## here."));
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_EQ(read->course.topics.at(0).material, std::vector<std::string>{"Sums\n\nAdd them."});
  ASSERT_EQ(read->warnings.size(), 1U);
  EXPECT_EQ(read->warnings[0].reason, "a section of references is left out");
  ASSERT_EQ(read->refusals.size(), 1U);
  EXPECT_EQ(read->refusals[0].reason,
            "the figure figure2.png is missing: there are no pictures here");
}

TEST(Oatutor, KeysThatNobodyCanTypeAreNamed) {
  const auto read = ParseOatutor(
      kCourse, Problem(R"("answer_kind":"text","answers":["$$\\vec{a}$$"])") + kGood, "");
  ASSERT_TRUE(read) << read.error().text;
  ASSERT_EQ(read->untypable.size(), 1U);
  EXPECT_EQ(read->untypable[0].item, "question p1");
}

TEST(Oatutor, BadRecordsAreRefusedByLine) {
  struct Case {
    std::string line;
    const char* item;
    const char* reason;
  };
  const Case cases[] = {
      {"{\"id\":", "record", "the line is not a JSON object"},
      {"[1]", "record", "the line is not a JSON object"},
      {"\xff", "record", "the line is not UTF-8"},
      {R"({"id":"x"})", "problem x", "it has no topic"},
      {Problem(R"("answer_kind":"essay","answers":["2"])"), "problem p1",
       "the answer kind \"essay\" is not known"},
      {Problem(R"("answer_kind":"numeric","answers":[])"), "question p1", "no key"},
      {Problem(R"("answer_kind":"numeric","answers":["@{b}"])"), "problem p1",
       "the key holds a variable that was not filled in"},
      {Problem(R"("answer_kind":"multiple_choice","answers":["2"],"choices":["3","4"])"),
       "question p1", "the key is not among the choices: \"2\""},
      {Problem(R"("answer_kind":"multiple_choice","answers":["2"],"choices":["2","2"])"),
       "question p1", "two choices are the same: \"2\""},
      {Problem(R"("answer_kind":"numeric","answers":["2"],"hints":[{"id":"a","text":"t",)"
               R"("dependencies":[]},{"id":"b","text":"##figure1.gif##"}])"),
       "question p1", "the figure figure1.gif is missing: there are no pictures here"},
      {Problem(R"("answer_kind":"numeric","answers":["2"],"hints":[{"id":"a","text":"t",)"
               R"("dependencies":["b"]},{"id":"b","text":"t","dependencies":["a"]}])"),
       "problem p1", "the hints depend on each other in a circle"},
  };
  for (const Case& c : cases) {
    std::string line = c.line;
    if (line.back() != '\n') line += '\n';
    const auto read = ParseOatutor(kCourse, kGood + "\n" + line + kGood, "");
    ASSERT_TRUE(read) << c.reason;
    // The second good one has the id of the first.
    ASSERT_EQ(read->refusals.size(), 2U) << c.reason;
    bool found = false;
    for (const Refusal& refusal : read->refusals) {
      found = found || (refusal.line == 3 && refusal.item == c.item && refusal.reason == c.reason);
    }
    EXPECT_TRUE(found) << c.reason << " | " << read->refusals[0].line << " "
                       << read->refusals[0].item << ": " << read->refusals[0].reason;
    EXPECT_EQ(read->course.topics.at(0).questions.size(), 1U);
  }
}

TEST(Oatutor, SectionsBecomeSegmentsCutAtParagraphs) {
  const std::string paragraph(1500, 'a');
  std::string text;
  for (int i = 0; i < 4; ++i) text += paragraph + " See .\\n\\n";
  const auto read = ParseOatutor(
      kCourse, kGood,
      R"({"id":"s1","topic":"sums","section_title":"Adding","text":")" + text + "\"}\n" +
          R"({"id":"s2","topic":"later","module_title":"Later","section_title":"L","text":"short"})");
  ASSERT_TRUE(read) << read.error().text;
  ASSERT_EQ(read->course.topics.size(), 2U);
  const auto& material = read->course.topics[0].material;
  ASSERT_EQ(material.size(), 2U);
  EXPECT_EQ(material[0], "Adding\n\n" + paragraph + "\n\n" + paragraph);
  EXPECT_EQ(material[1].substr(0, 12), "Adding (2)\n\n");
  EXPECT_EQ(read->course.topics[1].material.at(0), "L\n\nshort");
  EXPECT_EQ(read->course.topics[1].title, "Later");
}

TEST(Oatutor, RealProblemsAreImported) {
  const char* given = std::getenv("LYCEUM_DATA_DIR");
  const std::filesystem::path dir = given != nullptr ? given : LYCEUM_SOURCE_DIR "/../shared/data";
  if (!std::filesystem::exists(dir / "problems_oatutor.jsonl")) {
    GTEST_SKIP() << "no problems_oatutor.jsonl in " << dir << " (LYCEUM_DATA_DIR)";
  }
  const auto read =
      ReadOatutor(kCourse, dir / "problems_oatutor.jsonl", dir / "materials_openstax.jsonl");
  ASSERT_TRUE(read) << read.error().text;
  size_t questions = 0;
  size_t segments = 0;
  size_t largest = 0;
  for (const tutor::Topic& topic : read->course.topics) {
    questions += topic.questions.size();
    segments += topic.material.size();
    largest = std::max(largest, envelope::EncodeTopic(topic).size());
    for (const auto& question : topic.questions) {
      EXPECT_LE(question.hints.size(), tutor::kHintsMax);
    }
  }
  std::cout << read->course.topics.size() << " topics, " << questions << " questions, " << segments
            << " segments, largest topic " << largest << " bytes, " << read->refusals.size()
            << " refused\n";
  for (const Refusal& refusal : read->refusals) {
    std::cout << "  line " << refusal.line << ", " << refusal.item << ": " << refusal.reason
              << "\n";
  }
  EXPECT_GT(questions, 200U);
  EXPECT_LT(read->refusals.size(), 30U);
  EXPECT_LE(largest, kTopicBytesMax);
}

}  // namespace
}  // namespace lyceum::tools
