// Private to this library: the bytes of one connection, over TLS where the gateway has a certificate. As Boost.Beast wants its streams;
// its time-outs are those of the tcp_stream below. The loop's thread alone.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/consign.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <memory>
#include <optional>
#include <utility>

namespace lyceum::gateway {

class TlsContext {
 public:
  boost::asio::ssl::context context{boost::asio::ssl::context::tls_server};
};

class Stream {
 public:
  using next_layer_type = boost::beast::tcp_stream;
  using executor_type = next_layer_type::executor_type;
  using Tls = boost::asio::ssl::stream<next_layer_type&>;

  explicit Stream(boost::asio::ip::tcp::socket socket)
      : layers_(std::make_shared<Layers>(std::move(socket))) {}

  executor_type get_executor() { return layers_->tcp.get_executor(); }
  next_layer_type& next_layer() { return layers_->tcp; }
  const next_layer_type& next_layer() const { return layers_->tcp; }
  boost::asio::ip::tcp::socket& socket() { return layers_->tcp.socket(); }

  // From here on it is read and written over TLS, which has to shake hands first.
  Tls* StartTls(TlsContext* tls) { return &layers_->tls.emplace(layers_->tcp, tls->context); }
  Tls* tls() { return layers_->tls ? &*layers_->tls : nullptr; }

  template <class Duration>
  void expires_after(Duration duration) {
    layers_->tcp.expires_after(duration);
  }
  void expires_never() { layers_->tcp.expires_never(); }
  void cancel() { layers_->tcp.cancel(); }
  void close() { layers_->tcp.close(); }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, void(boost::system::error_code, size_t)>(
        [layers = layers_](auto&& handler, const Buffers& into) {
          if (!layers->tls) {
            layers->tcp.async_read_some(into, std::forward<decltype(handler)>(handler));
          } else {
            layers->tls->async_read_some(
                into, boost::asio::consign(std::forward<decltype(handler)>(handler), layers));
          }
        },
        token, buffers);
  }
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, void(boost::system::error_code, size_t)>(
        [layers = layers_](auto&& handler, const Buffers& from) {
          if (!layers->tls) {
            layers->tcp.async_write_some(from, std::forward<decltype(handler)>(handler));
          } else {
            layers->tls->async_write_some(
                from, boost::asio::consign(std::forward<decltype(handler)>(handler), layers));
          }
        },
        token, buffers);
  }

 private:
  struct Layers {
    explicit Layers(boost::asio::ip::tcp::socket socket) : tcp(std::move(socket)) {}
    next_layer_type tcp;
    std::optional<Tls> tls;
  };
  // What is on its way over TLS holds them too: OpenSSL's part of it is not the socket's.
  std::shared_ptr<Layers> layers_;
};

// Found by Boost.Beast, at the end of a WebSocket.
template <class TeardownHandler>
void async_teardown(boost::beast::role_type role, Stream& stream, TeardownHandler&& handler) {
  using boost::beast::async_teardown;
  using boost::beast::websocket::async_teardown;
  if (Stream::Tls* const tls = stream.tls()) {
    async_teardown(role, *tls, std::forward<TeardownHandler>(handler));
  } else {
    async_teardown(role, stream.next_layer(), std::forward<TeardownHandler>(handler));
  }
}

}  // namespace lyceum::gateway
