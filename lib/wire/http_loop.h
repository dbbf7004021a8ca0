// HttpLoop: all transfers of a client, on the thread of an EventLoop.
//
// Curl says which sockets it waits for, the loop watches them: what an event costs does not depend
// on how many transfers are waiting. Other threads reach it through its door.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "wire/event_loop.h"
#include "wire/http.h"
#include "wire/http_flow.h"
#include "wire/http_handles.h"

namespace lyceum::wire {

struct HttpCounts {
  std::atomic<uint64_t> begun{0}, done{0}, failed{0}, dropped{0}, connections{0}, running{0};
};

class HttpLoop {
 public:
  // `loop` outlives it. kFatal: there is no memory.
  static Result<std::unique_ptr<HttpLoop>> Make(const HttpClient::Options& options, EventLoop* loop,
                                                std::shared_ptr<HttpDoor> door,
                                                std::shared_ptr<HttpCounts> counts);
  // On the loop's thread, or when it has ended. Every transfer that runs fails with kClosed.
  ~HttpLoop();

  // After each turn of the loop, on its thread: begins, ends and wakes readers, who go on in it.
  void Turn();
  // So long the next turn may wait.
  int64_t WaitMs() const;

  // Of the callbacks: a byte has come; something has come for the reader.
  void Heard(HttpRunning& running);
  void Touch(HttpRunning& running);

 private:
  HttpLoop() = default;
  static int OnSocket(CURL*, curl_socket_t socket, int what, void* closure, void*);
  static int OnTimer(CURLM*, long timeout_ms, void* closure);

  void OnReady(int socket, uint32_t events);
  void TakeWords();
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
  EventLoop* loop_ = nullptr;
  std::unordered_set<int> watched_;  // Of the loop. Before the handle, which ends with them.
  MultiHandle multi_;
  size_t kept_max_ = 0;  // Idle connections.
  std::unordered_map<HttpRunning*, std::unique_ptr<HttpRunning>> running_;
  std::multimap<Deadline, HttpRunning*> due_;
  std::vector<std::shared_ptr<HttpFlow>> touched_;
  std::optional<Deadline> curl_due_;  // When curl wants to be called, whatever happens.
  bool acted_ = false;                // Curl was called: something may have come or ended.
};

}  // namespace lyceum::wire
