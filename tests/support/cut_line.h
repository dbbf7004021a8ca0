// A TCP line to a server that a test can cut: what connects to port() goes on to the server. While the
// line is cut, every connection through it is closed, and new ones are closed as soon as they come.
// Has one thread; its methods are for one other.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace lyceum::test {

class CutLine {
 public:
  explicit CutLine(int server_port);  // Throws where no port can be had.
  ~CutLine();
  CutLine(const CutLine&) = delete;
  CutLine& operator=(const CutLine&) = delete;

  int port() const { return port_; }
  void Cut() { cut_ = true; }
  void Restore() { cut_ = false; }
  // Connections that were refused because the line was cut, and those that went through.
  uint64_t refused() const { return refused_; }
  uint64_t opened() const { return opened_; }

 private:
  struct Pair {
    int client;
    int server;
  };
  void Run();
  void Accept();
  bool Forward(int from, int to);
  void CloseAll();

  const int server_port_;
  int listener_ = -1;
  int port_ = 0;
  std::vector<Pair> pairs_;
  std::atomic<bool> cut_{false};
  std::atomic<bool> stop_{false};
  std::atomic<uint64_t> refused_{0};
  std::atomic<uint64_t> opened_{0};
  std::thread thread_;
};

}  // namespace lyceum::test
