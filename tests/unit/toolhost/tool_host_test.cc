// The host on the in-memory twin of NATS, under a clock that is turned by hand.
#include "toolhost/tool_host.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "base/manual_clock.h"
#include "support/eventually.h"
#include "support/seed.h"
#include "tutor/names.h"
#include "wire/memory_broker.h"

namespace lyceum::toolhost {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using tutor::Tool;

constexpr seconds kWait{10};

// What other threads post waits here for the test's thread.
class Posted final : public Executor {
 public:
  void Post(std::function<void()> task) override {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  void Run() {
    std::deque<std::function<void()>> tasks;
    {
      const std::lock_guard lock(mutex_);
      tasks.swap(tasks_);
    }
    for (auto& task : tasks) task();
  }

 private:
  std::mutex mutex_;
  std::deque<std::function<void()>> tasks_;
};

class Host : public ::testing::Test {
 protected:
  Host() : broker_(&clock_, Options()), host_wire_(broker_.Connect()), session_(broker_.Connect()) {
    broker_.AddStream({.name = "RESULTS", .subjects = {"lyceum.p.*.tool.*"}});
  }
  ~Host() override {
    if (host_ == nullptr) return;
    LetGo();
    host_->Stop();
    EXPECT_TRUE(UntilReal([&] { return host_->jobs() == 0; }));
  }
  static wire::MemoryBroker::Options Options() {
    wire::MemoryBroker::Options options;
    options.seed = test::Seed();
    return options;
  }

  void Start(size_t slots, Toolbox box) {
    host_ = std::make_unique<ToolHost>(
        ToolHost::Doors{.wire = host_wire_.get(), .clock = &clock_, .executor = &posted_},
        std::move(box), HostOptions{.id = "w1", .slots = slots});
    ASSERT_TRUE(Until([&] { return host_->joined() && session_->connected(); }));
    inbox_ = session_->NewInbox();
    ASSERT_TRUE(session_->Subscribe(inbox_ + ".*", "", [this](const wire::Arrived& message) {
      const auto ack = envelope::DecodeToolAck(
          message.data, envelope::EncodingOf(message.content_type, message.data));
      ASSERT_TRUE(ack);
      acks_[ack->id.value] = ack->accepted ? "accepted" : "busy";
    }));
    ASSERT_TRUE(
        session_->Subscribe(subjects_.AllHeartbeats(), "", [this](const wire::Arrived& message) {
          beats_.emplace_back(
              clock_.SteadyMs(),
              *envelope::DecodeToolHeartbeat(message.data, envelope::EncodingOf({}, message.data)));
        }));
    Run(1000);
  }
  // A tool that runs, in whichever thread, until LetGo.
  ToolFunction Blocking() {
    return [this](const ToolCall&) -> tutor::ToolOutcome {
      std::unique_lock lock(mutex_);
      ++inside_;
      open_.wait_for(lock, kWait, [&] { return let_go_; });
      return tutor::GiveHintOk{1, 1, "done", true};
    };
  }
  void LetGo() {
    {
      const std::lock_guard lock(mutex_);
      let_go_ = true;
    }
    open_.notify_all();
  }
  size_t inside() {
    const std::lock_guard lock(mutex_);
    return inside_;
  }
  static Toolbox Box(ToolFunction hint, IsShort is_short = {}) {
    Toolbox box;
    box.Add(Tool::kGiveHint, std::move(hint), std::move(is_short));
    return box;
  }

  // One turn of the loop, and the next event or deadline, whichever comes first.
  void Turn(int64_t until_us) {
    posted_.Run();
    host_->Turn();
    broker_.FlushAll();
    const int64_t due_us = std::min(until_us, host_->NextMs() * 1000);
    if (broker_.NextEventUs() <= due_us) {
      broker_.Step();
    } else {
      clock_.AdvanceToUs(std::max(clock_.NowUs(), due_us));
    }
  }
  bool Until(const std::function<bool()>& condition, int64_t ms = 10'000) {
    const int64_t until_us = clock_.NowUs() + ms * 1000;
    while (!condition()) {
      if (clock_.NowUs() >= until_us) return false;
      Turn(until_us);
    }
    return true;
  }
  void Run(int64_t ms) {
    Until([] { return false; }, ms);
  }
  // Where threads have to come to something.
  bool UntilReal(const std::function<bool()>& condition) {
    return test::Eventually(kWait, [&] {
      Turn(clock_.NowUs() + 1000);
      return condition();
    });
  }

  void Publish(const std::string& subject, const std::string& id, size_t padding = 0) {
    envelope::ToolRequest request;
    request.id = CallId(id);
    request.tool = Tool::kGiveHint;
    request.user = UserId("ada");
    request.deadline_ms = clock_.UnixMs() + 60'000;
    request.reply_subject = "lyceum.in.tool.ada";
    tutor::GiveHintArgs args;
    args.ref = {CourseId("c"), "v", TopicId("t")};
    args.question.id = QuestionId("q");
    args.question.text = "?" + std::string(padding, '?');
    request.args = args;
    ASSERT_TRUE(session_->Publish(
        {.subject = subject,
         .reply = inbox_ + ".1",
         .data = envelope::EncodeToolRequest(request, envelope::Encoding::kProtobuf)}));
    session_->Flush();
  }
  void Ask(const std::string& id, size_t padding = 0) {
    Publish(subjects_.ToolRequests("give_hint"), id, padding);
  }
  void AskDirectly(const std::string& id) {
    Publish(subjects_.ToolRequestsTo("give_hint", "w1"), id);
  }
  size_t Stored() const { return broker_.Stored("RESULTS").size(); }

  ManualClock clock_;
  wire::MemoryBroker broker_;
  std::unique_ptr<wire::MemoryWire> host_wire_, session_;
  Posted posted_;
  envelope::Subjects subjects_ = envelope::Subjects();
  std::string inbox_;
  std::map<std::string, std::string> acks_;
  std::vector<std::pair<int64_t, envelope::ToolHeartbeat>> beats_;

  std::mutex mutex_;
  std::condition_variable open_;
  size_t inside_ = 0;  // Guarded by mutex_, as the next.
  bool let_go_ = false;

  std::unique_ptr<ToolHost> host_;
};

TEST_F(Host, AHeartbeatSaysWhatItCan) {
  Start(3, Box(Blocking()));
  ASSERT_FALSE(beats_.empty());
  const envelope::ToolHeartbeat& beat = beats_.back().second;
  EXPECT_EQ(beat.worker, "w1");
  EXPECT_EQ(beat.slots, 3U);
  EXPECT_EQ(beat.free, 3U);
  EXPECT_TRUE(beat.protobuf);
  EXPECT_TRUE(beat.direct);
}

TEST_F(Host, ToolsThatBlockInEverySlotDelayNoHeartbeat) {
  constexpr size_t kSlots = 256;
  Start(kSlots, Box(Blocking()));
  for (size_t i = 0; i < kSlots; ++i) Ask("0-" + std::to_string(i) + "-0");
  ASSERT_TRUE(UntilReal([&] { return inside() == kSlots; }));
  beats_.clear();
  Run(5'000);
  ASSERT_GE(beats_.size(), 9U);
  for (size_t i = 1; i < beats_.size(); ++i) {
    EXPECT_LE(beats_[i].first - beats_[i - 1].first, 550) << i;
    EXPECT_EQ(beats_[i].second.free, 0U);
    EXPECT_EQ(beats_[i].second.in_flight.size(), kSlots);
  }
  EXPECT_LE(host_->counters().heartbeat_late_ms_max, 50);
  LetGo();
  EXPECT_TRUE(UntilReal([&] { return Stored() == kSlots; }));
}

TEST_F(Host, ARequestToItAloneIsServedAndAnsweredBusyWhereItIsFull) {
  Start(1, Box(Blocking()));
  AskDirectly("0-1-0");
  ASSERT_TRUE(Until([&] { return acks_["0-1-0"] == "accepted"; }));
  Run(200);  // It has left the queue group.
  EXPECT_FALSE(host_->joined());
  AskDirectly("0-2-0");
  EXPECT_TRUE(Until([&] { return acks_["0-2-0"] == "busy"; }));
  LetGo();
  EXPECT_TRUE(UntilReal([&] { return Stored() == 1; }));
  EXPECT_TRUE(Until([&] { return host_->joined(); }));
}

TEST_F(Host, AShortToolRunsWhereItsRequestWasReadAndALongInputDoesNot) {
  std::mutex mutex;
  std::vector<bool> here;
  const auto loop = std::this_thread::get_id();
  bool is_short = true;
  Start(4, Box(
               [&](const ToolCall&) -> tutor::ToolOutcome {
                 const std::lock_guard lock(mutex);
                 here.push_back(std::this_thread::get_id() == loop);
                 return tutor::GiveHintOk{1, 1, "done", true};
               },
               [&is_short](const ToolCall&) { return is_short; }));
  Ask("0-1-0");
  ASSERT_TRUE(UntilReal([&] { return Stored() == 1; }));
  Ask("0-2-0", Toolbox::kShortInputBytes);
  ASSERT_TRUE(UntilReal([&] { return Stored() == 2; }));
  is_short = false;
  Ask("0-3-0");
  ASSERT_TRUE(UntilReal([&] { return Stored() == 3; }));
  const std::lock_guard lock(mutex);
  EXPECT_EQ(here, (std::vector<bool>{true, false, false}));
}

// The requests have gone elsewhere long ago, and the server lets nobody answer them any more.
TEST_F(Host, WhatCameWhileTheProcessStoodStillIsNeitherAnsweredNorRun) {
  Start(4, Box(Blocking()));
  Ask("0-1-0");
  AskDirectly("0-2-0");
  clock_.AdvanceMs(10'000);
  ASSERT_TRUE(Until([&] { return host_->counters().stale == 2; }));
  Run(2'000);
  EXPECT_TRUE(acks_.empty());
  EXPECT_EQ(host_->jobs(), 0U);
  Ask("0-3-0");
  EXPECT_TRUE(Until([&] { return acks_["0-3-0"] == "accepted"; })) << "it trusts again";
  LetGo();
  EXPECT_TRUE(UntilReal([&] { return Stored() == 1; }));
}

TEST_F(Host, ARefusedResultIsCountedAndEndsTheCall) {
  Start(1, Box(Blocking()));
  Ask("0-1-0");
  ASSERT_TRUE(Until([&] { return acks_["0-1-0"] == "accepted"; }));
  ASSERT_TRUE(session_->Publish(
      {.subject = subjects_.ToolControl("w1"),
       .data = envelope::EncodeToolRefused({CallId("0-1-0"), "no such question"})}));
  EXPECT_TRUE(Until([&] { return host_->counters().results_refused == 1; }));
  EXPECT_EQ(host_->counters().cancelled, 1U);
  LetGo();
  EXPECT_TRUE(UntilReal([&] { return host_->jobs() == 0; }));
  EXPECT_EQ(Stored(), 0U);
}

TEST_F(Host, ANewConnectionIsSubscribedToAndResultsGoOutAgain) {
  Start(2, Box(Blocking()));
  Ask("0-1-0");
  ASSERT_TRUE(Until([&] { return acks_["0-1-0"] == "accepted"; }));
  broker_.Disconnect(host_wire_->client());
  ASSERT_TRUE(Until([&] { return !host_wire_->connected(); }));
  LetGo();
  EXPECT_TRUE(UntilReal([&] { return Stored() == 1; }));
  EXPECT_TRUE(Until([&] { return host_->joined(); }));
  Ask("0-2-0");
  EXPECT_TRUE(UntilReal([&] { return Stored() == 2; }));
}

TEST_F(Host, DrainingAnswersBusyAndEndsWhenAllIsAcked) {
  Start(2, Box(Blocking()));
  Ask("0-1-0");
  ASSERT_TRUE(Until([&] { return acks_["0-1-0"] == "accepted"; }));
  host_->Drain();
  Run(600);
  EXPECT_FALSE(host_->drained());
  EXPECT_FALSE(host_->joined());
  EXPECT_TRUE(beats_.back().second.draining);
  AskDirectly("0-2-0");
  EXPECT_TRUE(Until([&] { return acks_["0-2-0"] == "busy"; }));
  LetGo();
  EXPECT_TRUE(UntilReal([&] { return host_->drained(); }));
  EXPECT_EQ(Stored(), 1U);
}

}  // namespace
}  // namespace lyceum::toolhost
