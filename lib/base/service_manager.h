// ServiceManager: what systemd, or another that speaks sd_notify(3), is told: lines of NAME=VALUE, a datagram
// to $NOTIFY_SOCKET. By hand: libsystemd would bring the libraries of its journal into every program.
//
// Without such a socket nothing is told, and nothing else differs.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

namespace lyceum {

class ServiceManager {
 public:
  // Of this process: NOTIFY_SOCKET, and WATCHDOG_USEC where WATCHDOG_PID is this process or not set.
  static ServiceManager FromEnvironment();
  ServiceManager() = default;  // None.
  // `socket`: a path, or @name for one of the abstract namespace.
  ServiceManager(std::string socket, std::chrono::milliseconds watchdog)
      : socket_(std::move(socket)), watchdog_(watchdog) {}

  bool present() const { return !socket_.empty(); }
  // It ends a program of which it hears no WATCHDOG=1 for so long. 0: it does not.
  std::chrono::milliseconds watchdog() const { return watchdog_; }
  // Never waits; false: not told. Lines end with a line feed, but for the last.
  bool Tell(std::string_view lines) const;

 private:
  std::string socket_;
  std::chrono::milliseconds watchdog_{0};
};

}  // namespace lyceum
