// NotifySocket: a service manager as a test is one: the socket of NOTIFY_SOCKET, and what came to it.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "support/temp_dir.h"

namespace lyceum::test {

class NotifySocket {
 public:
  enum class Kind { kFile, kAbstract };
  explicit NotifySocket(Kind kind = Kind::kFile);  // Throws where it cannot listen.
  ~NotifySocket();
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;

  const std::string& name() const { return name_; }
  // Put into the environment of a program. 0: no watchdog.
  std::map<std::string, std::string> env(std::chrono::milliseconds watchdog) const;

  // What came, a datagram each, since the last time. The system keeps ten that nobody has read.
  std::vector<std::string> Take();
  // A line of any datagram so far, those that were taken among them, or within the time.
  bool Hears(const std::string& line, std::chrono::milliseconds wait);
  // How often that line has come.
  size_t Count(const std::string& line);

 private:
  void Read();

  TempDir dir_;
  std::string name_;
  int fd_ = -1;
  std::vector<std::string> came_;
  std::map<std::string, size_t> lines_;
};

}  // namespace lyceum::test
