// HTTP: many requests at once on one thread, a loop's, each response read by its caller as it comes.
// curl.h stops in this library.
//
// A caller begins a transfer, reads the head and then the body in pieces, and may stop at any time:
// destroying the transfer ends it, and its connection is closed unless the response was whole. A
// response that is read slowly is paused: at most kHttpPipeBytesMax of it wait here.
//
// Egress: https, or http where the host is loopback or plain_http_allowed. Redirects are responses
// like any other, never followed. Proxies by HTTPS_PROXY, HTTP_PROXY, NO_PROXY; no .netrc, no
// cookies. Certificates are verified, always. Nothing that is sent is ever part of an error's text.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/task.h"
#include "wire/connection.h"

namespace lyceum::wire {

class EventLoop;

inline constexpr size_t kHttpPipeBytesMax = 256 * 1024;
inline constexpr std::chrono::milliseconds kHttpFinishWait{500};
inline constexpr size_t kHttpFinishBytesMax = 16 * 1024;

struct HttpBounds {
  std::chrono::milliseconds connect{5'000};         // Name, TCP and TLS.
  std::chrono::milliseconds first_byte{60'000};     // From the begin to the response's first byte.
  std::chrono::milliseconds between_bytes{30'000};  // Of the body.
  size_t head_bytes_max = 64 * 1024;
  size_t body_bytes_max = 8 * 1024 * 1024;  // After decompression.
};

struct HttpRequest {
  std::string method = "POST";  // GET, POST
  std::string url;
  Headers headers;
  std::string body;
  HttpBounds bounds;
  Deadline deadline{};              // Of the whole transfer. Must be set.
  bool plain_http_allowed = false;  // http to any host, not only to loopback.
  std::string ca_file;              // Who is trusted. Empty: as the client says.
};

struct HttpHead {
  int status = 0;
  Headers headers;                                       // As sent; the same name may stand twice.
  std::string_view header(std::string_view name) const;  // The first; case-insensitive; or empty.
};

// Why a transfer ended early.
enum class HttpFailure {
  kUrl,        // Not a request that may be sent: egress rules, control bytes.
  kResolve,    // No such host.
  kConnect,    // Nobody listens there, or not in time.
  kTls,        // Handshake or certificate.
  kFirstByte,  // Sent, but no answer in time.
  kStalled,    // Silence in the middle.
  kDeadline,   // The whole took too long.
  kCut,        // Closed before its end, or not HTTP.
  kTooLarge,   // Head or body over its bound.
  kStopped,    // The caller's stop token.
  kClosed,     // The client shuts down, or has no room for another transfer.
};
std::string_view Name(HttpFailure failure);  // "connect", "first_byte" ...

class HttpTransfer {
 public:
  struct Impl;
  explicit HttpTransfer(std::shared_ptr<Impl> impl);
  HttpTransfer(HttpTransfer&&) noexcept;
  HttpTransfer& operator=(HttpTransfer&&) noexcept;
  ~HttpTransfer();  // Ends it.

  // Status and headers. One task reads, and goes on in the client's thread where it has to wait:
  // what it does there keeps all other transfers waiting, and is to be short. Errors: kRetry where
  // the same request may succeed later, else kReject; failure() says which.
  Task<Result<HttpHead>> Head();
  // More of the body, decompressed. Empty: that was all of it.
  Task<Result<std::string>> Read();
  // What is left of the body, but no more than bytes_max of it: then the rest is dropped.
  Task<Result<std::string>> ReadAll(size_t bytes_max);
  // From now on it has no longer than that, and no longer than it had: then it fails with
  // kDeadline. Does not wait.
  void EndWithin(std::chrono::milliseconds time);
  // The reader has all it wants, and the end is near: a few bytes more may come unread, for a
  // moment, so that the connection is kept. Does not wait; nothing can be read any more.
  void Finish();
  std::optional<HttpFailure> failure() const;

 private:
  std::shared_ptr<Impl> impl_;
};

// Thread-safe.
class HttpClient {
 public:
  struct Options {
    size_t transfers_max = 1024;        // At once. One more fails with kClosed.
    size_t connections_kept_max = 256;  // Idle ones, for the next request.
    std::string ca_file;                // Empty: the system's.
    std::string user_agent = "lyceum";
  };
  // With a loop and a thread of its own.
  static Result<std::shared_ptr<HttpClient>> Start(Options options);
  // On a loop of the caller's, who calls Turn after each RunOnce and waits no longer than WaitMs:
  //   loop->RunOnce(http->WaitMs()); http->Turn();
  // Its thread blocks SIGPIPE: OpenSSL writes to closed sockets.
  static Result<std::shared_ptr<HttpClient>> StartOn(std::shared_ptr<EventLoop> loop,
                                                     Options options);
  // Every transfer that runs fails with kClosed, and nothing may be begun by a reader that is told
  // so. Not in the client's own thread; on the caller's loop: in its thread, or when it has ended.
  ~HttpClient();

  // Of the caller's loop, on its thread. Readers go on inside of Turn.
  void Turn();
  int64_t WaitMs() const;

  // Never blocks. Whatever is wrong is said by Head().
  HttpTransfer Begin(HttpRequest request, std::stop_token stop = {});

  struct Counters {
    // begun = done + failed + dropped + running. dropped: destroyed before the response was whole.
    uint64_t begun = 0, done = 0, failed = 0, dropped = 0, running = 0;
    uint64_t connections = 0;  // Opened, not reused; counted when the transfer ends.
  };
  Counters counters() const;

 private:
  struct Impl;
  explicit HttpClient(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

// What is wrong with a URL as the target of a request: empty, nothing. Also refuses user names in
// it.
std::string UrlProblem(std::string_view url, bool plain_http_allowed);

}  // namespace lyceum::wire
