#include "toolhost/stall_guard.h"

#include "base/log.h"

namespace lyceum::toolhost {
namespace {

constexpr int64_t kProbeMsMax = 5'000;  // Without an echo: by then what is old has come.

}  // namespace

StallGuard::StallGuard(wire::Wire* wire, const Clock* clock, int64_t stall_ms)
    : wire_(wire), clock_(clock), stall_ms_(stall_ms), last_turn_(clock->SteadyMs()) {}

void StallGuard::OnConnection(bool connected) {
  doubting_ = false;
  if (!connected) return;
  inbox_ = wire_->NewInbox();
  // Fails only where the connection is gone again: the next one is told of as well.
  (void)wire_->Subscribe(inbox_, "", [this](const wire::Arrived& message) {
    echoed_ = echoed_ || message.data == std::to_string(probe_);
  });
}

bool StallGuard::IsFresh() {
  const int64_t now = clock_->SteadyMs();
  if (!doubting_ && now - last_turn_ > stall_ms_) {
    LogWarn("the process stood still: requests from before are dropped",
            {{"ms", now - last_turn_}});
    SendProbe(now);
  }
  return !doubting_;
}

void StallGuard::SendProbe(int64_t now) {
  doubting_ = true;
  echoed_ = false;
  doubt_until_ = now + kProbeMsMax;
  last_turn_ = now;
  const std::string number = std::to_string(++probe_);
  // Not sent: the connection is gone, and what is old with it.
  (void)wire_->Publish({.subject = inbox_, .data = number});
}

void StallGuard::Turn() {
  (void)IsFresh();  // A gap is noticed here too, before anything came.
  const int64_t now = clock_->SteadyMs();
  // Only now: a wire hands out what one read brings in no order of subscriptions.
  if (doubting_ && (echoed_ || now >= doubt_until_)) doubting_ = false;
  last_turn_ = now;
}

}  // namespace lyceum::toolhost
