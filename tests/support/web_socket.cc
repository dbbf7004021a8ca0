#include "support/web_socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace lyceum::test {
namespace {

constexpr int kText = 1, kClose = 8, kPing = 9, kPong = 10;
constexpr size_t kHeadBytesMax = 8 * 1024;

}  // namespace

std::optional<WebSocket> WebSocket::Connect(int port, const std::string& target,
                                            const std::string& token, std::string* answer) {
  WebSocket one(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  setsockopt(one.fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  const timeval limit{20, 0};
  setsockopt(one.fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  if (connect(one.fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) return {};
  const std::string request = "GET " + target +
                              " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
                              "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                              "Sec-WebSocket-Version: 13\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                              "Authorization: Bearer " +
                              token + "\r\n\r\n";
  (void)!send(one.fd_, request.data(), request.size(), MSG_NOSIGNAL);
  size_t end = std::string::npos;
  while ((end = one.in_.find("\r\n\r\n")) == std::string::npos) {
    char part[1024];
    const ssize_t bytes = recv(one.fd_, part, sizeof(part), 0);
    if (bytes <= 0 || one.in_.size() > kHeadBytesMax) break;
    one.in_.append(part, static_cast<size_t>(bytes));
  }
  if (answer != nullptr) *answer = one.in_;
  if (end == std::string::npos || one.in_.find(" 101 ") == std::string::npos) return {};
  one.in_.erase(0, end + 4);
  fcntl(one.fd_, F_SETFL, O_NONBLOCK);
  return one;
}

WebSocket::~WebSocket() {
  if (fd_ >= 0) close(fd_);
}
WebSocket::WebSocket(WebSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), in_(std::move(other.in_)) {}
WebSocket& WebSocket::operator=(WebSocket&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(in_, other.in_);
  return *this;
}

bool WebSocket::SendFrame(int opcode, std::string_view payload) {
  std::string frame{static_cast<char>(0x80 | opcode)};
  if (payload.size() < 126) {
    frame += static_cast<char>(0x80 | payload.size());
  } else {
    frame += static_cast<char>(0x80 | 126);
    frame += static_cast<char>(payload.size() >> 8);
    frame += static_cast<char>(payload.size() & 0xFF);
  }
  frame.append(4, '\0');  // A mask that changes nothing.
  frame.append(payload);
  return send(fd_, frame.data(), frame.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(frame.size());
}

bool WebSocket::Send(std::string_view text) { return SendFrame(kText, text); }

void WebSocket::SendHalf() {
  const std::string_view frame("\x81\xFE\x01\x00\x00\x00\x00\x00{", 9);
  (void)!send(fd_, frame.data(), frame.size(), MSG_NOSIGNAL);
}

void WebSocket::Reset() {
  const linger at_once{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  close(std::exchange(fd_, -1));
}

bool WebSocket::Read(const std::function<void(std::string_view text)>& on_text) {
  char part[16 * 1024];
  const ssize_t bytes = recv(fd_, part, sizeof(part), 0);
  if (bytes < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  if (bytes <= 0) return false;
  in_.append(part, static_cast<size_t>(bytes));
  const auto byte = [&](size_t at) { return static_cast<unsigned char>(in_[at]); };
  size_t used = 0;
  bool open = true;
  while (open && in_.size() - used >= 2) {
    size_t size = byte(used + 1) & 0x7F;
    size_t head = 2;
    if (size == 126) {
      if (in_.size() - used < 4) break;
      size = static_cast<size_t>(byte(used + 2)) << 8 | byte(used + 3);
      head = 4;
    } else if (size == 127) {
      return false;  // Nothing here is that large.
    }
    if (in_.size() - used < head + size) break;
    const std::string_view payload = std::string_view(in_).substr(used + head, size);
    const int opcode = byte(used) & 0x0F;
    if (opcode == kText) on_text(payload);
    if (opcode == kPing) SendFrame(kPong, payload);
    open = opcode != kClose;
    used += head + size;
  }
  in_.erase(0, used);
  if (in_.empty()) in_.shrink_to_fit();
  return open;
}

}  // namespace lyceum::test
