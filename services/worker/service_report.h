// ServiceReport: what a program tells systemd while it serves (Type=notify): ready, alive, and why not.
//
// READY=1 as soon as nothing keeps it from its work, as /readyz says; until then it asks for patience. A program
// that is not ready after kReadyMax (a partition is halted, say) counts as started all the same, and STATUS says
// why it is not ready: to be ended for it would take the partitions that it does serve from their learners.
// WATCHDOG=1 at twice the pace that is asked for, as long as each loop has turned within half of the time: a
// thread that pings while another one is stuck would tell nothing. Without a service manager nothing is asked.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/service_manager.h"
#include "worker/figure_server.h"

namespace lyceum::worker {

class ServiceReport {
 public:
  static constexpr std::chrono::milliseconds kReadyMax{300'000};
  static constexpr std::chrono::milliseconds kPatience{30'000};  // Asked for at a time.

  // Times: steady, in ms.
  ServiceReport(ServiceManager manager, FigureServer::Sources sources, int64_t now_ms);

  // Until the next Turn, at most.
  std::chrono::milliseconds Wait() const;
  void Turn(int64_t now_ms);
  void Stopping();

 private:
  void TellState(int64_t now_ms);

  const ServiceManager manager_;
  const FigureServer::Sources sources_;
  const int64_t ready_by_ms_;
  int64_t told_ms_;    // The state, last.
  int64_t pinged_ms_;  // Before the last one.
  bool ready_ = false;
  std::string status_;
};

}  // namespace lyceum::worker
