#include "support/notify_socket.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstring>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "support/eventually.h"

namespace lyceum::test {

NotifySocket::NotifySocket(Kind kind) {
  static std::atomic<int> made{0};
  const bool abstract = kind == Kind::kAbstract;
  name_ = abstract ? "@lyceum-test-" + std::to_string(getpid()) + "-" + std::to_string(made++)
                   : dir_ / "notify";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, name_.data(), name_.size());
  if (abstract) address.sun_path[0] = '\0';
  fd_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const auto bytes =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_.size() + (abstract ? 0 : 1));
  if (fd_ < 0 || bind(fd_, reinterpret_cast<const sockaddr*>(&address), bytes) != 0) {
    throw std::runtime_error("cannot listen at " + name_);
  }
}

NotifySocket::~NotifySocket() { close(fd_); }

std::map<std::string, std::string> NotifySocket::env(std::chrono::milliseconds watchdog) const {
  const int64_t us = watchdog.count() * 1000;
  return {{"NOTIFY_SOCKET", name_}, {"WATCHDOG_USEC", us == 0 ? "" : std::to_string(us)}};
}

void NotifySocket::Read() {
  char buffer[4096];
  for (ssize_t got; (got = recv(fd_, buffer, sizeof(buffer), 0)) > 0;) {
    came_.emplace_back(buffer, static_cast<size_t>(got));
    std::istringstream lines(came_.back());
    for (std::string line; std::getline(lines, line);) ++lines_[line];
  }
}

std::vector<std::string> NotifySocket::Take() {
  Read();
  return std::exchange(came_, {});
}

bool NotifySocket::Hears(const std::string& line, std::chrono::milliseconds wait) {
  return Eventually(wait, [&] { return Count(line) > 0; });
}

size_t NotifySocket::Count(const std::string& line) {
  Read();
  return lines_[line];
}

}  // namespace lyceum::test
