// Private to this library: what is to be written to one client, in order. Bounded by kUnsentBytesMax: a client
// that does not read is given up. The loop's thread alone.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <utility>

#include "gateway/exchange.h"
#include "gateway/gateway.h"

namespace lyceum::gateway {

class Outbox final : public Outgoing {
 public:
  Outbox(const boost::asio::any_io_executor& executor, Counters* counters)
      : counters_(counters), changed_(executor) {}

  void Send(std::string text) override;
  void Close(int code, std::string reason) override;

  // Called once, where the client turns out to be too slow.
  void OnTooSlow(std::function<void()> call) { on_too_slow_ = std::move(call); }
  // The socket is gone: what is left is of no use.
  void Drop();
  // Something is to be written, or it is closed, or the time is over.
  boost::asio::awaitable<void> Wait(int64_t ms_max);

  bool empty() const { return queue_.empty(); }
  std::string Next();  // The first one; its bytes count as unsent until Written.
  void Written(size_t bytes, size_t texts) { unsent_ -= bytes + texts * kEach; }
  bool closed() const { return closed_; }
  bool dropped() const { return dropped_; }
  bool too_slow() const { return too_slow_; }
  int code() const { return code_; }
  const std::string& reason() const { return reason_; }

 private:
  static constexpr size_t kEach = 64;  // What one costs beside its bytes.

  Counters* const counters_;
  boost::asio::steady_timer changed_;  // Cancelled where there is news.
  std::deque<std::string> queue_;
  size_t unsent_ = 0;
  bool closed_ = false;
  bool dropped_ = false;
  bool too_slow_ = false;
  int code_ = 1000;
  std::string reason_;
  std::function<void()> on_too_slow_;
};

}  // namespace lyceum::gateway
