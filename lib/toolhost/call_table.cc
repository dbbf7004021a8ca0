#include "toolhost/call_table.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace lyceum::toolhost {

CallTable::Known CallTable::Find(const CallId& id) const {
  const auto found = calls_.find(id);
  return found == calls_.end() ? Known::kNew : found->second.state;
}

uint64_t CallTable::Begin(const CallId& id) {
  CHECK(Find(id) == Known::kNew);
  ++running_;
  Call call;
  call.run = ++last_number_;
  return calls_.emplace(id, std::move(call)).first->second.run;
}

bool CallTable::Finish(const CallId& id, uint64_t run, ResultMessage result) {
  const auto found = calls_.find(id);
  if (found == calls_.end() || found->second.run != run || found->second.state != Known::kRunning) {
    return false;
  }
  --running_;
  found->second.result = std::move(result);
  Keep(id);
  return true;
}

void CallTable::Keep(const CallId& id) {
  Call& call = calls_.at(id);
  call.state = Known::kDone;
  done_.push_back(id);
  done_bytes_ += call.result.data.size();
  while (done_.size() > kDoneMax || (done_bytes_ > kDoneBytesMax && done_.size() > 1)) {
    const auto oldest = calls_.find(done_.front());
    done_bytes_ -= oldest->second.result.data.size();
    calls_.erase(oldest);
    done_.pop_front();
  }
}

std::optional<CallTable::Sending> CallTable::Send(const CallId& id) {
  const auto found = calls_.find(id);
  if (found == calls_.end() || found->second.state == Known::kRunning) return std::nullopt;
  Call& call = found->second;
  if (call.state == Known::kDone) {
    const auto place = std::find(done_.begin(), done_.end(), id);
    CHECK(place != done_.end());
    done_.erase(place);
    done_bytes_ -= call.result.data.size();
    call.state = Known::kUnacked;
  } else {
    by_cookie_.erase(call.cookie);
  }
  call.cookie = ++last_number_;
  by_cookie_.emplace(call.cookie, id);
  return Sending{call.result, call.cookie};
}

void CallTable::Acked(uint64_t cookie) {
  const auto found = by_cookie_.find(cookie);
  if (found == by_cookie_.end()) return;  // Sent once more since, or cancelled.
  const CallId id = found->second;
  by_cookie_.erase(found);
  Keep(id);
}

std::optional<uint64_t> CallTable::Cancel(const CallId& id) {
  const auto found = calls_.find(id);
  if (found == calls_.end() || found->second.state == Known::kDone) return std::nullopt;
  const uint64_t run = found->second.run;
  if (found->second.state == Known::kRunning) --running_;
  if (found->second.state == Known::kUnacked) by_cookie_.erase(found->second.cookie);
  calls_.erase(found);
  return run;
}

std::vector<CallId> CallTable::InFlight() const {
  std::vector<CallId> ids;
  for (const auto& [id, call] : calls_) {
    if (call.state != Known::kDone) ids.push_back(id);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

}  // namespace lyceum::toolhost
