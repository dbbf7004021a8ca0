#include "wire_contract.h"

#include <algorithm>

namespace lyceum::wire {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// What came, with its own bytes.
struct Copy {
  std::string subject, reply, data, content_type, message_id, trace, expected_last, absent;
  int status = 0;
  bool headers = false;
};

Copy CopyOf(const Arrived& arrived) {
  return {std::string(arrived.subject),
          std::string(arrived.reply),
          std::string(arrived.data),
          std::string(arrived.content_type),
          std::string(arrived.header("Nats-Msg-Id")),
          std::string(arrived.header("traceparent")),
          std::string(arrived.header("Nats-Expected-Last-Subject-Sequence")),
          std::string(arrived.header("Nats-Msg")),
          arrived.status,
          arrived.headers != nullptr};
}

Wire::Handler Into(std::vector<Copy>* copies) {
  return [copies](const Arrived& arrived) { copies->push_back(CopyOf(arrived)); };
}

TEST_P(WireContract, BeginsWithoutAConnectionAndGetsOne) {
  auto wire = world_->MakeWire();
  EXPECT_FALSE(wire->connected());
  EXPECT_EQ(wire->connection_number(), 0u);
  const auto published = wire->Publish({.subject = "a"});
  ASSERT_FALSE(published);
  EXPECT_EQ(published.error().fault, Fault::kRetry);
  const auto subscribed = wire->Subscribe("a", "", [](const Arrived&) {});
  ASSERT_FALSE(subscribed);
  EXPECT_EQ(subscribed.error().fault, Fault::kRetry);
  std::vector<bool> told;
  wire->SetConnectionHandler([&](bool connected) {
    told.push_back(connected);
    EXPECT_EQ(wire->connected(), connected);
    EXPECT_EQ(wire->connection_number(), 1u);
  });
  ASSERT_TRUE(Until([&] { return wire->connected(); }));
  EXPECT_EQ(told, std::vector<bool>{true});
  EXPECT_EQ(wire->async_errors(), 0u);
}

TEST_P(WireContract, CarriesSubjectReplyDataAndHeaders) {
  auto wire = Connected();
  std::vector<Copy> got;
  ASSERT_TRUE(wire->Subscribe("a.*", "", Into(&got)));
  const std::string data("x\0\xff\r\ny", 6);
  ASSERT_TRUE(wire->Publish({.subject = "a.b",
                             .reply = "some.reply",
                             .data = data,
                             .content_type = "application/json",
                             .message_id = "ann/1",
                             .trace = "00-1-2-03",
                             .expected_last = "7"}));
  ASSERT_TRUE(wire->Publish({.subject = "a.c", .message_id = "ann/2"}));
  ASSERT_TRUE(wire->Publish({.subject = "b.b", .data = "not this"}));
  ASSERT_TRUE(wire->Publish({.subject = "a.d", .reply = "r", .data = "plain"}));
  ASSERT_TRUE(wire->Publish({.subject = "a.e"}));
  ASSERT_TRUE(Settle(*wire));
  ASSERT_EQ(got.size(), 4u);
  EXPECT_EQ(got[0].subject, "a.b");
  EXPECT_EQ(got[0].reply, "some.reply");
  EXPECT_EQ(got[0].data, data);
  EXPECT_EQ(got[0].content_type, "application/json");
  EXPECT_EQ(got[0].message_id, "ann/1");
  EXPECT_EQ(got[0].trace, "00-1-2-03");
  EXPECT_EQ(got[0].expected_last, "7");
  EXPECT_EQ(got[0].absent, "");
  EXPECT_EQ(got[0].status, 0);
  EXPECT_EQ(got[1].message_id, "ann/2");
  EXPECT_EQ(got[1].content_type, "");
  EXPECT_EQ(got[1].reply, "");
  EXPECT_EQ(got[1].data, "");
  EXPECT_FALSE(got[2].headers);
  EXPECT_EQ(got[2].reply, "r");
  EXPECT_EQ(got[2].data, "plain");
  EXPECT_FALSE(got[3].headers);
}

TEST_P(WireContract, DeliversInOrder) {
  auto sender = Connected();
  auto receiver = Connected();
  std::vector<int> got;
  ASSERT_TRUE(receiver->Subscribe("n", "", [&](const Arrived& arrived) {
    got.push_back(std::stoi(std::string(arrived.data)));
  }));
  ASSERT_TRUE(Settle(*receiver));
  constexpr int kCount = 5000;
  for (int i = 0; i < kCount; ++i) {
    ASSERT_TRUE(sender->Publish({.subject = "n", .data = std::to_string(i)}));
  }
  ASSERT_TRUE(Until([&] { return got.size() == kCount; }));
  EXPECT_TRUE(std::is_sorted(got.begin(), got.end()));
  EXPECT_EQ(sender->unwritten_bytes(), 0u);
}

// An answer says something about what was sent before it: LogReader counts on that.
TEST_P(WireContract, WhatArrivedEarlierIsNeverHandedOutInALaterTurn) {
  auto sender = Connected();
  auto receiver = Connected();
  size_t first = 0, second = 0;
  ASSERT_TRUE(receiver->Subscribe("first", "", [&](const Arrived&) { ++first; }));
  ASSERT_TRUE(receiver->Subscribe("second", "", [&](const Arrived&) { ++second; }));
  ASSERT_TRUE(Settle(*receiver));
  constexpr size_t kCount = 5000;
  for (size_t i = 0; i < kCount; ++i) {
    ASSERT_TRUE(sender->Publish({.subject = "first"}));
    ASSERT_TRUE(sender->Publish({.subject = "second"}));
  }
  size_t wrong = 0;
  ASSERT_TRUE(Until([&] {
    wrong += second > first;
    return second == kCount;
  }));
  EXPECT_EQ(wrong, 0u);
  EXPECT_EQ(first, kCount);
}

TEST_P(WireContract, ManySubscriptionsEachGetTheirOwn) {
  auto sender = Connected();
  auto receiver = Connected();
  constexpr int kCount = 200;
  std::vector<int> got(kCount), also(kCount);
  std::vector<Wire::SubscriptionId> ids(kCount);
  size_t all = 0, total = 0, wrong = 0;
  for (int i = 0; i < kCount; ++i) {
    const std::string subject = "many." + std::to_string(i);
    const auto id = receiver->Subscribe(subject, "", [&, i](const Arrived& arrived) {
      wrong += arrived.subject != "many." + std::to_string(i);
      ++got[i];
      ++total;
      if (i % 4 == 0) receiver->Unsubscribe(ids[i]);
    });
    ASSERT_TRUE(id);
    ids[i] = *id;
    ASSERT_TRUE(receiver->Subscribe(subject, "", [&, i](const Arrived&) {
      ++also[i];
      ++total;
    }));
  }
  ASSERT_TRUE(receiver->Subscribe("many.*", "", [&](const Arrived&) { ++all, ++total; }));
  for (int i = 3; i < kCount; i += 4) receiver->Unsubscribe(ids[i]);
  ASSERT_TRUE(Settle(*receiver));
  for (int i = kCount; i-- > 0;) {
    ASSERT_TRUE(sender->Publish({.subject = "many." + std::to_string(i)}));
  }
  ASSERT_TRUE(Until([&] { return all == kCount; }));
  ASSERT_TRUE(Settle(*receiver));
  for (int i = 0; i < kCount; ++i) {
    EXPECT_EQ(got[i], i % 4 == 3 ? 0 : 1) << i;
    EXPECT_EQ(also[i], 1) << i;
  }
  EXPECT_EQ(total, kCount + kCount + kCount * 3u / 4);
  EXPECT_EQ(wrong, 0u);
}

TEST_P(WireContract, WildcardsMatchTokens) {
  auto wire = Connected();
  std::vector<Copy> one, rest;
  ASSERT_TRUE(wire->Subscribe("a.*.c", "", Into(&one)));
  ASSERT_TRUE(wire->Subscribe("a.>", "", Into(&rest)));
  for (const char* subject : {"a.b.c", "a.b.d", "a.b.c.d", "a", "b.b.c"}) {
    ASSERT_TRUE(wire->Publish({.subject = subject}));
  }
  ASSERT_TRUE(Settle(*wire));
  EXPECT_EQ(one.size(), 1u);
  EXPECT_EQ(rest.size(), 3u);
}

TEST_P(WireContract, OneOfAQueueGroupGetsIt) {
  auto a = Connected(), b = Connected();
  std::vector<Copy> by_a, by_b, outside;
  ASSERT_TRUE(a->Subscribe("work", "tools", Into(&by_a)));
  ASSERT_TRUE(b->Subscribe("work", "tools", Into(&by_b)));
  ASSERT_TRUE(b->Subscribe("work", "", Into(&outside)));
  ASSERT_TRUE(Settle(*b));
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(a->Publish({.subject = "work"}));
  ASSERT_TRUE(Until([&] { return by_a.size() + by_b.size() == 200 && outside.size() == 200; }));
  ASSERT_TRUE(Settle(*a));
  ASSERT_TRUE(Settle(*b));
  EXPECT_EQ(by_a.size() + by_b.size(), 200u);
  EXPECT_GT(by_a.size(), 0u);
  EXPECT_GT(by_b.size(), 0u);
}

TEST_P(WireContract, NothingComesAfterUnsubscribe) {
  auto wire = Connected();
  std::vector<Copy> got, control;
  const auto id = wire->Subscribe("a", "", Into(&got));
  ASSERT_TRUE(id);
  ASSERT_TRUE(wire->Subscribe("a", "", Into(&control)));
  ASSERT_TRUE(wire->Publish({.subject = "a"}));
  wire->Unsubscribe(*id);
  wire->Unsubscribe(*id);
  wire->Unsubscribe(0);
  ASSERT_TRUE(wire->Publish({.subject = "a"}));
  ASSERT_TRUE(Settle(*wire));
  EXPECT_EQ(got.size(), 0u);
  EXPECT_EQ(control.size(), 2u);
}

TEST_P(WireContract, AHandlerMayUnsubscribeItselfAndOthersAndSubscribe) {
  auto wire = Connected();
  int first = 0, second = 0, third = 0;
  Wire::SubscriptionId first_id = 0, second_id = 0;
  auto subscribed = wire->Subscribe("a", "", [&](const Arrived& arrived) {
    ++first;
    wire->Unsubscribe(first_id);
    wire->Unsubscribe(second_id);
    EXPECT_TRUE(wire->Subscribe("a", "", [&](const Arrived&) { ++third; }));
    EXPECT_TRUE(wire->Publish({.subject = "a", .data = "again"}));
    EXPECT_EQ(arrived.data, "first");
  });
  ASSERT_TRUE(subscribed);
  first_id = *subscribed;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(wire->Publish({.subject = "a", .data = "first"}));
  ASSERT_TRUE(Until([&] { return third > 0; }));
  ASSERT_TRUE(Settle(*wire));
  EXPECT_EQ(first, 1);
  EXPECT_GE(third, 1);

  subscribed = wire->Subscribe("b", "", [&](const Arrived&) { wire->Unsubscribe(second_id); });
  ASSERT_TRUE(subscribed);
  subscribed = wire->Subscribe("b", "", [&](const Arrived&) { ++second; });
  ASSERT_TRUE(subscribed);
  second_id = *subscribed;
  ASSERT_TRUE(wire->Publish({.subject = "b"}));
  ASSERT_TRUE(Settle(*wire));
  const int before = second;  // 0 or 1: there is no order between two subscriptions.
  ASSERT_TRUE(wire->Publish({.subject = "b"}));
  ASSERT_TRUE(Settle(*wire));
  EXPECT_EQ(second, before);
}

TEST_P(WireContract, ARequestIsAnswered) {
  auto wire = Connected(), other = Connected();
  ASSERT_TRUE(other->Subscribe("q", "", [&](const Arrived& arrived) {
    EXPECT_EQ(arrived.data, "question");
    EXPECT_EQ(arrived.content_type, "text/plain");
    EXPECT_TRUE(
        other->Publish({.subject = arrived.reply, .data = "answer", .content_type = "x/y"}));
    EXPECT_TRUE(other->Publish({.subject = arrived.reply, .data = "a second one"}));
  }));
  ASSERT_TRUE(Settle(*other));
  int answers = 0;
  bool returned = false;
  wire->Request({.subject = "q", .data = "question", .content_type = "text/plain"}, seconds(5),
                [&](Result<Answer> answer) {
                  ++answers;
                  EXPECT_TRUE(returned);
                  ASSERT_TRUE(answer);
                  EXPECT_EQ(answer->data, "answer");
                  EXPECT_EQ(answer->content_type, "x/y");
                });
  returned = true;
  ASSERT_TRUE(Until([&] { return answers > 0; }));
  ASSERT_TRUE(Settle(*wire));
  EXPECT_EQ(answers, 1);
}

TEST_P(WireContract, ManyRequestsGetTheirOwnAnswers) {
  auto wire = Connected();
  ASSERT_TRUE(wire->Subscribe("double", "", [&](const Arrived& arrived) {
    EXPECT_TRUE(wire->Publish({.subject = arrived.reply,
                               .data = std::to_string(2 * std::stoi(std::string(arrived.data)))}));
  }));
  int right = 0;
  for (int i = 0; i < 2000; ++i) {
    wire->Request({.subject = "double", .data = std::to_string(i)}, seconds(10),
                  [&right, i](Result<Answer> answer) {
                    if (answer && answer->data == std::to_string(2 * i)) ++right;
                  });
  }
  EXPECT_TRUE(Until([&] { return right == 2000; }));
}

TEST_P(WireContract, ARequestToNobodyIsReject) {
  auto wire = Connected();
  std::optional<Result<Answer>> answer;
  wire->Request({.subject = "q"}, seconds(5), [&](Result<Answer> got) { answer = got; });
  ASSERT_TRUE(Until([&] { return answer.has_value(); }));
  ASSERT_FALSE(*answer);
  EXPECT_EQ(answer->error().fault, Fault::kReject);
  EXPECT_EQ(answer->error().text, "nobody is subscribed to q");
}

TEST_P(WireContract, AnInboxIsToldThatNobodyIsSubscribed) {
  auto wire = Connected();
  std::vector<Copy> got;
  const std::string inbox = wire->NewInbox();
  EXPECT_NE(inbox, wire->NewInbox());
  ASSERT_TRUE(wire->Subscribe(inbox + ".*", "", Into(&got)));
  ASSERT_TRUE(wire->Publish({.subject = "nobody.here", .reply = inbox + ".17", .data = "x"}));
  ASSERT_TRUE(Until([&] { return !got.empty(); }));
  EXPECT_EQ(got[0].status, 503);
  EXPECT_EQ(got[0].subject, inbox + ".17");
  EXPECT_EQ(got[0].data, "");
}

TEST_P(WireContract, ARequestWithoutAnAnswerIsRetryInTime) {
  auto wire = Connected();
  ASSERT_TRUE(wire->Subscribe("q", "", [](const Arrived&) {}));
  const int64_t begin_ms = world_->clock().SteadyMs();
  std::optional<Result<Answer>> answer;
  wire->Request({.subject = "q"}, milliseconds(100), [&](Result<Answer> got) { answer = got; });
  ASSERT_TRUE(Until([&] { return answer.has_value(); }));
  ASSERT_FALSE(*answer);
  EXPECT_EQ(answer->error().fault, Fault::kRetry);
  EXPECT_NE(answer->error().text.find("q"), std::string::npos);
  EXPECT_GE(world_->clock().SteadyMs() - begin_ms, 100);
  EXPECT_LT(world_->clock().SteadyMs() - begin_ms, 2000);
}

TEST_P(WireContract, ALateAnswerIsIgnored) {
  auto wire = Connected();
  std::string reply;
  ASSERT_TRUE(wire->Subscribe("q", "", [&](const Arrived& arrived) { reply = arrived.reply; }));
  int answers = 0;
  wire->Request({.subject = "q"}, milliseconds(50), [&](Result<Answer>) { ++answers; });
  ASSERT_TRUE(Until([&] { return answers == 1; }));
  ASSERT_TRUE(wire->Publish({.subject = reply, .data = "late"}));
  ASSERT_TRUE(Settle(*wire));
  EXPECT_EQ(answers, 1);
}

TEST_P(WireContract, WhatCannotBeRequestedIsToldLater) {
  auto wire = world_->MakeWire();
  std::optional<Result<Answer>> answer;
  const auto done = [&](Result<Answer> got) { answer = got; };
  wire->Request({.subject = "q"}, seconds(1), done);
  EXPECT_FALSE(answer);
  ASSERT_TRUE(Until([&] { return answer.has_value(); }));
  ASSERT_FALSE(*answer);
  EXPECT_EQ(answer->error().fault, Fault::kRetry);
  ASSERT_TRUE(Until([&] { return wire->connected(); }));
  answer.reset();
  wire->Request({.subject = "not a subject"}, seconds(1), done);
  EXPECT_FALSE(answer);
  ASSERT_TRUE(Until([&] { return answer.has_value(); }));
  ASSERT_FALSE(*answer);
  EXPECT_EQ(answer->error().fault, Fault::kReject);
}

TEST_P(WireContract, ABrokenConnectionTakesSubscriptionsAndRequestsWithIt) {
  auto wire = Connected();
  std::vector<Copy> got;
  std::vector<bool> told;
  wire->SetConnectionHandler([&](bool connected) { told.push_back(connected); });
  const auto id = wire->Subscribe("a", "", Into(&got));
  ASSERT_TRUE(id);
  std::optional<Result<Answer>> answer;
  wire->Request({.subject = "a"}, seconds(60), [&](Result<Answer> result) { answer = result; });
  ASSERT_TRUE(Until([&] { return got.size() == 1; }));

  world_->StopServer();
  ASSERT_TRUE(Until([&] { return !wire->connected() && answer.has_value(); }));
  ASSERT_FALSE(*answer);
  EXPECT_EQ(answer->error().fault, Fault::kRetry);
  EXPECT_EQ(told, std::vector<bool>{false});
  EXPECT_EQ(wire->connection_number(), 1u);
  const auto published = wire->Publish({.subject = "a", .data = "lost"});
  ASSERT_FALSE(published);
  EXPECT_EQ(published.error().fault, Fault::kRetry);

  world_->StartServer();
  ASSERT_TRUE(Until([&] { return wire->connected(); }));
  EXPECT_EQ(told, (std::vector<bool>{false, true}));
  EXPECT_EQ(wire->connection_number(), 2u);
  ASSERT_TRUE(wire->Publish({.subject = "a", .data = "no longer"}));
  ASSERT_TRUE(Settle(*wire));
  EXPECT_EQ(got.size(), 1u);
  wire->Unsubscribe(*id);
  ASSERT_TRUE(wire->Subscribe("a", "", Into(&got)));
  ASSERT_TRUE(wire->Publish({.subject = "a", .data = "back"}));
  ASSERT_TRUE(Until([&] { return got.size() == 2; }));
  EXPECT_EQ(got[1].data, "back");
}

TEST_P(WireContract, RefusesWhatWouldBreakTheProtocol) {
  auto wire = Connected();
  std::vector<Copy> got;
  ASSERT_TRUE(wire->Subscribe(">", "", Into(&got)));
  const auto refused = [&](const Outbound& message) {
    const auto published = wire->Publish(message);
    return !published && published.error().fault == Fault::kReject;
  };
  for (const char* subject : {"", ".", "a.", ".a", "a..b", "a b", "a\r\nPUB x 1\r\nx", "a.*", "a.>",
                              "\xc3\xa9", "a\tb"}) {
    EXPECT_TRUE(refused({.subject = subject})) << subject;
    EXPECT_TRUE(*subject == '\0' || refused({.subject = "a", .reply = subject})) << subject;
  }
  EXPECT_TRUE(refused({.subject = std::string_view("a\0b", 3)}));
  const std::string_view bad = "x\r\nB: y";
  EXPECT_TRUE(refused({.subject = "a", .content_type = bad}));
  EXPECT_TRUE(refused({.subject = "a", .message_id = bad}));
  EXPECT_TRUE(refused({.subject = "a", .trace = bad}));
  EXPECT_TRUE(refused({.subject = "a", .expected_last = bad}));
  EXPECT_TRUE(refused({.subject = "a", .message_id = std::string_view("a\0b", 3)}));
  for (const char* pattern : {"", "a.>.b", "a. b", ">a", "a*", "a\r\nSUB > 9"}) {
    const auto subscribed = wire->Subscribe(pattern, "", [](const Arrived&) {});
    ASSERT_FALSE(subscribed) << pattern;
    EXPECT_EQ(subscribed.error().fault, Fault::kReject);
  }
  EXPECT_FALSE(wire->Subscribe("a", "a queue", [](const Arrived&) {}));
  ASSERT_TRUE(wire->Publish({.subject = "good"}));
  ASSERT_TRUE(Until([&] { return !got.empty(); }));
  EXPECT_EQ(got[0].subject, "good");
  EXPECT_EQ(wire->connection_number(), 1u);
}

TEST_P(WireContract, TooLargeIsRejectWithBothSizes) {
  auto wire = Connected();
  const size_t bytes_max = wire->payload_bytes_max();
  EXPECT_EQ(bytes_max, size_t{1} << 20);
  size_t got = 0;
  ASSERT_TRUE(wire->Subscribe("a", "", [&](const Arrived& arrived) { got = arrived.data.size(); }));
  ASSERT_TRUE(wire->Publish({.subject = "a", .data = std::string(bytes_max, 'x')}));
  ASSERT_TRUE(Until([&] { return got == bytes_max; }));
  const std::string large(bytes_max + 1, 'x');
  const auto published = wire->Publish({.subject = "a", .data = large});
  ASSERT_FALSE(published);
  EXPECT_EQ(published.error().fault, Fault::kReject);
  EXPECT_NE(published.error().text.find(std::to_string(bytes_max + 1)), std::string::npos);
  EXPECT_NE(published.error().text.find(std::to_string(bytes_max)), std::string::npos);
  const std::string nearly(bytes_max - 10, 'x');
  EXPECT_FALSE(wire->Publish({.subject = "a", .data = nearly, .message_id = "1"}));
  ASSERT_TRUE(Settle(*wire));
  EXPECT_EQ(wire->connection_number(), 1u);
}

TEST_P(WireContract, WhatIsPublishedIsUnwrittenUntilFlush) {
  auto wire = Connected();
  wire->Flush();
  EXPECT_EQ(wire->unwritten_bytes(), 0u);
  ASSERT_TRUE(wire->Publish({.subject = "a", .data = std::string(1000, 'x')}));
  EXPECT_GE(wire->unwritten_bytes(), 1000u);
  wire->Flush();
  EXPECT_EQ(wire->unwritten_bytes(), 0u);
}

}  // namespace
}  // namespace lyceum::wire
