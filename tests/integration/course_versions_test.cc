// The versions of a course, as its author handles them, and what sessions get of it.
#include <algorithm>

#include "cli_fixture.h"
#include "support/gateway.h"

namespace lyceum {
namespace {

using std::chrono::seconds;

class CourseVersions : public Installed {
 protected:
  // A course whose topics say which edition it is; the id of its version.
  std::string Import(const std::string& edition, bool draft = false) {
    test::WriteFile(dir_ / "c.toml", Edition(edition));
    std::vector<std::string> args{"course", "import", dir_ / "c.toml", "--json"};
    if (draft) args.push_back("--draft");
    const test::Ran ran = Lyceum("author", args);
    EXPECT_EQ(ran.code, 0) << ran.err;
    const auto lines = Lines(ran.out);
    return lines.empty() ? "" : lines.back().value("version", "");
  }
  static std::string Edition(const std::string& edition) {
    std::string text = "id = \"small\"\ntitle = \"Small\"\n";
    for (const char* topic : {"first", "second"}) {
      text += std::string("[[topic]]\nid = \"") + topic + "\"\ntitle = \"" + topic +
              "\"\nmaterial = [\"" + topic + " of " + edition +
              "\"]\n[[topic.question]]\nid = \"q\"\ntext = \"1 + 1?\"\nformat = \"numeric\"\n"
              "answers = [\"2\"]\n";
    }
    return text;
  }
  // "VERSION=state ..." in the order of the list.
  std::string States() {
    std::string states;
    for (const json& line :
         Lines(Lyceum("author", {"course", "versions", "small", "--json"}).out)) {
      states +=
          (states.empty() ? "" : " ") + line.value("version", "") + "=" + line.value("state", "");
    }
    return states;
  }
  test::Ran Course(std::vector<std::string> args) {
    args.insert(args.begin(), "course");
    return Lyceum("author", args);
  }
  test::TempDir dir_;
};

TEST_F(CourseVersions, AnAuthorImportsDraftsPublishesAndRollsBack) {
  const std::string one = Import("one");
  EXPECT_EQ(States(), one + "=current");
  const std::string two = Import("two", true);
  EXPECT_EQ(States(), one + "=current " + two + "=draft");
  EXPECT_TRUE(Says(Course({"list"}), one));
  EXPECT_TRUE(Says(Course({"show", "small", "--version", two, "--topic", "first"}), "1 + 1?"));

  const test::Ran published = Course({"publish", "small", two, "--json"});
  ASSERT_EQ(published.code, 0) << published.err;
  EXPECT_EQ(Lines(published.out)[0]["changed"], true);
  EXPECT_EQ(States(), two + "=current " + one + "=earlier");
  EXPECT_EQ(Lines(Course({"publish", "small", two, "--json"}).out)[0]["changed"], false);
  const std::string three = Import("three");
  EXPECT_EQ(States(), three + "=current " + two + "=earlier " + one + "=earlier");

  EXPECT_EQ(Course({"rollback", "small"}).code, 0);
  EXPECT_EQ(States(), two + "=current " + three + "=withdrawn " + one + "=earlier");
  EXPECT_EQ(Course({"rollback", "small"}).code, 0);
  EXPECT_EQ(Course({"rollback", "small"}).code, 1) << "there is none before";
  EXPECT_EQ(Course({"rollback", "small", "--to", three}).code, 1);
  EXPECT_EQ(Course({"publish", "small", three}).code, 0);
  EXPECT_EQ(Course({"rollback", "small", "--to", one}).code, 0);
  EXPECT_EQ(States().substr(0, one.size() + 8), one + "=current");
  // A draft again is still what it was.
  EXPECT_EQ(Import("two", true), two);
  EXPECT_NE(States().find(two + "=withdrawn"), std::string::npos) << States();

  EXPECT_EQ(Course({"publish", "small", "0000000000000000"}).code, 1);
  EXPECT_EQ(Course({"publish", "other", one}).code, 1);
  EXPECT_EQ(Course({"rollback", "other"}).code, 1);
  EXPECT_EQ(Course({"versions", "other"}).code, 1);
}

TEST_F(CourseVersions, WhatIsFetchedIsTheSameVersionAndDiffsByTopic) {
  const std::string one = Import("one"), two = Import("two");
  for (const std::string& version : {one, two}) {
    const test::Ran fetched = Course({"fetch", "small", "--version", version});
    ASSERT_EQ(fetched.code, 0) << fetched.err;
    test::WriteFile(dir_ / version + ".toml", fetched.out);
    const test::Ran again = Course({"import", dir_ / version + ".toml", "--json"});
    EXPECT_EQ(Lines(again.out).back()["version"], version) << again.out << again.err;
    EXPECT_EQ(Lines(again.out).back()["new"], false);
  }
  const test::Ran diff = Course({"diff", dir_ / one + ".toml", dir_ / two + ".toml"});
  EXPECT_EQ(diff.code, 1);
  EXPECT_TRUE(Says(diff, "~ topic first: material")) << diff.out << diff.err;
  EXPECT_EQ(Course({"fetch", "small", "--version", "none"}).code, 1);
}

TEST_F(CourseVersions, AVersionThatWasCurrentBeforeThereWasAHistoryIsRolledBackTo) {
  const std::string one = Import("one");
  // As an earlier program has left it.
  const auto admin = stack_.nats().Connect("admin");
  wire::Message purge;
  purge.subject = "$JS.API.STREAM.PURGE.KV_lyceum_courses";
  purge.data = R"({"filter":"$KV.lyceum_courses.published.>"})";
  ASSERT_TRUE(admin->Request(purge, seconds(5)));
  EXPECT_EQ(States(), one + "=current");
  const std::string two = Import("two");
  EXPECT_EQ(States(), two + "=current " + one + "=earlier");
  EXPECT_EQ(Course({"rollback", "small"}).code, 0);
  EXPECT_EQ(States(), one + "=current " + two + "=withdrawn");
}

TEST_F(CourseVersions, ASessionKeepsItsVersionAndANewOneGetsTheCurrent) {
  const std::string one = Import("one");
  const auto tools = stack_.StartToolWorker("tools-1");
  stack_.StartSessionWorker();
  test::Gateway gateway(stack_.nats().Connect("gateway"));
  // Which edition a learner is told of a topic.
  const auto hears = [&](const std::string& user, const std::string& topic) {
    std::string heard;
    (void)gateway.Hear(
        user,
        [&](const test::Gateway::Received& received) {
          const auto* text = test::BodyOf<tutor::TextOut>(received);
          if (text == nullptr || text->text.find(topic + " of ") == std::string::npos) return false;
          heard = text->text.substr(text->text.find(topic + " of ") + topic.size() + 4);
          return true;
        },
        seconds(20));
    return heard;
  };
  const auto starts = [&](const std::string& user) {
    gateway.Listen(user);
    EXPECT_TRUE(
        gateway.Send(user, R"({"id":"s","client":")" + user + R"(","start":{"course":"small"}})"));
    return hears(user, "first");
  };
  EXPECT_EQ(starts("ann"), "one") << tools->err();
  const std::string two = Import("two", true);
  EXPECT_EQ(starts("bob"), "one") << "a draft is not what new sessions get";
  ASSERT_EQ(Course({"publish", "small", two}).code, 0);
  EXPECT_EQ(starts("cyd"), "two");
  ASSERT_EQ(Course({"rollback", "small"}).code, 0);
  EXPECT_EQ(starts("dan"), "one");
  // Those that run go on in the version they began with, to their next topic.
  for (const auto& [user, edition] :
       std::vector<std::pair<std::string, std::string>>{{"ann", "one"}, {"cyd", "two"}}) {
    EXPECT_TRUE(gateway.Send(user, R"({"id":"g","client":")" + user + R"(","continue":{}})"));
    EXPECT_TRUE(gateway.Hear(user, [](const test::Gateway::Received& received) {
      return test::BodyOf<tutor::QuestionOut>(received) != nullptr;
    }));
    EXPECT_TRUE(
        gateway.Send(user, R"({"id":"a","client":")" + user + R"(","message":{"text":"2"}})"));
    EXPECT_EQ(hears(user, "second"), edition) << tools->err();
  }
}

TEST_F(CourseVersions, AnAuthorMayDoNothingElse) {
  for (const std::vector<std::string>& args : std::vector<std::vector<std::string>>{
           {"state", "ada", "--timeout", "1"}, {"init", "--timeout", "1"}}) {
    EXPECT_NE(Lyceum("author", args).code, 0) << args[0];
  }
}

}  // namespace
}  // namespace lyceum
