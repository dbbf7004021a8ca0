// Plain curl, as little of it as answers the question: one easy handle, used again and again.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>

#include "base/clock.h"

namespace lyceum::bench {

// As short as a request for a streamed answer can be.
inline constexpr char kShortAsk[] = R"({"model":"m","stream":true,"max_tokens":100})";

class PlainCurl {
 public:
  explicit PlainCurl(const std::string& url);

  // Seconds from the request to the first bytes of the body; returns when all of it is there.
  // Throws where that fails.
  double FirstPiece();

 private:
  static size_t OnBody(char*, size_t size, size_t count, void* closure);
  struct Cleanup {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };
  std::unique_ptr<curl_slist, Cleanup> headers_;
  std::unique_ptr<CURL, Cleanup> easy_;
  Deadline begun_;
  double first_s_ = -1;
};

}  // namespace lyceum::bench
