#include "wire/otlp_exporter.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <system_error>
#include <thread>
#include <utility>

#include "wire/http.h"

namespace lyceum::wire {
namespace {

using std::chrono::milliseconds;

constexpr size_t kExportAnswerBytesMax = 64 * 1024;
constexpr std::string_view kExportPath = "/v1/traces";

struct ExportAnswer {
  int status = 0;  // 0: there was none.
  std::optional<milliseconds> retry_after;
  std::string body;
};

// A date is not read: then we wait as if nothing was said.
std::optional<milliseconds> RetryAfterIn(const HttpHead& head) {
  const std::string_view text = head.header("retry-after");
  uint32_t seconds = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (text.empty() || code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return std::chrono::seconds(seconds);
}

Task<ExportAnswer> ReadExportAnswer(HttpTransfer& transfer) {
  const Result<HttpHead> head = co_await transfer.Head();
  if (!head) co_return ExportAnswer{};
  Result<std::string> body = co_await transfer.ReadAll(kExportAnswerBytesMax);
  co_return ExportAnswer{head->status, RetryAfterIn(*head), body ? *std::move(body) : ""};
}

bool MayPass(int status) {
  return status == 0 || status == 429 || status == 502 || status == 503 || status == 504;
}

}  // namespace

std::string EndpointProblem(std::string_view endpoint) {
  if (endpoint.find_first_of("?#") != endpoint.npos) return "it has a query";
  return UrlProblem(endpoint, true);
}

std::string_view OtlpExporter::Name(Drop drop) {
  constexpr std::array<std::string_view, kDropCount> kNames = {"queue_full", "collector", "refused",
                                                               "shutdown"};
  return kNames[static_cast<size_t>(drop)];
}

struct OtlpExporter::Impl {
  explicit Impl(Options given) : options(std::move(given)) {}

  void Run();
  std::vector<Span> Take();  // Empty: that was all.
  void Send(const std::vector<Span>& batch);
  ExportAnswer Ask(const std::string& body, Deadline until);
  bool Rest(Deadline until);  // False: it ends before.
  bool IsOver() const { return cut.stop_requested(); }
  void Count(Drop drop, uint64_t spans) { dropped[static_cast<size_t>(drop)] += spans; }

  const Options options;
  std::string url;
  std::shared_ptr<HttpClient> http;
  std::atomic<uint64_t> exported{0};
  std::array<std::atomic<uint64_t>, kDropCount> dropped{};

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Span> queue;  // Guarded by mutex, with all below.
  bool stopping = false;
  Deadline flush_by{};  // Once it is stopping.
  bool ended = false;

  std::stop_source cut;  // What runs is not waited for.
  std::thread thread;
};

void OtlpExporter::Impl::Run() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  pthread_setname_np(pthread_self(), "otlp");
  for (std::vector<Span> batch = Take(); !batch.empty(); batch = Take()) Send(batch);
  const std::lock_guard lock(mutex);
  ended = true;
  changed.notify_all();
}

std::vector<Span> OtlpExporter::Impl::Take() {
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return stopping || !queue.empty(); });
  changed.wait_for(lock, options.batch_wait,
                   [&] { return stopping || queue.size() >= options.batch_max; });
  const auto count = static_cast<ptrdiff_t>(std::min(queue.size(), options.batch_max));
  std::vector<Span> batch(std::make_move_iterator(queue.begin()),
                          std::make_move_iterator(queue.begin() + count));
  queue.erase(queue.begin(), queue.begin() + count);
  return batch;
}

void OtlpExporter::Impl::Send(const std::vector<Span>& batch) {
  if (IsOver()) return Count(Drop::kShutdown, batch.size());
  const std::string body = options.encode(batch);
  const Deadline give_up = In(options.give_up);
  for (milliseconds pause = options.retry_first;; pause = std::min(pause * 2, options.retry_max)) {
    const ExportAnswer answer = Ask(body, std::min(give_up, In(options.request)));
    if (answer.status >= 200 && answer.status < 300) {
      const uint64_t rejected = std::min<uint64_t>(options.rejected(answer.body), batch.size());
      exported += batch.size() - rejected;
      return Count(Drop::kRefused, rejected);
    }
    if (IsOver()) return Count(Drop::kShutdown, batch.size());
    if (!MayPass(answer.status)) return Count(Drop::kRefused, batch.size());
    const Deadline again = In(std::max(answer.retry_after.value_or(pause), options.retry_first));
    if (again >= give_up) return Count(Drop::kCollector, batch.size());
    if (!Rest(again)) return Count(Drop::kShutdown, batch.size());
  }
}

ExportAnswer OtlpExporter::Impl::Ask(const std::string& body, Deadline until) {
  HttpRequest request;
  request.url = url;
  request.headers = {{"content-type", "application/x-protobuf"}};
  request.body = body;
  request.bounds.first_byte = request.bounds.between_bytes = options.request;
  request.bounds.connect = std::min(request.bounds.connect, options.request);
  request.bounds.body_bytes_max = kExportAnswerBytesMax;
  request.deadline = until;
  request.plain_http_allowed = true;
  HttpTransfer transfer = http->Begin(std::move(request), cut.get_token());
  return Wait(ReadExportAnswer(transfer));
}

bool OtlpExporter::Impl::Rest(Deadline until) {
  std::unique_lock lock(mutex);
  changed.wait_until(lock, until, [&] { return stopping; });
  if (!stopping) return true;
  if (until >= flush_by) return false;
  changed.wait_until(lock, until, [&] { return IsOver(); });
  return !IsOver();
}

Result<std::unique_ptr<OtlpExporter>> OtlpExporter::Start(Options options) {
  if (const std::string problem = EndpointProblem(options.endpoint); !problem.empty()) {
    return Reject(problem);
  }
  auto impl = std::make_unique<Impl>(std::move(options));
  impl->url = impl->options.endpoint.substr(0, impl->options.endpoint.find_last_not_of('/') + 1);
  impl->url += kExportPath;
  auto http = HttpClient::Start({.transfers_max = 4, .connections_kept_max = 1});
  if (!http) return http.error();
  impl->http = *std::move(http);
  Impl* const raw = impl.get();
  try {
    raw->thread = std::thread([raw] { raw->Run(); });
  } catch (const std::system_error&) {
    return Fatal("spans cannot be sent: no threads are left");
  }
  return std::unique_ptr<OtlpExporter>(new OtlpExporter(std::move(impl)));
}

OtlpExporter::OtlpExporter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

OtlpExporter::~OtlpExporter() {
  {
    std::unique_lock lock(impl_->mutex);
    impl_->stopping = true;
    impl_->flush_by = In(impl_->options.flush);
    impl_->changed.notify_all();
    impl_->changed.wait_until(lock, impl_->flush_by, [&] { return impl_->ended; });
  }
  impl_->cut.request_stop();
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->changed.notify_all();
  }
  impl_->thread.join();
}

void OtlpExporter::Add(Span span) {
  const std::lock_guard lock(impl_->mutex);
  if (impl_->stopping) return impl_->Count(Drop::kShutdown, 1);
  if (impl_->queue.size() >= impl_->options.queue_max) return impl_->Count(Drop::kQueueFull, 1);
  impl_->queue.push_back(std::move(span));
  const size_t size = impl_->queue.size();
  if (size == 1 || size == impl_->options.batch_max) impl_->changed.notify_all();
}

OtlpExporter::Counters OtlpExporter::counters() const {
  Counters counters{.exported = impl_->exported};
  for (size_t i = 0; i < kDropCount; ++i) counters.dropped[i] = impl_->dropped[i];
  return counters;
}

}  // namespace lyceum::wire
