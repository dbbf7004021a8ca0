// bench_bare_tool under measure (bare_tool.cc), asked as a session worker asks and heard as a
// gateway hears, without looking into what it says.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "bench/asked_worker.h"
#include "support/process.h"
#include "support/stack.h"
#include "wire/connection.h"

namespace lyceum::bench {

class BareToolWorker : public AskedWorker {
 public:
  // `url`: where it posts. Returns when it takes requests.
  BareToolWorker(test::Stack& stack, const std::string& url);
  pid_t pid() const override { return process_.pid(); }

 private:
  void Ask() override;
  std::optional<Heard> HearUntil(Deadline deadline) override;
  size_t in_flight() const override { return said_.size(); }

  std::shared_ptr<wire::Connection> session_;  // As session_worker.
  std::shared_ptr<wire::Connection> gateway_;
  std::shared_ptr<wire::MessageBox> box_;
  std::vector<wire::Subscription> subscriptions_;
  std::string inbox_;
  uint64_t asked_ = 0;
  std::unordered_map<std::string, int> said_;  // Messages, by the number of a call in flight.
  test::Process process_;
};

}  // namespace lyceum::bench
