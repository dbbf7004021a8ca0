// The dispatcher between a wire and tool workers made by hand, on a clock made by hand.
#include "dispatch/dispatcher.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <variant>

#include "base/manual_clock.h"
#include "envelope/codec.h"
#include "fake_wire.h"

namespace lyceum::dispatch {
namespace {

constexpr int64_t kServerAheadMs = 1'700'000'000'000;  // Of the steady clock.
constexpr const char* kRequests = "lyceum.tool.clarify_concept";

class DispatcherTest : public ::testing::Test {
 protected:
  DispatcherTest()
      : random_(7),
        publisher_(&wire_, &clock_, {.messages_max = 2}),
        dispatcher_(MakeDispatcher()) {
    dispatcher_->OnConnected();
  }
  std::unique_ptr<Dispatcher> MakeDispatcher(uint32_t sharers = 1) {
    Dispatcher::Options options;
    options.sharers = sharers;
    options.table.calls_max = 1'000;
    options.error_ms_max = 60'000;
    return std::make_unique<Dispatcher>(&wire_, &publisher_, &clock_, &random_,
                                        envelope::Subjects("lyceum", 16), options,
                                        [this] { return clock_.SteadyMs() + kServerAheadMs; });
  }
  static CallId Id(int n) { return CallId("01-" + std::to_string(n) + "-0"); }
  static Dispatcher::Call MakeCall(int n, int64_t duration_ms, size_t text_bytes = 4) {
    envelope::ToolRequest request;
    request.id = Id(n);
    request.attempt = 0;
    request.tool = tutor::Tool::kClarifyConcept;
    request.user = UserId("ada");
    request.reply_subject = "lyceum.in.tool.ada";
    request.args = tutor::ClarifyConceptArgs{.ref = {CourseId("c"), "v", TopicId("t")},
                                             .text = std::string(text_bytes, 'w'),
                                             .question = {},
                                             .recent = {}};
    Dispatcher::Call call;
    call.id = Id(n);
    call.partition = 1;
    call.tool = tutor::Tool::kClarifyConcept;
    call.user = UserId("ada");
    call.trace = "00-trace-01";
    call.duration_ms = duration_ms;
    call.request = envelope::EncodeToolRequest(request, envelope::Encoding::kProtobuf);
    return call;
  }
  bool Add(int n, int64_t duration_ms = 30'000) {
    return dispatcher_->Add(MakeCall(n, duration_ms), false);
  }
  // Everything published since, and nothing twice.
  std::vector<FakeWire::Published> Out() { return std::exchange(wire_.published, {}); }
  // The only one; what came besides fails the test.
  FakeWire::Published One() {
    auto out = Out();
    EXPECT_EQ(out.size(), 1u);
    return out.empty() ? FakeWire::Published() : out.front();
  }
  void Pass(int64_t ms) {
    const int64_t end = clock_.SteadyMs() + ms;
    for (int64_t now = clock_.SteadyMs(); now < end; now = clock_.SteadyMs()) {
      const int64_t next = std::max(now + 1, dispatcher_->NextTickMs());
      clock_.AdvanceMs(std::min({end, now + 100, next}) - now);
      dispatcher_->Tick();
      publisher_.Tick();
    }
  }
  static envelope::ToolRequest Read(const FakeWire::Published& message) {
    const auto encoding = envelope::EncodingOf(message.content_type, message.data);
    auto request = envelope::DecodeToolRequest(message.data, encoding);
    EXPECT_TRUE(request) << request.error().text;
    return request ? *request : envelope::ToolRequest();
  }
  int Accept(const FakeWire::Published& message, const std::string& worker) {
    return wire_.Deliver(message.reply, envelope::EncodeToolAck({Read(message).id, true, worker}));
  }
  int Busy(const FakeWire::Published& message) {
    return wire_.Deliver(message.reply, envelope::EncodeToolAck({Read(message).id, false, ""}));
  }
  void Beat(const std::string& worker, std::vector<int> running, uint32_t free = 8,
            bool direct = false, bool draining = false) {
    envelope::ToolHeartbeat beat;
    beat.worker = worker;
    beat.tools = {"clarify_concept"};
    beat.slots = 8;
    beat.free = free;
    beat.protobuf = true;
    beat.direct = direct;
    beat.draining = draining;
    for (const int n : running) beat.in_flight.push_back(Id(n));
    EXPECT_EQ(wire_.Deliver("lyceum.toolworker." + worker, envelope::EncodeToolHeartbeat(beat)), 1);
  }
  static uint32_t SendOf(const FakeWire::Published& message) {
    return static_cast<uint32_t>(std::stoul(message.reply.substr(message.reply.rfind('.') + 1)));
  }

  ManualClock clock_;
  FakeWire wire_;
  SeededRandom random_;
  wire::StoredPublisher publisher_;
  std::unique_ptr<Dispatcher> dispatcher_;
};

TEST_F(DispatcherTest, ARequestGoesOutOnceWithAReplySubjectOfItsOwn) {
  EXPECT_TRUE(Add(1));
  const auto message = One();
  EXPECT_EQ(message.subject, kRequests);
  EXPECT_TRUE(message.reply.starts_with("_INBOX.")) << message.reply;
  EXPECT_EQ(message.content_type, "application/json") << "nobody is known to read protobuf";
  EXPECT_EQ(message.trace, "00-trace-01");
  const auto request = Read(message);
  EXPECT_EQ(request.id, Id(1));
  EXPECT_EQ(request.attempt, 1u);
  EXPECT_EQ(request.deadline_ms, 30'000 + kServerAheadMs) << "by the server's clock";
  EXPECT_EQ(std::get<tutor::ClarifyConceptArgs>(request.args).text, "wwww");
  EXPECT_FALSE(Add(1)) << "known already";
  EXPECT_EQ(Accept(message, "w"), 1);
  for (int i = 0; i < 40; ++i) {
    Pass(100);
    Beat("w", {1});
  }
  EXPECT_TRUE(Out().empty());
  EXPECT_EQ(dispatcher_->size(), 1u);
}

TEST_F(DispatcherTest, DispatchersOfOneProcessShareTheSlots) {
  dispatcher_ = MakeDispatcher(4);
  dispatcher_->OnConnected();
  Beat("w", {});  // 8 slots: 2 of them are ours.
  for (int n = 1; n <= 5; ++n) Add(n);
  EXPECT_EQ(Out().size(), 2u);
}

TEST_F(DispatcherTest, WhereAllReadItTheRequestIsInProtobuf) {
  Beat("w", {});
  Add(1);
  const auto message = One();
  EXPECT_EQ(message.content_type, "");
  const auto request = Read(message);
  EXPECT_EQ(request.attempt, 1u);
  EXPECT_EQ(request.deadline_ms, 30'000 + kServerAheadMs);
}

TEST_F(DispatcherTest, BusyIsTriedAgainAfterABackoffAsTheSameAttempt) {
  Add(1);
  const auto first = One();
  Busy(first);
  EXPECT_TRUE(Out().empty());
  Pass(20);
  const auto second = One();
  EXPECT_EQ(Read(second).attempt, 1u);
  EXPECT_NE(second.reply, first.reply);
  Accept(second, "w");
  EXPECT_EQ(dispatcher_->counters().calls.busy, 1u);
}

TEST_F(DispatcherTest, WithoutAResponderItGoesOutAgain) {
  Add(1);
  for (int i = 0; i < 4; ++i) {
    const auto message = One();
    EXPECT_EQ(Read(message).attempt, 1u);
    wire_.Deliver(message.reply, "", 503);
    EXPECT_TRUE(Out().empty());
    Pass(20 << i);
  }
}

TEST_F(DispatcherTest, WhatASilentWorkerDoesNotAnswerGoesStraightToAnother) {
  Beat("w", {}, 8, true);
  Add(1);
  EXPECT_EQ(One().subject, kRequests);
  Pass(499);
  EXPECT_TRUE(Out().empty());
  Pass(1);
  const auto direct = One();
  EXPECT_EQ(direct.subject, std::string(kRequests) + ".w");
  EXPECT_EQ(Read(direct).attempt, 1u);
  Accept(direct, "w");
  Pass(400);
  EXPECT_TRUE(Out().empty());
  EXPECT_EQ(dispatcher_->counters().calls.direct, 1u);
}

TEST_F(DispatcherTest, ADrainingWorkerIsNotAskedAlone) {
  Beat("w", {}, 8, true, true);
  Add(1);
  Out();
  Pass(499);
  Pass(1);
  for (const auto& message : Out()) EXPECT_EQ(message.subject, kRequests);
}

TEST_F(DispatcherTest, ACallOfALostWorkerGoesOutAsTheNextAttemptUnderAnotherSend) {
  Add(1);
  const auto first = One();
  Accept(first, "w");
  Beat("w", {1});  // Its last.
  Pass(1'999);
  EXPECT_TRUE(Out().empty());
  Pass(1);
  const auto second = One();
  EXPECT_EQ(Read(second).attempt, 2u);
  EXPECT_GT(SendOf(second), SendOf(first));
  EXPECT_EQ(dispatcher_->counters().calls.lost, 1u);
}

TEST_F(DispatcherTest, AtItsDeadlineOneErrorResultIsSentUntilItIsStored) {
  Add(1, 700);
  Out();
  Pass(700);
  auto out = Out();
  std::erase_if(out, [](const auto& message) { return message.message_id.empty(); });
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].subject, "lyceum.in.tool.ada");
  EXPECT_EQ(out[0].message_id, "01-1-0-error");
  EXPECT_EQ(out[0].content_type, "application/json");
  const auto event =
      envelope::DecodeEvent(out[0].data, envelope::Encoding::kJson, envelope::RecordClass::kTool);
  ASSERT_TRUE(event) << event.error().text;
  EXPECT_EQ(event->event.id.value, "01-1-0-error");
  EXPECT_EQ(event->trace, "00-trace-01");
  const auto& reply = std::get<tutor::ToolResult>(event->event.kind).reply;
  EXPECT_EQ(reply.call, Id(1));
  EXPECT_EQ(reply.worker, "dispatcher");
  const auto& error = std::get<tutor::ToolError>(reply.outcome);
  EXPECT_EQ(error.code, "unavailable");
  EXPECT_TRUE(error.retryable);
  EXPECT_FALSE(dispatcher_->settled());
  Pass(1'500);
  const auto again = One();
  EXPECT_EQ(again.message_id, "01-1-0-error");
  EXPECT_EQ(again.data, out[0].data);
  wire_.Deliver(again.reply, R"({"stream":"LOG","seq":5})");
  EXPECT_TRUE(dispatcher_->settled());
  Pass(5'000);
  EXPECT_TRUE(Out().empty());
  EXPECT_EQ(dispatcher_->size(), 1u) << "until the partition ends it";
  dispatcher_->End(Id(1), false);
  EXPECT_EQ(dispatcher_->size(), 0u);
  EXPECT_EQ(dispatcher_->counters().errors_refused, 0u);
}

TEST_F(DispatcherTest, AnErrorResultThatIsNeverStoredIsCounted) {
  Add(1, 100);
  Pass(100);
  Pass(60'100);
  EXPECT_EQ(dispatcher_->counters().errors_refused, 1u) << "given up";
  EXPECT_TRUE(dispatcher_->settled());
}

TEST_F(DispatcherTest, ErrorResultsWaitForRoom) {
  for (int n = 1; n <= 5; ++n) Add(n, 100);
  Pass(100);
  std::set<std::string> stored;
  for (int round = 0; round < 3; ++round) {  // The publisher has room for two.
    for (const auto& message : Out()) {
      if (message.message_id.empty()) continue;
      stored.insert(message.message_id);
      wire_.Deliver(message.reply, R"({"stream":"LOG","seq":5})");
    }
    Pass(30);
  }
  EXPECT_EQ(stored.size(), 5u);
  EXPECT_TRUE(dispatcher_->settled());
}

TEST_F(DispatcherTest, APublisherMayOutliveIt) {
  Add(1, 100);
  Pass(100);
  dispatcher_.reset();
  for (const auto& message : Out()) wire_.Deliver(message.reply, R"({"stream":"LOG","seq":5})");
  EXPECT_EQ(publisher_.in_flight(), 0u);
}

TEST_F(DispatcherTest, AnEndedCallIsCancelledAtItsWorker) {
  Add(1);
  Accept(One(), "w");
  Add(2);
  Accept(One(), "w");
  dispatcher_->End(Id(1), false);
  EXPECT_TRUE(Out().empty());
  dispatcher_->End(Id(2), true);
  const auto cancel = One();
  EXPECT_EQ(cancel.subject, "lyceum.toolctl.w");
  const auto id = envelope::DecodeToolCancel(
      cancel.data, envelope::EncodingOf(cancel.content_type, cancel.data));
  ASSERT_TRUE(id);
  EXPECT_EQ(*id, Id(2));
  EXPECT_EQ(dispatcher_->size(), 0u);
}

TEST_F(DispatcherTest, AgainIsTheNextAttemptAtOnce) {
  Add(1);
  Accept(One(), "w");
  dispatcher_->Again(Id(1));
  EXPECT_EQ(Read(One()).attempt, 2u);
  dispatcher_->Again(Id(7));
  EXPECT_TRUE(Out().empty());
}

TEST_F(DispatcherTest, WhatIsFoundIsDispatchedOnlyWhereNobodyListsIt) {
  dispatcher_->Add(MakeCall(1, 30'000), true);
  dispatcher_->Add(MakeCall(2, 30'000), true);
  Pass(300);
  Beat("w", {1});
  Pass(299);
  EXPECT_TRUE(Out().empty());
  Pass(1);
  EXPECT_EQ(Read(One()).id, Id(2));
}

TEST_F(DispatcherTest, WhileThereIsNoConnectionNothingIsLostAndNobodyIsSilent) {
  Add(1);
  const auto first = One();
  Accept(first, "w");
  wire_.Break();
  Add(2);
  Pass(5'000);
  EXPECT_TRUE(Out().empty());
  EXPECT_EQ(dispatcher_->counters().calls.lost, 0u);
  wire_.Reconnect();
  dispatcher_->OnConnected();
  Pass(600);
  const auto second = One();
  EXPECT_EQ(Read(second).id, Id(2));
  EXPECT_NE(second.reply.substr(0, second.reply.find('.', 7)),
            first.reply.substr(0, first.reply.find('.', 7)))
      << "a new inbox";
  EXPECT_EQ(Accept(first, "v"), 0) << "answers of the old connection are not seen";
  EXPECT_EQ(Accept(second, "w"), 1);
  Beat("w", {1, 2});
  Pass(400);
  EXPECT_TRUE(Out().empty());
}

TEST_F(DispatcherTest, WhatCouldNotBeSentGoesOutAfterABackoffNotATimeout) {
  wire_.Break();
  Add(1);
  wire_.Reconnect();
  dispatcher_->OnConnected();
  Pass(20);
  EXPECT_EQ(Read(One()).attempt, 1u);
}

TEST_F(DispatcherTest, AnswersToACallThatIsGoneAreIgnored) {
  Add(1);
  const auto first = One();
  dispatcher_->End(Id(1), false);
  Add(2);  // In the same slot.
  const auto second = One();
  EXPECT_NE(first.reply, second.reply);
  Accept(first, "w");
  Busy(first);
  Pass(520);
  EXPECT_EQ(Read(One()).id, Id(2)) << "still without an answer";
}

TEST_F(DispatcherTest, NonsenseIsCountedAndChangesNothing) {
  Add(1);
  const auto message = One();
  const std::string inbox = message.reply.substr(0, message.reply.find('.', 7));
  wire_.Deliver(message.reply, "\xff\xfe{");
  wire_.Deliver(message.reply, envelope::EncodeToolAck({Id(9), true, "w"}));
  for (const char* rest : {".", ".1", ".1.", ".x.1", ".1.x", ".1.2.3", ".99999999999999999999999.1",
                           ".-1.1", ".18446744073709551615.1", "..", ".1.4294967296"}) {
    wire_.Deliver(inbox + rest, envelope::EncodeToolAck({Id(1), true, "w"}));
  }
  wire_.Deliver("lyceum.toolworker.w", "{{{");
  EXPECT_EQ(dispatcher_->counters().malformed, 13u);
  Pass(520);
  EXPECT_EQ(Read(One()).id, Id(1)) << "still without an answer";
}

TEST_F(DispatcherTest, ARequestThatIsTooLargeFailsAtOnce) {
  wire_.payload_max = 2'000;
  dispatcher_->Add(MakeCall(1, 30'000, 5'000), false);
  const auto error = One();
  EXPECT_EQ(error.message_id, "01-1-0-error");
  EXPECT_NE(error.data.find("too_large"), std::string::npos) << error.data;
  EXPECT_EQ(dispatcher_->counters().calls.failed, 1u);
}

TEST_F(DispatcherTest, ARequestOfOursThatCannotBeReadFails) {
  auto call = MakeCall(1, 30'000);
  call.request = "\xff\xff";
  dispatcher_->Add(std::move(call), false);
  EXPECT_EQ(One().message_id, "01-1-0-error");
}

TEST_F(DispatcherTest, WhenQuietNothingIsDispatchedAndNothingFails) {
  Add(1, 600);
  Out();
  dispatcher_->Quiet();
  Add(2);
  Pass(2'000);
  EXPECT_TRUE(Out().empty());
  EXPECT_FALSE(dispatcher_->HasRoom());
  EXPECT_TRUE(dispatcher_->settled());
}

TEST_F(DispatcherTest, ADroppedPartitionIsForgotten) {
  Add(1);
  auto other = MakeCall(2, 30'000);
  other.partition = 2;
  dispatcher_->Add(std::move(other), false);
  Out();
  dispatcher_->DropPartition(1);
  EXPECT_EQ(dispatcher_->size(), 1u);
  Pass(500);
  Pass(20);
  for (const auto& message : Out()) EXPECT_EQ(Read(message).id, Id(2));
  EXPECT_TRUE(Add(1)) << "it may come back";
}

TEST_F(DispatcherTest, RoomIsBounded) {
  for (int n = 1; n <= 999; ++n) ASSERT_TRUE(Add(n));
  EXPECT_TRUE(dispatcher_->HasRoom());
  Add(1'000);
  EXPECT_FALSE(dispatcher_->HasRoom());
  dispatcher_->End(Id(5), false);
  EXPECT_TRUE(dispatcher_->HasRoom());
}

TEST_F(DispatcherTest, AnIdleDispatcherNeedsNoTick) {
  EXPECT_EQ(dispatcher_->NextTickMs(), INT64_MAX);
  Add(1);
  EXPECT_LE(dispatcher_->NextTickMs(), clock_.SteadyMs() + 500);
}

}  // namespace
}  // namespace lyceum::dispatch
