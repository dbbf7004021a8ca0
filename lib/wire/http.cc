#include "wire/http.h"

#include <curl/curl.h>
#include <pthread.h>

#include <array>
#include <atomic>
#include <csignal>
#include <mutex>
#include <system_error>
#include <thread>

#include "wire/event_loop.h"
#include "wire/http_flow.h"
#include "wire/http_inflate.h"
#include "wire/http_loop.h"
#include "wire/http_running.h"

namespace lyceum::wire {
namespace {

// Of compressed data, what one Read hands out at most.
constexpr size_t kInflateBytes = 64 * 1024;

}  // namespace

std::string_view Name(HttpFailure failure) {
  switch (failure) {
    case HttpFailure::kUrl:
      return "url";
    case HttpFailure::kResolve:
      return "resolve";
    case HttpFailure::kConnect:
      return "connect";
    case HttpFailure::kTls:
      return "tls";
    case HttpFailure::kFirstByte:
      return "first_byte";
    case HttpFailure::kStalled:
      return "stalled";
    case HttpFailure::kDeadline:
      return "deadline";
    case HttpFailure::kCut:
      return "cut";
    case HttpFailure::kTooLarge:
      return "too_large";
    case HttpFailure::kStopped:
      return "stopped";
    case HttpFailure::kClosed:
      return "closed";
  }
  return "unknown";
}

std::string_view HttpHead::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (SameName(key, name)) return value;
  }
  return {};
}

// The reader's side.
struct HttpTransfer::Impl {
  struct StopNow {
    void operator()() const {
      if (flow->Fail(HttpFailure::kStopped, Reject("stopped by its caller"))) door->Post(flow);
    }
    std::shared_ptr<HttpFlow> flow;
    std::shared_ptr<HttpDoor> door;
  };

  ~Impl() {
    stop.reset();
    if (!flow->finishing()) Drop();
  }
  void Drop() {
    ended = true;
    if (flow->Drop()) door->Post(flow);
  }
  Error Fail(HttpFailure failure, Error error) {
    ended = true;
    flow->Fail(failure, error);
    flow->Drop();
    door->Post(flow);
    return error;
  }
  Error FailTooLarge() {
    return Fail(HttpFailure::kTooLarge,
                Reject("the answer is longer than " + std::to_string(body_bytes_max) + " bytes"));
  }
  Result<void> TakeCoding(const HttpHead& head);
  // What may still be handed out of them; the rest makes the next Read fail.
  std::string UpToBound(std::string bytes);
  // What the bytes at hand decode to; empty: more are needed.
  Result<std::string> Inflate();

  std::shared_ptr<HttpFlow> flow;
  std::shared_ptr<HttpDoor> door;
  size_t body_bytes_max = 0;
  size_t body_bytes = 0;
  bool too_large = false;
  bool coding_known = false;
  std::optional<Inflater> inflater;  // Where the body is compressed.
  std::string coded;
  size_t coded_at = 0;
  bool coded_any = false;
  bool ended = false;  // Nothing more is read.
  std::optional<std::stop_callback<StopNow>> stop;
};

// Only what was asked for is taken.
Result<void> HttpTransfer::Impl::TakeCoding(const HttpHead& head) {
  coding_known = true;
  const std::string_view coding = head.header("content-encoding");
  if (coding.empty() || SameName(coding, "identity")) return {};
  if (!SameName(coding, "gzip") && !SameName(coding, "x-gzip") && !SameName(coding, "deflate")) {
    return Fail(HttpFailure::kCut, Reject("the answer is compressed in a way nobody asked for"));
  }
  inflater.emplace();
  return {};
}

std::string HttpTransfer::Impl::UpToBound(std::string bytes) {
  const size_t room = body_bytes_max - body_bytes;
  too_large = bytes.size() > room;
  if (too_large) bytes.resize(room);
  body_bytes += bytes.size();
  return bytes;
}

Result<std::string> HttpTransfer::Impl::Inflate() {
  std::string text;
  while (text.empty() && (coded_at < coded.size() || inflater->full())) {
    std::string_view rest = std::string_view(coded).substr(coded_at);
    if (!inflater->Next(rest, text, kInflateBytes)) {
      return Fail(HttpFailure::kCut, Retry("the answer is not compressed as it says"));
    }
    coded_at = coded.size() - rest.size();
  }
  return text;
}

HttpTransfer::HttpTransfer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpTransfer::HttpTransfer(HttpTransfer&&) noexcept = default;
HttpTransfer& HttpTransfer::operator=(HttpTransfer&&) noexcept = default;
HttpTransfer::~HttpTransfer() = default;

Task<Result<HttpHead>> HttpTransfer::Head() {
  HttpFlow& flow = *impl_->flow;
  co_await flow.Until(HttpFlow::Part::kHead);
  co_return flow.TakeHead();
}

Task<Result<std::string>> HttpTransfer::Read() {
  Impl& impl = *impl_;
  HttpFlow& flow = *impl.flow;
  if (impl.too_large) co_return impl.FailTooLarge();
  if (impl.ended || flow.failure() == HttpFailure::kStopped) {
    // It has failed, or the rest was dropped.
    const Result<HttpFlow::Taken> none = flow.TakeBody();
    if (!none) co_return none.error();
    co_return std::string();
  }
  if (!impl.coding_known) {
    const Result<HttpHead> head = co_await Head();
    if (!head) co_return head.error();
    const Result<void> known = impl.TakeCoding(*head);
    if (!known) co_return known.error();
  }
  while (true) {
    std::string piece;
    if (impl.inflater) {
      Result<std::string> text = impl.Inflate();
      if (!text) co_return text;
      piece = *std::move(text);
    }
    if (piece.empty()) {
      co_await flow.Until(HttpFlow::Part::kBody);
      Result<HttpFlow::Taken> taken = flow.TakeBody();
      if (!taken) co_return taken.error();
      if (taken->resume) impl.door->Post(impl.flow);
      if (taken->bytes.empty()) {
        if (!impl.inflater || !impl.coded_any || impl.inflater->ended()) co_return piece;
        co_return impl.Fail(HttpFailure::kCut, Retry("the compressed answer has no end"));
      }
      if (impl.inflater) {
        impl.coded = std::move(taken->bytes);
        impl.coded_at = 0;
        impl.coded_any = true;
        continue;
      }
      piece = std::move(taken->bytes);
    }
    piece = impl.UpToBound(std::move(piece));
    if (!piece.empty()) co_return piece;
    co_return impl.FailTooLarge();
  }
}

Task<Result<std::string>> HttpTransfer::ReadAll(size_t bytes_max) {
  std::string all;
  while (true) {
    const Result<std::string> more = co_await Read();
    if (!more) co_return more.error();
    if (more->empty()) co_return all;
    all += *more;
    if (all.size() > bytes_max) {
      all.resize(bytes_max);
      impl_->Drop();
      co_return all;
    }
  }
}

void HttpTransfer::EndWithin(std::chrono::milliseconds time) {
  impl_->flow->EndBy(In(time));
  impl_->door->Post(impl_->flow);
}

void HttpTransfer::Finish() {
  impl_->stop.reset();
  impl_->ended = true;
  if (impl_->flow->Finish()) impl_->door->Post(impl_->flow);
}

std::optional<HttpFailure> HttpTransfer::failure() const { return impl_->flow->failure(); }

struct HttpClient::Impl {
  ~Impl() {
    if (!thread.joinable()) return;
    stopping = true;
    events->Wake();
    thread.join();
  }
  void Run();

  Options options;
  HttpProxies proxies;
  std::shared_ptr<EventLoop> events;
  std::shared_ptr<HttpDoor> door;
  std::shared_ptr<HttpCounts> counts;
  std::unique_ptr<HttpLoop> loop;  // Of all these the last to come, the first to go.
  std::atomic<bool> stopping{false};
  std::thread thread;  // Where the loop is its own.
};

void HttpClient::Impl::Run() {
  // The signals of the program are for its other threads, and OpenSSL writes to closed sockets.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  pthread_setname_np(pthread_self(), "http");
  while (!stopping) {
    loop->Turn();
    events->RunOnce(loop->WaitMs());
  }
  loop.reset();  // Readers are told in this thread.
}

Result<std::shared_ptr<HttpClient>> HttpClient::StartOn(std::shared_ptr<EventLoop> loop,
                                                        Options options) {
  static std::once_flag once;
  static bool ready = false;
  std::call_once(once, [] { ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK; });
  if (!ready) return Fatal("libcurl cannot start");
  auto impl = std::make_shared<Impl>();
  impl->options = std::move(options);
  impl->proxies = ReadProxies();
  impl->events = std::move(loop);
  impl->door = std::make_shared<HttpDoor>(impl->events.get());
  impl->counts = std::make_shared<HttpCounts>();
  auto made = HttpLoop::Make(impl->options, impl->events.get(), impl->door, impl->counts);
  if (!made) return made.error();
  impl->loop = *std::move(made);
  return std::shared_ptr<HttpClient>(new HttpClient(std::move(impl)));
}

Result<std::shared_ptr<HttpClient>> HttpClient::Start(Options options) {
  auto client = StartOn(std::make_shared<EventLoop>(), std::move(options));
  if (!client) return client;
  Impl* impl = (*client)->impl_.get();
  try {
    impl->thread = std::thread([impl] { impl->Run(); });
  } catch (const std::system_error&) {
    return Fatal("the HTTP client cannot start: no threads are left");
  }
  return client;
}

HttpClient::HttpClient(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpClient::~HttpClient() = default;

void HttpClient::Turn() { impl_->loop->Turn(); }
int64_t HttpClient::WaitMs() const { return impl_->loop->WaitMs(); }

HttpTransfer HttpClient::Begin(HttpRequest request, std::stop_token stop) {
  HttpCounts& counts = *impl_->counts;
  ++counts.begun;
  auto transfer = std::make_shared<HttpTransfer::Impl>();
  transfer->flow = std::make_shared<HttpFlow>();
  transfer->door = impl_->door;
  transfer->body_bytes_max = request.bounds.body_bytes_max;
  const auto fail = [&](HttpFailure failure, Error error) {
    ++counts.failed;
    transfer->flow->Fail(failure, std::move(error));
    return HttpTransfer(std::move(transfer));
  };
  auto running = HttpRunning::Make(std::move(request), impl_->options, impl_->proxies);
  if (!running) return fail(HttpFailure::kUrl, running.error());
  if (++counts.running > impl_->options.transfers_max) {
    --counts.running;
    return fail(HttpFailure::kClosed, Retry("too many HTTP transfers run at once"));
  }
  (*running)->flow = transfer->flow;
  CHECK(impl_->door->PostBegin(*running));
  transfer->stop.emplace(stop, HttpTransfer::Impl::StopNow{transfer->flow, transfer->door});
  return HttpTransfer(std::move(transfer));
}

HttpClient::Counters HttpClient::counters() const {
  const HttpCounts& counts = *impl_->counts;
  Counters now;
  now.begun = counts.begun;
  now.done = counts.done;
  now.failed = counts.failed;
  now.dropped = counts.dropped;
  now.connections = counts.connections;
  now.running = counts.running;
  return now;
}

}  // namespace lyceum::wire
