#include "base/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>

namespace lyceum {
namespace {

std::optional<int64_t> NumberOf(const char* name) {
  const char* const text = std::getenv(name);
  if (text == nullptr) return std::nullopt;
  int64_t number = 0;
  const char* const end = text + std::strlen(text);
  const auto [stop, code] = std::from_chars(text, end, number);
  if (code != std::errc() || stop != end || number < 0) return std::nullopt;
  return number;
}

}  // namespace

ServiceManager ServiceManager::FromEnvironment() {
  const char* const socket = std::getenv("NOTIFY_SOCKET");
  if (socket == nullptr) return {};
  const int64_t watchdog_us = NumberOf("WATCHDOG_USEC").value_or(0);
  const bool ours = NumberOf("WATCHDOG_PID").value_or(getpid()) == getpid();
  return {socket, std::chrono::milliseconds(ours ? watchdog_us / 1000 : 0)};
}

bool ServiceManager::Tell(std::string_view lines) const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const bool abstract = socket_.starts_with('@');
  if (!(abstract || socket_.starts_with('/')) || socket_.size() >= sizeof(address.sun_path))
    return false;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (abstract) address.sun_path[0] = '\0';
  // The name of an abstract one is as long as the address says; that of a file ends with a zero.
  const size_t bytes = offsetof(sockaddr_un, sun_path) + socket_.size() + (abstract ? 0 : 1);
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return false;
  const ssize_t sent =
      sendto(fd, lines.data(), lines.size(), MSG_NOSIGNAL,
             reinterpret_cast<const sockaddr*>(&address), static_cast<socklen_t>(bytes));
  close(fd);
  return sent == static_cast<ssize_t>(lines.size());
}

}  // namespace lyceum
