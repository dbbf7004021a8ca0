// GatewayHost: a gateway on one thread: sockets (Boost.Asio) and NATS (lib/wire's loop) together.
//
// The wire's EventLoop has a descriptor, which Asio watches like any other: so there is one thread, one wait, no
// queue and no lock between the two. README.md says more.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "gateway/gateway.h"
#include "gateway/limits.h"
#include "gateway/pages.h"
#include "gateway/tls.h"
#include "wire/connection.h"
#include "wire/service.h"

namespace lyceum::gateway {

struct HostOptions {
  wire::ConnectOptions nats;
  std::string prefix = "lyceum";
  std::string listen = "127.0.0.1:8480";  // HOST:PORT, the host an address. Port 0: a free one.
  Options gateway;
  Pages pages;
  Tls tls;  // Without a context: HTTP as it is, for a proxy in front.
  size_t connections_max = kConnectionsMax;
  // A client that does not answer pings, or does not confirm what it is sent. One goes after half of it.
  int64_t socket_idle_ms = kSocketIdleMs;
  // By what NATS tools find it. It has no endpoints.
  std::optional<wire::Service> service = {};
};

class GatewayHost {
 public:
  // Listens from here on. kReject: it cannot listen there, or the options cannot work.
  static Result<std::unique_ptr<GatewayHost>> Start(HostOptions options);
  ~GatewayHost();  // Tells its clients to connect again, and ends within two seconds.
  GatewayHost(const GatewayHost&) = delete;
  GatewayHost& operator=(const GatewayHost&) = delete;

  int port() const;
  // Thread-safe. From then on tokens are checked by these, and by the demo's. kReject: what of them cannot work; the
  // earlier ones stay.
  Result<void> SetIssuers(std::vector<Issuer> issuers);
  // Thread-safe. Of connections from then on; those that are open keep theirs. Only where it began with one.
  void SetTls(Tls tls);
  // Thread-safe.
  const Counters& counters() const;
  bool connected() const;
  int64_t still_ms() const;         // Since the last turn of its loop.
  uint64_t connections() const;     // Open HTTP connections and sockets.
  int64_t tls_ends_unix_s() const;  // Of the certificate; 0: there is none.
  uint64_t async_errors() const;
  std::string last_async_error() const;

 private:
  struct Impl;
  explicit GatewayHost(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lyceum::gateway
