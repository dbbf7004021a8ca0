// lyceum report: what a class has done, against what is known of it.
#include "cli_fixture.h"

namespace lyceum {
namespace {

class Report : public ::testing::Test {
 protected:
  test::Stack stack_;
  test::TempDir dir_;

  void Learn(const std::string& user, const std::string& script) {
    const std::string file = dir_ / (user + ".script");
    test::WriteFile(file, script);
    const test::Ran ran =
        stack_.Lyceum("gateway", {"chat", "--user", user, "--course", "small", "--script", file});
    ASSERT_EQ(ran.code, 0) << ran.err << ran.out;
  }
  std::vector<json> Lines(std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"report", "small", "--json"});
    const test::Ran ran = stack_.Lyceum("operator", more);
    EXPECT_EQ(ran.code, 0) << ran.err;
    return lyceum::Lines(ran.out);
  }
  static json Of(const std::vector<json>& lines, const char* name, const std::string& value) {
    for (const json& line : lines) {
      if (line.value(name, "") == value) return line;
    }
    return {};
  }
};

TEST_F(Report, IsWhatFiftyLearnersHaveDone) {
  test::WriteFile(dir_ / "small.toml", kCourse);
  stack_.ImportCourse(dir_ / "small.toml");
  stack_.StartSessionWorker();
  const auto tools = stack_.StartToolWorker("t1");
  // Of ten: four right at once, three at the second try after a hint, one gives up, two miss it.
  const std::string material = "/continue\n/continue\n";
  for (int i = 0; i < 50; ++i) {
    const int kind = i % 10;
    std::string script = material;
    if (kind < 4) script += "4\nfour\n";
    if (kind >= 4 && kind < 7) script += "5\n/hint\n4\nthree\n/wrong it is even to me\n";
    if (kind == 7) script += "5\n/skip\nfour\n";
    if (kind > 7) script += "5\n6\n7\n";
    Learn("pupil-" + std::to_string(i), script + "/quit\n");
  }
  const auto lines = Lines();
  const json sum = Of(lines, "question", "sum");
  EXPECT_EQ(sum.at("asked"), 50) << sum;
  EXPECT_EQ(sum.at("tried"), 50);
  EXPECT_EQ(sum.at("first_right"), 20);
  EXPECT_EQ(sum.at("right"), 35);
  EXPECT_EQ(sum.at("answers"), 20 + 2 * 15 + 5 + 3 * 10);
  EXPECT_EQ(sum.at("hints"), 15);
  EXPECT_EQ(sum.at("given_up"), 5);
  EXPECT_EQ(sum.at("missed"), 10);
  const json pick = Of(lines, "question", "pick");
  EXPECT_EQ(pick.at("asked"), 50) << pick;
  EXPECT_EQ(pick.at("tried"), 40) << pick;
  EXPECT_EQ(pick.at("first_right"), 25);
  EXPECT_EQ(pick.at("for_review"), 15);
  EXPECT_EQ(Of(lines, "user", "pupil-0").at("completed"), true);
  EXPECT_EQ(Of(lines, "user", "pupil-8").at("stuck"), "sum");
  EXPECT_EQ(Of(lines, "user", "pupil-4").at("stuck"), "");
  size_t stuck = 0, doubts = 0;
  for (const json& line : lines) {
    stuck += line.value("stuck", "").empty() ? 0 : 1;
    doubts += line.at("kind") == "review" && line.at("text") == "it is even to me" ? 1 : 0;
  }
  EXPECT_EQ(stuck, 10u);
  EXPECT_EQ(doubts, 15u);

  EXPECT_EQ(Of(Lines({"--like", "pupil-4"}), "question", "sum").at("asked"), 11);  // 4, 40 to 49.
  const test::Ran csv = stack_.Lyceum("operator", {"report", "small", "--csv"});
  EXPECT_NE(csv.out.find("\"first\",\"sum\",50,50,20,35,"), std::string::npos) << csv.out;
  const test::Ran table = stack_.Lyceum("operator", {"report", "small", "--format", "table"});
  EXPECT_TRUE(Says(table, "50 learners, ")) << table.out;
  const test::Ran none = stack_.Lyceum("operator", {"report", "nothing"});
  EXPECT_EQ(none.code, 1);
  EXPECT_TRUE(Says(none, "nobody has begun")) << none.err;
}

}  // namespace
}  // namespace lyceum
