#include "gateway/host.h"

#include <pthread.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <csignal>
#include <mutex>
#include <thread>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "gateway/limits.h"
#include "gateway/sessions.h"
#include "gateway/transport.h"
#include "wire/event_loop.h"
#include "wire/nats_wire.h"

namespace lyceum::gateway {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using std::chrono::milliseconds;

constexpr auto kUseHost = asio::as_tuple(asio::use_awaitable);
constexpr int64_t kTickMs = 50;
constexpr int kHandlersMax = 256;  // Of Asio, before the wire is looked at again.
constexpr int64_t kStopMsMax = 1'500;
constexpr int kBacklog = 1024;
constexpr char kFull[] =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: 92\r\n"
    "Retry-After: 5\r\nConnection: close\r\n\r\n"
    R"({"error":"This gateway is full: try again in a moment.","source":"gateway","retryable":true})";

// An address and a port. kReject: something else.
Result<tcp::endpoint> ParseListen(const std::string& listen) {
  const size_t colon = listen.rfind(':');
  const std::string wrong =
      "--listen " + listen + ": give an address of this machine and a port, as 127.0.0.1:8480";
  if (colon == std::string::npos) return Reject(wrong);
  std::string host = listen.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  const auto port = ParseNumber(listen.substr(colon + 1));
  boost::system::error_code error;
  const auto address = asio::ip::make_address(host, error);
  if (error || !port || *port > 65535) return Reject(wrong);
  return tcp::endpoint(address, static_cast<uint16_t>(*port));
}

}  // namespace

struct GatewayHost::Impl {
  explicit Impl(HostOptions given) : options(std::move(given)) {}

  Result<void> Listen();
  void Run();
  void WaitForWire();
  asio::awaitable<void> Accept();
  void Publish();

  HostOptions options;
  SystemClock clock;
  wire::EventLoop loop;
  std::unique_ptr<wire::NatsWire> wire;
  std::optional<wire::ServiceResponder> service;
  std::unique_ptr<Sessions> sessions;
  std::unique_ptr<Gateway> gateway;
  Transport transport{};
  // Destroyed before what its coroutines use.
  asio::io_context io{1};
  tcp::acceptor acceptor{io};
  asio::posix::stream_descriptor wire_ready{io};
  asio::steady_timer tick{io};
  bool waiting = false;  // For wire_ready.
  int port = 0;

  std::atomic<bool> stopping{false};
  std::atomic<bool> connected{false};
  std::atomic<int64_t> turned_ms{clock.SteadyMs()};
  std::atomic<uint64_t> connections{0};
  std::atomic<int64_t> tls_ends_unix_s{0};
  std::atomic<uint64_t> async_errors{0};
  mutable std::mutex mutex;
  std::string last_async_error;  // Guarded by mutex.
  std::thread thread;
};

Result<void> GatewayHost::Impl::Listen() {
  const Result<tcp::endpoint> endpoint = ParseListen(options.listen);
  if (!endpoint) return endpoint.error();
  boost::system::error_code error;
  acceptor.open(endpoint->protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(*endpoint, error);
  if (!error) acceptor.listen(kBacklog, error);
  if (error) {
    return Reject("--listen " + options.listen + ": cannot listen there (" + error.message() +
                  "): give a free address and port of this machine");
  }
  port = acceptor.local_endpoint(error).port();
  return {};
}

asio::awaitable<void> GatewayHost::Impl::Accept() {
  while (acceptor.is_open()) {
    auto [error, socket] = co_await acceptor.async_accept(kUseHost);
    if (error == asio::error::operation_aborted) break;
    if (error) {  // No descriptor left, or the client is gone already.
      asio::steady_timer pause(io, milliseconds(50));
      (void)co_await pause.async_wait(kUseHost);
      continue;
    }
    if (transport.connections >= options.connections_max) {
      ++transport.counters->refused_full;
      if (transport.tls != nullptr) continue;  // Without shaking hands it cannot be told.
      boost::system::error_code ignored;
      socket.non_blocking(true, ignored);
      socket.write_some(asio::buffer(kFull, sizeof(kFull) - 1), ignored);
      continue;
    }
    asio::co_spawn(io, ServeHttp(&transport, std::move(socket)), CheckEnded);
  }
}

// Asio arms a descriptor anew with each wait, so what the loop has left is reported once more.
void GatewayHost::Impl::WaitForWire() {
  if (waiting) return;
  waiting = true;
  wire_ready.async_wait(asio::posix::stream_descriptor::wait_read,
                        [this](const boost::system::error_code&) { waiting = false; });
}

void GatewayHost::Impl::Publish() {
  connected = wire->connected();
  connections = transport.connections;
  turned_ms = clock.SteadyMs();
  if (wire->async_errors() == async_errors) return;
  async_errors = wire->async_errors();
  const std::lock_guard lock(mutex);
  last_async_error = wire->last_async_error();
}

void GatewayHost::Impl::Run() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  pthread_setname_np(pthread_self(), "gateway");

  asio::co_spawn(io, Accept(), CheckEnded);
  const auto guard = asio::make_work_guard(io);
  int64_t tick_ms = 0;
  int64_t stop_ms = 0;
  while (true) {
    WaitForWire();
    const int64_t before = clock.SteadyMs();
    const int64_t wait_ms = std::clamp<int64_t>(tick_ms - before, 0, kTickMs);
    // Armed, the loop makes its descriptor readable for what other threads post.
    if (loop.Arm() && io.run_one_for(milliseconds(wait_ms)) == 0) io.restart();
    for (int i = 0; i < kHandlersMax && io.poll_one() > 0; ++i) {
    }
    loop.RunOnce(0);
    wire->Tick();
    const int64_t now = clock.SteadyMs();
    if (now >= tick_ms) {
      tick_ms = now + kTickMs;
      if (service) service->Tick();
      sessions->Tick();
      gateway->Tick();
      Publish();
    }
    if (stopping && stop_ms == 0) {
      stop_ms = now + kStopMsMax;
      boost::system::error_code ignored;
      acceptor.close(ignored);
      gateway->CloseAll();
    }
    wire->Flush();
    if (stop_ms != 0 && (now >= stop_ms || transport.connections == 0)) break;
  }
}

GatewayHost::GatewayHost(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<GatewayHost>> GatewayHost::Start(HostOptions options) {
  for (const Issuer& issuer : options.gateway.issuers) {
    if (auto good = CheckIssuer(issuer); !good) return good.error();
  }
  auto impl = std::make_unique<Impl>(std::move(options));
  if (auto listening = impl->Listen(); !listening) return listening.error();
  auto wire = wire::NatsWire::Create(&impl->loop, &impl->clock, impl->options.nats);
  if (!wire) return wire.error();
  impl->wire = *std::move(wire);
  const int watched = dup(impl->loop.fd());
  CHECK(watched >= 0);
  impl->wire_ready.assign(watched);
  if (impl->options.service) {
    impl->service.emplace(impl->wire.get(), &impl->clock, *impl->options.service,
                          [] { return std::vector<wire::EndpointFigures>(); });
  }
  impl->sessions = std::make_unique<Sessions>(impl->wire.get(), &impl->clock,
                                              envelope::Subjects(impl->options.prefix));
  // A browser that is given the gateway's own address comes from there.
  if (impl->options.gateway.demo) {
    const std::string& listen = impl->options.listen;
    for (const std::string& host : {listen.substr(0, listen.rfind(':')), std::string("localhost"),
                                    std::string("127.0.0.1")}) {
      const char* const scheme = impl->options.tls.context != nullptr ? "https://" : "http://";
      impl->options.gateway.origins.push_back(scheme + host + ":" + std::to_string(impl->port));
    }
  }
  impl->gateway = std::make_unique<Gateway>(impl->sessions.get(), &impl->clock,
                                            impl->options.gateway, impl->options.pages);
  impl->transport.handler = impl->gateway.get();
  impl->transport.counters = &impl->gateway->counters();
  impl->transport.socket_idle_ms = impl->options.socket_idle_ms;
  impl->transport.tls = impl->options.tls.context;
  impl->tls_ends_unix_s = impl->options.tls.ends_unix_s;
  Impl* const raw = impl.get();
  raw->thread = std::thread([raw] { raw->Run(); });
  return std::unique_ptr<GatewayHost>(new GatewayHost(std::move(impl)));
}

GatewayHost::~GatewayHost() {
  impl_->stopping = true;
  impl_->loop.Wake();
  impl_->thread.join();
}

Result<void> GatewayHost::SetIssuers(std::vector<Issuer> issuers) {
  for (const Issuer& issuer : issuers) {
    if (auto good = CheckIssuer(issuer); !good) return good;
  }
  if (impl_->options.gateway.demo) issuers.push_back(*impl_->options.gateway.demo);
  impl_->loop.Post([gateway = impl_->gateway.get(), issuers = std::move(issuers)] {
    gateway->SetIssuers(issuers);
  });
  return {};
}
void GatewayHost::SetTls(Tls tls) {
  CHECK(impl_->options.tls.context != nullptr && tls.context != nullptr);
  impl_->tls_ends_unix_s = tls.ends_unix_s;
  impl_->loop.Post([transport = &impl_->transport, context = std::move(tls.context)] {
    transport->tls = context;
  });
}
int GatewayHost::port() const { return impl_->port; }
const Counters& GatewayHost::counters() const { return impl_->gateway->counters(); }
bool GatewayHost::connected() const { return impl_->connected; }
int64_t GatewayHost::still_ms() const { return impl_->clock.SteadyMs() - impl_->turned_ms; }
uint64_t GatewayHost::connections() const { return impl_->connections; }
int64_t GatewayHost::tls_ends_unix_s() const { return impl_->tls_ends_unix_s; }
uint64_t GatewayHost::async_errors() const { return impl_->async_errors; }
std::string GatewayHost::last_async_error() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->last_async_error;
}

}  // namespace lyceum::gateway
