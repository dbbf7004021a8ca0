// WebSocket: a client of the gateway, as little as can be: text frames, pings, no extensions. Connecting blocks; reading does
// not, so that a poll over descriptors may hold many. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace lyceum::test {

class WebSocket {
 public:
  // To 127.0.0.1. Empty: refused, or nobody is there; `answer` then has what came.
  static std::optional<WebSocket> Connect(int port, const std::string& target,
                                          const std::string& token, std::string* answer = nullptr);
  ~WebSocket();
  WebSocket(WebSocket&& other) noexcept;
  WebSocket& operator=(WebSocket&& other) noexcept;

  int fd() const { return fd_; }
  // False: the socket is at its end.
  bool Send(std::string_view text);
  bool Read(const std::function<void(std::string_view text)>& on_text);
  // The first bytes of a frame, whose rest never comes.
  void SendHalf();
  // At once, with a reset: what lies in the buffers is lost.
  void Reset();

 private:
  explicit WebSocket(int fd) : fd_(fd) {}
  bool SendFrame(int opcode, std::string_view payload);

  int fd_ = -1;
  std::string in_;
};

}  // namespace lyceum::test
