#include "wire/connection.h"

#include <gtest/gtest.h>

#include "support/eventually.h"
#include "support/nats_server.h"
#include "wire/jetstream.h"

namespace lyceum::wire {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::Eventually;
using test::NatsServer;

std::shared_ptr<MessageBox> Box() { return std::make_shared<MessageBox>(10'000); }

Message To(const std::string& subject, const std::string& data = "") {
  Message message;
  message.subject = subject;
  message.data = data;
  return message;
}

const NatsServer::Options kOpen{.roles = false, .jetstream = true, .partitions = 16};

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

}  // namespace
}  // namespace lyceum::wire
