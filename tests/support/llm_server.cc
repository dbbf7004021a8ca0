#include "support/llm_server.h"

#include <strings.h>
#include <zlib.h>

#include <array>
#include <atomic>
#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <charconv>
#include <deque>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>

#include "support/certificate.h"
#include "support/llm_answer.h"
#include "support/temp_dir.h"

namespace lyceum::test {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using asio::ip::tcp;
using boost::system::error_code;
using TlsStream = asio::ssl::stream<tcp::socket>;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr size_t kHeadBytesMax = 64 * 1024;
constexpr size_t kBodyBytesMax = 64 * 1024 * 1024;
constexpr int kBacklog = 4096;

// A body that is compressed piece by piece, each readable as soon as it is there.
class Gzip {
 public:
  Gzip() {
    if (deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + 16, 8,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
      throw std::runtime_error("zlib can not begin");
    }
  }
  ~Gzip() { deflateEnd(&stream_); }
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  std::string Add(const std::string& bytes, int flush) {
    std::string out;
    std::array<char, 16 * 1024> room;
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(room.data());
      stream_.avail_out = room.size();
      deflate(&stream_, flush);
      out.append(room.data(), room.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
    return out;
  }

 private:
  z_stream stream_{};
};

std::string Chunked(const std::string& bytes) {
  if (bytes.empty()) return "";
  std::array<char, 16> size;
  const auto end = std::to_chars(size.data(), size.data() + size.size(), bytes.size(), 16);
  return std::string(size.data(), end.ptr) + "\r\n" + bytes + "\r\n";
}

std::string Head(const Answer& answer, bool gzip) {
  std::string head = "HTTP/1.1 " + std::to_string(answer.status) + " Status\r\n";
  for (const auto& [name, value] : answer.headers) head += name + ": " + value + "\r\n";
  if (gzip) head += "content-encoding: gzip\r\n";
  return head + "transfer-encoding: chunked\r\n\r\n";
}

// The request line and the headers, up to the empty line.
bool ParseHead(const std::string& head, LlmCall& call) {
  const size_t line = head.find("\r\n");
  const size_t method = head.find(' ');
  const size_t path = head.find(' ', method + 1);
  if (method == std::string::npos || path == std::string::npos || path > line) return false;
  call.method = head.substr(0, method);
  call.path = head.substr(method + 1, path - method - 1);
  call.anthropic = call.path.find("/messages") != std::string::npos;
  for (size_t begin = line + 2; begin < head.size();) {
    const size_t end = head.find("\r\n", begin);
    if (end == begin || end == std::string::npos) break;
    const std::string field = head.substr(begin, end - begin);
    const size_t colon = field.find(':');
    if (colon == std::string::npos) return false;
    const size_t value = field.find_first_not_of(' ', colon + 1);
    call.headers.emplace_back(field.substr(0, colon),
                              value == std::string::npos ? "" : field.substr(value));
    begin = end + 2;
  }
  return true;
}

bool IsGone(tcp::socket& socket, bool tls) {
  char byte = 0;
  const ssize_t got = recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (got < 0) return errno != EAGAIN && errno != EWOULDBLOCK;
  // Of a client that waits for its answer, TLS has nothing to carry but its farewell.
  return got == 0 || tls;
}

}  // namespace

struct LlmServer::Impl {
  Impl(LlmScript s, Options o);
  ~Impl();

  awaitable<void> Accept();
  awaitable<void> ServePlain(tcp::socket socket);
  awaitable<void> ServeTls(tcp::socket socket);
  awaitable<void> Hold(tcp::socket socket);
  template <class Stream>
  awaitable<void> Serve(Stream& stream, tcp::socket& socket);
  template <class Stream>
  awaitable<std::optional<LlmCall>> ReadCall(Stream& stream, std::string& buffer);
  template <class Stream>
  awaitable<bool> Send(Stream& stream, tcp::socket& socket, const LlmCall& call,
                       const LlmReply& reply);
  void Record(LlmCall& call);
  void MarkClosed(uint64_t number);

  const LlmScript script;
  const Options options;
  const TempDir dir;
  std::string ca_file;

  mutable std::mutex mutex;
  std::deque<LlmCall> calls;  // Guarded by mutex, with call_count.
  uint64_t call_count = 0;
  std::atomic<uint64_t> connections{0};
  std::atomic<uint64_t> open_connections{0};

  asio::io_context io{1};
  asio::ssl::context tls{asio::ssl::context::tls_server};
  tcp::acceptor acceptor{io};
  std::thread thread;
};

namespace {

// Waits until the client goes, and then closes the socket: whatever is under way there fails.
struct Watch {
  Watch(tcp::socket& s, bool tls) : state(std::make_shared<State>(s)) {
    s.async_wait(tcp::socket::wait_read, [kept = state, tls](error_code error) {
      if (error || kept->over || !IsGone(kept->socket, tls)) return;
      kept->gone = true;
      kept->timer.cancel();
      error_code ignored;
      kept->socket.close(ignored);
    });
  }
  ~Watch() {
    state->over = true;
    error_code ignored;
    state->socket.cancel(ignored);
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  struct State {
    explicit State(tcp::socket& s) : socket(s), timer(s.get_executor()) {}
    tcp::socket& socket;  // Not touched once it is over.
    asio::steady_timer timer;
    bool gone = false;
    bool over = false;
  };
  std::shared_ptr<State> state;
};

class Counted {
 public:
  explicit Counted(std::atomic<uint64_t>& count) : count_(count) { ++count_; }
  ~Counted() { --count_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  std::atomic<uint64_t>& count_;
};

}  // namespace

LlmServer::Impl::Impl(LlmScript s, Options o) : script(std::move(s)), options(o) {
  if (options.tls) {
    const Certificate certificate = MakeCertificate(
        options.bad_certificate ? "DNS:another.invalid" : "IP:127.0.0.1,IP:::1,DNS:localhost");
    ca_file = dir / "ca.pem";
    WriteFile(ca_file, certificate.pem);
    tls.use_certificate_chain(asio::buffer(certificate.pem));
    tls.use_private_key(asio::buffer(certificate.key_pem), asio::ssl::context::pem);
  }
  acceptor.open(tcp::v4());
  acceptor.bind({asio::ip::address_v4::loopback(), 0});
  acceptor.listen(kBacklog);
  asio::co_spawn(io, Accept(), asio::detached);
  thread = std::thread([this] { io.run(); });
}

LlmServer::Impl::~Impl() {
  io.stop();
  thread.join();
}

awaitable<void> LlmServer::Impl::Accept() {
  while (true) {
    auto [error, socket] = co_await acceptor.async_accept(kNoThrow);
    if (error == asio::error::operation_aborted) co_return;
    if (error) continue;
    ++connections;
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    auto served = !options.answers ? Hold(std::move(socket))
                  : options.tls    ? ServeTls(std::move(socket))
                                   : ServePlain(std::move(socket));
    asio::co_spawn(io, std::move(served), asio::detached);
  }
}

awaitable<void> LlmServer::Impl::Hold(tcp::socket socket) {
  const Counted counted(open_connections);
  std::array<char, 4096> room;
  while (true) {
    const auto [error, size] = co_await socket.async_read_some(asio::buffer(room), kNoThrow);
    if (error) co_return;
  }
}

awaitable<void> LlmServer::Impl::ServePlain(tcp::socket socket) {
  const Counted counted(open_connections);
  co_await Serve(socket, socket);
}

awaitable<void> LlmServer::Impl::ServeTls(tcp::socket socket) {
  const Counted counted(open_connections);
  TlsStream stream(std::move(socket), tls);
  const auto [error] = co_await stream.async_handshake(TlsStream::server, kNoThrow);
  if (!error) co_await Serve(stream, stream.next_layer());
}

template <class Stream>
awaitable<void> LlmServer::Impl::Serve(Stream& stream, tcp::socket& socket) {
  std::string buffer;
  bool whole = true;
  while (whole) {
    std::optional<LlmCall> call = co_await ReadCall(stream, buffer);
    if (!call) co_return;
    Record(*call);
    const LlmReply reply = script(*call);
    whole = co_await Send(stream, socket, *call, reply);
  }
}

template <class Stream>
awaitable<std::optional<LlmCall>> LlmServer::Impl::ReadCall(Stream& stream, std::string& buffer) {
  auto [error, size] = co_await asio::async_read_until(
      stream, asio::dynamic_buffer(buffer, kHeadBytesMax), "\r\n\r\n", kNoThrow);
  LlmCall call;
  if (error || !ParseHead(buffer.substr(0, size), call)) co_return std::nullopt;
  buffer.erase(0, size);
  const std::string length = call.header("content-length");
  size_t body_bytes = 0;
  std::from_chars(length.data(), length.data() + length.size(), body_bytes);
  if (body_bytes > kBodyBytesMax) co_return std::nullopt;
  if (body_bytes > buffer.size()) {
    const auto [body_error, body_size] =
        co_await asio::async_read(stream, asio::dynamic_buffer(buffer),
                                  asio::transfer_exactly(body_bytes - buffer.size()), kNoThrow);
    if (body_error) co_return std::nullopt;
  }
  call.body = buffer.substr(0, body_bytes);
  buffer.erase(0, body_bytes);
  ReadCallBody(call);
  co_return call;
}

// False: the connection is of no more use.
template <class Stream>
awaitable<bool> LlmServer::Impl::Send(Stream& stream, tcp::socket& socket, const LlmCall& call,
                                      const LlmReply& reply) {
  const Answer answer = MakeAnswer(call, reply);
  const Watch watch(socket, options.tls);
  Watch::State& state = *watch.state;
  std::optional<Gzip> gzip;
  if (reply.gzip) gzip.emplace();

  const auto pause = [&](std::chrono::milliseconds wait) -> awaitable<void> {
    state.timer.expires_after(wait);
    if (!state.gone) co_await state.timer.async_wait(kNoThrow);
  };
  const auto write = [&](std::string bytes) -> awaitable<bool> {
    if (state.gone) co_return false;
    const auto [error, size] = co_await asio::async_write(stream, asio::buffer(bytes), kNoThrow);
    co_return !error;
  };
  const auto coded = [&](const std::string& bytes) {
    return Chunked(gzip ? gzip->Add(bytes, Z_SYNC_FLUSH) : bytes);
  };

  if (reply.before.count() > 0) co_await pause(reply.before);
  bool fine = answer.no_head || co_await write(Head(answer, reply.gzip));
  for (size_t i = 0; fine && i < answer.parts.size(); ++i) {
    const AnswerPart& part = answer.parts[i];
    if (part.wait.count() > 0) co_await pause(part.wait);
    std::string bytes = coded(part.bytes);
    // The last part and the end in one: a client that has read it all may go.
    if (i + 1 == answer.parts.size() && answer.end == Answer::End::kWhole) {
      if (gzip) bytes += Chunked(gzip->Add("", Z_FINISH));
      bytes += "0\r\n\r\n";
    }
    fine = co_await write(std::move(bytes));
  }
  if (fine && answer.parts.empty() && answer.end == Answer::End::kWhole) {
    fine = co_await write("0\r\n\r\n");
  }
  while (fine && answer.end == Answer::End::kEndless) {
    fine = co_await write(coded(answer.parts.back().bytes));
  }
  if (fine && answer.end == Answer::End::kSilent) {
    co_await pause(std::chrono::hours(1));
    fine = false;
  }
  if (state.gone || !fine) MarkClosed(call.number);
  co_return fine && !state.gone && answer.end == Answer::End::kWhole;
}

void LlmServer::Impl::Record(LlmCall& call) {
  const std::lock_guard lock(mutex);
  call.number = ++call_count;
  calls.push_back(call);
}

void LlmServer::Impl::MarkClosed(uint64_t number) {
  const std::lock_guard lock(mutex);
  if (calls.empty() || number < calls.front().number) return;
  calls[number - calls.front().number].closed_by_peer = true;
}

LlmServer::LlmServer(LlmScript script, Options options)
    : impl_(std::make_unique<Impl>(std::move(script), options)) {}
LlmServer::~LlmServer() = default;

std::string LlmServer::url() const {
  return std::string(impl_->options.tls ? "https" : "http") +
         "://127.0.0.1:" + std::to_string(impl_->acceptor.local_endpoint().port());
}
std::string LlmServer::ca_file() const { return impl_->ca_file; }

std::vector<LlmCall> LlmServer::calls() const {
  const std::lock_guard lock(impl_->mutex);
  return {impl_->calls.begin(), impl_->calls.end()};
}
uint64_t LlmServer::call_count() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->call_count;
}
void LlmServer::Forget() {
  const std::lock_guard lock(impl_->mutex);
  impl_->calls.clear();
}
uint64_t LlmServer::connections() const { return impl_->connections; }
uint64_t LlmServer::open_connections() const { return impl_->open_connections; }

}  // namespace lyceum::test
