#include "worker/service_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/log.h"

namespace lyceum::worker {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kStep{1'000};
constexpr milliseconds kStepUntilReady{50};  // A learner waits.
constexpr size_t kStatusBytesMax = 300;
constexpr int64_t kLongAgo = INT64_MIN / 2;

// The first reason, on one line.
std::string StatusOf(const std::vector<std::string>& why) {
  if (why.empty()) return "ready";
  std::string text = why.front().substr(0, kStatusBytesMax);
  std::replace(text.begin(), text.end(), '\n', ' ');
  if (why.size() > 1) text += fmt::format(" (and {} more)", why.size() - 1);
  return text;
}

}  // namespace

ServiceReport::ServiceReport(ServiceManager manager, FigureServer::Sources sources, int64_t now_ms)
    : manager_(std::move(manager)),
      sources_(std::move(sources)),
      ready_by_ms_(now_ms + kReadyMax.count()),
      told_ms_(kLongAgo),
      pinged_ms_(kLongAgo) {}

milliseconds ServiceReport::Wait() const {
  if (!manager_.present()) return kStep;
  if (!ready_) return kStepUntilReady;
  return manager_.watchdog().count() == 0
             ? kStep
             : std::clamp(manager_.watchdog() / 2, milliseconds(1), kStep);
}

void ServiceReport::Turn(int64_t now_ms) {
  if (!manager_.present()) return;
  if (!ready_ || now_ms - told_ms_ >= kStep.count()) TellState(now_ms);
  const int64_t half_ms = manager_.watchdog().count() / 2;
  // A step more would be too late.
  if (half_ms == 0 || now_ms - pinged_ms_ + Wait().count() <= half_ms) return;
  if (sources_.still_ms && sources_.still_ms() > half_ms) return;
  if (manager_.Tell("WATCHDOG=1")) pinged_ms_ = now_ms;
}

void ServiceReport::TellState(int64_t now_ms) {
  const auto why = sources_.not_ready ? sources_.not_ready() : std::vector<std::string>();
  const std::string status = StatusOf(why);
  const bool given_up = !why.empty() && now_ms >= ready_by_ms_;
  std::string lines;
  if (!ready_ && (why.empty() || given_up)) {
    lines = "READY=1\n";
  } else if (!ready_ && now_ms - told_ms_ >= kStep.count()) {
    lines = fmt::format("EXTEND_TIMEOUT_USEC={}\n", kPatience.count() * 1000);
  } else if (status == status_) {
    return;
  }
  if (!manager_.Tell(lines + "STATUS=" + status)) return;  // Told at the next turn.
  if (!ready_ && given_up) {
    LogWarn("not ready in time: it counts as started all the same", {{"why", status}});
  }
  ready_ = ready_ || lines.starts_with("READY");
  told_ms_ = now_ms;
  status_ = status;
}

void ServiceReport::Stopping() { (void)manager_.Tell("STOPPING=1\nSTATUS=stopping"); }

}  // namespace lyceum::worker
