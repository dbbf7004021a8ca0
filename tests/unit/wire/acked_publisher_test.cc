#include "wire/acked_publisher.h"

#include <gtest/gtest.h>

#include <set>

#include "support/eventually.h"
#include "support/nats_server.h"
#include "wire/jetstream.h"
#include "wire_vocabulary.h"

namespace lyceum::wire {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::Eventually;
using test::NatsServer;

std::shared_ptr<Mailbox<Acked>> DoneBox() { return std::make_shared<Mailbox<Acked>>(100'000); }

Result<Ensured> MakeLog(Connection& connection, int32_t message_bytes_max = -1) {
  StreamConfig config;
  config.name = "LOG";
  config.subjects = {"log.*"};
  config.message_bytes_max = message_bytes_max;
  return EnsureStream(connection, config);
}

TEST(AckedPublisher, ReportsTheSequenceOfEach) {
  NatsServer server(kOpen);
  auto connection = server.Connect("");
  ASSERT_TRUE(MakeLog(*connection));
  auto done = DoneBox();
  AckedPublisher publisher(connection, done, {});
  for (uint64_t i = 1; i <= 100; ++i) {
    ASSERT_TRUE(publisher.Send(To("log.a"), std::to_string(i), i * 10, In(seconds(2))));
  }
  ASSERT_TRUE(publisher.Drain(In(seconds(5))));
  EXPECT_EQ(publisher.in_flight(), 0u);
  for (uint64_t i = 1; i <= 100; ++i) {
    const auto acked = done->Pop(In(seconds(1)));
    ASSERT_TRUE(acked);
    EXPECT_TRUE(acked->ok);
    EXPECT_EQ(acked->cookie, acked->sequence * 10);
  }
}

TEST(AckedPublisher, IdSentBeforeIsAckedAndNotStoredAgain) {
  NatsServer server(kOpen);
  auto connection = server.Connect("");
  ASSERT_TRUE(MakeLog(*connection));
  auto done = DoneBox();
  AckedPublisher publisher(connection, done, {});
  ASSERT_TRUE(publisher.Send(To("log.a"), "same", 1, In(seconds(2))));
  ASSERT_TRUE(publisher.Send(To("log.a"), "same", 2, In(seconds(2))));
  ASSERT_TRUE(publisher.Drain(In(seconds(5))));
  EXPECT_EQ(done->Pop(In(seconds(1)))->sequence, 1u);
  EXPECT_EQ(done->Pop(In(seconds(1)))->sequence, 1u);
  EXPECT_EQ((*GetStream(*connection, "LOG"))->messages, 1u);
}

TEST(AckedPublisher, TooLargeIsGivenUpAtOnce) {
  NatsServer server(kOpen);
  auto connection = server.Connect("");
  ASSERT_TRUE(MakeLog(*connection, 1000));
  auto done = DoneBox();
  AckedPublisher publisher(connection, done, {});
  ASSERT_TRUE(publisher.Send(To("log.a", std::string(2000, 'x')), "1", 1, In(seconds(2))));
  ASSERT_TRUE(publisher.Send(To("log.a", std::string(2 << 20, 'x')), "2", 2, In(seconds(2))));
  ASSERT_TRUE(publisher.Send(To("not a subject"), "3", 3, In(seconds(2))));
  ASSERT_TRUE(publisher.Drain(In(seconds(5))));
  for (int i = 0; i < 3; ++i) {
    const auto acked = done->Pop(In(seconds(1)));
    ASSERT_TRUE(acked);
    EXPECT_FALSE(acked->ok);
    EXPECT_EQ(acked->sequence, 0u);
    EXPECT_FALSE(acked->error.empty());
  }
}

TEST(AckedPublisher, WaitsForAStreamThatIsNotThereYet) {
  NatsServer server(kOpen);
  auto connection = server.Connect("");
  auto done = DoneBox();
  AckedPublisher publisher(connection, done, {.in_flight_max = 10, .resend = milliseconds(200)});
  ASSERT_TRUE(publisher.Send(To("log.a"), "1", 1, In(seconds(2))));
  EXPECT_FALSE(publisher.Drain(In(milliseconds(100))));
  ASSERT_TRUE(MakeLog(*connection));
  ASSERT_TRUE(publisher.Drain(In(seconds(5))));
  EXPECT_TRUE(done->Pop(In(seconds(1)))->ok);
}

TEST(AckedPublisher, GivesUpAtItsDeadlineAndSaysWhy) {
  NatsServer server(kOpen);
  auto connection = server.Connect("");
  auto done = DoneBox();
  AckedPublisher publisher(connection, done, {});
  ASSERT_TRUE(publisher.Send(To("log.a"), "1", 9, In(seconds(2)), In(milliseconds(100))));
  const auto acked = done->Pop(In(seconds(5)));
  ASSERT_TRUE(acked);
  EXPECT_FALSE(acked->ok);
  EXPECT_EQ(acked->cookie, 9u);
  EXPECT_EQ(acked->error, "given up: no stream stores this subject");
}

TEST(AckedPublisher, SendWaitsForRoomUntilItsDeadline) {
  NatsServer server(kOpen);
  auto connection = server.Connect("");
  auto done = DoneBox();
  AckedPublisher publisher(connection, done, {.in_flight_max = 2, .resend = milliseconds(100)});
  EXPECT_TRUE(publisher.Send(To("log.a"), "1", 1, In(seconds(2))));
  EXPECT_TRUE(publisher.Send(To("log.a"), "2", 2, In(seconds(2))));
  EXPECT_FALSE(publisher.Send(To("log.a"), "3", 3, In(milliseconds(50))));
  EXPECT_EQ(publisher.in_flight(), 2u);
  ASSERT_TRUE(MakeLog(*connection));
  EXPECT_TRUE(publisher.Send(To("log.a"), "3", 3, In(seconds(5))));
  EXPECT_TRUE(publisher.Drain(In(seconds(5))));
}

TEST(AckedPublisher, ReportsWaitWhereTheMailboxIsFull) {
  NatsServer server(kOpen);
  auto connection = server.Connect("");
  ASSERT_TRUE(MakeLog(*connection));
  auto done = std::make_shared<Mailbox<Acked>>(1);
  AckedPublisher publisher(connection, done, {});
  for (uint64_t i = 1; i <= 5; ++i) {
    ASSERT_TRUE(publisher.Send(To("log.a"), std::to_string(i), i, In(seconds(2))));
  }
  std::set<uint64_t> cookies;
  while (cookies.size() < 5) {
    const auto acked = done->Pop(In(seconds(2)));
    ASSERT_TRUE(acked);
    EXPECT_TRUE(cookies.insert(acked->cookie).second);
  }
  EXPECT_TRUE(publisher.Drain(In(seconds(1))));
}

// The server is killed three times while 20,000 are on their way: each is acked, and stored once.
TEST(AckedPublisher, NothingIsLostOrStoredTwiceThroughKill9) {
  NatsServer server(kOpen);
  auto connection = server.Connect("");
  ASSERT_TRUE(MakeLog(*connection));
  auto done = DoneBox();
  AckedPublisher publisher(connection, done, {.in_flight_max = 512, .resend = milliseconds(500)});
  constexpr uint64_t kMessages = 20'000;
  std::thread sender([&] {
    for (uint64_t i = 1; i <= kMessages; ++i) {
      const std::string text = std::to_string(i);
      EXPECT_TRUE(publisher.Send(To("log.a", text), text, i, In(seconds(30))));
    }
  });
  for (const size_t at : {3'000, 8'000, 15'000}) {
    EXPECT_TRUE(Eventually(seconds(30), [&] { return done->size() >= at; }));
    server.Kill9();
    server.Restart();
  }
  sender.join();
  ASSERT_TRUE(publisher.Drain(In(seconds(30))));
  std::set<uint64_t> cookies, sequences;
  while (const auto acked = done->Pop(In(milliseconds(0)))) {
    EXPECT_TRUE(acked->ok) << acked->error;
    cookies.insert(acked->cookie);
    sequences.insert(acked->sequence);
  }
  EXPECT_EQ(cookies.size(), kMessages);
  EXPECT_EQ(sequences.size(), kMessages);
  EXPECT_GE(connection->reconnects(), 3u);

  auto info = GetStream(*connection, "LOG");
  ASSERT_TRUE(info && *info);
  EXPECT_EQ((*info)->messages, kMessages);
  auto reader = StreamReader::Open(*connection, "LOG", "", 1);
  ASSERT_TRUE(reader);
  std::set<std::string> stored;
  for (uint64_t i = 0; i < kMessages; ++i) {
    auto got = (*reader)->Next(In(seconds(5)));
    ASSERT_TRUE(got && *got);
    EXPECT_TRUE(stored.insert((*got)->data).second) << (*got)->data;
  }
}

}  // namespace
}  // namespace lyceum::wire
