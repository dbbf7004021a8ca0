#include "wire/connection.h"

#include <gtest/gtest.h>

#include "support/eventually.h"
#include "support/nats_server.h"
#include "wire_vocabulary.h"

namespace lyceum::wire {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::Eventually;
using test::NatsServer;

Result<std::shared_ptr<Connection>> ConnectTo(const std::string& url, const std::string& user = "",
                                              const std::string& password = "") {
  ConnectOptions options;
  options.url = url;
  options.user = user;
  options.password = password;
  return Connection::Connect(options);
}

TEST(Connection, CarriesSubjectHeadersDataAndTag) {
  NatsServer server(kOpen);
  auto connection = server.Connect("");
  auto box = Box();
  auto subscription = connection->Subscribe("a.*", "", box, 7);
  ASSERT_TRUE(subscription);
  Message message = To("a.b", std::string("x\0\xff\r\ny", 6));
  message.reply = "some.reply";
  message.headers = {{"Content-Type", "application/json"}, {"Nats-Msg-Id", "1"}};
  ASSERT_TRUE(connection->Publish(message));
  ASSERT_TRUE(connection->Publish(To("b.b")));
  ASSERT_TRUE(connection->Flush(seconds(2)));
  const auto got = box->Pop(In(seconds(2)));
  ASSERT_TRUE(got);
  EXPECT_EQ(got->subject, "a.b");
  EXPECT_EQ(got->reply, "some.reply");
  EXPECT_EQ(got->data, message.data);
  EXPECT_EQ(got->tag, 7);
  EXPECT_EQ(got->header("content-type"), "application/json");
  EXPECT_EQ(got->header("NATS-MSG-ID"), "1");
  EXPECT_EQ(got->header("absent"), "");
  EXPECT_FALSE(got->no_responders);
  EXPECT_EQ(box->size(), 0u);
}

TEST(Connection, DeadPortIsRetryAndSaysWhere) {
  const std::string url = "nats://127.0.0.1:" + std::to_string(test::FreePort());
  const auto connection = ConnectTo(url);
  ASSERT_FALSE(connection);
  EXPECT_EQ(connection.error().fault, Fault::kRetry);
  EXPECT_NE(connection.error().text.find("no NATS server answers at " + url), std::string::npos)
      << connection.error().text;
}

TEST(Connection, WrongPasswordIsRejectAndNeverShown) {
  NatsServer server;
  const auto connection = ConnectTo(server.url(), "gateway", "sesame");
  ASSERT_FALSE(connection);
  EXPECT_EQ(connection.error().fault, Fault::kReject);
  EXPECT_NE(connection.error().text.find("refuses the user or the password"), std::string::npos);
  const auto by_url = ConnectTo("nats://gateway:sesame@127.0.0.1:" + std::to_string(server.port()));
  ASSERT_FALSE(by_url);
  EXPECT_EQ(by_url.error().fault, Fault::kReject);
  EXPECT_EQ(by_url.error().text.find("sesame"), std::string::npos);
}

TEST(Connection, GarbageUrlIsAnError) {
  for (const char* url : {"", ",", "nats://", "nats://127.0.0.1:notaport"}) {
    EXPECT_FALSE(ConnectTo(url)) << url;
  }
}

TEST(Connection, RefusesWhatWouldBreakTheProtocol) {
  NatsServer server(kOpen);
  auto connection = server.Connect("");
  for (const char* subject : {"", ".", "a.", ".a", "a..b", "a b", "a\r\nPUB x 1\r\nx", "a.*", "a.>",
                              "\xc3\xa9", "a\tb", "a\x7f"}) {
    EXPECT_FALSE(IsSubject(subject)) << subject;
    const auto published = connection->Publish(To(subject));
    ASSERT_FALSE(published) << subject;
    EXPECT_EQ(published.error().fault, Fault::kReject);
  }
  Message message = To("a");
  message.reply = "b c";
  EXPECT_FALSE(connection->Publish(message));
  for (const auto& [name, value] :
       Headers{{"A\r\nB", "x"}, {"", "x"}, {"A:B", "x"}, {"A", "x\r\nB: y"}}) {
    message = To("a");
    message.headers = {{name, value}};
    EXPECT_FALSE(connection->Publish(message));
  }
  for (const char* pattern : {"", "a.>.b", "a. b", ">a", "a*"}) {
    EXPECT_FALSE(connection->Subscribe(pattern, "", Box(), 0)) << pattern;
  }
  EXPECT_FALSE(connection->Subscribe("a", "a queue", Box(), 0));
  EXPECT_TRUE(IsSubject("lyceum.in.user.~4pyT"));
}

TEST(Connection, TooLargeIsRejectWithBothSizes) {
  NatsServer server(kOpen);
  auto connection = server.Connect("");
  EXPECT_EQ(connection->payload_bytes_max(), size_t{1} << 20);
  EXPECT_TRUE(connection->Publish(To("a", std::string(1 << 20, 'x'))));
  const auto published = connection->Publish(To("a", std::string((1 << 20) + 1, 'x')));
  ASSERT_FALSE(published);
  EXPECT_EQ(published.error().fault, Fault::kReject);
  EXPECT_NE(published.error().text.find("1048577"), std::string::npos);
  EXPECT_NE(published.error().text.find("1048576"), std::string::npos);
  Message headed = To("a", std::string((1 << 20) - 10, 'x'));
  headed.headers = {{"A", "b"}};
  EXPECT_FALSE(connection->Publish(headed));
  EXPECT_TRUE(connection->Flush(seconds(2)));
  EXPECT_EQ(connection->reconnects(), 0u);
}

TEST(Connection, RequestIsAnsweredOrSaysWhyNot) {
  NatsServer server(kOpen);
  auto connection = server.Connect("");
  auto nobody = connection->Request(To("q"), seconds(2));
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().fault, Fault::kReject);
  EXPECT_EQ(nobody.error().text, "nobody is subscribed to q");

  auto box = Box();
  auto subscription = connection->Subscribe("q", "", box, 0);
  auto silent = connection->Request(To("q"), milliseconds(50));
  ASSERT_FALSE(silent);
  EXPECT_EQ(silent.error().fault, Fault::kRetry);
  ASSERT_TRUE(box->Pop(In(seconds(2))));

  std::thread answerer([&] {
    const auto question = box->Pop(In(seconds(5)));
    EXPECT_TRUE(question && connection->Publish(To(question->reply, "yes")));
  });
  auto answer = connection->Request(To("q"), seconds(5));
  answerer.join();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->data, "yes");
}

TEST(Connection, ReplyInboxHearsThatNobodyListens) {
  NatsServer server(kOpen);
  auto connection = server.Connect("");
  auto box = Box();
  const std::string inbox = connection->NewInbox();
  EXPECT_NE(inbox, connection->NewInbox());
  auto subscription = connection->Subscribe(inbox, "", box, 0);
  Message message = To("nobody.here");
  message.reply = inbox;
  ASSERT_TRUE(connection->Publish(message));
  const auto got = box->Pop(In(seconds(2)));
  ASSERT_TRUE(got);
  EXPECT_TRUE(got->no_responders);
}

TEST(Connection, QueueGroupShares) {
  NatsServer server(kOpen);
  auto connection = server.Connect("");
  auto a = Box(), b = Box();
  auto first = connection->Subscribe("work", "tools", a, 0);
  auto second = connection->Subscribe("work", "tools", b, 0);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(connection->Publish(To("work")));
  EXPECT_TRUE(Eventually(seconds(5), [&] { return a->size() + b->size() == 100; }));
  EXPECT_GT(a->size(), 0u);
  EXPECT_GT(b->size(), 0u);
}

TEST(Subscription, NothingComesAfterItsEnd) {
  NatsServer server(kOpen);
  auto connection = server.Connect("");
  auto box = Box();
  for (int i = 0; i < 50; ++i) {
    auto subscription = connection->Subscribe("a", "", box, i);
    ASSERT_TRUE(subscription);
    for (int j = 0; j < 20; ++j) ASSERT_TRUE(connection->Publish(To("a")));
    ASSERT_TRUE(connection->Flush(seconds(2)));
    *subscription = *connection->Subscribe("b", "", box, -1);  // Ends the first.
    const size_t before = box->size();
    ASSERT_TRUE(connection->Flush(seconds(2)));
    EXPECT_EQ(box->size(), before);
    box->PopSome(1000, In(milliseconds(0)));
  }
}

TEST(Subscription, MayOutliveItsConnection) {
  NatsServer server(kOpen);
  auto connection = server.Connect("");
  auto box = Box();
  auto subscription = connection->Subscribe("a", "", box, 0);
  connection.reset();
  EXPECT_EQ(subscription->dropped(), 0u);
}

TEST(Subscription, CountsWhatAFullMailboxDrops) {
  NatsServer server(kOpen);
  auto connection = server.Connect("");
  auto box = std::make_shared<MessageBox>(10);
  auto subscription = connection->Subscribe("a", "", box, 0);
  for (int i = 0; i < 25; ++i) ASSERT_TRUE(connection->Publish(To("a")));
  EXPECT_TRUE(Eventually(seconds(5), [&] { return subscription->dropped() == 15; }));
  EXPECT_EQ(box->size(), 10u);
}

TEST(Connection, KeepsNothingWhileAwayAndComesBack) {
  NatsServer server(kOpen);
  auto connection = server.Connect("");
  auto box = Box();
  auto subscription = connection->Subscribe("a", "", box, 0);
  ASSERT_TRUE(connection->Flush(seconds(2)));
  server.Kill9();
  ASSERT_TRUE(Eventually(seconds(5), [&] { return !connection->connected(); }));
  for (int i = 0; i < 100; ++i) {
    const auto published = connection->Publish(To("a", "lost"));
    ASSERT_FALSE(published);
    EXPECT_EQ(published.error().fault, Fault::kRetry);
  }
  const auto flushed = connection->Flush(milliseconds(50));
  ASSERT_FALSE(flushed);
  EXPECT_EQ(flushed.error().fault, Fault::kRetry);
  EXPECT_EQ(connection->reconnects(), 0u);
  const Deadline deadline = In(seconds(10));
  server.Restart();
  ASSERT_TRUE(Eventually(deadline, [&] { return connection->connected(); }));
  EXPECT_EQ(connection->reconnects(), 1u);
  ASSERT_TRUE(
      Eventually(deadline, [&] { return connection->Publish(To("a", "back")).has_value(); }));
  const auto got = box->Pop(deadline);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->data, "back");
  EXPECT_EQ(box->size(), 0u);
}

TEST(Connection, ManyComeAndGo) {
  NatsServer server(kOpen);
  for (int i = 0; i < 30; ++i) {
    auto connection = server.Connect("");
    auto box = Box();
    auto subscription = connection->Subscribe("a", "", box, 0);
    ASSERT_TRUE(connection->Publish(To("a")));
    if (i % 2 == 0) connection.reset();
  }
}

TEST(Connection, PermissionViolationIsHeardOf) {
  NatsServer server;
  auto connection = server.Connect("gateway");
  ASSERT_TRUE(connection->Publish(To("lyceum.in.admin.ann")));
  ASSERT_TRUE(Eventually(seconds(5), [&] { return connection->async_errors() == 1; }));
  EXPECT_NE(connection->last_async_error().find("lyceum.p."), std::string::npos)
      << connection->last_async_error();
  const auto request = connection->Request(To("lyceum.dlq.1.ann"), milliseconds(500));
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().fault, Fault::kReject);
  EXPECT_NE(request.error().text.find("lyceum.dlq.1.ann"), std::string::npos);
}

}  // namespace
}  // namespace lyceum::wire
