// Bad input through the real programs: each kind has a clear error, and nobody else's session feels
// it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/base64url.h"
#include "base/token.h"
#include "envelope/codec.h"
#include "support/eventually.h"
#include "support/gateway.h"
#include "support/stack.h"
#include "wire/jetstream.h"

namespace lyceum {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::BodyOf;
using test::Gateway;

class BadInput : public ::testing::Test {
 protected:
  test::Stack stack;
  Gateway gateway{stack.nats().Connect("gateway")};
  std::unique_ptr<test::Process> tools;
  const envelope::Subjects subjects;

  void SetUp() override {
    stack.ImportCourse(test::SourceFile("ops/courses/fractions.toml"));
    tools = stack.StartToolWorker("tools-1");
    stack.StartSessionWorker();
    gateway.Listen("c");
    gateway.Listen("other");
    Start("ada", "c");
    Start("grace", "other");
  }
  // Each test ends with this: the sessions are alive, the neighbour's has not heard of anything.
  void TearDown() override {
    if (HasFailure()) fmt::print("{}\n", stack.session_worker_logs());
    const auto before = gateway.Everything("other", milliseconds(0)).size();
    ExpectAlive("ada", "c");
    EXPECT_EQ(gateway.Everything("other", milliseconds(100)).size(), before);
    ExpectAlive("grace", "other");
  }
  void Start(const std::string& user, const std::string& client) {
    ASSERT_TRUE(gateway.Send(
        user,
        fmt::format(R"({{"id":"start","client":"{}","start":{{"course":"fractions"}}}})", client)));
    ASSERT_TRUE(gateway.Hear(client, [](const Gateway::Received& received) {
      return BodyOf<tutor::TextOut>(received) != nullptr;  // The last one of the step.
    })) << stack.session_worker_logs();
  }
  void ExpectAlive(const std::string& user, const std::string& client) {
    const std::string id = fmt::format("alive-{}", ++questions_);
    ASSERT_TRUE(gateway.Send(
        user,
        fmt::format(
            R"({{"id":"{}","client":"{}","message":{{"text":"what is a fraction?","intent":"QUESTION"}}}})",
            id, client)));
    const auto reply = gateway.Reply(client, id);
    ASSERT_TRUE(reply) << stack.session_worker_logs();
    EXPECT_EQ(BodyOf<tutor::ErrorOut>(*reply), nullptr);
  }
  // The newest dead letter, once there are so many.
  envelope::DeadLetter DeadLetterNumber(uint64_t number) {
    auto connection = stack.nats().Connect("operator");
    std::optional<wire::StoredMessage> stored;
    test::Eventually(seconds(10), [&] {
      auto message = wire::GetMessage(*connection, subjects.DeadLetterStream(), number);
      if (message && message->has_value()) stored = **message;
      return stored.has_value();
    });
    if (!stored) {
      ADD_FAILURE() << "there is no dead letter " << number;
      return {};
    }
    return envelope::DecodeDeadLetter(stored->data).value();
  }
  uint64_t DeadLetters() {
    auto connection = stack.nats().Connect("operator");
    return (*wire::GetStream(*connection, subjects.DeadLetterStream()))->last_sequence;
  }
  std::string ViewOf(const std::string& user) {
    const test::Ran ran = stack.Lyceum("operator", {"state", user, "--json"});
    EXPECT_EQ(ran.code, 0) << ran.err;
    return ran.out;
  }

 private:
  int questions_ = 0;
};

TEST_F(BadInput, GarbageGoesToTheDeadLetters) {
  ASSERT_TRUE(gateway.Send("ada", "\x08\xff\xff garbage"));
  const auto dead = DeadLetterNumber(1);
  EXPECT_EQ(dead.reason, "undecodable");
  EXPECT_EQ(dead.record, "\x08\xff\xff garbage");
  EXPECT_FALSE(dead.text.empty());
}

TEST_F(BadInput, UnknownFieldsAndKindsAreRefusedByNameAndTheSenderIsTold) {
  ASSERT_TRUE(
      gateway.Send("ada", R"({"id":"u1","client":"c","message":{"text":"x"},"mood":"bad"})"));
  const auto reply = gateway.Reply("c", "u1");
  ASSERT_TRUE(reply);
  ASSERT_NE(BodyOf<tutor::ErrorOut>(*reply), nullptr);
  EXPECT_EQ(BodyOf<tutor::ErrorOut>(*reply)->code, "refused");
  EXPECT_NE(BodyOf<tutor::ErrorOut>(*reply)->text.find("mood"), std::string::npos);
  EXPECT_EQ(reply->message.n, 0u);
  EXPECT_EQ(DeadLetterNumber(1).reason, "undecodable");
}

TEST_F(BadInput, WhatCannotBeReadIsToldToTheClientsOfTheSession) {
  gateway.Listen("tab");
  const std::string start = R"({"id":"s","client":"tab","start":{"course":"fractions"}})";
  ASSERT_TRUE(gateway.Send("ada", start));
  ASSERT_TRUE(gateway.Reply("tab", "s"));
  // Half a surrogate, bytes that are no UTF-8, no JSON at all: nobody can read who sent them.
  for (const std::string& data : {std::string(R"({"id":"h","message":{"text":"\ud800"}})"),
                                  std::string("{\"id\":\"u\",\"message\":{\"text\":\"\xff\"}}"),
                                  std::string("{ what"), std::string("\x08\xff\xff")}) {
    ASSERT_TRUE(gateway.Send("ada", data));
    const auto told = gateway.Hear("tab", [&](const Gateway::Received& received) {
      const auto* error = BodyOf<tutor::ErrorOut>(received);
      return error != nullptr && error->code == "refused";
    });
    ASSERT_TRUE(told) << data;
    EXPECT_EQ(told->message.n, 0u);
  }
}

TEST_F(BadInput, ASubjectThatNamesNoUserIsDeadAndSaysHowToWriteIt) {
  ASSERT_TRUE(gateway.Send(std::string(65, 'a'), R"({"id":"w5","client":"c","skip":{}})"));
  const auto dead = DeadLetterNumber(1);
  EXPECT_EQ(dead.reason, "bad_subject");
  EXPECT_NE(dead.text.find("base64url"), std::string::npos) << dead.text;
}

TEST_F(BadInput, AnEventOfAnotherClassIsRefused) {
  ASSERT_TRUE(gateway.Send("ada", R"({"id":"w1","client":"c","force_skip":{}})"));
  EXPECT_EQ(DeadLetterNumber(1).reason, "wrong_class");
}

TEST_F(BadInput, AUserInAnotherPartitionIsRefused) {
  const uint32_t home = PartitionOf("ada", 16);
  ASSERT_TRUE(gateway.SendTo(fmt::format("lyceum.p.{}.user.ada", (home + 1) % 16),
                             R"({"id":"w2","client":"c","skip":{}})"));
  const auto dead = DeadLetterNumber(1);
  EXPECT_EQ(dead.reason, "wrong_partition");
  EXPECT_EQ(dead.partition, (home + 1) % 16);
}

TEST_F(BadInput, IdsThatAreNoTokensNeverReachASubject) {
  for (const std::string& id :
       {std::string("a.b"), std::string("a*"), std::string("a>"), std::string("a b"),
        std::string("a\r\nPUB x 0\r\n"), std::string("\xF0\x9F\x98\x80")}) {
    auto token = ToToken(id);
    ASSERT_TRUE(token) << id;
    EXPECT_EQ((*token)[0], '~');
    const std::string event =
        fmt::format(R"({{"id":"start","client":"c","start":{{"course":"fractions"}}}})");
    ASSERT_TRUE(gateway.Send(*token, event));
    const auto reply = gateway.Hear(
        "c", [&](const Gateway::Received& received) { return received.user.value == *token; });
    EXPECT_TRUE(reply) << id;
  }
  // A client that is no token is refused with the event.
  ASSERT_TRUE(gateway.Send("ada", R"({"id":"w3","client":"a.b","skip":{}})"));
  EXPECT_EQ(DeadLetterNumber(1).reason, "undecodable");
  // As a subject's last part, what is no token is refused in its partition.
  ASSERT_TRUE(gateway.Send("~~~", R"({"id":"w4","client":"c","skip":{}})"));
  EXPECT_EQ(DeadLetterNumber(2).reason, "bad_subject");
}

TEST_F(BadInput, AMessageOf900KiBIsAnsweredAndCostsNoMore) {
  const std::string text(900 * 1024, 'x');
  ASSERT_TRUE(gateway.Send(
      "ada", fmt::format(R"({{"id":"big","client":"c","message":{{"text":"{}"}}}})", text)));
  const auto reply = gateway.Reply("c", "big");
  ASSERT_TRUE(reply);
  ASSERT_NE(BodyOf<tutor::ErrorOut>(*reply), nullptr);
  EXPECT_EQ(BodyOf<tutor::ErrorOut>(*reply)->code, "text_too_long");
  EXPECT_LT(ViewOf("ada").size(), 100'000u);
}

TEST_F(BadInput, GarbageOf900KiBFitsItsDeadLetter) {
  ASSERT_TRUE(gateway.Send("ada", std::string(900 * 1024, '\xff')));
  EXPECT_EQ(DeadLetterNumber(1).record.size(), 900u * 1024);
}

TEST_F(BadInput, InvalidUtf8IsRefused) {
  ASSERT_TRUE(
      gateway.Send("ada", "{\"id\":\"u8\",\"client\":\"c\",\"message\":{\"text\":\"\xC3\x28\"}}"));
  const auto dead = DeadLetterNumber(1);
  EXPECT_EQ(dead.reason, "undecodable");
  EXPECT_NE(dead.text.find("UTF-8"), std::string::npos) << dead.text;
}

TEST_F(BadInput, AnEventTwiceHappensOnce) {
  // Without Nats-Msg-Id the server stores both.
  const std::string event =
      R"({"id":"once","client":"c","message":{"text":"what?","intent":"QUESTION"}})";
  ASSERT_TRUE(gateway.Send("ada", event));
  ASSERT_TRUE(gateway.Reply("c", "once"));
  ASSERT_TRUE(gateway.Send("ada", event));
  ASSERT_TRUE(gateway.Send("ada", R"({"id":"after","client":"c","continue":{}})"));
  ASSERT_TRUE(gateway.Reply("c", "after"));
  size_t replies = 0;
  for (const auto& received : gateway.Everything("c", milliseconds(50))) {
    if (received.message.in_reply_to.value == "once") ++replies;
  }
  EXPECT_EQ(replies, 1u);
}

TEST_F(BadInput, ToolResultsOfNoPendingCallAreDropped) {
  const std::string before = ViewOf("ada");
  auto worker = std::make_unique<Gateway>(stack.nats().Connect("tool_worker"));
  const std::string result =
      R"({{"id":"{0}","tool_result":{{"id":"{0}","attempt":1,"tool":"clarify_concept","worker":"w",)"
      R"("ok":{{"clarify_concept":{{"text":"planted","on_topic":true}}}}}}}})";
  ASSERT_TRUE(worker->Send("ada", fmt::format(fmt::runtime(result), "0-1-0"), "", "tool"));
  ASSERT_TRUE(worker->Send("ada", fmt::format(fmt::runtime(result), "nonsense"), "", "tool"));
  ExpectAlive("ada", "c");
  for (const auto& received : gateway.Everything("c", milliseconds(50))) {
    const auto* text = BodyOf<tutor::TextOut>(received);
    EXPECT_TRUE(text == nullptr || text->text.find("planted") == std::string::npos);
  }
  EXPECT_EQ(DeadLetters(), 0u);
  gateway.Send("ada", R"({"id":"d","client":"c","detach":{}})");
}

TEST_F(BadInput, EventsOutOfAnySensibleOrderAreAnswered) {
  gateway.Listen("early");
  ASSERT_TRUE(gateway.Send("newcomer", R"({"id":"e1","client":"early","hint":{}})"));
  const auto no_session = gateway.Reply("early", "e1");
  ASSERT_TRUE(no_session);
  ASSERT_NE(BodyOf<tutor::ErrorOut>(*no_session), nullptr);
  EXPECT_EQ(BodyOf<tutor::ErrorOut>(*no_session)->code, "no_session");
  ASSERT_TRUE(gateway.Send("ada", R"({"id":"e2","client":"c","hint":{}})"));
  const auto no_question = gateway.Reply("c", "e2");
  ASSERT_TRUE(no_question);
  ASSERT_NE(BodyOf<tutor::ErrorOut>(*no_question), nullptr);
  EXPECT_EQ(BodyOf<tutor::ErrorOut>(*no_question)->code, "no_open_question");
  ASSERT_TRUE(gateway.Send("ada", R"({"id":"e3","client":"c","start":{"course":"fractions"}})"));
  const auto started = gateway.Reply("c", "e3");
  ASSERT_TRUE(started);
  ASSERT_NE(BodyOf<tutor::ErrorOut>(*started), nullptr);
  EXPECT_EQ(BodyOf<tutor::ErrorOut>(*started)->code, "already_started");
}

TEST_F(BadInput, ACourseThatDoesNotExistIsSaidAndCanBeLeft) {
  gateway.Listen("lost");
  ASSERT_TRUE(
      gateway.Send("lost", R"({"id":"s","client":"lost","start":{"course":"no-such-course"}})"));
  const auto error = gateway.Hear("lost", [](const Gateway::Received& received) {
    return BodyOf<tutor::ErrorOut>(received) != nullptr;
  });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->message.state, tutor::StateName::kErrorState);
  EXPECT_NE(BodyOf<tutor::ErrorOut>(*error)->text.find("fractions"), std::string::npos)
      << BodyOf<tutor::ErrorOut>(*error)->text;
  ASSERT_TRUE(gateway.Send("lost", R"({"id":"k","client":"lost","skip":{}})"));
  const auto skipped = gateway.Reply("lost", "k");
  ASSERT_TRUE(skipped);
  ASSERT_NE(BodyOf<tutor::ErrorOut>(*skipped), nullptr);
  EXPECT_EQ(BodyOf<tutor::ErrorOut>(*skipped)->code, "not_found");
  // No operator is needed.
  ASSERT_TRUE(
      gateway.Send("lost", R"({"id":"s2","client":"lost","start":{"course":"fractions"}})"));
  EXPECT_TRUE(gateway.Hear("lost", [](const Gateway::Received& received) {
    return BodyOf<tutor::ProgressOut>(received) != nullptr;
  }));
}

TEST_F(BadInput, ASecondMessageWhileAToolRunsIsAnsweredWithWaitAndChangesNothingElse) {
  // Nobody serves the first one: it stays locked until the tools are back.
  tools->Terminate();
  ASSERT_TRUE(tools->Wait(In(seconds(40))));
  ASSERT_TRUE(gateway.Send(
      "ada",
      R"({"id":"q1","client":"c","message":{"text":"what is a half?","intent":"QUESTION"}})"));
  ASSERT_TRUE(gateway.Send("ada", R"({"id":"q2","client":"c","message":{"text":"hello?"}})"));
  const auto wait = gateway.Reply("c", "q2");
  ASSERT_TRUE(wait);
  EXPECT_NE(BodyOf<tutor::WaitOut>(*wait), nullptr);
  EXPECT_EQ(wait->message.state, tutor::StateName::kAwaitingToolResult);
  tools = stack.StartToolWorker("tools-2");
  const auto answer = gateway.Reply("c", "q1");
  ASSERT_TRUE(answer);
  EXPECT_NE(BodyOf<tutor::TextOut>(*answer), nullptr);
  size_t replies = 0;
  for (const auto& received : gateway.Everything("c", milliseconds(300))) {
    if (received.message.in_reply_to.value == "q2") ++replies;
  }
  EXPECT_EQ(replies, 1u);
}

}  // namespace
}  // namespace lyceum
