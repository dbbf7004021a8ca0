// HttpRunning: one transfer as the loop sees it: curl's handle with all that it points to.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>

#include "wire/http.h"
#include "wire/http_flow.h"
#include "wire/http_handles.h"
#include "wire/http_target.h"

namespace lyceum::wire {

class HttpLoop;

struct HttpRunning {
  // kReject: the request may not be sent. Any thread.
  static Result<std::unique_ptr<HttpRunning>> Make(HttpRequest request,
                                                   const HttpClient::Options& options,
                                                   const HttpProxies& proxies);
  // When it fails if nothing more comes, and how.
  std::pair<Deadline, HttpFailure> Due() const;
  Error DueError(HttpFailure failure) const;
  // What became of it, by what curl says.
  std::pair<HttpFailure, Error> Outcome(CURLcode code) const;

  std::shared_ptr<HttpFlow> flow;
  HttpLoop* loop = nullptr;
  HttpBounds bounds;
  Deadline deadline;
  Deadline begun;
  Deadline heard;  // The last byte of the response.
  bool answered = false;
  bool paused = false;  // By a slow reader: the other side's silence is not its fault.
  bool head_whole = false;
  size_t head_bytes = 0;
  HttpHead head;                                         // As far as it has come.
  std::optional<std::pair<HttpFailure, Error>> refused;  // Why a callback ended the transfer.
  std::multimap<Deadline, HttpRunning*>::iterator due;   // Of the loop; not later than Due().

  // Curl points into these: the handle is declared last and goes first.
  HttpTarget target;
  bool proxy = false;  // One is set; NO_PROXY may except the host.
  std::string body;
  HeaderList headers;
  std::array<char, CURL_ERROR_SIZE> curl_text{};
  EasyHandle easy;
};

}  // namespace lyceum::wire
