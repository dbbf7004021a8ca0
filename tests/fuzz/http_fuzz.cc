// Any bytes as what a client sends to the gateway's port: the HTTP parser, bodies, and the frames of a WebSocket, over a real socket.
// What the gateway is given is a request that fits its bounds; each request is answered once, in order; and what goes back is HTTP.
//
// Input: a byte that says where what follows is cut in two, as a line may cut it; then the bytes.
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "gateway/gateway.h"
#include "gateway/limits.h"
#include "gateway/transport.h"

namespace {

using namespace lyceum;           // NOLINT
using namespace lyceum::gateway;  // NOLINT
namespace asio = boost::asio;
using asio::ip::tcp;

constexpr std::chrono::milliseconds kAnswerMs{2'000};
constexpr size_t kInputBytesMax = 64 * 1024;

// Says something, and again what it is told.
class Echo final : public Peer {
 public:
  explicit Echo(bool ends) : ends_(ends) {}
  void OnOpen(std::shared_ptr<Outgoing> opened) override {
    outgoing_ = std::move(opened);
    outgoing_->Send("data: hello\n\n");
    if (ends_) outgoing_->Close(1000, "");
  }
  void OnText(std::string_view text) override {
    CHECK(text.size() <= kBodyBytesMax);
    outgoing_->Send(std::string(text));
  }

 private:
  const bool ends_;
  std::shared_ptr<Outgoing> outgoing_;
};

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

// Answers by the path, and looks at what it is given.
class Looker final : public Handler {
 public:
  void Handle(Request request, Done done) override {
    CHECK(!request.method.empty() && !HasControl(request.method));
    CHECK(!request.target.empty() && !HasControl(request.target));
    CHECK(request.body.size() <= BodyBytesMax(request.target));
    size_t bytes = 0;
    for (const auto& [name, value] : request.headers) {
      CHECK(!name.empty() && !HasControl(name) && !HasControl(value));
      CHECK(std::none_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; }));
      bytes += name.size() + value.size();
    }
    CHECK(bytes <= kHeaderBytesMax);
    bodies.push_back(request.method != "HEAD");
    const bool ends = request.target.find("end") != std::string::npos;
    if (request.upgrade) return done(Upgrade{std::make_unique<Echo>(ends)});
    if (request.target.find("stream") != std::string::npos) {
      return done(StreamStart{.content_type = "text/event-stream",
                              .headers = {},
                              .keep_alive = ":\n\n",
                              .peer = std::make_unique<Echo>(ends)});
    }
    done(Response{.body = std::to_string(request.body.size())});
  }
  size_t BodyBytesMax(std::string_view target) const override {
    return target.substr(0, 5) == "/api/" ? kLargeBodyBytesMax : kBodyBytesMax;
  }
  Response Refuse(int status, std::string_view sentence) override {
    CHECK(status >= 400 && !sentence.empty());
    bodies.push_back(true);
    return Refusal(status, sentence);
  }

  std::deque<bool> bodies;  // Of each answer, in order: whether it has one.
};

// The next part of what came back, up to and with `end`.
std::string_view Cut(std::string_view* rest, std::string_view end) {
  const size_t size = rest->find(end);
  CHECK(size != std::string_view::npos);
  const std::string_view part = rest->substr(0, size + end.size());
  rest->remove_prefix(part.size());
  return part;
}

// An answer for each that was given, and nothing else, up to one that is a stream.
void CheckAnswers(std::string_view answers, std::deque<bool> bodies) {
  while (!answers.empty()) {
    const std::string_view head = Cut(&answers, "\r\n\r\n");
    CHECK(head.substr(0, 9) == "HTTP/1.1 ");
    const std::string_view status = head.substr(9, 3);
    if (status == "101") return;
    CHECK(!bodies.empty());
    const bool has_body = bodies.front();
    bodies.pop_front();
    constexpr std::string_view kLength = "\r\nContent-Length: ";
    const size_t length = head.find(kLength);
    if (length == std::string_view::npos) {
      CHECK(status == "200" && head.find("text/event-stream") != std::string_view::npos);
      return;
    }
    const size_t size = std::stoul(std::string(head.substr(length + kLength.size())));
    if (!has_body) continue;
    CHECK(answers.size() >= size);
    answers.remove_prefix(size);
  }
  CHECK(bodies.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2 || size > kInputBytesMax) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const size_t cut = input.size() * data[0] / 255;
  Looker looker;
  Counters counters;
  Transport transport{.handler = &looker, .counters = &counters};
  std::string answers;
  {
    asio::io_context io{1};
    static asio::io_context listening{1};
    static tcp::acceptor acceptor(listening, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    tcp::socket client(io);
    client.connect(acceptor.local_endpoint());
    asio::co_spawn(io, ServeHttp(&transport, acceptor.accept(io)), CheckEnded);
    boost::system::error_code ignored;
    client.non_blocking(true);
    const auto read = [&] {
      char bytes[4096];
      for (size_t count; (count = client.read_some(asio::buffer(bytes), ignored)) > 0;) {
        answers.append(bytes, count);
      }
    };
    const auto send = [&](std::string_view bytes) {
      while (!bytes.empty()) {
        boost::system::error_code error;
        bytes.remove_prefix(client.write_some(asio::buffer(bytes.data(), bytes.size()), error));
        io.poll();
        read();
        if (error && error != asio::error::would_block) return;
      }
    };
    send(input.substr(0, cut));
    send(input.substr(cut));
    client.shutdown(tcp::socket::shutdown_send, ignored);
    const auto end = std::chrono::steady_clock::now() + kAnswerMs;
    while (transport.connections > 0 && std::chrono::steady_clock::now() < end) {
      io.run_one_for(std::chrono::milliseconds(1));
      read();
    }
    CHECK(transport.connections == 0);
    read();
  }
  CheckAnswers(answers, looker.bodies);
  return 0;
}
