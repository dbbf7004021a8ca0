#include "base/service_manager.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "support/notify_socket.h"

namespace lyceum {
namespace {

using std::chrono::milliseconds;
using test::NotifySocket;
using Taken = std::vector<std::string>;

class Managed : public ::testing::Test {
 protected:
  void TearDown() override {
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) unsetenv(name);
  }
};

TEST_F(Managed, WithoutASocketNothingIsTold) {
  const ServiceManager none = ServiceManager::FromEnvironment();
  EXPECT_FALSE(none.present());
  EXPECT_FALSE(none.Tell("READY=1"));
}

TEST_F(Managed, ASocketThatIsAFileIsTold) {
  NotifySocket socket;
  setenv("NOTIFY_SOCKET", socket.name().c_str(), 1);
  const ServiceManager manager = ServiceManager::FromEnvironment();
  EXPECT_TRUE(manager.present());
  EXPECT_EQ(manager.watchdog(), milliseconds(0));
  EXPECT_TRUE(manager.Tell("READY=1\nSTATUS=ready"));
  EXPECT_TRUE(manager.Tell("STOPPING=1"));
  EXPECT_EQ(socket.Take(), (Taken{"READY=1\nSTATUS=ready", "STOPPING=1"}));
}

TEST_F(Managed, AnAbstractSocketIsTold) {
  NotifySocket socket(NotifySocket::Kind::kAbstract);
  EXPECT_TRUE(ServiceManager(socket.name(), milliseconds(0)).Tell("READY=1"));
  EXPECT_EQ(socket.Take(), Taken{"READY=1"});
}

TEST_F(Managed, TheWatchdogIsThatOfThisProcess) {
  setenv("NOTIFY_SOCKET", "/nowhere", 1);
  setenv("WATCHDOG_USEC", "30000000", 1);
  EXPECT_EQ(ServiceManager::FromEnvironment().watchdog(), milliseconds(30'000));
  setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);
  EXPECT_EQ(ServiceManager::FromEnvironment().watchdog(), milliseconds(30'000));
  setenv("WATCHDOG_PID", std::to_string(getpid() + 1).c_str(), 1);
  EXPECT_EQ(ServiceManager::FromEnvironment().watchdog(), milliseconds(0));
  unsetenv("WATCHDOG_PID");
  for (const char* wrong : {"", "soon", "-5", "30s"}) {
    setenv("WATCHDOG_USEC", wrong, 1);
    EXPECT_EQ(ServiceManager::FromEnvironment().watchdog(), milliseconds(0)) << wrong;
  }
}

TEST_F(Managed, OneThatDoesNotReadIsNotWaitedFor) {
  NotifySocket socket;
  const ServiceManager manager(socket.name(), milliseconds(0));
  bool told = true;
  for (int i = 0; i < 100'000 && told; ++i) told = manager.Tell("WATCHDOG=1");
  EXPECT_FALSE(told) << "its queue is full";
  socket.Take();
  EXPECT_TRUE(manager.Tell("WATCHDOG=1"));
}

TEST_F(Managed, NamesThatAreNoSocketAreRefused) {
  for (const std::string name : {"relative", "vsock:2:1234", "/nowhere/at/all"}) {
    EXPECT_FALSE(ServiceManager(name, milliseconds(0)).Tell("READY=1")) << name;
  }
  EXPECT_FALSE(ServiceManager("/" + std::string(200, 'x'), milliseconds(0)).Tell("READY=1"));
}

}  // namespace
}  // namespace lyceum
