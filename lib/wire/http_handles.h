// Owners of the handles of curl.h, and of the loop's descriptors. Private to this library: curl.h
// goes no further.
#pragma once

#include <curl/curl.h>
#include <unistd.h>

#include <memory>
#include <utility>

namespace lyceum::wire {

template <auto kCleanup>
struct CurlCleanup {
  template <class T>
  void operator()(T* handle) const {
    kCleanup(handle);
  }
};

using EasyHandle = std::unique_ptr<CURL, CurlCleanup<curl_easy_cleanup>>;
using MultiHandle = std::unique_ptr<CURLM, CurlCleanup<curl_multi_cleanup>>;
using HeaderList = std::unique_ptr<curl_slist, CurlCleanup<curl_slist_free_all>>;
using UrlHandle = std::unique_ptr<CURLU, CurlCleanup<curl_url_cleanup>>;
using CurlText = std::unique_ptr<char, CurlCleanup<curl_free>>;

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

}  // namespace lyceum::wire
