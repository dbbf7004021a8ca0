// The gateway seen byte for byte: raw requests and frames, and what its metrics say of them.
#pragma once

#include <string>
#include <vector>

#include "gateway_program.h"

namespace lyceum {

class GatewayBounds : public GatewayProgram {
 protected:
  // The gateway anew, with these flags.
  void Restart(std::vector<std::string> flags) {
    gateway_->Terminate();
    gateway_->Wait(In(seconds(5)));
    port_ = 0;
    metrics_ = test::FreePort();
    flags.insert(flags.end(), {"--metrics-listen", "127.0.0.1:" + std::to_string(metrics_)});
    StartGateway(flags);
  }
  double Metric(const std::string& series) {
    const std::string all = AskAt(metrics_, "GET /metrics HTTP/1.0\r\n\r\n");
    const size_t begin = all.find("\n" + series + " ");
    return begin == std::string::npos ? -1 : std::stod(all.substr(begin + series.size() + 2));
  }
  double Refused(const std::string& reason) {
    return Metric("lyceum_gateway_refused_total{reason=\"" + reason + "\"}");
  }
  static size_t Answers(const std::string& text) {
    size_t count = 0;
    for (size_t i = 0; (i = text.find("HTTP/1.1 ", i)) != std::string::npos; ++i) ++count;
    return count;
  }
  bool Alive() {
    const Deadline limit = In(seconds(1));
    const bool alive = Ask("GET /livez HTTP/1.0\r\nHost: " + Host() + "\r\n\r\n").find("alive") !=
                       std::string::npos;
    return alive && LeftMs(limit) > 0;
  }

  int metrics_ = 0;
};

// A frame of a client, under a mask that changes nothing. `first`: the first byte, with FIN and the opcode.
inline std::string Frame(int first, const std::string& payload, bool masked = true) {
  std::string frame(1, static_cast<char>(first));
  const auto mask = static_cast<char>(masked ? 0x80 : 0);
  if (payload.size() < 126) {
    frame += static_cast<char>(mask | static_cast<char>(payload.size()));
  } else {
    frame += static_cast<char>(mask | 126);
    frame += static_cast<char>(payload.size() >> 8);
    frame += static_cast<char>(payload.size() & 0xFF);
  }
  if (masked) frame.append(4, '\0');
  return frame + payload;
}
inline constexpr int kFin = 0x80, kMore = 0, kText = 1, kBinary = 2, kPing = 9;

class GatewayFrames : public GatewayBounds {
 protected:
  // A WebSocket that has been opened; -1: it was refused.
  int OpenSocket(const std::string& learner, const std::string& more = "") {
    const int fd = Connect();
    Send(fd, Head("GET /v1/sessions/me/ws",
                  "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                  "Sec-WebSocket-Version: 13\r\n"
                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                  "Authorization: Bearer " +
                      Bearer(learner) + "\r\n" + more));
    head_.clear();
    for (char c = 0; head_.find("\r\n\r\n") == std::string::npos;) {
      if (recv(fd, &c, 1, 0) != 1) break;
      head_ += c;
    }
    return head_.find(" 101 ") != std::string::npos ? fd : -1;
  }
  bool Read(int fd, char* bytes, size_t size) {
    return recv(fd, bytes, size, MSG_WAITALL) == static_cast<ssize_t>(size);
  }
  // The texts of the frames that come, until one is the last or `wanted` is in one. Then the code of the close; 0: none came.
  int ReadFrames(int fd, const std::string& wanted = "") {
    texts_.clear();
    while (true) {
      unsigned char head[4];
      char* const bytes = reinterpret_cast<char*>(head);
      if (!Read(fd, bytes, 2)) return 0;
      size_t size = head[1] & 0x7F;
      if (size == 126) {
        if (!Read(fd, bytes + 2, 2)) return 0;
        size = static_cast<size_t>(head[2]) << 8 | head[3];
      }
      std::string payload(size, '\0');
      if (size > 0 && !Read(fd, payload.data(), size)) return 0;
      const int opcode = head[0] & 0x0F;
      if (opcode == 8 && size >= 2) {
        return static_cast<unsigned char>(payload[0]) << 8 | static_cast<unsigned char>(payload[1]);
      }
      texts_.push_back(payload);
      if (!wanted.empty() && payload.find(wanted) != std::string::npos) return 0;
    }
  }
  int CloseCodeAfter(const std::string& frames) {
    const int fd = OpenSocket("frames");
    EXPECT_GE(fd, 0) << head_;
    Send(fd, frames);
    const int code = ReadFrames(fd);
    close(fd);
    EXPECT_TRUE(
        test::Eventually(seconds(5), [&] { return Metric("lyceum_gateway_sockets") <= 1; }));
    return code;
  }

  std::string head_;
  std::vector<std::string> texts_;
};

}  // namespace lyceum
