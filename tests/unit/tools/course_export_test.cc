#include "tools/course_export.h"

#include <gtest/gtest.h>

#include "tools/course_file.h"
#include "tools/course_import.h"

namespace lyceum::tools {
namespace {

void ComesBack(const Course& course) {
  const std::string file = ExportCourse(course);
  const auto read = ParseCourseFile(file);
  ASSERT_TRUE(read) << read.error().text << "\n" << file;
  EXPECT_TRUE(read->refusals.empty()) << read->refusals[0].reason << "\n" << file;
  EXPECT_EQ(read->course.topics, course.topics) << file;
  EXPECT_EQ(read->course.functions, course.functions);
  EXPECT_EQ(read->course.title, course.title);
  EXPECT_EQ(read->course.version, course.version);
}

TEST(CourseExport, TheDefaultCourseComesBackWithItsVersion) {
  const auto read = ReadCourseFile(std::string(LYCEUM_SOURCE_DIR) + "/ops/courses/fractions.toml");
  ASSERT_TRUE(read) << read.error().text;
  ComesBack(read->course);
}

TEST(CourseExport, EveryFieldComesBack) {
  const auto read = ParseCourseFile(
      "id = \"c\"\ntitle = \"A \\\"title\\\"\"\nsynonyms = [[\"a\", \"b\"], [\"c d\", \"e\"]]\n"
      "supervision = { undecided = \"as_is\", decide_seconds = 60 }\n"
      "[[topic]]\nid = \"t\"\ntitle = \"T\"\nmaterial = [\"one\\n\\ntwo \\\\(x\\\\)\", \"three\"]\n"
      "gate = { window = 4, correct = 3 }\ngenerate_questions = true\n"
      "[[topic.question]]\nid = \"q\"\ntext = \"\u00e9?\\t\"\nformat = \"numeric\"\n"
      "answers = [\"2\", \"2.0\"]\ntolerance = 1e-7\nrelative_tolerance = 0.1\n"
      "significant_figures = 2\nunit = \"km\"\nhints = [\"h\"]\nsolution = \"s\"\n"
      "[[topic.question.known_error]]\nid = \"e\"\nanswers = [\"3\"]\ntext = \"no\"\ncredit = 0.3\n"
      "[[topic.question]]\nid = \"m\"\ntext = \"?\"\nformat = \"multiple_choice\"\n"
      "choices = [\"a\", \"b\"]\nanswers = [\"a\"]\npartial_credit = true\n"
      "[[function]]\nname = \"f\"\ndescription = \"d\"\narguments = '{\"type\":\"object\"}'\n"
      "result = '{\"type\":\"string\"}'\n");
  ASSERT_TRUE(read) << read.error().text;
  ASSERT_TRUE(read->refusals.empty()) << read->refusals[0].reason;
  ComesBack(read->course);
}

TEST(CourseExport, WhatWasImportedComesBack) {
  const auto read = ImportCourse(
      CourseId("c"), SourceFormat::kGift,
      {{"f",
        "Which? {~%50%a ~%50%b ~%-100%c#No.}\n\nHow \\= much? {#3.1..3.2}\n\nA? {=b =%25%c}"}});
  ASSERT_TRUE(read) << read.error().text;
  ComesBack(read->course);
}

}  // namespace
}  // namespace lyceum::tools
