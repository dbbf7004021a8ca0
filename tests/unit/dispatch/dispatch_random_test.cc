// Anything in any order: every call ends once, and what the table counts stays true. And what a
// call costs: nothing is allocated for it.
#include "allocations.h"
#include "dispatch_table_vocabulary.h"
#include "support/seed.h"

namespace lyceum::dispatch {
namespace {

using Texts = std::vector<std::string>;

// Tool workers, a partition and a network that do anything, and a record of what became of calls.
class Storm {
 public:
  explicit Storm(uint64_t seed) : random_(seed), table_(Options(), seed) {
    for (const char* tool : {"a", "b", "c"}) tools_.push_back(table_.ToolNamed(tool));
    table_.Tick(now_);
  }
  static DispatchTable::Options Options() {
    DispatchTable::Options options;
    options.calls_max = 60;
    options.window_max = 16;
    return options;
  }

  void Step() {
    switch (Up(14)) {
      case 0:
      case 1:
        return Add();
      case 2:
      case 3:
      case 4:
      case 5:
        return Answer();
      case 6:
      case 7:
        return Beat();
      case 8:
      case 9:
        now_ += static_cast<int64_t>(Up(40));
        return table_.Tick(now_);
      case 10:
        return End();
      case 11:
        if (Up(20) == 0) table_.OnAgain(AnyCall(), now_);
        if (Up(40) == 0) table_.OnRefused(AnyCall(), now_);
        return;
      case 12:
        if (Up(50) == 0) table_.ForgiveSilence(now_);
        if (Up(400) == 0) now_ += 30'000;  // Stood still.
        return;
      default:
        if (Up(300) == 0) DropPartition();
    }
  }
  void DrainActions() {
    table_.DrainActions(&actions_);
    for (const Action& action : actions_) {
      if (const auto* send = std::get_if<SendRequest>(&action)) {
        ASSERT_TRUE(open_.contains(send->call));
        ASSERT_FALSE(failed_.contains(send->call));
        ASSERT_LE(now_, send->deadline_ms);
        ASSERT_GT(send->send, sends_[send->call]);
        sends_[send->call] = send->send;
        sent_.push_back(*send);
      } else if (const auto* failed = std::get_if<FailCall>(&action)) {
        ASSERT_TRUE(open_.contains(failed->call));
        ASSERT_TRUE(failed_.insert(failed->call).second) << "failed twice";
      }
    }
    ASSERT_EQ(table_.size(), open_.size());
    table_.CheckInvariants();
  }
  // Time alone ends whatever is left.
  void Finish() {
    for (int i = 0; i < 60'000 && failed_.size() < open_.size(); i += 100) {
      now_ += 100;
      table_.Tick(now_);
      DrainActions();
    }
    ASSERT_EQ(failed_.size(), open_.size()) << "a call that neither ended nor failed";
    for (const CallNumber call : open_) table_.OnEnded(call, true, now_);
    ASSERT_EQ(table_.size(), 0u);
    table_.CheckInvariants();
  }
  uint64_t added() const { return added_; }
  const DispatchTable::Counters& counters() const { return table_.counters(); }

 private:
  uint64_t Up(uint64_t below) { return random_() % below; }
  std::string WorkerName() { return "w" + std::to_string(Up(6)); }
  CallNumber AnyCall() {
    if (open_.empty() || Up(20) == 0) return random_();
    return *std::next(open_.begin(), static_cast<long>(Up(open_.size())));
  }
  void Add() {
    const std::string id = "3-" + std::to_string(Up(200)) + "-0";
    DispatchTable::NewCall call;
    call.id = id;
    call.partition = static_cast<uint16_t>(Up(4));
    call.tool = tools_[Up(tools_.size())];
    call.duration_ms = static_cast<int64_t>(Up(20'000));
    if (Up(3) == 0) call.deadline_cap_ms = static_cast<int64_t>(Up(10'000));
    const bool known = table_.Find(id) != 0;
    const CallNumber number = table_.Add(call, Up(4) == 0, now_);
    ASSERT_EQ(number == 0, known || open_.size() >= 60);
    if (number == 0) return;
    ASSERT_EQ(table_.Find(id), number);
    ASSERT_TRUE(open_.insert(number).second);
    partitions_[number] = call.partition;
    ++added_;
  }
  void Answer() {
    if (sent_.empty()) return;
    const size_t i = Up(3) == 0 ? Up(sent_.size()) : sent_.size() - 1;
    const SendRequest request = sent_[i];
    const std::string worker = request.to_worker.empty() ? WorkerName() : request.to_worker;
    switch (Up(7)) {
      case 0:
        return table_.OnBusy(request.call, request.send, now_);
      case 1:
        return table_.OnNoResponders(request.call, request.send, now_);
      case 2:
        return table_.OnNotSent(request.call, request.send, now_);
      case 3:
        break;  // Lost on the way.
      default:
        table_.OnAccepted(request.call, request.send, worker, now_);
    }
    sent_.erase(sent_.begin() + static_cast<long>(i));
    if (sent_.size() > 200) sent_.erase(sent_.begin());
  }
  void Beat() {
    DispatchTable::Heartbeat beat;
    beat.worker = WorkerName();
    for (const char* tool : {"a", "b", "c"}) {
      if (Up(4) != 0) beat.tools.push_back(tool);
    }
    beat.slots = static_cast<uint32_t>(Up(12));
    beat.free = static_cast<uint32_t>(Up(12));
    beat.protobuf = Up(2) == 0;
    beat.direct = Up(3) != 0;
    for (const CallNumber call : open_) {
      if (Up(5) == 0) beat.in_flight.push_back(*table_.IdOf(call));
    }
    table_.OnHeartbeat(beat, now_);
  }
  void End() {
    const CallNumber call = AnyCall();
    table_.OnEnded(call, Up(2) == 0, now_);
    open_.erase(call);
    failed_.erase(call);
    ASSERT_EQ(table_.IdOf(call), nullptr);
  }
  void DropPartition() {
    const auto dropped = static_cast<uint16_t>(Up(4));
    table_.DropPartition(dropped);
    for (auto it = open_.begin(); it != open_.end();) {
      const bool gone = partitions_[*it] == dropped;
      if (gone) failed_.erase(*it);
      it = gone ? open_.erase(it) : std::next(it);
    }
    // What it had still to say of them is void.
    table_.DrainActions(&actions_);
  }

  std::mt19937_64 random_;
  int64_t now_ = 1'000;
  DispatchTable table_;
  std::vector<DispatchTable::ToolNumber> tools_;
  std::set<CallNumber> open_, failed_;
  std::map<CallNumber, uint32_t> sends_;
  std::map<CallNumber, uint16_t> partitions_;
  std::vector<SendRequest> sent_;  // Those whose answer may still come.
  std::vector<Action> actions_;
  uint64_t added_ = 0;
};

TEST(DispatchRandomTest, WhateverHappensEveryCallEndsOnceAndTheCountsAreTrue) {
  const uint64_t seed = test::Seed();
  Storm storm(seed);
  for (int step = 0; step < 100'000; ++step) {
    storm.Step();
    storm.DrainActions();
    if (testing::Test::HasFatalFailure()) FAIL() << "seed " << seed << " step " << step;
  }
  storm.Finish();
  EXPECT_GT(storm.added(), 1'000u);
  EXPECT_GT(storm.counters().failed, 100u);
  EXPECT_GT(storm.counters().lost, 100u);
  EXPECT_GT(storm.counters().direct, 100u);
}

TEST(DispatchRandomTest, ACallAllocatesNothingOnceTheTableHasItsSize) {
  DispatchTable table({}, 1);
  const auto tool = table.ToolNamed("check_answer");
  int64_t now = 1'000;
  table.OnHeartbeat({"worker-1", {"check_answer"}, 20'000, 20'000, {}, true, true}, now);
  std::vector<Action> actions;
  std::deque<CallNumber> running;
  uint64_t sequence = 1'000'000;
  char id[64];
  const auto cycle = [&] {
    const int length = snprintf(id, sizeof id, "12r3-%llu-0", ++sequence + 0ull);  // No small text.
    table.Add({{id, static_cast<size_t>(length)}, 12, tool, 30'000}, false, now);
    table.DrainActions(&actions);
    for (const Action& action : actions) {
      const auto& send = std::get<SendRequest>(action);
      table.OnAccepted(send.call, send.send, "worker-1", now);
      running.push_back(send.call);
    }
    if (running.size() <= 2'000) return;
    table.OnEnded(running.front(), false, now);
    running.pop_front();
    if (sequence % 50 == 0) table.Tick(now += 1);
  };
  for (int i = 0; i < 40'000; ++i) cycle();
  const uint64_t before = test::Allocations();
  constexpr uint64_t kCycles = 40'000;
  for (uint64_t i = 0; i < kCycles; ++i) cycle();
  const uint64_t made = test::Allocations() - before;
  // The queue of this test itself allocates one block for 64 numbers.
  EXPECT_LE(made, kCycles / 64 + 8) << "for " << kCycles << " calls";
  EXPECT_EQ(table.size(), 2'000u);
}

}  // namespace
}  // namespace lyceum::dispatch
