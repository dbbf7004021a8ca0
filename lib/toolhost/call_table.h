// CallTable: the calls of a tool worker: running, answered but not acked, and the last that are
// done.
//
//   Begin -> running -> Finish -> unacked -> Acked -> done (kept, to answer the same request again)
//               \-> Cancel: forgotten; what comes of it later is dropped
// Not thread-safe. Bounded: running and unacked by the caller, done by kDoneMax and
// kDoneBytesMax.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "toolhost/tool_reply.h"

namespace lyceum::toolhost {

class CallTable {
 public:
  static constexpr size_t kDoneMax = 256;
  static constexpr size_t kDoneBytesMax = 32 * 1024 * 1024;

  enum class Known { kNew, kRunning, kUnacked, kDone };
  Known Find(const CallId& id) const;
  // A number for what runs now: a result with another number is of a call that was cancelled.
  uint64_t Begin(const CallId& id);
  // False: nobody waits for it any more.
  bool Finish(const CallId& id, uint64_t run, ResultMessage result);
  // The result of a done or unacked call, to be sent under this cookie.
  struct Sending {
    ResultMessage message;
    uint64_t cookie = 0;
  };
  std::optional<Sending> Send(const CallId& id);
  void Acked(uint64_t cookie);
  // The number of the call, where there was such a one running or unacked.
  std::optional<uint64_t> Cancel(const CallId& id);

  std::vector<CallId> InFlight() const;  // Running or unacked.
  size_t running() const { return running_; }
  size_t unacked() const { return by_cookie_.size(); }

 private:
  struct Call {
    Known state = Known::kRunning;
    uint64_t run = 0;
    uint64_t cookie = 0;
    ResultMessage result;
  };
  void Keep(const CallId& id);

  std::unordered_map<CallId, Call> calls_;
  std::unordered_map<uint64_t, CallId> by_cookie_;
  std::deque<CallId> done_;  // The oldest first.
  size_t done_bytes_ = 0;
  size_t running_ = 0;
  uint64_t last_number_ = 0;
};

}  // namespace lyceum::toolhost
