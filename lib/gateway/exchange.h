// What stands between the transport (HTTP, WebSocket; Boost.Beast) and the gateway's meaning.
//
// One request comes in whole (its bounds are in limits.h), and is answered once: with a response, or with a
// Peer, which then speaks for as long as the socket lives. All of it runs on the loop's thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace lyceum::gateway {

struct Request {
  std::string method;
  std::string target;  // As it was sent: path and query.
  std::string remote;  // The address of the socket's other end.
  std::string body;
  bool upgrade = false;                                      // A well-formed WebSocket handshake.
  std::vector<std::pair<std::string, std::string>> headers;  // Names in lower case.

  // The first of that name (lower case), or empty.
  std::string_view header(std::string_view name) const;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers = {};
};

// The way to one client: the body of a streamed response, or a WebSocket.
class Outgoing {
 public:
  virtual ~Outgoing() = default;
  // Bytes of the body, or one text frame. Over kUnsentBytesMax the client is too slow: it is closed
  // (1013), and what was not sent is dropped. After Close or the end of the socket: nothing.
  virtual void Send(std::string text) = 0;
  // After what was sent before. `code` and `reason` are a WebSocket's; a body ends well with 1000, and is
  // broken off with any other.
  virtual void Close(int code, std::string reason) = 0;
};

// The gateway's side of such a client. Destroyed when the socket is gone, also where OnOpen was not
// called.
class Peer {
 public:
  virtual ~Peer() = default;
  virtual void OnOpen(std::shared_ptr<Outgoing> outgoing) = 0;
  virtual void OnText(std::string_view text) { (void)text; }  // Of a WebSocket: one whole frame.
};

struct StreamStart {
  std::string content_type;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string keep_alive;  // Sent where nothing else was for a while. Empty: nothing.
  std::unique_ptr<Peer> peer;
};
struct Upgrade {
  std::unique_ptr<Peer> peer;
};

using Answer = std::variant<Response, StreamStart, Upgrade>;

class Handler {
 public:
  using Done = std::function<void(Answer)>;
  virtual ~Handler() = default;
  // Calls `done` at most once, at once or later.
  virtual void Handle(Request request, Done done) = 0;
  // How large a body at this target may be: kBodyBytesMax, or up to kLargeBodyBytesMax.
  virtual size_t BodyBytesMax(std::string_view target) const = 0;
  // A request that the transport itself refuses: too large, not HTTP, too many connections.
  virtual Response Refuse(int status, std::string_view sentence) = 0;
};

}  // namespace lyceum::gateway
