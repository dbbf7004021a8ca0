#include "tools/course_diff.h"

#include <gtest/gtest.h>

#include "tools/course_file.h"

namespace lyceum::tools {
namespace {

using Kind = CourseChange::Kind;

Course Of(const std::string& topics) {
  auto read = ParseCourseFile("id = \"c\"\n" + topics);
  EXPECT_TRUE(read) << read.error().text;
  return read ? read->course : Course();
}

std::string Topic(const std::string& id, const std::string& inside = "material = [\"m\"]\n") {
  return "[[topic]]\nid = \"" + id + "\"\n" + inside;
}

std::string Question(const std::string& id, const std::string& answer = "2") {
  return "[[topic.question]]\nid = \"" + id + "\"\ntext = \"1+1?\"\nformat = \"numeric\"\n" +
         "answers = [\"" + answer + "\"]\n";
}

TEST(CourseDiff, TheSameCourseHasNoChanges) {
  const Course course = Of(Topic("t", Question("a") + Question("b")) + Topic("u"));
  EXPECT_TRUE(DiffCourses(course, course).empty());
}

TEST(CourseDiff, WhatIsAddedRemovedAndChangedIsNamed) {
  const Course from = Of(Topic("t", Question("a") + Question("b")) + Topic("u"));
  const Course to =
      Of(Topic("t", "title = \"T\"\n" + Question("a", "3") + Question("c")) + Topic("v"));
  EXPECT_EQ(DiffCourses(from, to),
            (std::vector<CourseChange>{{Kind::kChanged, "topic t", "title"},
                                       {Kind::kChanged, "question t/a", "answers"},
                                       {Kind::kAdded, "question t/c", ""},
                                       {Kind::kRemoved, "question t/b", ""},
                                       {Kind::kAdded, "topic v", ""},
                                       {Kind::kRemoved, "topic u", ""}}));
}

TEST(CourseDiff, AnotherOrderIsAChange) {
  const Course from = Of(Topic("t", Question("a") + Question("b")) + Topic("u"));
  const Course to = Of(Topic("u") + Topic("t", Question("b") + Question("a")));
  EXPECT_EQ(DiffCourses(from, to),
            (std::vector<CourseChange>{{Kind::kChanged, "course", "order of the topics"},
                                       {Kind::kChanged, "topic t", "order of the questions"}}));
}

TEST(CourseDiff, SupervisionIsOfTheCourse) {
  EXPECT_EQ(
      DiffCourses(Of(Topic("t") + Topic("u")), Of("supervision = {}\n" + Topic("t") + Topic("u"))),
      (std::vector<CourseChange>{{Kind::kChanged, "course", "supervision"}}));
}

}  // namespace
}  // namespace lyceum::tools
