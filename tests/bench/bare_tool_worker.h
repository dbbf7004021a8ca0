// bench_bare_tool under measure (bare_tool.cc), without looking into what it says.
#pragma once

#include <string>
#include <unordered_set>

#include "bench/asked_worker.h"
#include "support/process.h"

namespace lyceum::bench {

class BareToolWorker : public AskedWorker {
 public:
  // `url`: where it posts. Returns when it takes requests.
  BareToolWorker(test::Stack& stack, const std::string& url);
  pid_t pid() const override { return process_.pid(); }

 private:
  void Ask() override;
  Heard Take(const wire::Message& message, bool delta) override;
  size_t in_flight() const override { return asked_now_.size(); }
  std::string log() const override { return process_.err(); }

  uint64_t asked_ = 0;
  std::unordered_set<std::string> asked_now_;  // And not answered yet.
  test::Process process_;
};

}  // namespace lyceum::bench
