// What a gateway does not wait for, and how much there may be of it.
#include <linux/filter.h>
#include <sys/resource.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway_bytes.h"
#include "support/web_socket.h"

namespace lyceum {
namespace {

constexpr int kIdleS = 4;

double ResidentKiB(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmRSS:", 0) == 0) return std::stod(line.substr(6));
  }
  return 0;
}

class ASlowClient : public GatewayFrames {
 protected:
  ASlowClient() {
    Restart({});
    watcher_ = stack_.nats().Connect("operator");
    auto watching = watcher_->Subscribe("lyceum.out.*", "", box_, 0);
    EXPECT_TRUE(watching);
    if (watching) watching_ = *std::move(watching);
    EXPECT_TRUE(watcher_->Flush(seconds(5)));
  }
  // More than it may leave unread, as its session would say it.
  void SayTooMuch() {
    auto hello = box_->Pop(In(seconds(10)));  // That there is no session: so the client is there.
    ASSERT_TRUE(hello);
    auto session = stack_.nats().Connect("session_worker");
    int sent = 0;
    EXPECT_TRUE(test::Eventually(seconds(20), [&] {
      for (int i = 0; i < 20; ++i, ++sent) {
        const json message = {{"user", "slow"},
                              {"id", "1-1-" + std::to_string(sent)},
                              {"n", sent + 1},
                              {"state", "exposition"},
                              {"text", std::string(60'000, 'x')}};
        EXPECT_TRUE(session->Publish({.subject = hello->subject, .data = message.dump()}));
      }
      EXPECT_TRUE(session->Flush(seconds(5)));
      return Metric("lyceum_gateway_slow_clients_total") == 1;
    })) << sent;
    EXPECT_LT(sent, 1000);
    EXPECT_TRUE(Alive());
  }

  std::shared_ptr<wire::Connection> watcher_;
  const std::shared_ptr<wire::MessageBox> box_ = std::make_shared<wire::MessageBox>(64);
  std::optional<wire::Subscription> watching_;
};

TEST_F(ASlowClient, IsClosedAndNobodyElseFeelsIt) {
  const int fd = Connect();
  Send(fd, Head("GET /v1/sessions/me/events", "Authorization: Bearer " + Bearer("slow") + "\r\n"));
  SayTooMuch();
  // The connection is given up although it is never read.
  EXPECT_TRUE(test::Eventually(seconds(30), [&] { return Metric("lyceum_gateway_sockets") == 0; }));
  close(fd);
}

TEST_F(ASlowClient, IsToldSoOverAWebSocketWhereItReadsAfterAll) {
  const int fd = OpenSocket("slow");
  ASSERT_GE(fd, 0) << head_;
  SayTooMuch();
  EXPECT_EQ(ReadFrames(fd), 1013);
  close(fd);
}

TEST_F(GatewayFrames, ASocketThatDoesNotAnswerPingsIsClosed) {
  Restart({"--socket-idle-s", std::to_string(kIdleS)});
  const int silent = OpenSocket("silent");
  ASSERT_GE(silent, 0) << head_;
  std::string answer;
  auto good = test::WebSocket::Connect(port_, "/v1/sessions/me/ws", Bearer("good"), &answer);
  ASSERT_TRUE(good) << answer;
  const Deadline twice = In(seconds(2 * kIdleS));
  bool open = true;
  EXPECT_TRUE(test::Eventually(seconds(4 * kIdleS), [&] {
    open = open && good->Read([](std::string_view) {});
    return LeftMs(twice) <= 0 && Metric("lyceum_gateway_sockets") == 1;
  }));
  EXPECT_TRUE(open) << "who answers stays";
  EXPECT_EQ(Metric("lyceum_gateway_timeouts_total"), 1);
  close(silent);
}

// Its end of the line drops what comes, as that of a telephone in a tunnel: nothing is confirmed, nothing is closed.
TEST_F(GatewayFrames, AStreamWhoseClientIsGoneWithoutAWordIsClosed) {
  Restart({"--socket-idle-s", std::to_string(kIdleS)});
  const int gone = Connect();
  Send(gone,
       Head("GET /v1/sessions/me/events", "Authorization: Bearer " + Bearer("gone") + "\r\n"));
  char bytes[12] = {};
  EXPECT_TRUE(Read(gone, bytes, sizeof(bytes)));
  EXPECT_EQ(std::string(bytes, sizeof(bytes)), "HTTP/1.1 200");
  sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
  const sock_fprog program{1, &drop};
  ASSERT_EQ(setsockopt(gone, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)), 0);
  EXPECT_TRUE(
      test::Eventually(seconds(5 * kIdleS), [&] { return Metric("lyceum_gateway_sockets") == 0; }));
  EXPECT_EQ(Metric("lyceum_gateway_timeouts_total"), 1);
  close(gone);
}

TEST_F(GatewayBounds, ARequestThatIsNotFinishedIsGivenUpAndNobodyWaitsForIt) {
  constexpr int kEach = 60;
  Restart({});
  std::vector<int> slow;
  for (int i = 0; i < kEach; ++i) {
    slow.push_back(Connect(0, 1));
    Send(slow.back(), "GET /livez HTTP/1.1\r\nHost: ");
    slow.push_back(Connect(0, 1));
    Send(slow.back(), Head("POST /v1/tickets", "Content-Length: 20000\r\n"));
  }
  const Deadline begun = Steady::now();
  // Each byte is in time; the whole is not.
  EXPECT_TRUE(test::Eventually(seconds(25), [&] {
    for (const int fd : slow) (void)!send(fd, "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    EXPECT_TRUE(Alive());
    test::PassTime(std::chrono::milliseconds(200));
    return Metric("lyceum_gateway_timeouts_total") == 2 * kEach;
  })) << Metric("lyceum_gateway_timeouts_total");
  EXPECT_LT(Steady::now() - begun, seconds(18));
  for (const int fd : slow) {
    char bytes[12];
    EXPECT_TRUE(recv(fd, bytes, sizeof(bytes), MSG_WAITALL) ==
                    static_cast<ssize_t>(sizeof(bytes)) &&
                std::string(bytes, sizeof(bytes)) == "HTTP/1.1 408");
    close(fd);
  }
}

TEST_F(GatewayBounds, EachBoundIsCountedUnderItsName) {
  Restart({"--events-per-minute", "60", "--handshakes-per-minute", "9", "--sockets-per-user", "2"});
  EXPECT_EQ(Status(Ask(Head("GET /livez", "X: " + std::string(9'000, 'x') + "\r\n"))), "431");
  EXPECT_EQ(Status(Ask(Head("POST /v1/tickets", "Content-Length: 40000\r\n"))), "413");
  EXPECT_EQ(Refused("size"), 2);
  const std::string bearer = "Authorization: Bearer " + Bearer("bounds") + "\r\n";
  const std::string body = R"({"id":"one","hint":{}})";
  const auto event = [&] {
    return Status(Ask(Head("POST /v1/sessions/me/events",
                           bearer +
                               "Content-Type: application/json\r\nConnection: close\r\n"
                               "Content-Length: " +
                               std::to_string(body.size()) + "\r\n") +
                      body));
  };
  EXPECT_TRUE(test::Eventually(seconds(10), [&] { return event() == "429"; }));
  EXPECT_EQ(Refused("rate"), 1);
  std::vector<int> sockets;
  const auto stream = [&] {
    sockets.push_back(Connect());
    Send(sockets.back(), Head("GET /v1/sessions/me/events", bearer));
    char bytes[12] = {};
    (void)!recv(sockets.back(), bytes, sizeof(bytes), MSG_WAITALL);
    return std::string(bytes + 9, 3);
  };
  EXPECT_EQ(stream(), "200");
  EXPECT_EQ(stream(), "200");
  EXPECT_EQ(stream(), "429");
  EXPECT_EQ(Refused("sockets"), 1);
  for (int i = 0; i < 8; ++i) stream();
  EXPECT_GE(Refused("handshakes"), 1);
  for (const int fd : sockets) close(fd);
}

TEST_F(GatewayFrames, TenThousandConnectionsThatSayNothingAreBoundedAndEnd) {
  constexpr int kOthers = 400;  // Descriptors that are not such connections.
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  const int count = static_cast<int>(
      std::min<rlim_t>(10'000, files.rlim_max - std::min<rlim_t>(kOthers, files.rlim_max)));
  Restart({"--connections-max", std::to_string(count)});
  const int learner = OpenSocket("learner");
  ASSERT_GE(learner, 0) << head_;
  const double before = ResidentKiB(gateway_->pid());
  std::vector<int> silent;
  std::string last = "none";
  while (last == "none" && silent.size() <= static_cast<size_t>(count)) {
    silent.push_back(Connect());
    ASSERT_GE(silent.back(), 0);
    // The gateway says at once where there is no room.
    char bytes[12];
    const ssize_t got = recv(silent.back(), bytes, sizeof(bytes), MSG_DONTWAIT);
    if (got == static_cast<ssize_t>(sizeof(bytes))) last = std::string(bytes + 9, 3);
  }
  const double each = (ResidentKiB(gateway_->pid()) - before) / static_cast<double>(silent.size());
  std::printf("%zu connections, %.1f KiB each\n", silent.size(), each);
  RecordProperty("connections", static_cast<int>(silent.size()));
  EXPECT_LT(each, 32);
  EXPECT_TRUE(test::Eventually(seconds(5), [&] { return Refused("full") >= 1; }));
  // Who was there before is answered.
  const Deadline limit = In(seconds(2));
  Send(learner, Frame(kFin | kText, R"({"id":"parts","nonsense":1})"));
  ReadFrames(learner, "refused");
  EXPECT_GT(LeftMs(limit), 0);
  EXPECT_TRUE(test::Eventually(seconds(30), [&] {
    return Metric("lyceum_gateway_connections") <= 2;
  })) << Metric("lyceum_gateway_connections");
  EXPECT_TRUE(Alive());
  for (const int fd : silent) close(fd);
  close(learner);
}

}  // namespace
}  // namespace lyceum
