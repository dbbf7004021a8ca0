// The tool worker on a real server: the protocol with the dispatcher, tool by hand.
#include "toolhost/tool_worker.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <iterator>
#include <map>
#include <mutex>

#include "base/timers.h"
#include "support/eventually.h"
#include "support/lateness.h"
#include "support/nats_server.h"
#include "tutor/names.h"
#include "wire/jetstream.h"

namespace lyceum::toolhost {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using tutor::Tool;

constexpr seconds kWait{10};

// A tool that runs until it is let go.
class Gate {
 public:
  void Enter() {
    std::unique_lock lock(mutex_);
    ++inside_;
    open_.wait_for(lock, kWait, [&] { return let_go_ > 0; });
    --let_go_;
    ++left_;
  }
  void LetGo(int count = 1) {
    {
      std::lock_guard lock(mutex_);
      let_go_ += count;
    }
    open_.notify_all();
  }
  int entered() {
    std::lock_guard lock(mutex_);
    return inside_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable open_;
  int inside_ = 0, let_go_ = 0, left_ = 0;
};

class Worker : public ::testing::Test {
 protected:
  Worker()
      : server_({.roles = false, .jetstream = true}),
        nats_(server_.Connect("")),
        gate_(std::make_shared<Gate>()),
        beats_(std::make_shared<wire::MessageBox>(4096)),
        acks_(std::make_shared<wire::MessageBox>(4096)) {}

  void SetUp() override {
    wire::StreamConfig log;
    log.name = "RESULTS";
    log.subjects = {"lyceum.in.tool.*"};
    ASSERT_TRUE(wire::EnsureStream(*nats_, log));
    for (const auto& [subject, box] : {std::pair{subjects_.AllHeartbeats(), beats_},
                                       std::pair{inbox_ = nats_->NewInbox(), acks_}}) {
      auto subscription = nats_->Subscribe(subject, "", box, 0);
      ASSERT_TRUE(subscription);
      subscriptions_.push_back(std::move(*subscription));
    }
  }

  void Start(size_t slots, ToolFunction hint = nullptr) {
    Toolbox box;
    if (hint == nullptr) {
      hint = [gate = gate_](const auto&) {
        gate->Enter();
        return tutor::GiveHintOk{1, 1, "done", true};
      };
    }
    box.Add(Tool::kGiveHint, std::move(hint));
    Start(slots, std::move(box));
  }
  void Start(size_t slots, Toolbox box) {
    auto worker = ToolWorker::Start(
        server_.options_for(""), std::move(box),
        {.host = {
             .subjects = subjects_, .id = "w1", .slots = slots, .heartbeat = milliseconds(50)}});
    ASSERT_TRUE(worker) << worker.error().text;
    worker_ = std::move(*worker);
    ASSERT_TRUE(Beats([](const auto& beat) { return beat.free > 0; }));
    ASSERT_TRUE(nats_->Flush(kWait));
  }

  envelope::ToolRequest Request(const std::string& id) const {
    envelope::ToolRequest request;
    request.id = CallId(id);
    request.tool = Tool::kGiveHint;
    request.user = UserId("ada");
    request.deadline_ms = UnixMs() + 60'000;
    request.reply_subject = "lyceum.in.tool.ada";
    tutor::GiveHintArgs args;
    args.ref = {CourseId("c"), "v", TopicId("t")};
    args.question.id = QuestionId("q");
    args.question.text = "?";
    request.args = args;
    return request;
  }
  // Sends until somebody is subscribed, and says what the answer is: the worker may just be
  // rejoining.
  std::string Dispatch(const envelope::ToolRequest& request) {
    return DispatchBytes(envelope::EncodeToolRequest(request, envelope::Encoding::kJson));
  }
  std::string DispatchBytes(const std::string& bytes) {
    wire::Message message;
    message.subject = subjects_.ToolRequests("give_hint");
    message.data = bytes;
    auto answer = nats_->Request(message, milliseconds(3000));
    if (!answer) return answer.error().fault == Fault::kReject ? "nobody" : "silence";
    const auto ack = envelope::DecodeToolAck(
        answer->data, envelope::EncodingOf(answer->header("Content-Type"), answer->data));
    if (!ack) return ack.error().text;
    return ack->accepted ? "accepted by " + ack->worker : "busy";
  }
  bool DispatchUntilAccepted(const envelope::ToolRequest& request) {
    return test::Eventually(kWait, [&] { return Dispatch(request) == "accepted by w1"; });
  }
  void Cancel(const std::string& id) {
    wire::Message message;
    message.subject = subjects_.ToolControl("w1");
    message.data = envelope::EncodeToolCancel(CallId(id));
    ASSERT_TRUE(nats_->Publish(message));
    ASSERT_TRUE(nats_->Flush(kWait));
  }
  // True as soon as a heartbeat comes for which it holds.
  bool Beats(const std::function<bool(const envelope::ToolHeartbeat&)>& holds) {
    const Deadline deadline = In(kWait);
    while (auto message = beats_->Pop(deadline)) {
      const auto beat = envelope::DecodeToolHeartbeat(
          message->data, envelope::EncodingOf(message->header("Content-Type"), message->data));
      if (beat && holds(*beat)) return true;
    }
    return false;
  }
  bool Refused(const Toolbox& box, HostOptions options) {
    const auto started = ToolWorker::Start(server_.options_for(""), box, {.host = options});
    return !started && started.error().fault == Fault::kReject;
  }
  uint64_t Stored() {
    auto info = wire::GetStream(*nats_, "RESULTS");
    return info && *info ? (*info)->messages : 0;
  }
  std::string StoredOutcome(uint64_t sequence) {
    auto message = wire::GetMessage(*nats_, "RESULTS", sequence);
    if (!message || !*message) return "nothing";
    const auto event = envelope::DecodeEvent((*message)->data, envelope::Encoding::kProtobuf,
                                             envelope::RecordClass::kTool);
    if (!event) return event.error().text;
    EXPECT_EQ((*message)->header("Nats-Msg-Id"), event->event.id.value);
    const auto& reply = std::get<tutor::ToolResult>(event->event.kind).reply;
    EXPECT_EQ(reply.worker, "w1");
    const auto* error = std::get_if<tutor::ToolError>(&reply.outcome);
    return reply.call.value + " " + (error == nullptr ? "ok" : error->code);
  }

  test::NatsServer server_;
  std::shared_ptr<wire::Connection> nats_;
  envelope::Subjects subjects_;
  std::string inbox_;
  std::shared_ptr<Gate> gate_;
  std::shared_ptr<wire::MessageBox> beats_, acks_;
  std::vector<wire::Subscription> subscriptions_;
  std::unique_ptr<ToolWorker> worker_;
};

Task<ToolAnswer> UntilStopped(Timers& timers, std::stop_token stop) {
  co_await timers.Until(In(kWait), std::move(stop));
  co_return tutor::GiveHintOk{1, 1, "done", true};
}

ptrdiff_t Threads() {
  const std::filesystem::directory_iterator threads("/proc/self/task");
  return std::distance(begin(threads), end(threads));
}

TEST_F(Worker, ACallThatWaitsHoldsNoThread) {
  constexpr size_t kCalls = 64;
  Toolbox box;
  box.AddTask(Tool::kGiveHint, [timers = std::make_shared<Timers>()](const ToolCall& call) {
    return UntilStopped(*timers, call.stop);
  });
  Start(kCalls, std::move(box));
  ASSERT_EQ(Dispatch(Request("0-0-0")), "accepted by w1");
  const ptrdiff_t threads = Threads();
  for (size_t i = 1; i < kCalls; ++i) {
    ASSERT_EQ(Dispatch(Request("0-" + std::to_string(i) + "-0")), "accepted by w1");
  }
  EXPECT_TRUE(Beats([](const auto& beat) { return beat.in_flight.size() == kCalls; }));
  EXPECT_EQ(Threads(), threads);
  // All of them hear that nobody waits any more.
  const auto begun = Steady::now();
  worker_.reset();
  EXPECT_LT(Steady::now() - begun, kWait / 2);
}

TEST_F(Worker, ACallIsAcceptedRunListedAndAnswered) {
  Start(2);
  ASSERT_EQ(Dispatch(Request("0-1-0")), "accepted by w1");
  EXPECT_TRUE(Beats([](const auto& beat) {
    return beat.in_flight == std::vector<CallId>{CallId("0-1-0")} && beat.slots == 2 &&
           beat.free == 1 && beat.tools == std::vector<std::string>{"give_hint"};
  }));
  EXPECT_EQ(Stored(), 0U);
  gate_->LetGo();
  ASSERT_TRUE(test::Eventually(kWait, [&] { return Stored() == 1; }));
  EXPECT_EQ(StoredOutcome(1), "0-1-0 ok");
  EXPECT_TRUE(Beats([](const auto& beat) { return beat.in_flight.empty() && beat.free == 2; }));
}

TEST_F(Worker, AFullWorkerLeavesTheQueueGroupAndComesBack) {
  Start(1);
  ASSERT_EQ(Dispatch(Request("0-1-0")), "accepted by w1");
  ASSERT_TRUE(test::Eventually(kWait, [&] { return gate_->entered() == 1; }));
  ASSERT_TRUE(test::Eventually(kWait, [&] {
    const std::string answer = Dispatch(Request("0-2-0"));
    EXPECT_TRUE(answer == "busy" || answer == "nobody" || answer == "silence") << answer;
    return answer == "nobody";
  }));
  gate_->LetGo(2);
  EXPECT_TRUE(DispatchUntilAccepted(Request("0-2-0")));
  EXPECT_TRUE(test::Eventually(kWait, [&] { return Stored() == 2; }));
}

TEST_F(Worker, TheSameCallAgainIsAcceptedAndNotRunTwice) {
  Start(2);
  ASSERT_EQ(Dispatch(Request("0-1-0")), "accepted by w1");
  ASSERT_EQ(Dispatch(Request("0-1-0")), "accepted by w1");
  gate_->LetGo();
  ASSERT_TRUE(test::Eventually(kWait, [&] { return Stored() == 1; }));
  ASSERT_TRUE(Beats([](const auto& beat) { return beat.in_flight.empty() && beat.free == 2; }));
  ASSERT_EQ(Dispatch(Request("0-1-0")), "accepted by w1");
  ASSERT_TRUE(test::Eventually(kWait, [&] { return worker_->counters().results == 2; }))
      << "the result was sent again";
  EXPECT_EQ(gate_->entered(), 1);
  EXPECT_EQ(worker_->counters().repeated, 2U);
  EXPECT_EQ(Stored(), 1U) << "the server dropped the repeat";
}

TEST_F(Worker, ACancelledCallHasNoResult) {
  Start(1);
  ASSERT_EQ(Dispatch(Request("0-1-0")), "accepted by w1");
  ASSERT_TRUE(test::Eventually(kWait, [&] { return gate_->entered() == 1; }));
  Cancel("0-1-0");
  ASSERT_TRUE(Beats([](const auto& beat) { return beat.in_flight.empty() && beat.free == 0; }))
      << "its slot is not free before the tool ends";
  gate_->LetGo(2);
  ASSERT_TRUE(DispatchUntilAccepted(Request("0-2-0")));
  ASSERT_TRUE(test::Eventually(kWait, [&] { return Stored() == 1; }));
  EXPECT_EQ(StoredOutcome(1), "0-2-0 ok");
  EXPECT_EQ(worker_->counters().cancelled, 1U);
}

TEST_F(Worker, ACancelStopsTheToolAndFreesItsSlot) {
  Start(1, [gate = gate_](const ToolCall& call) -> tutor::ToolOutcome {
    const std::stop_callback stopped(call.stop, [&] { gate->LetGo(); });
    gate->Enter();
    return tutor::GiveHintOk{1, 1, "done", true};
  });
  ASSERT_EQ(Dispatch(Request("0-1-0")), "accepted by w1");
  ASSERT_TRUE(test::Eventually(kWait, [&] { return gate_->entered() == 1; }));
  Cancel("0-1-0");
  ASSERT_TRUE(Beats([](const auto& beat) { return beat.in_flight.empty() && beat.free == 1; }))
      << "nobody let it go but the cancel";
  EXPECT_EQ(worker_->counters().cancelled, 1U);
  EXPECT_EQ(Stored(), 0U);
}

TEST_F(Worker, WhatAToolSaysWhileItWorksGoesToTheClient) {
  auto heard = std::make_shared<wire::MessageBox>(64);
  auto subscription = nats_->Subscribe("lyceum.out.*", "", heard, 0);
  ASSERT_TRUE(subscription);
  Start(2, [](const ToolCall& call) -> ToolAnswer {
    if (call.stream == nullptr) return ToolErrorOf("nobody", false, "Nobody listens.");
    call.stream->Add("A hint.");
    ToolAnswer answer = tutor::GiveHintOk{1, 1, "A hint.", true};
    answer.provider = "claude";
    answer.model = "m";
    answer.usage = {7, 8, 9};
    answer.degraded = true;
    answer.attempts = 3;
    answer.fallbacks = 1;
    answer.first_text_ms = 12;
    return answer;
  });
  envelope::ToolRequest request = Request("0-1-0");
  request.stream_subject = "lyceum.out.c1";
  request.stream_json = true;
  ASSERT_TRUE(DispatchUntilAccepted(request));
  const auto message = heard->Pop(In(kWait));
  ASSERT_TRUE(message);
  EXPECT_EQ(message->subject, "lyceum.out.c1");
  EXPECT_EQ(message->data,
            R"({"user":"ada","delta":{"request_id":"0-1-0","attempt":1,"text":"A hint."}})");
  ASSERT_TRUE(test::Eventually(kWait, [&] { return Stored() == 1; }));
  auto stored = wire::GetMessage(*nats_, "RESULTS", 1);
  ASSERT_TRUE(stored && *stored);
  const auto event = envelope::DecodeEvent((*stored)->data, envelope::Encoding::kProtobuf,
                                           envelope::RecordClass::kTool);
  ASSERT_TRUE(event);
  const auto& reply = std::get<tutor::ToolResult>(event->event.kind).reply;
  EXPECT_EQ(reply.provider, "claude");
  EXPECT_EQ(reply.model, "m");
  EXPECT_EQ(reply.input_tokens, 7U);
  EXPECT_EQ(reply.cached_tokens, 9U);
  EXPECT_TRUE(reply.degraded);
  EXPECT_EQ(reply.attempts_made, 3U);
  EXPECT_EQ(reply.fallbacks, 1U);
  EXPECT_EQ(reply.first_text_ms, 12U);
  EXPECT_EQ(worker_->counters().attempts, 3U);
  EXPECT_EQ(worker_->counters().degraded, 1U);
  EXPECT_EQ(worker_->counters().deltas, 1U);
}

TEST_F(Worker, NoDeltaGoesWhereNoClientListens) {
  Start(1, [](const ToolCall& call) -> tutor::ToolOutcome {
    if (call.stream == nullptr) return ToolErrorOf("nobody", false, "Nobody listens.");
    return tutor::GiveHintOk{1, 1, "A hint.", true};
  });
  uint64_t n = 0;
  for (const char* subject : {"", "lyceum.in.admin.ada", "lyceum.out", "lyceum.out.a.b", "evil.c1",
                              "lyceum.out.*", "lyceum.out.a b"}) {
    envelope::ToolRequest request = Request("0-" + std::to_string(++n) + "-0");
    request.stream_subject = subject;
    ASSERT_TRUE(DispatchUntilAccepted(request)) << subject;
    ASSERT_TRUE(test::Eventually(kWait, [&] { return Stored() == n; }));
    EXPECT_EQ(StoredOutcome(n), "0-" + std::to_string(n) + "-0 nobody") << subject;
  }
}

TEST_F(Worker, AToolThatFailsOrIsLateAnswersWithAnError) {
  Start(1, [](const ToolCall& call) -> tutor::ToolOutcome {
    if (call.request.attempt == 2) throw std::runtime_error("boom");
    return tutor::GiveHintOk{};
  });
  envelope::ToolRequest throws = Request("0-1-0");
  throws.attempt = 2;
  ASSERT_TRUE(DispatchUntilAccepted(throws));
  envelope::ToolRequest late = Request("0-2-0");
  late.deadline_ms = UnixMs() - 1;
  ASSERT_TRUE(DispatchUntilAccepted(late));
  ASSERT_TRUE(test::Eventually(kWait, [&] { return Stored() == 2; }));
  EXPECT_EQ(StoredOutcome(1), "0-1-0 tool_failed");
  EXPECT_EQ(StoredOutcome(2), "0-2-0 deadline");
}

TEST_F(Worker, ABadRequestIsAnsweredWhereItCanBe) {
  Start(2);
  envelope::ToolRequest elsewhere = Request("0-1-0");
  elsewhere.reply_subject = "lyceum.in.tool.bob";
  ASSERT_EQ(Dispatch(elsewhere), "accepted by w1");
  ASSERT_EQ(DispatchBytes(R"({"id":"0-2-0","user":"ada","tool":"give_hint","args":7})"),
            "accepted by w1");
  ASSERT_TRUE(test::Eventually(kWait, [&] { return Stored() == 2; }));
  EXPECT_EQ(StoredOutcome(1), "0-1-0 bad_request");
  EXPECT_EQ(StoredOutcome(2), "0-2-0 bad_request");
  wire::Message garbage;
  garbage.subject = subjects_.ToolRequests("give_hint");
  garbage.data = std::string("\xff\x00\x17", 3);
  ASSERT_TRUE(nats_->Publish(garbage));
  ASSERT_TRUE(test::Eventually(kWait, [&] { return worker_->counters().unreadable == 2; }));
  EXPECT_EQ(gate_->entered(), 0);
}

TEST_F(Worker, DrainingTakesNoMoreAndFinishesWhatRuns) {
  Start(2);
  ASSERT_EQ(Dispatch(Request("0-1-0")), "accepted by w1");
  ASSERT_TRUE(test::Eventually(kWait, [&] { return gate_->entered() == 1; }));
  EXPECT_FALSE(worker_->Drain(In(milliseconds(100)))) << "one is running";
  EXPECT_TRUE(Beats([](const auto& beat) {
    return beat.draining && beat.free == 0 && beat.in_flight.size() == 1;
  }));
  EXPECT_TRUE(test::Eventually(kWait, [&] { return Dispatch(Request("0-2-0")) == "nobody"; }));
  gate_->LetGo();
  EXPECT_TRUE(worker_->Drain(In(kWait)));
  EXPECT_EQ(StoredOutcome(1), "0-1-0 ok");
}

TEST_F(Worker, AResultSurvivesTheServersRestart) {
  Start(1);
  ASSERT_EQ(Dispatch(Request("0-1-0")), "accepted by w1");
  ASSERT_TRUE(test::Eventually(kWait, [&] { return gate_->entered() == 1; }));
  server_.Kill9();
  gate_->LetGo();
  ASSERT_TRUE(test::Eventually(kWait, [&] { return worker_->counters().accepted == 1; }));
  server_.Restart();
  EXPECT_TRUE(test::Eventually(seconds(30), [&] { return Stored() == 1; }));
  EXPECT_EQ(StoredOutcome(1), "0-1-0 ok");
}

TEST_F(Worker, ToolsThatBlockInEverySlotDelayNoHeartbeat) {
  constexpr int kSlots = 256, kBeats = 20;
  Start(kSlots);
  const test::Lateness machine;
  for (int i = 0; i < kSlots; ++i) {
    ASSERT_EQ(Dispatch(Request("0-" + std::to_string(i) + "-0")), "accepted by w1");
  }
  ASSERT_TRUE(test::Eventually(kWait, [&] { return gate_->entered() == kSlots; }));
  int beats = 0;
  ASSERT_TRUE(Beats([&](const auto& beat) { return beat.free == 0 && ++beats == kBeats; }));
  EXPECT_LE(worker_->counters().heartbeat_late_ms_max, 50 + machine.ms_max());
  gate_->LetGo(kSlots);
  EXPECT_TRUE(test::Eventually(kWait, [&] { return Stored() == kSlots; }));
}

// SIGSTOP is for a whole process; what the host sees of it is a loop that makes no turn.
TEST_F(Worker, AToolThatKeepsTheLoopIsTold) {
  std::atomic<int> stuck = 0;
  Toolbox box;
  box.Add(
      Tool::kGiveHint,
      [gate = gate_](const ToolCall&) -> tutor::ToolOutcome {
        gate->Enter();
        return tutor::GiveHintOk{1, 1, "done", true};
      },
      [](const ToolCall&) { return true; });
  auto worker = ToolWorker::Start(
      server_.options_for(""), std::move(box),
      {.host = {.id = "w1"}, .stuck = [&] { ++stuck; }, .stuck_after = milliseconds(100)});
  ASSERT_TRUE(worker);
  ASSERT_TRUE(test::Eventually(kWait, [&] {
    wire::Message message;
    message.subject = subjects_.ToolRequests("give_hint");
    message.data = envelope::EncodeToolRequest(Request("0-1-0"), envelope::Encoding::kJson);
    return nats_->Publish(message) && gate_->entered() == 1;
  }));
  EXPECT_TRUE(test::Eventually(kWait, [&] { return stuck == 1; }));
  gate_->LetGo();
  EXPECT_TRUE(test::Eventually(kWait, [&] { return Stored() == 1; })) << "it goes on";
}

TEST_F(Worker, WrongOptionsAreRefused) {
  Toolbox box;
  EXPECT_TRUE(Refused(box, {.subjects = subjects_, .id = "w1"}));
  box.Add(Tool::kGiveHint, [](const auto&) { return tutor::GiveHintOk{}; });
  EXPECT_TRUE(Refused(box, {.subjects = subjects_, .id = "a b"}));
  EXPECT_TRUE(Refused(box, {.subjects = subjects_, .id = "w1", .slots = 0}));
}

}  // namespace
}  // namespace lyceum::toolhost
