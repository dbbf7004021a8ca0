// What the tests of the dispatch table share: a clock made by hand, and calls by number.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "dispatch/dispatch_table.h"

namespace lyceum::dispatch {

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
    return AddFor(n, deadline - now_, tool);
  }
  bool AddFor(int n, int64_t duration_ms, const std::string& tool = "check_answer",
              int64_t cap_ms = INT64_MAX) {
    const std::string id = Id(n).value;
    const CallNumber added =
        table_.Add({id, 0, table_.ToolNamed(tool), duration_ms, cap_ms}, false, now_);
    if (added != 0) numbers_[n] = added;
    return added != 0;
  }
  bool Find(int n, uint16_t partition = 0, int64_t duration_ms = kDeadline) {
    const std::string id = Id(n).value;
    const CallNumber added =
        table_.Add({id, partition, table_.ToolNamed("check_answer"), duration_ms}, true, now_);
    if (added != 0) numbers_[n] = added;
    return added != 0;
  }
  void Accept(int n, const std::string& worker) { Accept(n, worker, sends_[n]); }
  void Accept(int n, const std::string& worker, uint32_t send) {
    table_.OnAccepted(numbers_[n], send, worker, now_);
  }
  void End(int n, bool tell_worker = false) { table_.OnEnded(numbers_[n], tell_worker, now_); }
  void Beat(const std::string& worker, std::vector<int> running, uint32_t free = 0,
            uint32_t slots = 0) {
    DispatchTable::Heartbeat heartbeat{worker, {"check_answer"}, slots, free, {}, false, false};
    for (const int n : running) heartbeat.in_flight.push_back(Id(n));
    table_.OnHeartbeat(heartbeat, now_);
  }
  // One that can be asked alone.
  void BeatDirect(const std::string& worker, std::vector<int> running, uint32_t free,
                  uint32_t slots) {
    DispatchTable::Heartbeat heartbeat{worker, {"check_answer"}, slots, free, {}, true, true};
    for (const int n : running) heartbeat.in_flight.push_back(Id(n));
    table_.OnHeartbeat(heartbeat, now_);
  }
  // Small steps, as the loop around it takes them.
  void Pass(int64_t ms) {
    const int64_t end = now_ + ms;
    while (now_ < end) {
      now_ = std::min({end, now_ + 100, std::max(now_ + 1, table_.NextTick())});
      table_.Tick(now_);
    }
  }
  // What came out, as text: "1#1" call 1 sent as attempt 1, "1#1>w" straight to w, "cancel 1 w",
  // "fail 1 lost".
  std::vector<std::string> Out() {
    std::vector<std::string> out;
    std::vector<Action> actions;
    table_.DrainActions(&actions);
    for (const Action& action : actions) {
      if (const auto* send = std::get_if<SendRequest>(&action)) {
        const int n = NumberOf(*table_.IdOf(send->call));
        sends_[n] = send->send;
        out.push_back(std::to_string(n) + "#" + std::to_string(send->attempt) +
                      (send->to_worker.empty() ? "" : ">" + send->to_worker));
      } else if (const auto* cancel = std::get_if<CancelCall>(&action)) {
        out.push_back("cancel " + std::to_string(NumberOf(cancel->id)) + " " + cancel->worker);
      } else {
        const auto& failed = std::get<FailCall>(action);
        const char* why[] = {"lost", "deadline", "unavailable", "refused", "bad_result"};
        out.push_back("fail " + std::to_string(NumberOf(*table_.IdOf(failed.call))) + " " +
                      why[static_cast<int>(failed.why)]);
      }
    }
    table_.CheckInvariants();
    return out;
  }
  static int NumberOf(const CallId& id) { return std::stoi(id.value.substr(3)); }
  void Busy(int n) { table_.OnBusy(numbers_[n], sends_[n], now_); }
  void Nobody(int n) { table_.OnNoResponders(numbers_[n], sends_[n], now_); }

  using Texts = std::vector<std::string>;
  const uint64_t seed_;
  int64_t now_ = 1'000;
  DispatchTable table_;
  std::map<int, CallNumber> numbers_;
  std::map<int, uint32_t> sends_;  // The last send of each that came out.
};

}  // namespace lyceum::dispatch
