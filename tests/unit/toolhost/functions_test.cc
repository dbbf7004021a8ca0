// Functions, from who calls them to who serves them, on the in-memory twin of NATS, under a clock
// that is turned by hand.
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <mutex>
#include <optional>

#include "base/manual_clock.h"
#include "support/eventually.h"
#include "support/seed.h"
#include "toolhost/function_caller.h"
#include "toolhost/tool_host.h"
#include "wire/memory_broker.h"

namespace lyceum::toolhost {
namespace {

using std::chrono::seconds;

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

class Functions : public ::testing::Test {
 protected:
  Functions()
      : broker_(&clock_, Options()),
        host_wire_(broker_.Connect()),
        wire_(broker_.Connect()),
        other_(broker_.Connect()),
        caller_(&clock_, &posted_, envelope::Subjects()) {
    wire_->SetConnectionHandler(
        [this](bool connected) { caller_.OnConnection(connected ? wire_.get() : nullptr); });
    Run(1000);
    if (wire_->connected()) caller_.OnConnection(wire_.get());
  }
  ~Functions() override {
    wire_->SetConnectionHandler({});
    if (host_ == nullptr) return;
    host_->Stop();
    EXPECT_TRUE(UntilReal([&] { return host_->jobs() == 0; }));
  }
  static wire::MemoryBroker::Options Options() {
    wire::MemoryBroker::Options options;
    options.seed = test::Seed();
    return options;
  }
  void Serve(Function function) {
    Toolbox box;
    box.AddFunction("echo", std::move(function));
    host_ = std::make_unique<ToolHost>(
        ToolHost::Doors{.wire = host_wire_.get(), .clock = &clock_, .executor = &posted_},
        std::move(box), HostOptions{.id = "w1", .slots = 2});
    ASSERT_TRUE(Until([&] { return host_->joined(); }));
    Run(1000);  // Its subscriptions are at the server.
  }
  // By hand, instead of a host: what each request is answered at once.
  void Answer(std::function<void(const wire::Arrived&, const envelope::FunctionRequest&)> answer) {
    other_->Unsubscribe(subscribed_);
    const auto subscribed = other_->Subscribe(
        "lyceum.tool.echo", "tools", [this, answer](const wire::Arrived& message) {
          const auto request =
              envelope::DecodeFunctionRequest(message.data, envelope::Encoding::kJson);
          ASSERT_TRUE(request) << request.error().text;
          asked_.push_back(*request);
          answer(message, *request);
        });
    ASSERT_TRUE(subscribed);
    subscribed_ = *subscribed;
    Run(100);
  }
  void Ack(const wire::Arrived& message, const CallId& id, bool accepted) {
    const std::string data = envelope::EncodeToolAck({id, accepted, "hand"});
    EXPECT_TRUE(other_->Publish({.subject = message.reply, .data = data}));
  }

  static FunctionAsk Ask(std::string json = R"({"a":1})") {
    FunctionAsk ask;
    ask.parent = CallId("3-17-0");
    ask.name = "echo";
    ask.user = UserId("ada");
    ask.json = std::move(json);
    ask.deadline = In(seconds(5));
    return ask;
  }
  void Begin(FunctionAsk ask) {
    end_.reset();
    Detach([](Functions* self, FunctionAsk asked) -> Task<void> {
      self->end_ = co_await self->caller_.Call(asked);
    }(this, std::move(ask)));
  }
  FunctionEnd Call(FunctionAsk ask) {
    Begin(std::move(ask));
    const auto ended = [&] { return end_.has_value(); };
    EXPECT_TRUE(host_ == nullptr ? Until(ended) : UntilReal(ended));
    return end_.value_or(FunctionEnd{});
  }
  int64_t took_ms() const { return end_ ? end_->latency_ms : -1; }

  void Turn(int64_t until_us) {
    posted_.Run();
    caller_.Turn();
    if (host_ != nullptr) host_->Turn();
    broker_.FlushAll();
    const int64_t next_ms =
        std::min(caller_.NextMs(), host_ == nullptr ? INT64_MAX : host_->NextMs());
    const int64_t due_us = next_ms >= until_us / 1000 ? until_us : next_ms * 1000;
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

  ManualClock clock_;
  wire::MemoryBroker broker_;
  std::unique_ptr<wire::Wire> host_wire_, wire_, other_;
  Posted posted_;
  FunctionCaller caller_;
  std::unique_ptr<ToolHost> host_;
  std::vector<envelope::FunctionRequest> asked_;
  wire::Wire::SubscriptionId subscribed_ = 0;
  std::optional<FunctionEnd> end_;
};

TEST_F(Functions, TheResultComesBackToWhoCalled) {
  Serve([](const FunctionCall& call) -> FunctionAnswer {
    return call.request.user.value + call.request.json;
  });
  const FunctionEnd end = Call(Ask());
  EXPECT_EQ(end.outcome, FunctionOutcome::kOk);
  EXPECT_EQ(end.json, R"(ada{"a":1})");
  EXPECT_EQ(end.worker, "w1");
  EXPECT_TRUE(end.id.value.starts_with("3-17-0-f")) << end.id.value;
  EXPECT_EQ(end.result_bytes, end.json.size());
  EXPECT_EQ(host_->counters().results, 1U);
  EXPECT_EQ(host_->counters().accepted, 1U);
}

TEST_F(Functions, OneThatNobodyServesEndsAfterASecond) {
  EXPECT_EQ(Call(Ask()).outcome, FunctionOutcome::kNoTool);
  EXPECT_GE(took_ms(), 500);
  EXPECT_LE(took_ms(), 1100);
}

TEST_F(Functions, OneThatDoesNotAnswerTheRequestIsAskedAgainAndEnds) {
  Answer([](const wire::Arrived&, const envelope::FunctionRequest&) {});
  EXPECT_EQ(Call(Ask()).outcome, FunctionOutcome::kNoTool);
  EXPECT_EQ(asked_.size(), 2U);
  EXPECT_EQ(asked_.front().id, asked_.back().id);
  EXPECT_LE(took_ms(), 1600);
}

TEST_F(Functions, AnErrorOfItsOwnIsToldWithItsText) {
  Serve([](const FunctionCall&) -> FunctionAnswer {
    return ToolErrorOf("not_found", false, "No such word.");
  });
  const FunctionEnd end = Call(Ask());
  EXPECT_EQ(end.outcome, FunctionOutcome::kError);
  EXPECT_EQ(end.error, "not_found: No such word.");
}

TEST_F(Functions, OneThatThrowsIsAnErrorWithoutItsText) {
  Serve([](const FunctionCall&) -> FunctionAnswer { throw std::runtime_error("secret"); });
  const FunctionEnd end = Call(Ask());
  EXPECT_EQ(end.outcome, FunctionOutcome::kError);
  EXPECT_EQ(end.error.find("secret"), std::string::npos);
}

TEST_F(Functions, ALongResultIsAnErrorAtTheHost) {
  Serve([](const FunctionCall&) -> FunctionAnswer { return std::string(1 << 20, 'x'); });
  const FunctionEnd end = Call(Ask());
  EXPECT_EQ(end.outcome, FunctionOutcome::kError);
  EXPECT_TRUE(end.error.starts_with("bad_result")) << end.error;
}

TEST_F(Functions, ALongResultOfAnybodyIsNotRead) {
  for (const size_t bytes : {size_t{16 * 1024 + 1}, size_t{900 * 1024}}) {
    Answer([this, bytes](const wire::Arrived& message, const envelope::FunctionRequest& request) {
      Ack(message, request.id, true);
      const std::string data = envelope::EncodeFunctionResult(
          {.id = request.id, .name = "echo", .outcome = std::string(bytes, 'x')},
          envelope::Encoding::kProtobuf);
      EXPECT_TRUE(other_->Publish({.subject = request.reply_subject, .data = data}));
    });
    const FunctionEnd end = Call(Ask());
    EXPECT_EQ(end.outcome, FunctionOutcome::kBadResult) << bytes;
    EXPECT_TRUE(end.json.empty());
    EXPECT_GE(end.result_bytes, bytes);
  }
}

TEST_F(Functions, ABusyOneIsAskedAgainUntilItHasRoom) {
  Answer([this](const wire::Arrived& message, const envelope::FunctionRequest& request) {
    const bool room = asked_.size() == 4;
    Ack(message, request.id, room);
    if (!room) return;
    const std::string data = envelope::EncodeFunctionResult(
        {.id = request.id, .name = "echo", .outcome = "7"}, envelope::Encoding::kJson);
    EXPECT_TRUE(other_->Publish({.subject = request.reply_subject, .data = data}));
  });
  const FunctionEnd end = Call(Ask());
  EXPECT_EQ(end.outcome, FunctionOutcome::kOk);
  EXPECT_EQ(end.json, "7");
  EXPECT_EQ(asked_.size(), 4U);
}

TEST_F(Functions, OneThatIsBusyForGoodEndsByTheDeadline) {
  Answer([this](const wire::Arrived& message, const envelope::FunctionRequest& request) {
    Ack(message, request.id, false);
  });
  EXPECT_EQ(Call(Ask()).outcome, FunctionOutcome::kBusy);
  EXPECT_LE(took_ms(), 5000);
  EXPECT_LE(asked_.size(), 60U);
}

TEST_F(Functions, AcceptedAndNeverAnsweredItEndsByTheDeadline) {
  Answer([this](const wire::Arrived& message, const envelope::FunctionRequest& request) {
    Ack(message, request.id, true);
  });
  EXPECT_EQ(Call(Ask()).outcome, FunctionOutcome::kDeadline);
  EXPECT_EQ(asked_.size(), 1U);
  EXPECT_GE(took_ms(), 4000);
  EXPECT_LE(took_ms(), 5100);
}

TEST_F(Functions, AnAnswerToAnotherCallIsPassedOver) {
  Answer([this](const wire::Arrived& message, const envelope::FunctionRequest& request) {
    Ack(message, request.id, true);
    for (const auto& [id, json] : {std::pair{CallId("3-17-0-fother"), "1"}, {request.id, "2"}}) {
      const std::string data = envelope::EncodeFunctionResult(
          {.id = id, .name = "echo", .outcome = json}, envelope::Encoding::kJson);
      EXPECT_TRUE(other_->Publish({.subject = request.reply_subject, .data = data}));
    }
  });
  EXPECT_EQ(Call(Ask()).json, "2");
}

TEST_F(Functions, AStopEndsIt) {
  Answer([this](const wire::Arrived& message, const envelope::FunctionRequest& request) {
    Ack(message, request.id, true);
  });
  std::stop_source stop;
  FunctionAsk ask = Ask();
  ask.stop = stop.get_token();
  Begin(std::move(ask));
  ASSERT_TRUE(Until([&] { return !asked_.empty(); }));
  EXPECT_FALSE(end_.has_value());
  stop.request_stop();
  ASSERT_TRUE(Until([&] { return end_.has_value(); }));
  EXPECT_EQ(end_->outcome, FunctionOutcome::kCancelled);
  EXPECT_LT(took_ms(), 1000);
}

TEST_F(Functions, AReplySubjectThatIsNoToolWorkersInboxIsNotServed) {
  Serve([](const FunctionCall&) -> FunctionAnswer { return "1"; });
  const std::vector<std::string> elsewhere = {
      "lyceum.in.tool.ada",      "lyceum.p.3.tool.ada",   "_INBOX.gateway.x",
      "_INBOX.tool_worker.x.>",  "_INBOX.tool_worker.",   "_INBOX.tool_worker.a..b",
      "_INBOX.tool_worker.a b",  "_INBOX.tool_workers.a", "",
      "_INBOX.tool_worker.*.abc"};
  for (const std::string& subject : elsewhere) {
    envelope::FunctionRequest request;
    request.id = CallId("3-17-0-f1");
    request.name = "echo";
    request.user = UserId("ada");
    request.deadline_ms = clock_.UnixMs() + 5000;
    request.reply_subject = subject;
    const std::string data = envelope::EncodeFunctionRequest(request);
    ASSERT_TRUE(other_->Publish({.subject = "lyceum.tool.echo", .data = data}));
    Run(1000);
  }
  EXPECT_EQ(host_->counters().refused, elsewhere.size())
      << host_->counters().unreadable << " " << host_->counters().stale;
  EXPECT_EQ(host_->counters().accepted, 0U);
  EXPECT_EQ(host_->counters().results, 0U);
}

TEST_F(Functions, ARepeatedRequestIsRunOnceAndAnsweredAgain) {
  std::atomic<int> runs{0};
  Serve([&](const FunctionCall&) -> FunctionAnswer { return std::to_string(++runs); });
  std::vector<std::string> results;
  ASSERT_TRUE(other_->Subscribe("_INBOX.tool_worker.me.*", "", [&](const wire::Arrived& message) {
    const auto result = envelope::DecodeFunctionResult(
        message.data, envelope::EncodingOf(message.content_type, message.data));
    ASSERT_TRUE(result);
    results.push_back(std::get<std::string>(result->outcome));
  }));
  envelope::FunctionRequest request;
  request.id = CallId("3-17-0-f1");
  request.name = "echo";
  request.user = UserId("ada");
  request.deadline_ms = clock_.UnixMs() + 60'000;
  request.reply_subject = "_INBOX.tool_worker.me.1";
  const std::string data = envelope::EncodeFunctionRequest(request);
  for (size_t i = 1; i <= 2; ++i) {
    ASSERT_TRUE(other_->Publish({.subject = "lyceum.tool.echo", .data = data}));
    ASSERT_TRUE(UntilReal([&] { return results.size() == i; }));
  }
  EXPECT_EQ(results, (std::vector<std::string>{"1", "1"}));
  EXPECT_EQ(runs, 1);
}

TEST(FunctionName, IsALowerCaseWordThatNoToolOfTheTutorHas) {
  EXPECT_TRUE(envelope::IsFunctionName("look_up_2"));
  for (const char* name : {"", "Look", "2look", "look-up", "a.b", "check_answer", "load_topic"}) {
    EXPECT_FALSE(envelope::IsFunctionName(name)) << name;
  }
  EXPECT_FALSE(envelope::IsFunctionName(std::string(65, 'a')));
}

}  // namespace
}  // namespace lyceum::toolhost
