// What the tests of HTTP say: a request, a reading of it all, and a server of raw bytes.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "wire/http.h"

namespace lyceum::wire {

// Must never be seen in an error, nor anywhere else but at the server.
inline const std::string kKey = "sk-very-secret";

inline std::shared_ptr<HttpClient> Client(HttpClient::Options options = {}) {
  auto client = HttpClient::Start(std::move(options));
  EXPECT_TRUE(client);
  return *client;
}

inline HttpRequest Post(const std::string& url, const std::string& body = "{}") {
  HttpRequest request;
  request.url = url;
  request.headers = {{"x-api-key", kKey}, {"content-type", "application/json"}};
  request.body = body;
  request.deadline = In(std::chrono::seconds(20));
  return request;
}

// What a transfer comes to when all of it is read.
struct Read {
  int status = 0;
  std::string body;
  Error error;  // Where it failed.
  std::optional<HttpFailure> failure;
};

inline Read ReadWhole(HttpTransfer& transfer) {
  Read read;
  const auto fail = [&](const Error& error) {
    read.error = error;
    read.failure = transfer.failure();
    EXPECT_TRUE(read.failure);
    EXPECT_EQ(error.text.find(kKey), std::string::npos) << error.text;
    EXPECT_EQ(error.text.find("/secret-path"), std::string::npos) << error.text;
    return read;
  };
  const auto head = Wait(transfer.Head());
  if (!head) return fail(head.error());
  read.status = head->status;
  while (true) {
    const auto piece = Wait(transfer.Read());
    if (!piece) return fail(piece.error());
    if (piece->empty()) return read;
    read.body += *piece;
  }
}

inline Read Ask(HttpClient& client, HttpRequest request) {
  HttpTransfer transfer = client.Begin(std::move(request));
  return ReadWhole(transfer);
}

// Listens on loopback and gives each connection to the handler, each in a thread of its own.
class RawServer {
 public:
  class Peer {
   public:
    explicit Peer(int fd) : fd_(fd) {}
    // Up to the end of the head and of the body that it announces; empty: the peer has gone.
    std::string ReadRequest() {
      std::string text;
      while (true) {
        const size_t end = text.find("\r\n\r\n");
        if (end != std::string::npos) {
          const size_t at = text.find("Content-Length: ");
          const size_t body = at < end ? std::stoul(text.substr(at + 16)) : 0;
          if (text.size() >= end + 4 + body) return text;
        }
        char room[4096];
        const ssize_t got = recv(fd_, room, sizeof(room), 0);
        if (got <= 0) return "";
        text.append(room, static_cast<size_t>(got));
      }
    }
    bool Send(const std::string& bytes) {
      for (size_t at = 0; at < bytes.size();) {
        const ssize_t sent = send(fd_, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
        if (sent <= 0) return false;
        at += static_cast<size_t>(sent);
      }
      return true;
    }
    // Returns when the peer has closed, or the server ends.
    void WaitClosed() {
      char room[4096];
      while (recv(fd_, room, sizeof(room), 0) > 0) {
      }
    }
    int fd() const { return fd_; }

   private:
    int fd_;
  };

  explicit RawServer(std::function<void(Peer&)> handler)
      : handler_(std::move(handler)), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        listen(listener_, 64) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("can not listen on loopback");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Accept(); });
  }

  ~RawServer() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    {
      const std::lock_guard lock(mutex_);
      for (const int fd : peers_) shutdown(fd, SHUT_RDWR);
    }
    for (auto& handling : handlings_) handling.join();
    for (const int fd : peers_) close(fd);
    close(listener_);
  }
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  int port() const { return port_; }
  std::string url(const std::string& path = "/secret-path") const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  uint64_t connections() const { return connections_; }

 private:
  void Accept() {
    while (true) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      ++connections_;
      const std::lock_guard lock(mutex_);
      peers_.push_back(fd);
      handlings_.emplace_back([this, fd] {
        Peer peer(fd);
        handler_(peer);
        shutdown(fd, SHUT_RDWR);
      });
    }
  }

  const std::function<void(Peer&)> handler_;
  const int listener_;
  int port_ = 0;
  std::atomic<uint64_t> connections_{0};
  std::mutex mutex_;
  std::vector<int> peers_;  // Guarded by mutex_, closed at the end: no number is used twice.
  std::vector<std::thread> handlings_;
  std::thread thread_;
};

// Answers each connection's first request with these bytes and closes.
inline std::function<void(RawServer::Peer&)> Saying(std::string bytes) {
  return [bytes = std::move(bytes)](RawServer::Peer& peer) {
    peer.ReadRequest();
    peer.Send(bytes);
  };
}

}  // namespace lyceum::wire
