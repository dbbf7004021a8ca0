// Private to this library: the coroutines that serve sockets, each in a translation unit of its own, because
// Boost.Beast is slow to compile. All of them run on the one thread of the io_context.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>

#include "base/check.h"
#include "gateway/exchange.h"
#include "gateway/gateway.h"
#include "gateway/limits.h"
#include "gateway/outbox.h"
#include "gateway/stream.h"

namespace lyceum::gateway {

struct Transport {
  Handler* handler;
  Counters* counters;
  int64_t socket_idle_ms = kSocketIdleMs;
  std::shared_ptr<TlsContext> tls = nullptr;  // Of connections from now on. Null: without.
  size_t connections = 0;                     // Open now.
  size_t large_bodies = 0;                    // Being read now.
};

// One open connection, as long as it lives.
class Counted {
 public:
  explicit Counted(Transport* transport) : transport_(transport) { ++transport_->connections; }
  ~Counted() { --transport_->connections; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  Transport* const transport_;
};

// One large body, as long as it is read.
class LargeBody {
 public:
  explicit LargeBody(Transport* transport) : transport_(transport) { ++transport_->large_bodies; }
  ~LargeBody() { --transport_->large_bodies; }
  LargeBody(const LargeBody&) = delete;
  LargeBody& operator=(const LargeBody&) = delete;

 private:
  Transport* const transport_;
};

// An exception that leaves a coroutine is a mistake of ours: errors of sockets are values here.
inline void CheckEnded(const std::exception_ptr& error) { CHECK(error == nullptr); }

// Requests of one connection, one after another. http_connection.cc
boost::asio::awaitable<void> ServeHttp(Transport* transport, boost::asio::ip::tcp::socket socket);
// A streamed body. `head`: the header as it is written. http_connection.cc
boost::asio::awaitable<void> ServeStream(Transport* transport, std::shared_ptr<Counted> counted,
                                         std::shared_ptr<Stream> stream, StreamStart start,
                                         std::string head, bool chunked);
// Whether a connection came to speak TLS in time. Where not it is closed, or soon will be. tls_handshake.cc
boost::asio::awaitable<bool> ShakeHands(Transport* transport, std::shared_ptr<Stream> stream);
// Of TLS: that this is the end, and nothing is missing before it. tls_handshake.cc
boost::asio::awaitable<void> SayEnd(std::shared_ptr<Stream> stream);
// So that a client which still sends reads what was written to it before the connection ends. tls_handshake.cc
boost::asio::awaitable<void> Drain(std::shared_ptr<Stream> stream);
// A WebSocket, from its handshake on: `raw_request` is that of the client. web_socket.cc
boost::asio::awaitable<void> ServeWebSocket(Transport* transport, std::shared_ptr<Counted> counted,
                                            std::shared_ptr<Stream> stream, std::string handshake,
                                            std::unique_ptr<Peer> peer);

}  // namespace lyceum::gateway
