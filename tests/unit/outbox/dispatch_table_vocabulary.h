// What the tests of the dispatch table share: a clock made by hand, and calls by number.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "outbox/dispatch_table.h"

namespace lyceum::outbox {

class DispatchTableTest : public ::testing::Test {
 protected:
  static constexpr int64_t kDeadline = 30'000;

  DispatchTableTest() : seed_(std::random_device{}()), table_(Options(), seed_) {
    RecordProperty("seed", std::to_string(seed_));
    table_.Tick(now_);
  }
  static DispatchTable::Options Options() {
    DispatchTable::Options options;
    options.calls_max = 10'000;
    return options;
  }
  static CallId Id(int n) { return CallId("00-" + std::to_string(n) + "-0"); }

  bool Add(int n, const std::string& tool = "check_answer", int64_t deadline = kDeadline) {
    return table_.Add({Id(n), 0, tool, deadline}, false, now_);
  }
  bool Find(int n, store::PartitionId partition = 0) {
    return table_.Add({Id(n), partition, "check_answer", kDeadline}, true, now_);
  }
  void Accept(int n, const std::string& worker) { table_.OnAccepted(Id(n), worker, now_); }
  void Beat(const std::string& worker, std::vector<int> running, uint32_t free = 0,
            uint32_t slots = 0) {
    DispatchTable::Heartbeat heartbeat{worker, {"check_answer"}, slots, free, {}};
    for (const int n : running) heartbeat.in_flight.push_back(Id(n));
    table_.OnHeartbeat(heartbeat, now_);
  }
  // Small steps, as the thread around it takes them.
  void Pass(int64_t ms) {
    const int64_t end = now_ + ms;
    while (now_ < end) {
      now_ = std::min({end, now_ + 100, std::max(now_ + 1, table_.NextTick())});
      table_.Tick(now_);
    }
  }
  // What came out, as text: "1#1" call 1 sent as attempt 1, "cancel 1 w", "fail 1 lost".
  std::vector<std::string> Out() {
    std::vector<std::string> out;
    for (const Action& action : table_.TakeActions()) {
      if (const auto* send = std::get_if<SendRequest>(&action)) {
        sends_[send->id] = send->send;
        out.push_back(Number(send->id) + "#" + std::to_string(send->attempt));
      } else if (const auto* cancel = std::get_if<CancelAt>(&action)) {
        out.push_back("cancel " + Number(cancel->id) + " " + cancel->worker);
      } else {
        const auto& failed = std::get<FailCall>(action);
        const char* why[] = {"lost", "deadline", "unavailable", "refused"};
        out.push_back("fail " + Number(failed.id) + " " + why[static_cast<int>(failed.why)]);
      }
    }
    return out;
  }
  static std::string Number(const CallId& id) { return id.value.substr(3, id.value.size() - 5); }
  void Busy(int n) { table_.OnBusy(Id(n), sends_[Id(n)], now_); }
  void Nobody(int n) { table_.OnNobody(Id(n), sends_[Id(n)], now_); }

  using Texts = std::vector<std::string>;
  const uint64_t seed_;
  int64_t now_ = 1'000;
  DispatchTable table_;
  std::map<CallId, uint32_t> sends_;
};

}  // namespace lyceum::outbox
