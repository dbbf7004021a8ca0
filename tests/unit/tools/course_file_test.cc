#include "tools/course_file.h"

#include <gtest/gtest.h>

namespace lyceum::tools {
namespace {

// A file with one topic; the question's lines begin at line 8.
std::string With(const std::string& question) {
  return "id = \"c\"\n"
         "title = \"C\"\n"
         "[[topic]]\n"
         "id = \"t\"\n"
         "title = \"T\"\n"
         "material = [\"m\"]\n"
         "[[topic.question]]\n" +
         question;
}

const std::string kGood = "id = \"q\"\ntext = \"1+1?\"\nformat = \"numeric\"\nanswers = [\"2\"]\n";

// A function as the file has it.
std::string WithFunction(const std::string& name,
                         const std::string& arguments = "{\"type\":\"object\"}",
                         const std::string& result = "{\"type\":\"string\"}") {
  return With(kGood) + "[[function]]\nname = \"" + name + "\"\ndescription = \"d\"\narguments = '" +
         arguments + "'\nresult = '" + result + "'\n";
}

TEST(CourseFile, AFunctionIsPartOfTheCourseAndOfItsVersion) {
  const auto read = ParseCourseFile(WithFunction("look_up"));
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_TRUE(read->refusals.empty());
  ASSERT_EQ(read->course.functions.size(), 1U);
  EXPECT_EQ(read->course.functions[0],
            (CourseFunction{"look_up", "d", "{\"type\":\"object\"}", "{\"type\":\"string\"}"}));
  const auto without = ParseCourseFile(With(kGood));
  ASSERT_TRUE(without);
  EXPECT_TRUE(without->course.functions.empty());
  EXPECT_NE(without->course.version, read->course.version);
  const auto odd = ParseCourseFile(WithFunction(
      "f", "{\"type\":\"object\",\"properties\":{\"pattern\":{\"type\":\"string\"}}}"));
  ASSERT_TRUE(odd);
  EXPECT_EQ(odd->course.functions.size(), 1U) << "a property of that name";
  EXPECT_NE(ParseCourseFile(WithFunction("look_down"))->course.version, read->course.version);
}

TEST(CourseFile, ABadFunctionIsLeftOutAndNamed) {
  const std::vector<std::pair<std::string, std::string>> bad = {
      {WithFunction("check_answer"), "tool of the tutor"},
      {WithFunction("Look-up"), "the name must be"},
      {WithFunction("f", "no JSON"), "arguments"},
      {WithFunction("f", "{\"type\":\"string\"}"), "\"type\": \"object\""},
      {WithFunction("f", "{\"type\":\"object\"}", "{\"type\":7}"), "result"},
      {WithFunction("f", "{\"type\":\"object\"}", ""), "result is missing"},
      {WithFunction("f", "{\"a\":\"" + std::string(8200, 'a') + "\"}"), "longer than"},
      {WithFunction("f", "{\"type\":\"object\",\"properties\":{\"a\":{\"pattern\":\"(a|b)*\"}}}"),
       "arguments: pattern"},
      {WithFunction("f", "{\"type\":\"object\"}", "{\"anyOf\":[{\"$ref\":\"#\"}]}"), "result: "},
      {WithFunction("f") + "more = 1\n", "unknown key more"},
  };
  for (const auto& [file, why] : bad) {
    const auto read = ParseCourseFile(file);
    ASSERT_TRUE(read) << read.error().text;
    EXPECT_TRUE(read->course.functions.empty()) << why;
    ASSERT_EQ(read->refusals.size(), 1U) << why;
    EXPECT_NE(read->refusals[0].reason.find(why), std::string::npos) << read->refusals[0].reason;
    EXPECT_TRUE(read->refusals[0].item.starts_with("function ")) << read->refusals[0].item;
    EXPECT_GT(read->refusals[0].line, 8);
  }
  std::string many = With(kGood);
  for (int i = 0; i < 18; ++i) {
    many += WithFunction("f" + std::to_string(i % 17)).substr(With(kGood).size());
  }
  const auto read = ParseCourseFile(many);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->course.functions.size(), kFunctionsMax);
  EXPECT_EQ(read->refusals.size(), 2U);
}

TEST(CourseFile, AGoodCourseIsReadWhole) {
  const auto read = ParseCourseFile(
      With(kGood + "tolerance = 0.5\nunit = \"km\"\nhints = [\"h\"]\nsolution = \"s\"\n"
                   "[[topic.question.known_error]]\nid = \"e\"\nanswers = [\"11\"]\ntext = \"no\"\n"
                   "[[topic]]\nid = \"u\"\nmaterial = [\"n\"]\ngate = {window = 3, correct = 2}\n"
                   "generate_questions = true\n"));
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_TRUE(read->refusals.empty());
  const Course& course = read->course;
  EXPECT_EQ(course.id.value, "c");
  ASSERT_EQ(course.topics.size(), 2U);
  EXPECT_EQ(course.topics[0].next, TopicId("u"));
  EXPECT_EQ(course.topics[1].next, std::nullopt);
  EXPECT_EQ(course.topics[1].gate, (tutor::Gate{3, 2}));
  EXPECT_TRUE(course.topics[1].generate_questions);
  EXPECT_EQ(course.topics[0].version, course.version);
  const tutor::Question& question = course.topics[0].questions.at(0);
  EXPECT_EQ(question.unit, "km");
  EXPECT_DOUBLE_EQ(question.tolerance, 0.5);
  EXPECT_EQ(question.known_errors.at(0).text, "no");
}

TEST(CourseFile, ABadQuestionIsLeftOutWithLineAndReason) {
  struct Case {
    const char* question;
    const char* reason;
  };
  const Case cases[] = {
      {"id = \"q\"\ntext = \"?\"\nformat = \"numeric\"\n", "no key"},
      {"id = \"q\"\ntext = \"?\"\nformat = \"numeric\"\nanswers = [\"two\"]\n",
       "the key is not a number: this is not a single number"},
      {"id = \"q\"\ntext = \"?\"\nformat = \"choice\"\nchoices = [\"a\", \"b\"]\nanswers = "
       "[\"c\"]\n",
       "the key is not among the choices: \"c\""},
      {"id = \"q\"\ntext = \"?\"\nformat = \"choice\"\nchoices = [\"a\", \"a\"]\nanswers = "
       "[\"a\"]\n",
       "two choices are the same: \"a\""},
      {"id = \"q\"\ntext = \"?\"\nformat = \"riddle\"\nanswers = [\"c\"]\n",
       "format must be choice, multiple_choice, numeric, expression, equation, interval, list or "
       "text"},
      {"id = \"q\"\ntext = \"?\"\nformat = \"text\"\nanswers = [\"c\"]\nanswer = \"c\"\n",
       "line 12: unknown key answer"},
      {"id = \"q\"\ntext = 7\nformat = \"text\"\nanswers = [\"c\"]\n",
       "line 9: text must be a text"},
      {"id = \"q\"\ntext = \"?\"\nformat = \"text\"\nanswers = \"c\"\n",
       "answers must be a list of texts"},
      {"id = \"q\"\ntext = \"?\"\nformat = \"text\"\nanswers = [\"c\", 3]\n",
       "line 11: answers must be a list of texts"},
      {"id = \"q\"\ntext = \"?\"\nformat = \"numeric\"\nanswers = [\"1/2\"]\n"
       "[[topic.question.known_error]]\nid = \"e\"\nanswers = [\"0.5\"]\n",
       "the known error e has a right answer"},
  };
  for (const Case& c : cases) {
    const auto read = ParseCourseFile(With(c.question));
    ASSERT_TRUE(read) << c.reason;
    ASSERT_EQ(read->refusals.size(), 1U) << c.reason;
    EXPECT_EQ(read->refusals[0].line, 7) << c.reason;
    EXPECT_EQ(read->refusals[0].item, "question q");
    EXPECT_EQ(read->refusals[0].reason, c.reason);
    EXPECT_TRUE(read->course.topics.at(0).questions.empty());
  }
}

TEST(CourseFile, TooManyHintsAreRefused) {
  const auto read = ParseCourseFile(
      With(kGood + "hints = [\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"]\n"));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->refusals.at(0).reason, "more than 8 hints");
}

TEST(CourseFile, TheSecondQuestionOfAnIdIsRefused) {
  const auto read = ParseCourseFile(With(kGood + "[[topic.question]]\n" + kGood));
  ASSERT_TRUE(read);
  ASSERT_EQ(read->refusals.size(), 1U);
  EXPECT_EQ(read->refusals[0].line, 12);
  EXPECT_EQ(read->refusals[0].reason, "the id is there twice");
  EXPECT_EQ(read->course.topics[0].questions.size(), 1U);
}

TEST(CourseFile, AnEmptyOrTooLargeTopicIsRefused) {
  const std::string more = "[[topic]]\nid = \"empty\"\n[[topic]]\nid = \"large\"\nmaterial = [";
  std::string segments;
  for (int i = 0; i < 6; ++i) segments += "\"" + std::string(60'000, 'x') + "\", ";
  const auto read = ParseCourseFile(With(kGood + more + segments + "]\n"));
  ASSERT_TRUE(read);
  ASSERT_EQ(read->refusals.size(), 2U);
  EXPECT_EQ(read->refusals[0].item, "topic empty");
  EXPECT_EQ(read->refusals[0].reason, "neither material nor a question is left");
  EXPECT_EQ(read->refusals[1].item, "topic large");
  EXPECT_NE(read->refusals[1].reason.find("262144 are allowed"), std::string::npos);
  EXPECT_EQ(read->course.topics.size(), 1U);
}

TEST(CourseFile, WhatCanNotBeACourseIsRefusedWhole) {
  const auto why = [](const std::string& text) {
    const auto read = ParseCourseFile(text);
    return read ? "accepted" : read.error().text;
  };
  EXPECT_EQ(why("id = \"c\"\ntitle = = 3\n").substr(0, 7), "line 2:");
  EXPECT_EQ(why("id = \"c\"\n"), "no topic is left");
  EXPECT_NE(why("[[topic]]\nid = \"t\"\nmaterial = [\"m\"]\n").find("no usable id"),
            std::string::npos);
  EXPECT_EQ(why("id = \"c\"\n[[topic]]\nid = \"t\"\nmaterial = [\"m\"]\n[[topic]]\nid = \"t\"\n"),
            "line 5: the topic t is there twice");
  EXPECT_EQ(why("id = \"c\"\nflavour = 1\n"), "line 2: unknown key flavour");
  EXPECT_EQ(why("id = \"c\"\ntopic = 3\n"), "topic must be written as [[topic]]");
  EXPECT_EQ(why("\xff\xfe"), "the file is not UTF-8");
}

TEST(CourseFile, SynonymsAreOfEachTopicAndOfTheVersion) {
  const auto with = [](const std::string& synonyms) {
    return ParseCourseFile(synonyms + With(kGood));
  };
  const auto read = with("synonyms = [[\"bottom number\", \"denominator\"]]\n");
  ASSERT_TRUE(read) << read.error().text;
  const std::vector<std::vector<std::string>> expected = {{"bottom number", "denominator"}};
  EXPECT_EQ(read->course.topics.at(0).synonyms, expected);
  EXPECT_NE(read->course.version, with("")->course.version);
  for (const char* bad : {"synonyms = [[\"alone\"]]\n", "synonyms = [[\"a\", 3]]\n",
                          "synonyms = [\"a\"]\n", "synonyms = \"a\"\n"}) {
    const auto refused = with(bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_NE(refused.error().text.find("synonym"), std::string::npos) << refused.error().text;
  }
}

TEST(CourseFile, SupervisionIsOfEachTopicAndOfTheVersion) {
  const auto with = [](const std::string& supervision) {
    return ParseCourseFile(supervision + With(kGood));
  };
  const auto read = with("supervision = { undecided = \"as_is\", decide_seconds = 60 }\n");
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_EQ(read->course.topics.at(0).supervision,
            (tutor::CourseSupervision{tutor::Undecided::kAsIs, 60}));
  EXPECT_NE(read->course.version, with("")->course.version);
  EXPECT_FALSE(with("")->course.topics.at(0).supervision);
  EXPECT_EQ(with("supervision = {}\n")->course.topics.at(0).supervision,
            tutor::CourseSupervision{});
  for (const char* bad :
       {"supervision = true\n", "supervision = \"draft\"\n", "supervision = { of = \"all\" }\n",
        "supervision = { undecided = \"silence\" }\n", "supervision = { undecided = 1 }\n",
        "supervision = { decide_seconds = 4 }\n", "supervision = { decide_seconds = 3601 }\n"}) {
    const auto refused = with(bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_NE(refused.error().text.find("supervision"), std::string::npos) << refused.error().text;
  }
}

TEST(CourseFile, AFileThatIsNotThereIsNamed) {
  const auto read = ReadCourseFile("/nonexistent/course.toml");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().text, "/nonexistent/course.toml can not be opened");
}

TEST(CourseFile, TheDefaultCourseHasNothingToRefuse) {
  const auto read = ReadCourseFile(LYCEUM_SOURCE_DIR "/ops/courses/fractions.toml");
  ASSERT_TRUE(read) << read.error().text;
  for (const Refusal& refusal : read->refusals) {
    ADD_FAILURE() << refusal.line << " " << refusal.item << ": " << refusal.reason;
  }
  EXPECT_EQ(read->course.topics.size(), 3U);
}

TEST(CourseFile, OptionsOfNumbersAndOfSeveralChoicesAreRead) {
  const auto read = ParseCourseFile(
      With("id = \"q\"\ntext = \"Which?\"\nformat = \"multiple_choice\"\n"
           "choices = [\"a\", \"b\", \"c\"]\nanswers = [\"a\", \"c\"]\npartial_credit = true\n"
           "[[topic.question.known_error]]\nid = \"e\"\nanswers = [\"b\"]\ncredit = -1\n"
           "[[topic.question]]\nid = \"n\"\ntext = \"How much?\"\nformat = \"numeric\"\n"
           "answers = [\"2.5\"]\nrelative_tolerance = 0.01\nsignificant_figures = 2\n"));
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_TRUE(read->refusals.empty());
  const auto& questions = read->course.topics.at(0).questions;
  EXPECT_EQ(questions.at(0).format, tutor::AnswerFormat::kMultipleChoice);
  EXPECT_TRUE(questions.at(0).partial_credit);
  EXPECT_EQ(questions.at(0).known_errors.at(0).credit, -1);
  EXPECT_DOUBLE_EQ(questions.at(1).relative_tolerance, 0.01);
  EXPECT_EQ(questions.at(1).significant_figures, 2U);
}

TEST(CourseFile, OptionsThatDoNotFitAreRefused) {
  const std::string choices =
      "id = \"q\"\ntext = \"?\"\nformat = \"multiple_choice\"\nchoices = [\"a\", \"b\"]\n";
  const std::vector<std::pair<std::string, const char*>> bad = {
      {kGood + "relative_tolerance = 1.0\n", "the relative tolerance is not a number from 0 up"},
      {kGood + "relative_tolerance = -0.1\n", "the relative tolerance is not a number from 0 up"},
      {kGood + "significant_figures = 16\n", "more than 15 significant figures"},
      {kGood + "significant_figures = 0\n", "significant_figures must be 1 to 15"},
      {kGood + "partial_credit = true\n", "partial_credit, but the format is not multiple_choice"},
      {choices + "answers = [\"a\"]\nsignificant_figures = 2\n", "significant figures, but"},
      {choices + "answers = []\n", "no key"},
      {choices + "answers = [\"x\"]\n", "the key is not among the choices"},
      {choices + "answers = [\"a\"]\n[[topic.question.known_error]]\nid = \"e\"\ncredit = 0.5\n",
       "is not from -1 to 0"},
      {choices + "answers = [\"a\"]\n[[topic.question.known_error]]\nid = \"e\"\ncredit = -0.5\n",
       "partial_credit is false"},
      {kGood + "[[topic.question.known_error]]\nid = \"e\"\ncredit = 1.0\n",
       "is not from 0 to below 1"},
      {kGood + "hints = [\"see ##a.png##\"]\n", "the figure a.png is missing"},
  };
  for (const auto& [question, why] : bad) {
    const auto read = ParseCourseFile(With(question));
    ASSERT_TRUE(read) << question << read.error().text;
    ASSERT_EQ(read->refusals.size(), 1U) << question;
    EXPECT_NE(read->refusals[0].reason.find(why), std::string::npos) << read->refusals[0].reason;
  }
}

}  // namespace
}  // namespace lyceum::tools
