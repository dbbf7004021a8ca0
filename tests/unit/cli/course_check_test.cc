#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "cli/cli.h"
#include "cli/course_read.h"

namespace lyceum::cli {
namespace {

class CourseCheck : public testing::Test {
 protected:
  CourseCheck() {
    std::string pattern = (std::filesystem::temp_directory_path() / "course-XXXXXX").string();
    dir_ = mkdtemp(pattern.data());
  }
  ~CourseCheck() override { std::filesystem::remove_all(dir_); }

  std::string File(const std::string& name, const std::string& bytes) {
    const std::filesystem::path path = dir_ / name;
    std::ofstream(path) << bytes;
    return path.string();
  }
  // The exit code; what was printed is kept.
  int Run(const std::function<int()>& run) {
    std::ostringstream out, err;
    auto* const cout = std::cout.rdbuf(out.rdbuf());
    auto* const cerr = std::cerr.rdbuf(err.rdbuf());
    const int code = run();
    std::cout.rdbuf(cout);
    std::cerr.rdbuf(cerr);
    out_ = out.str();
    err_ = err.str();
    return code;
  }
  int Check(const CourseSource& source) {
    return Run([&] { return RunCourseCheck(Common(), source); });
  }
  int Preview(const CourseSource& source, const std::string& topic, const std::string& lines) {
    std::istringstream in(lines);
    auto* const cin = std::cin.rdbuf(in.rdbuf());
    const int code = Run([&] { return RunCoursePreview(Common(), source, topic); });
    std::cin.rdbuf(cin);
    return code;
  }

  std::filesystem::path dir_;
  std::string out_, err_;
};

CourseSource Own(const std::string& file) {
  CourseSource source;
  source.files = {file};
  return source;
}

CourseSource Gift(const std::string& file) {
  CourseSource source = Own(file);
  source.from = "gift";
  source.course = "c";
  return source;
}

std::string Course(const std::string& question) {
  return "id = \"c\"\n[[topic]]\nid = \"t\"\ntitle = \"Sums\"\nmaterial = [\"Sums add.\"]\n"
         "[[topic.question]]\nid = \"q\"\n" +
         question;
}

const char kGood[] =
    "text = \"1+1?\"\nformat = \"numeric\"\nanswers = [\"2\"]\nhints = [\"Count.\"]\n"
    "solution = \"It is two.\"\n[[topic.question.known_error]]\nid = \"e\"\nanswers = [\"11\"]\n"
    "text = \"Do not join them.\"\n";

TEST_F(CourseCheck, AGoodCourseHasNothingToSay) {
  EXPECT_EQ(Check(Own(File("c.toml", Course(kGood)))), kDone);
  EXPECT_EQ(out_, "c: 1 topics, 1 questions, 0 items refused, 0 keys that nobody can type\n");
  EXPECT_EQ(err_, "");
}

TEST_F(CourseCheck, WhatIsWrongIsNamedAndIsANo) {
  const std::vector<std::pair<std::string, const char*>> bad = {
      {Course("text = \"?\"\nformat = \"text\"\nanswers = [\"\\u200Ba\"]\n"),
       "untypable: line 6: question q: nobody can type the key"},
      {Course("text = \"?\"\nformat = \"text\"\nanswers = [\"a\"]\ncolour = 1\n"),
       "unknown key colour"},
      {Course(std::string(kGood) + "[[topic.question]]\nid = \"q\"\n" + kGood),
       "the id is there twice"},
      {Course("text = \"See ##f.png##\"\nformat = \"text\"\nanswers = [\"a\"]\n"),
       "the figure f.png is missing"},
      {"id = \"c\"\n", "no topic is left"},
      {"= no TOML", "line 1"},
  };
  for (const auto& [course, why] : bad) {
    EXPECT_EQ(Check(Own(File("c.toml", course))), kNo) << course;
    EXPECT_NE(err_.find(why), std::string::npos) << err_;
  }
  EXPECT_EQ(Check(Own("/no/such/file")), kUsage);
}

TEST_F(CourseCheck, AnotherFormatHasASummary) {
  EXPECT_EQ(Check(Gift(File("c.gift", "1+1? {#2}\n\nA? {=a}\n\nWrite. {}\n"))), kNo);
  EXPECT_NE(err_.find("imported      1  numeric\n"), std::string::npos) << err_;
  EXPECT_NE(err_.find("imported      1  text\n"), std::string::npos) << err_;
  EXPECT_NE(err_.find("refused       1  an essay\n"), std::string::npos) << err_;
}

TEST_F(CourseCheck, APreviewIsALessonWithVerdictsHintsAndTheSolution) {
  const std::string file = File("c.toml", Course(kGood));
  EXPECT_EQ(Preview(Own(file), "", "\n11\n/hint\n3\n4\n"), kDone);
  for (const char* text : {"Sums add.", "1+1?", "[incorrect, score 0.00]", "Do not join them.",
                           "hint 1/1: Count.", "It is two."}) {
    EXPECT_NE(out_.find(text), std::string::npos) << text << " in\n" << out_;
  }
  EXPECT_EQ(Preview(Own(file), "", "\n2\n"), kDone);
  EXPECT_NE(out_.find("[correct, score 1.00]"), std::string::npos) << out_;
  EXPECT_EQ(out_.find("It is two."), std::string::npos) << out_;
  EXPECT_EQ(Preview(Own(file), "none", ""), kNo);
  EXPECT_EQ(Preview(Own(file), "t", "/quit\n"), kDone);
}

TEST_F(CourseCheck, ADiffNamesWhatChanged) {
  const std::string from = File("a.toml", Course(kGood));
  std::string changed = Course(kGood);
  changed.replace(changed.find("1+1?"), 4, "2+0?");
  const std::string to = File("b.toml", changed);
  EXPECT_EQ(Run([&] { return RunCourseDiff(Common(), from, to); }), kNo);
  EXPECT_EQ(out_, "~ question t/q: text\n");
  EXPECT_EQ(Run([&] { return RunCourseDiff(Common(), from, from); }), kDone);
  EXPECT_EQ(out_, "");
  EXPECT_EQ(Run([&] { return RunCourseDiff(Common(), from, "/no/such/file"); }), kUsage);
}

TEST_F(CourseCheck, APreviewSaysThatSeveralMayBeRightAndWhatPartScores) {
  const std::string file = File("c.gift", "Which? {~%50%a ~%50%b ~%-100%c}\n");
  EXPECT_EQ(Preview(Gift(file), "", "a\nA and B\n"), kDone);
  for (const char* text : {"Several may be right", "[partially_correct, score 0.50]", "[correct"}) {
    EXPECT_NE(out_.find(text), std::string::npos) << text << " in\n" << out_;
  }
}

}  // namespace
}  // namespace lyceum::cli
