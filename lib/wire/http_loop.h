// HttpLoop: the one thread that all transfers of a client run in.
//
// Curl says which sockets it waits for, epoll waits for them: what an event costs does not depend
// on how many transfers are waiting. Other threads reach it through its door.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <thread>
#include <unordered_map>
#include <vector>

#include "wire/http.h"
#include "wire/http_flow.h"
#include "wire/http_handles.h"

namespace lyceum::wire {

struct HttpCounts {
  std::atomic<uint64_t> begun{0}, done{0}, failed{0}, dropped{0}, connections{0}, running{0};
};

class HttpLoop {
 public:
  // kFatal: the system has no descriptors or threads left.
  static Result<std::unique_ptr<HttpLoop>> Start(const HttpClient::Options& options,
                                                 std::shared_ptr<HttpDoor> door,
                                                 std::shared_ptr<HttpCounts> counts);
  ~HttpLoop();  // Every transfer that runs fails with kClosed.

  // Of the callbacks: a byte has come; something has come for the reader.
  void Heard(HttpRunning& running);
  void Touch(HttpRunning& running);

 private:
  HttpLoop() = default;
  static int OnSocket(CURL*, curl_socket_t socket, int what, void* closure, void*);
  static int OnTimer(CURLM*, long timeout_ms, void* closure);

  void Run();
  int WaitMs() const;
  bool TakeWords();
  void Begin(std::unique_ptr<HttpRunning> running);
  void Look(const std::shared_ptr<HttpFlow>& flow);
  void Resume(HttpRunning& running);
  void TakeDone();
  void FailOverdue();
  void Schedule(HttpRunning& running);
  // Takes it out of curl, which keeps the connection only where the response was whole: that is
  // where there is no failure and the flow is not over.
  void End(HttpRunning& running, const std::optional<std::pair<HttpFailure, Error>>& failure);
  void KeepConnections();
  void WakeReaders();

  std::shared_ptr<HttpDoor> door_;
  std::shared_ptr<HttpCounts> counts_;
  Descriptor epoll_;
  MultiHandle multi_;
  size_t kept_max_ = 0;  // Idle connections.
  std::unordered_map<HttpRunning*, std::unique_ptr<HttpRunning>> running_;
  std::multimap<Deadline, HttpRunning*> due_;
  std::vector<std::shared_ptr<HttpFlow>> touched_;
  std::optional<Deadline> curl_due_;  // When curl wants to be called, whatever happens.
  std::thread thread_;
};

}  // namespace lyceum::wire
