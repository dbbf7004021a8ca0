#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <optional>
#include <utility>

#include "base/overloaded.h"
#include "gateway/limits.h"
#include "gateway/transport.h"

namespace lyceum::gateway {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using std::chrono::milliseconds;

constexpr auto kUseHttpConnection = asio::as_tuple(asio::use_awaitable);
constexpr int64_t kAnswerMsMax = 20'000;
constexpr size_t kBufferBytesMax = 2 * kHeaderBytesMax;
static_assert(kAnswerMsMax > kAckMsMax && kAnswerMsMax > kQueryMsMax);

// The answer to a request, which may come later.
struct Pending {
  explicit Pending(const asio::any_io_executor& executor) : timer(executor) {}
  asio::steady_timer timer;
  std::optional<Answer> answer;
};

std::string Lower(beast::string_view text) {
  std::string lower(text.data(), text.size());
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string_view ReasonOf(int status) {
  const auto reason = http::obsolete_reason(http::int_to_status(static_cast<unsigned>(status)));
  return {reason.data(), reason.size()};
}

void AddField(std::string* head, std::string_view name, std::string_view value) {
  head->append(name).append(": ").append(value).append("\r\n");
}

std::string WriteResponse(const Response& response, bool body_too, bool keep_alive) {
  std::string text = "HTTP/1.1 " + std::to_string(response.status) + " ";
  text.append(ReasonOf(response.status)).append("\r\n");
  if (!response.content_type.empty()) AddField(&text, "Content-Type", response.content_type);
  for (const auto& [name, value] : response.headers) AddField(&text, name, value);
  const bool has_body = response.status != 204 && response.status != 304;
  if (has_body) AddField(&text, "Content-Length", std::to_string(response.body.size()));
  AddField(&text, "Connection", keep_alive ? "keep-alive" : "close");
  text += "\r\n";
  if (has_body && body_too) text += response.body;
  return text;
}

std::string WriteStreamHead(const StreamStart& start, bool chunked) {
  std::string text = "HTTP/1.1 200 OK\r\n";
  AddField(&text, "Content-Type", start.content_type);
  for (const auto& [name, value] : start.headers) AddField(&text, name, value);
  if (chunked) AddField(&text, "Transfer-Encoding", "chunked");
  AddField(&text, "Connection", chunked ? "keep-alive" : "close");
  return text + "\r\n";
}

std::string Chunk(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string size;
  for (size_t left = bytes.size(); left > 0; left /= 16)
    size.insert(size.begin(), kDigits[left % 16]);
  std::string chunk = size.empty() ? "0" : size;
  chunk.append("\r\n").append(bytes).append("\r\n");
  return chunk;
}

// The handshake of a WebSocket, once more as text: with what it needs and no more.
std::string HandshakeOf(const http::request<http::string_body>& request) {
  std::string text = "GET / HTTP/1.1\r\n";
  for (const auto field : {http::field::host, http::field::upgrade, http::field::connection,
                           http::field::sec_websocket_key, http::field::sec_websocket_version}) {
    const auto value = request[field];
    AddField(&text, {http::to_string(field).data(), http::to_string(field).size()},
             {value.data(), value.size()});
  }
  return text + "\r\n";
}

bool IsUpgrade(const http::request<http::string_body>& request) {
  return request.method() == http::verb::get && request.version() == 11 &&
         http::token_list(request[http::field::connection]).exists("upgrade") &&
         http::token_list(request[http::field::upgrade]).exists("websocket");
}

// Whether all who read the head find the same end of the body. Beast takes a coding that it does not know for none.
bool HasOneLength(const http::request<http::string_body>& request) {
  const size_t codings = request.count(http::field::transfer_encoding);
  const beast::string_view length = request[http::field::content_length];
  if (request.count(http::field::content_length) > 1 || codings > 1) return false;
  if (length.find_first_not_of("0123456789") != beast::string_view::npos) return false;
  return codings == 0 || (request.version() == 11 &&
                          beast::iequals(request[http::field::transfer_encoding], "chunked"));
}

// Breaks off what is read from a stream, and leaves its connection open: so its client can be told.
class ReadLimit {
 public:
  explicit ReadLimit(std::shared_ptr<Stream> stream)
      : stream_(std::move(stream)), timer_(stream_->get_executor()) {}

  void Start(int64_t ms) {
    passed_ = std::make_shared<bool>(false);
    timer_.expires_after(milliseconds(ms));
    timer_.async_wait(
        [stream = std::weak_ptr<Stream>(stream_),
         passed = std::weak_ptr<bool>(passed_)](const boost::system::error_code& error) {
          const auto still = passed.lock();
          if (error || still == nullptr) return;
          *still = true;
          if (const auto reading = stream.lock()) reading->cancel();
        });
  }
  bool passed() const { return *passed_; }
  // Whether it broke off what was read. From here on it does not.
  bool Stop() {
    timer_.cancel();
    return *std::exchange(passed_, nullptr);
  }

 private:
  const std::shared_ptr<Stream> stream_;
  asio::steady_timer timer_;
  std::shared_ptr<bool> passed_;  // Null: nothing is read.
};

struct Refused {
  int status;
  std::string_view sentence;
};

// Empty: the client is gone, or said nothing in time: nobody is there to be told.
std::optional<Refused> WhyUnread(const beast::error_code& error) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return Refused{431, "The header of the request is larger than 8 KiB."};
  }
  if (error == http::error::body_limit) {
    return Refused{413,
                   "The body of the request is larger than it may be: 32 KiB, a transcript 1 MiB."};
  }
  if (error == beast::error::timeout) {
    return Refused{408, "The request was not sent within 15 seconds: send it again, at once."};
  }
  if (error == http::error::end_of_stream || error == http::error::partial_message) return {};
  if (error.category() == make_error_code(http::error::bad_method).category()) {
    return Refused{400, "This is not a well-formed HTTP request."};
  }
  return {};
}

Request Translate(http::request<http::string_body> message, std::string remote) {
  Request request;
  request.method = std::string(message.method_string().data(), message.method_string().size());
  request.target = std::string(message.target().data(), message.target().size());
  request.remote = std::move(remote);
  request.upgrade = IsUpgrade(message);
  for (const auto& field : message) {
    request.headers.emplace_back(Lower(field.name_string()),
                                 std::string(field.value().data(), field.value().size()));
  }
  request.body = std::move(message.body());
  return request;
}

// A client that is gone without a word: what it is sent is not confirmed. The kernel then ends the connection.
void LimitUnconfirmed(Stream* stream, int64_t ms) {
  const auto limit = static_cast<unsigned>(ms);
  (void)setsockopt(stream->socket().native_handle(), IPPROTO_TCP, TCP_USER_TIMEOUT, &limit,
                   sizeof(limit));
}

// Reads until the client goes away: what it sends beside is dropped.
asio::awaitable<void> WatchForEnd(std::shared_ptr<Stream> stream, std::shared_ptr<Outbox> outbox,
                                  Counters* counters) {
  std::string bytes(64, '\0');
  while (true) {
    const auto [error, count] =
        co_await stream->async_read_some(asio::buffer(bytes), kUseHttpConnection);
    if (error == asio::error::timed_out) ++counters->timeouts;
    if (error) break;
  }
  outbox->Drop();
}

}  // namespace

asio::awaitable<void> ServeStream(Transport* transport, std::shared_ptr<Counted> counted,
                                  std::shared_ptr<Stream> stream, StreamStart start,
                                  std::string head, bool chunked) {
  (void)counted;
  const auto executor = stream->get_executor();
  const auto outbox = std::make_shared<Outbox>(executor, transport->counters);
  stream->expires_never();
  asio::co_spawn(executor, WatchForEnd(stream, outbox, transport->counters), CheckEnded);
  start.peer->OnOpen(outbox);
  std::string bytes = std::move(head);
  size_t taken = 0;  // Of the outbox, in these bytes: so many bytes,
  size_t texts = 0;  // in so many texts.
  while (true) {
    stream->expires_after(milliseconds(kWriteMsMax));
    const auto [error, count] =
        co_await asio::async_write(*stream, asio::buffer(bytes), kUseHttpConnection);
    if (error == beast::error::timeout) ++transport->counters->timeouts;
    if (error) break;
    outbox->Written(taken, texts);
    taken = texts = 0;
    if (outbox->empty() && outbox->closed()) break;
    co_await outbox->Wait(std::min(kKeepAliveMs, transport->socket_idle_ms / 2));
    std::string batch;
    while (!outbox->empty() && batch.size() < 16 * 1024) {
      batch += outbox->Next();
      ++texts;
    }
    taken = batch.size();
    if (batch.empty()) {
      if (outbox->closed()) continue;
      batch = start.keep_alive;
    }
    bytes = chunked && !batch.empty() ? Chunk(batch) : std::move(batch);
  }
  // A body that is broken off is one that its client asks for again.
  const bool whole = outbox->closed() && !outbox->dropped() && outbox->code() == 1000;
  outbox->Drop();
  start.peer.reset();
  if (chunked && whole) {
    bytes = Chunk("");
    stream->expires_after(milliseconds(kCloseMsMax));
    (void)co_await asio::async_write(*stream, asio::buffer(bytes), kUseHttpConnection);
  }
  if (whole) {
    stream->cancel();  // What watches for its end.
    co_await SayEnd(stream);
  }
  stream->close();
}

asio::awaitable<void> ServeHttp(Transport* transport, asio::ip::tcp::socket socket) {
  const auto counted = std::make_shared<Counted>(transport);
  const auto stream = std::make_shared<Stream>(std::move(socket));
  const auto executor = stream->get_executor();
  boost::system::error_code ignored;
  stream->socket().set_option(asio::ip::tcp::no_delay(true), ignored);
  LimitUnconfirmed(stream.get(), transport->socket_idle_ms);
  const std::string remote = stream->socket().remote_endpoint(ignored).address().to_string();
  if (transport->tls != nullptr && !co_await ShakeHands(transport, stream)) co_return;
  beast::flat_buffer buffer(kBufferBytesMax);
  ReadLimit limit(stream);
  while (true) {
    http::request_parser<http::string_body> parser;
    parser.header_limit(kHeaderBytesMax);
    parser.body_limit(kLargeBodyBytesMax);
    stream->expires_never();
    limit.Start(kRequestMsMax);
    auto [error, count] =
        co_await http::async_read_header(*stream, buffer, parser, kUseHttpConnection);
    std::optional<LargeBody> large;
    if (!error && !HasOneLength(parser.get())) error = http::error::bad_transfer_encoding;
    if (!error) {
      const beast::string_view target = parser.get().target();
      const size_t bytes_max = transport->handler->BodyBytesMax({target.data(), target.size()});
      if (parser.content_length().value_or(0) > bytes_max) error = http::error::body_limit;
      parser.body_limit(bytes_max);
      if (bytes_max > kBodyBytesMax) large.emplace(transport);
    }
    if (!error && limit.passed()) error = beast::error::timeout;  // Between the two reads.
    const bool full = transport->large_bodies > kLargeBodiesMax;
    if (!error && !full) {
      const auto [body_error, body_count] =
          co_await http::async_read(*stream, buffer, parser, kUseHttpConnection);
      error = body_error;
    }
    large.reset();
    if (limit.Stop() && error && parser.got_some()) {
      ++transport->counters->timeouts;
      error = beast::error::timeout;
    }
    std::string bytes;
    if (error || full) {
      const auto why = full ? std::optional<Refused>({503, "Too much is read at once: try again."})
                            : WhyUnread(error);
      if (!why) break;
      bytes = WriteResponse(transport->handler->Refuse(why->status, why->sentence), true, false);
      stream->expires_after(milliseconds(kCloseMsMax));
      (void)co_await asio::async_write(*stream, asio::buffer(bytes), kUseHttpConnection);
      co_await SayEnd(stream);
      co_await Drain(stream);
      break;
    }
    http::request<http::string_body> message = parser.release();
    const bool keep_alive = message.keep_alive();
    const bool chunked = message.version() == 11;
    const bool head_only = message.method() == http::verb::head;
    const std::string handshake = IsUpgrade(message) ? HandshakeOf(message) : std::string();

    const auto pending = std::make_shared<Pending>(executor);
    Request request = Translate(std::move(message), remote);
    transport->handler->Handle(std::move(request), [pending](Answer answer) {
      pending->answer = std::move(answer);
      pending->timer.cancel();
    });
    if (!pending->answer) {
      pending->timer.expires_after(milliseconds(kAnswerMsMax));
      (void)co_await pending->timer.async_wait(kUseHttpConnection);
    }
    if (!pending->answer) {
      pending->answer = transport->handler->Refuse(504, "No answer in time: try again.");
    }
    if (auto* start = std::get_if<StreamStart>(&*pending->answer)) {
      std::string head = WriteStreamHead(*start, chunked);
      asio::co_spawn(
          executor,
          ServeStream(transport, counted, stream, std::move(*start), std::move(head), chunked),
          CheckEnded);
      co_return;
    }
    if (auto* upgrade = std::get_if<Upgrade>(&*pending->answer)) {
      asio::co_spawn(
          executor, ServeWebSocket(transport, counted, stream, handshake, std::move(upgrade->peer)),
          CheckEnded);
      co_return;
    }
    bytes = WriteResponse(std::get<Response>(*pending->answer), !head_only, keep_alive);
    stream->expires_after(milliseconds(kWriteMsMax));
    const auto [write_error, written] =
        co_await asio::async_write(*stream, asio::buffer(bytes), kUseHttpConnection);
    if (write_error) break;
    if (!keep_alive) {
      co_await SayEnd(stream);
      break;
    }
  }
  stream->socket().shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  stream->close();
}

}  // namespace lyceum::gateway
