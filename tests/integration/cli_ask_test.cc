// `lyceum tool ask`: one request to the tool workers, by an operator.
#include "cli_fixture.h"

namespace lyceum {
namespace {

class ToolAsk : public Installed {
 protected:
  test::Ran Ask(std::vector<std::string> args, const std::string& input = "") {
    args.insert(args.begin(), {"tool", "ask"});
    return Lyceum("operator", std::move(args), input);
  }
};

constexpr char kGrading[] =
    R"({"question":{"id":"q","text":"1/2 + 1/4?","format":"numeric","answers":["3/4"]},"answer":"0.75"})";

TEST_F(ToolAsk, AResultIsShownAndNoSessionIsMade) {
  const auto tools = stack_.StartToolWorker("tools-1");
  stack_.StartSessionWorker();
  ASSERT_TRUE(test::Eventually(std::chrono::seconds(20), [&] {
    return Lyceum("operator", {"ready", "--timeout", "5"}).code == 0;
  }));
  const test::Ran ran = Ask({"check_answer", "--args", kGrading});
  ASSERT_EQ(ran.code, 0) << ran.err << tools->err();
  EXPECT_TRUE(Says(ran, "accepted by tools-1")) << ran.err;
  const json result = json::parse(ran.out);
  EXPECT_EQ(result.at("ok").at("check_answer").at("verdict"), "correct");
  const test::Ran read = Ask({"check_answer", "--args", "-", "--json"}, kGrading);
  ASSERT_EQ(read.code, 0) << read.err;
  EXPECT_EQ(Lines(read.out).back().at("result").at("worker"), "tools-1");
  // It is in the log of somebody who is nobody.
  const std::string user = result.at("id");
  EXPECT_EQ(user.rfind("ask-", 0), 0u);
  EXPECT_EQ(Lyceum("operator", {"state", user}).code, 1);
  EXPECT_EQ(Lyceum("operator", {"dlq", "list"}).out.find(user), std::string::npos);
}

TEST_F(ToolAsk, AnErrorOfTheToolIsExit1) {
  const auto tools = stack_.StartToolWorker("tools-1");
  ASSERT_TRUE(test::Eventually(std::chrono::seconds(20),
                               [&] { return tools->err().find("started") != std::string::npos; }));
  const test::Ran ran = Ask({"load_topic", "--args", R"({"ref":{"course":"none"}})"});
  EXPECT_EQ(ran.code, 1) << ran.err;
  EXPECT_EQ(json::parse(ran.out).at("error").at("code"), "not_found") << ran.out;
}

TEST_F(ToolAsk, NobodyWhoServesItIsExit3AndWrongArgumentsAreNamed) {
  const test::Ran nobody = Ask({"check_answer", "--args", kGrading});
  EXPECT_EQ(nobody.code, 3) << nobody.err;
  EXPECT_TRUE(Says(nobody, "no tool worker serves check_answer")) << nobody.err;
  const test::Ran wrong = Ask({"check_answer", "--args", R"({"answer":5})"});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_TRUE(Says(wrong, "answer")) << wrong.err;
  const test::Ran unknown = Ask({"guess"});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_TRUE(Says(unknown, "check_answer")) << unknown.err;
}

TEST_F(ToolAsk, ARoleThatMayNotIsToldWhichOneMay) {
  const test::Ran ran = Lyceum("gateway", {"tool", "ask", "check_answer", "--args", kGrading});
  EXPECT_NE(ran.code, 0);
  EXPECT_TRUE(Says(ran, "operator")) << ran.err;
}

}  // namespace
}  // namespace lyceum
