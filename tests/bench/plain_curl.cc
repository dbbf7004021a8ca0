#include "bench/plain_curl.h"

#include <stdexcept>

#include "bench/figures.h"

namespace lyceum::bench {

PlainCurl::PlainCurl(const std::string& url)
    : headers_(curl_slist_append(nullptr, "content-type: application/json")),
      easy_(curl_easy_init()) {
  CURL* easy = easy_.get();
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_.get());
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, kShortAsk);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &PlainCurl::OnBody);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
}

double PlainCurl::FirstPiece() {
  first_s_ = -1;
  begun_ = Steady::now();
  if (curl_easy_perform(easy_.get()) != CURLE_OK || first_s_ < 0) {
    throw std::runtime_error("curl failed");
  }
  return first_s_;
}

size_t PlainCurl::OnBody(char*, size_t size, size_t count, void* closure) {
  auto& curl = *static_cast<PlainCurl*>(closure);
  if (curl.first_s_ < 0) curl.first_s_ = SecondsSince(curl.begun_);
  return size * count;
}

}  // namespace lyceum::bench
