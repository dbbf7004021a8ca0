// FigureServer: what a program tells the machinery around it, over HTTP on --metrics-listen.
//
//   GET /livez    200 while the program makes progress, else 503: start it again
//   GET /readyz   200 while it does its work, else 503: wait
//   GET /metrics  its figures
// The text of a 503 has a reason a line. From Listen on it answers, as one that starts; after End,
// as one that stops.
//
// It has a thread of its own. Bounded: kPeersMax connections, kHeadBytesMax of a request, and
// kPatience for each; one request a connection. Without a password: for loopback, or a network that
// only operators are in.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "worker/figures.h"

namespace lyceum::worker {

class FigureServer {
 public:
  static constexpr size_t kPeersMax = 32;
  static constexpr size_t kHeadBytesMax = 4096;
  static constexpr std::chrono::seconds kPatience{5};

  // Called on the server's thread. Reasons: empty, all is well.
  using Reasons = std::function<std::vector<std::string>()>;
  struct Sources {
    Collect figures;
    Reasons not_live = {};  // Empty functions: nothing is wrong.
    Reasons not_ready = {};
    // For how long, in ms, the loop that has turned least recently has made no turn. Empty: not known.
    std::function<int64_t()> still_ms = {};
  };

  // `listen`: HOST:PORT; IPv6 addresses in brackets. kReject: it cannot listen there.
  static Result<std::unique_ptr<FigureServer>> Listen(const std::string& listen,
                                                      std::string program);
  ~FigureServer();

  void Serve(Sources sources);
  // None of the sources is called any more: what they are made of may go.
  void End();
  // Whoever reaches this machine over the network can read them.
  bool beyond_loopback() const;

 private:
  struct Impl;
  explicit FigureServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lyceum::worker
