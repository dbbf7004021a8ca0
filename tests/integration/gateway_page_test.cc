// The learner's page, in Debian's Chromium.
#include "gateway_bytes.h"

namespace lyceum {
namespace {

TEST_F(GatewayProgram, ThePageHasALessonAtPhoneAndDeskWidth) {
  PageFact("ALessonToItsEndAtPhoneAndDeskWidth");
}
TEST_F(GatewayProgram, ThePageMarksAGradeThatSeemsWrong) {
  PageFact("AGradeThatSeemsWrongIsMarkedOnce");
}
TEST_F(GatewayProgram, ThePageTogglesEachOfSeveralChoices) {
  const std::string several = dir_ / "several.toml";
  std::ofstream(several) << R"(id = "several"
[[topic]]
id = "even"
material = ["Some numbers are even."]
[[topic.question]]
id = "which"
text = "Which are even?"
format = "multiple_choice"
choices = ["two", "three", "four"]
answers = ["two", "four"]
)";
  stack_.ImportCourse(several);
  PageFact("OfSeveralChoicesEachClickTogglesOne");
}
TEST_F(GatewayProgram, ThePageHasWordsFromRightToLeftAndMathFromLeftToRight) {
  const std::string ivrit = dir_ / "ivrit.toml";
  std::ofstream(ivrit) << R"(id = "ivrit"
[[topic]]
id = "half"
material = ['שני חצאים הם שלם: $\frac{1}{2} + \frac{1}{2} = 1$.']
[[topic.question]]
id = "x"
text = '$x - 1 = 2$ נתון. כמה הוא $x$?'
format = "numeric"
answers = ["3"]
hints = ['הוסיפו $1$ לשני הצדדים.']
)";
  stack_.ImportCourse(ivrit);
  PageFact("WordsFromRightToLeftAndMathFromLeftToRight");
}
TEST_F(GatewayBounds, ThePageOffersCoursesWhereItsAddressNamesNone) {
  Restart({"--courses", " other: Nothing of it; small : A small course ;"});
  PageFact("ACourseIsChosenWhereTheAddressNamesNone");
}
TEST_F(GatewayProgram, ThePageHasALessonWithTheKeyboardAlone) {
  PageFact("ALessonWithTheKeyboardAlone");
}
TEST_F(GatewayProgram, ThePageReadsNothingThatATextSaysAsHtml) {
  const std::string hostile = dir_ / "hostile.toml";
  std::ofstream(hostile) << R"toml(id = "hostile"
[[topic]]
id = "tags"
material = ['''
A tag: <img src=x onerror=alert(1)> and <b>bold</b>.

<script>alert(2)</script>

A [link](javascript:alert(3)), a [good one](https://example.org/), a picture: ![x](https://evil.example.org/x.png).

$\href{javascript:alert(5)}{x}$ and $\includegraphics{https://evil.example.org/y.png}$ and $\htmlData{a=b}{z}$.''']
[[topic.question]]
id = "x"
text = '<iframe src="javascript:alert(6)"></iframe> What is $1 + 1$?'
format = "numeric"
answers = ["2"]
)toml";
  stack_.ImportCourse(hostile);
  PageFact("NothingThatATextSaysIsReadAsHtml");
}
TEST_F(GatewayProgram, ThePageHasTheMomentsOfItsPictures) {
  stack_.ImportCourse(test::SourceFile("ops/courses/fractions.toml"));
  PageFact("TheMomentsOfItsPictures");
}
TEST_F(GatewayProgram, ThePageShowsTheSameAfterAReload) { PageFact("AReloadShowsTheSame"); }
TEST_F(GatewayProgram, ThePageShowsTheSameInTwoTabs) { PageFact("TwoTabsShowTheSame"); }
TEST_F(GatewayProgram, ThePageIsThereInASecond) { PageFact("ItIsThereInASecond"); }
TEST_F(GatewayProgram, ThePageHasNothingSeriousForWhoCannotSee) {
  PageFact("NothingSeriousForWhoCannotSee");
}
class GatewayAndKills : public GatewayProgram {
 protected:
  // In the order of their names, which is the order in which they are asked for.
  const std::map<std::string, std::function<void()>> kills_ = {{"kill gateway",
                                                                [&] {
                                                                  gateway_->Kill9();
                                                                  StartGateway();
                                                                }},
                                                               {"kill nats-server",
                                                                [&] {
                                                                  stack_.nats().Kill9();
                                                                  stack_.nats().Restart();
                                                                }},
                                                               {"kill session worker", [&] {
                                                                  stack_.session_worker().Kill9();
                                                                  stack_.StartSessionWorker();
                                                                }}};
};
TEST_F(GatewayAndKills, ThePageGoesOnAfterEachProgramWasKilledAtPhoneWidth) {
  PageFact("TheLessonGoesOnAfterEachProgramWasKilled", kills_);
}
TEST_F(GatewayAndKills, ThePageGoesOnAfterEachProgramWasKilledAtDeskWidth) {
  PageFact("TheLessonGoesOnAfterEachProgramWasKilledAtDeskWidth", kills_);
}

TEST_F(GatewayProgram, ThePageSaysThatThereIsNoConnectionAndGoesOn) {
  PageFact("ItSaysThatThereIsNoConnectionAndGoesOn", {{"end gateway", [&] { gateway_->Kill9(); }},
                                                      {"start gateway", [&] { StartGateway(); }}});
}

TEST_F(GatewayProgram, ThePageIsServedWithItsPolicy) {
  const std::string page = Ask("GET / HTTP/1.0\r\nHost: " + Host() + "\r\n\r\n");
  EXPECT_NE(page.find("<title>Lyceum</title>"), std::string::npos);
  EXPECT_NE(page.find("Content-Security-Policy: default-src 'none'; script-src 'self'"),
            std::string::npos);
}

}  // namespace
}  // namespace lyceum
