// The three programs under a service manager, which the test is: what it is told, and when.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "cli_fixture.h"
#include "support/notify_socket.h"

namespace lyceum {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::NotifySocket;

struct Managed {
  std::string program, role;
  std::vector<std::string> args;
  std::string loop;  // The thread that does the work; empty: the first one.
};

class Service : public Installed, public ::testing::WithParamInterface<const char*> {
 protected:
  Managed Under() {
    if (GetParam() == std::string("session")) {
      return {"lyceum-session-worker", "session_worker", {"--data-dir", dir_ / "data"}, ""};
    }
    if (GetParam() == std::string("tool")) {
      return {"lyceum-tool-worker", "tool_worker", {"--id", "tools-1"}, "tool-host"};
    }
    return {"lyceum-gateway", "gateway", {"--demo", "--listen", "127.0.0.1:0"}, "gateway"};
  }
  void Start(milliseconds watchdog = milliseconds(0)) {
    const Managed under = Under();
    std::vector<std::string> args = {test::Program(under.program), "--metrics-listen", metrics_};
    args.insert(args.end(), under.args.begin(), under.args.end());
    auto env = stack_.nats().env_for(under.role);
    env.merge(manager_.env(watchdog));
    program_ = std::make_unique<test::Process>(args, env);
  }
  std::string ReadyStatus() const {
    return test::Run({"curl", "-s", "-o", "/dev/null", "-w", "%{http_code}",
                      "http://" + metrics_ + "/readyz"})
        .out;
  }
  // No ping for so long.
  bool Falls(milliseconds silent) {
    size_t count = manager_.Count("WATCHDOG=1");
    Deadline since = Steady::now();
    return test::Eventually(seconds(20), [&] {
      if (const size_t now = manager_.Count("WATCHDOG=1"); now != count) {
        count = now;
        since = Steady::now();
      }
      return Steady::now() - since >= silent;
    });
  }

  test::TempDir dir_;
  NotifySocket manager_;
  const std::string metrics_ = fmt::format("127.0.0.1:{}", test::FreePort());
  std::unique_ptr<test::Process> program_;
};

TEST_P(Service, IsReadyWhenItDoesItsWorkAndStopsInOrder) {
  Start();
  ASSERT_TRUE(manager_.Hears("READY=1", seconds(20))) << program_->err();
  EXPECT_EQ(ReadyStatus(), "200");
  EXPECT_EQ(manager_.Count("STOPPING=1"), 0u);
  program_->Terminate();
  EXPECT_TRUE(manager_.Hears("STOPPING=1", seconds(20))) << program_->err();
  EXPECT_EQ(program_->Wait(In(seconds(40))), 0) << program_->err();
  EXPECT_EQ(manager_.Count("READY=1"), 1u);
}

TEST_P(Service, WaitsForNatsAndAsksForPatience) {
  stack_.nats().Kill9();
  Start();
  EXPECT_TRUE(manager_.Hears("EXTEND_TIMEOUT_USEC=30000000", seconds(20))) << program_->err();
  // Longer than it would wait by itself.
  test::PassTime(seconds(4));
  EXPECT_TRUE(program_->running()) << program_->err();
  EXPECT_EQ(manager_.Count("READY=1"), 0u);
  stack_.nats().Restart();
  EXPECT_TRUE(manager_.Hears("READY=1", seconds(20))) << program_->err();
}

TEST_P(Service, PingsAsLongAsItsLoopTurns) {
  Start(seconds(2));
  ASSERT_TRUE(manager_.Hears("READY=1", seconds(20))) << program_->err();
  const size_t before = manager_.Count("WATCHDOG=1");
  EXPECT_TRUE(
      test::Eventually(seconds(20), [&] { return manager_.Count("WATCHDOG=1") >= before + 4; }));
  const std::string loop = Under().loop;
  loop.empty() ? program_->StopFirstThread() : program_->StopThread(loop);
  EXPECT_TRUE(Falls(seconds(2))) << "a stuck program pings";
}

TEST_P(Service, SaysWhyWhenItIsNoLongerReady) {
  Start();
  ASSERT_TRUE(manager_.Hears("READY=1", seconds(20))) << program_->err();
  manager_.Take();
  stack_.nats().Kill9();
  bool said = false;
  EXPECT_TRUE(test::Eventually(seconds(20), [&] {
    for (const std::string& told : manager_.Take()) {
      said = said || told.starts_with("STATUS=no connection to NATS");
    }
    return said;
  })) << program_->err();
}

INSTANTIATE_TEST_SUITE_P(OfEach, Service, ::testing::Values("session", "tool", "gateway"),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
}  // namespace lyceum
