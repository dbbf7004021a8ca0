// The beginning and the end of a connection, with TLS.
#include <openssl/err.h>
#include <openssl/sslerr.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/error.hpp>
#include <chrono>
#include <string>
#include <utility>

#include "gateway/limits.h"
#include "gateway/transport.h"

namespace lyceum::gateway {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

constexpr auto kUseTlsHandshake = asio::as_tuple(asio::use_awaitable);
constexpr size_t kDrainBytesMax = 256 * 1024;
constexpr milliseconds kEndMsMax{1'000};
// To who takes this for a port of HTTP without TLS.
constexpr char kSpeaksTls[] =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: 102\r\n"
    "Connection: close\r\n\r\n"
    R"({"error":"This port speaks TLS: use https:// or wss:// with it.","source":"gateway","retryable":false})";

bool IsHttp(const boost::system::error_code& error) {
  return error.category() == asio::error::get_ssl_category() &&
         ERR_GET_REASON(static_cast<unsigned long>(error.value())) == SSL_R_HTTP_REQUEST;
}

}  // namespace

asio::awaitable<bool> ShakeHands(Transport* transport, std::shared_ptr<Stream> stream) {
  stream->expires_after(milliseconds(kTlsHandshakeMsMax));
  const auto [error] = co_await stream->StartTls(transport->tls.get())
                           ->async_handshake(asio::ssl::stream_base::server, kUseTlsHandshake);
  if (!error) co_return true;
  if (error == boost::beast::error::timeout) ++transport->counters->timeouts;
  // A client that is gone again has asked for nothing.
  if (error.category() == asio::error::get_ssl_category()) ++transport->counters->refused_tls;
  if (IsHttp(error)) {
    stream->expires_after(kEndMsMax);
    (void)co_await asio::async_write(
        stream->next_layer(), asio::buffer(kSpeaksTls, sizeof(kSpeaksTls) - 1), kUseTlsHandshake);
    co_await Drain(stream);
  }
  stream->close();
  co_return false;
}

asio::awaitable<void> SayEnd(std::shared_ptr<Stream> stream) {
  if (stream->tls() == nullptr) co_return;
  stream->expires_after(kEndMsMax);
  (void)co_await stream->tls()->async_shutdown(kUseTlsHandshake);
}

asio::awaitable<void> Drain(std::shared_ptr<Stream> stream) {
  boost::system::error_code ignored;
  stream->socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  std::string bytes(4096, '\0');
  stream->expires_after(kEndMsMax);
  for (size_t drained = 0; drained < kDrainBytesMax;) {
    const auto [error, count] =
        co_await stream->next_layer().async_read_some(asio::buffer(bytes), kUseTlsHandshake);
    if (error) break;
    drained += count;
  }
}

}  // namespace lyceum::gateway
