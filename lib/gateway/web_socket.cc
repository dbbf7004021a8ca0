#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <chrono>
#include <utility>

#include "gateway/limits.h"
#include "gateway/transport.h"

namespace lyceum::gateway {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
using std::chrono::milliseconds;
using Socket = websocket::stream<Stream, /*deflate=*/false>;

constexpr auto kUseWebSocket = asio::as_tuple(asio::use_awaitable);

struct Open {
  explicit Open(Stream&& stream) : socket(std::move(stream)) {}
  Socket socket;
  std::unique_ptr<Peer> peer;
};

void SetUp(Socket* socket, int64_t idle_ms) {
  websocket::stream_base::timeout timeout{};
  timeout.handshake_timeout = milliseconds(kRequestMsMax);
  timeout.idle_timeout = milliseconds(idle_ms);
  timeout.keep_alive_pings = true;
  socket->set_option(timeout);
  socket->read_message_max(kBodyBytesMax);
  socket->write_buffer_bytes(1024);
  socket->text(true);
}

// What the client sends, frame by frame, until it is gone.
asio::awaitable<void> Read(std::shared_ptr<Open> open, std::shared_ptr<Outbox> outbox,
                           Counters* counters) {
  beast::flat_buffer buffer(kBodyBytesMax);
  while (true) {
    const auto [error, count] = co_await open->socket.async_read(buffer, kUseWebSocket);
    if (error == beast::error::timeout) ++counters->timeouts;
    if (error || outbox->dropped()) break;
    if (!open->socket.got_text()) {
      outbox->Close(1003, "text frames only, each a JSON object");
    } else if (!outbox->closed()) {
      open->peer->OnText({static_cast<const char*>(buffer.data().data()), buffer.size()});
    }
    buffer.clear();
    buffer.shrink_to_fit();
  }
  outbox->Drop();
}

// Ends the socket where a frame to a client that does not read is not written in time.
asio::awaitable<void> CloseLater(std::shared_ptr<Open> open) {
  asio::steady_timer timer(open->socket.get_executor(), milliseconds(kCloseMsMax));
  (void)co_await timer.async_wait(kUseWebSocket);
  beast::get_lowest_layer(open->socket).close();
}

}  // namespace

asio::awaitable<void> ServeWebSocket(Transport* transport, std::shared_ptr<Counted> counted,
                                     std::shared_ptr<Stream> stream, std::string handshake,
                                     std::unique_ptr<Peer> peer) {
  (void)counted;
  stream->expires_never();  // The WebSocket keeps its own time.
  const auto open = std::make_shared<Open>(std::move(*stream));
  stream.reset();
  open->peer = std::move(peer);
  SetUp(&open->socket, transport->socket_idle_ms);
  const auto [refused] = co_await open->socket.async_accept(asio::buffer(handshake), kUseWebSocket);
  if (refused) co_return;
  const auto executor = open->socket.get_executor();
  const auto outbox = std::make_shared<Outbox>(executor, transport->counters);
  outbox->OnTooSlow([weak = std::weak_ptr<Open>(open), executor] {
    if (const auto slow = weak.lock()) asio::co_spawn(executor, CloseLater(slow), CheckEnded);
  });
  open->peer->OnOpen(outbox);
  asio::co_spawn(executor, Read(open, outbox, transport->counters), CheckEnded);
  while (true) {
    co_await outbox->Wait(transport->socket_idle_ms);
    if (outbox->empty()) {
      if (outbox->closed()) break;
      continue;
    }
    const std::string frame = outbox->Next();
    const auto [error, count] =
        co_await open->socket.async_write(asio::buffer(frame), kUseWebSocket);
    outbox->Written(frame.size(), 1);
    if (error) break;
  }
  const bool gone = outbox->dropped();
  outbox->Drop();  // Before its peer goes: the reader looks at it.
  open->peer.reset();
  if (gone) co_return beast::get_lowest_layer(open->socket).close();
  websocket::close_reason reason(static_cast<websocket::close_code>(outbox->code()));
  reason.reason = outbox->reason();
  asio::co_spawn(executor, CloseLater(open), CheckEnded);
  (void)co_await open->socket.async_close(reason, kUseWebSocket);
  beast::get_lowest_layer(open->socket).close();
}

}  // namespace lyceum::gateway
