#include "gateway/outbox.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <utility>

#include "gateway/limits.h"

namespace lyceum::gateway {

void Outbox::Send(std::string text) {
  if (closed_) return;
  unsent_ += text.size() + kEach;
  if (unsent_ > kUnsentBytesMax) {
    too_slow_ = true;
    closed_ = true;
    code_ = 1013;  // Try again later.
    reason_ = "too slow: connect again from the last message that you have";
    for (const std::string& dropped : queue_) unsent_ -= dropped.size() + kEach;
    unsent_ -= text.size() + kEach;
    queue_.clear();
    ++counters_->slow_clients;
    if (on_too_slow_) on_too_slow_();
  } else {
    queue_.push_back(std::move(text));
  }
  changed_.cancel();
}

void Outbox::Close(int code, std::string reason) {
  if (closed_) return;
  closed_ = true;
  code_ = code;
  reason_ = std::move(reason);
  changed_.cancel();
}

void Outbox::Drop() {
  closed_ = true;
  dropped_ = true;
  for (const std::string& dropped : queue_) unsent_ -= dropped.size() + kEach;
  queue_.clear();
  changed_.cancel();
}

std::string Outbox::Next() {
  std::string text = std::move(queue_.front());
  queue_.pop_front();
  return text;
}

boost::asio::awaitable<void> Outbox::Wait(int64_t ms_max) {
  if (!queue_.empty() || closed_) co_return;
  changed_.expires_after(std::chrono::milliseconds(ms_max));
  boost::system::error_code ignored;
  co_await changed_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
}

}  // namespace lyceum::gateway
