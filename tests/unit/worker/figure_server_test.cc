#include "worker/figure_server.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>

#include "support/eventually.h"
#include "support/nats_server.h"

namespace lyceum::worker {
namespace {

class Serving : public ::testing::Test {
 protected:
  void SetUp() override {
    auto server = FigureServer::Listen(fmt::format("127.0.0.1:{}", port_), "test");
    ASSERT_TRUE(server) << server.error().text;
    server_ = *std::move(server);
  }
  int Connect() const {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port_));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval limit{10, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    return fd;
  }
  static void Send(int fd, const std::string& bytes) {
    EXPECT_EQ(send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  static std::string ReadAll(int fd) {
    std::string all;
    char buffer[4096];
    for (ssize_t got; (got = recv(fd, buffer, sizeof(buffer), 0)) > 0;) {
      all.append(buffer, static_cast<size_t>(got));
    }
    close(fd);
    return all;
  }
  std::string Ask(const std::string& request) const {
    const int fd = Connect();
    Send(fd, request);
    return ReadAll(fd);
  }
  std::string Get(const std::string& path) const {
    return Ask("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  static std::string BodyOf(const std::string& answer) {
    const size_t end = answer.find("\r\n\r\n");
    return end == std::string::npos ? "" : answer.substr(end + 4);
  }

  const int port_ = test::FreePort();
  std::unique_ptr<FigureServer> server_;
};

TEST_F(Serving, OneThatStartsIsAliveAndNotReady) {
  EXPECT_NE(Get("/livez").find(" 200 "), std::string::npos);
  const std::string ready = Get("/readyz");
  EXPECT_NE(ready.find(" 503 "), std::string::npos);
  EXPECT_EQ(BodyOf(ready), "starting\n");
  EXPECT_NE(Get("/metrics").find("process_open_fds"), std::string::npos);
}

TEST_F(Serving, AReasonALine) {
  server_->Serve({.figures = {},
                  .not_live = [] { return std::vector<std::string>{"stuck"}; },
                  .not_ready =
                      [] {
                        return std::vector<std::string>{"one", "two"};
                      }});
  EXPECT_EQ(BodyOf(Get("/readyz")), "one\ntwo\n");
  const std::string live = Get("/livez");
  EXPECT_NE(live.find(" 503 "), std::string::npos);
  EXPECT_EQ(BodyOf(live), "stuck\n");
}

TEST_F(Serving, FiguresComeInThePlainTextFormat) {
  server_->Serve({.figures = [] { return std::vector<Metric>{{"a_total", "A", 7}}; }});
  const std::string all = Get("/metrics");
  EXPECT_NE(all.find("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"),
            std::string::npos);
  EXPECT_NE(all.find("\na_total 7\n"), std::string::npos);
  EXPECT_NE(all.find("lyceum_build_info{program=\"test\",version="), std::string::npos);
  EXPECT_EQ(BodyOf(Get("/readyz")), "ready\n");
}

TEST_F(Serving, AfterTheEndNoSourceIsAsked) {
  int asked = 0;
  server_->Serve({.figures =
                      [&] {
                        ++asked;
                        return std::vector<Metric>{};
                      },
                  .not_live = {},
                  .not_ready = {}});
  Get("/metrics");
  EXPECT_EQ(asked, 1);
  server_->End();
  Get("/metrics");
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(BodyOf(Get("/readyz")), "stopping\n");
  EXPECT_NE(Get("/livez").find(" 200 "), std::string::npos);
}

TEST_F(Serving, OtherRequestsAreRefusedByName) {
  EXPECT_NE(Get("/").find(" 404 "), std::string::npos);
  EXPECT_NE(Get("/metrics2").find(" 404 "), std::string::npos);
  EXPECT_NE(Get("/metrics?name[]=x").find(" 200 "), std::string::npos);
  EXPECT_NE(Ask("POST /metrics HTTP/1.1\r\n\r\n").find(" 405 "), std::string::npos);
  EXPECT_NE(Ask("nonsense\r\n\r\n").find(" 400 "), std::string::npos);
  EXPECT_EQ(BodyOf(Ask("HEAD /livez HTTP/1.1\r\n\r\n")), "");
  EXPECT_NE(Ask("GET /" + std::string(9'000, 'x')).find(" 431 "), std::string::npos);
}

TEST_F(Serving, ARequestMayComeInPieces) {
  const int fd = Connect();
  for (const char c : std::string("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")) {
    Send(fd, std::string(1, c));
  }
  EXPECT_EQ(BodyOf(ReadAll(fd)), "alive\n");
}

TEST_F(Serving, ClientsThatSayNothingKeepNobodyOutForLong) {
  std::vector<int> silent;
  for (size_t i = 0; i < FigureServer::kPeersMax + 8; ++i) silent.push_back(Connect());
  const Deadline limit = In(3 * FigureServer::kPatience);
  EXPECT_NE(Get("/livez").find("alive"), std::string::npos);
  EXPECT_GT(LeftMs(limit), 0);
  for (const int fd : silent) close(fd);
}

TEST_F(Serving, NothingIsLeftOpenBehindClients) {
  const auto open = [] {
    const std::filesystem::directory_iterator files("/proc/self/fd");
    return std::distance(begin(files), end(files));
  };
  Get("/livez");
  const auto before = open();
  for (int i = 0; i < 100; ++i) Get("/metrics");
  for (int i = 0; i < 20; ++i) close(Connect());
  EXPECT_TRUE(test::Eventually(std::chrono::seconds(10), [&] { return open() <= before; }));
}

TEST(FigureServer, ALoopbackAddressIsToldFromOthers) {
  for (const std::string host : {"127.0.0.1", "localhost"}) {
    auto server = FigureServer::Listen(fmt::format("{}:{}", host, test::FreePort()), "test");
    ASSERT_TRUE(server) << host;
    EXPECT_FALSE((*server)->beyond_loopback()) << host;
  }
  auto all = FigureServer::Listen(fmt::format("0.0.0.0:{}", test::FreePort()), "test");
  ASSERT_TRUE(all);
  EXPECT_TRUE((*all)->beyond_loopback());
}

TEST(FigureServer, AnAddressThatIsNoneIsRefused) {
  for (const std::string listen :
       {"", "9100", ":9100", "127.0.0.1", "127.0.0.1:x", "nowhere.invalid:1"}) {
    const auto server = FigureServer::Listen(listen, "test");
    ASSERT_FALSE(server) << listen;
    EXPECT_EQ(server.error().fault, Fault::kReject);
    EXPECT_NE(server.error().text.find("HOST:PORT"), std::string::npos);
  }
}

}  // namespace
}  // namespace lyceum::worker
