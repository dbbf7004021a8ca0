// Each role of ops/nats/lyceum.conf on each class of subjects, against the table in this file.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <thread>

#include "base/token.h"
#include "support/eventually.h"
#include "support/nats_server.h"
#include "support/seed.h"
#include "wire/connection.h"
#include "wire/jetstream.h"

namespace lyceum {
namespace {

using std::chrono::seconds;
using test::Eventually;
using test::NatsServer;
using wire::Connection;
using wire::Message;
using wire::MessageBox;

// The letters of the tables.
const std::map<char, std::string> kRoles = {
    {'g', "gateway"}, {'o', "operator"}, {'s', "session_worker"}, {'t', "tool_worker"},
    {'l', "teacher"}, {'c', "author"},   {'a', "admin"}};

struct Row {
  std::string subject;
  std::string allowed;  // The roles that may; all others may not.
  std::string queue = "";
};

const std::vector<Row> kPublish = {
    {"lyceum.in.user.ann", "ga"},
    {"lyceum.in.admin.ann", "oa"},
    {"lyceum.in.tool.ann", "sta"},
    {"lyceum.in.timer.ann", "sa"},
    {"lyceum.in.other.ann", ""},
    {"lyceum.p.3.user.ann", "ga"},
    {"lyceum.p.3.admin.ann", "oa"},
    {"lyceum.p.3.tool.ann", "sta"},
    {"lyceum.p.3.timer.ann", "sa"},
    {"lyceum.in.teacher.ann", "la"},
    {"lyceum.p.3.teacher.ann", "la"},
    {"lyceum.draft.algebra.ann", "s"},
    {"lyceum.p.3.barrier.w1", "s"},
    {"lyceum.p.3.forget.a1b2", "a"},
    {"lyceum.in.forget.a1b2", "a"},
    {"lyceum.p.3.user.ann.more", ""},
    {"lyceum.gateway.g1", "g"},
    {"lyceum.query.ann", "goa"},
    {"lyceum.q.3.ann", "goa"},
    {"lyceum.tool.check_answer", "ost"},
    {"lyceum.tool.check_answer.w1", "s"},
    {"lyceum.tool.glossary", "ost"},
    {"lyceum.tool.glossary.w1", "s"},
    {"lyceum.toolctl.w1", "s"},
    {"lyceum.toolworker.w1", "t"},
    {"lyceum.worker.w1", "s"},
    {"lyceum.partition.3", "o"},
    {"lyceum.partition.3.more", ""},
    {"lyceum.out.c1", "st"},
    {"lyceum.dlq.3.ann", "s"},
    {"lyceum.snapshot.3.17", "s"},
    {"lyceum.snapshot.3.manifest", "s"},
    {"lyceum.snapshot.3.17.more", ""},
    {"$KV.lyceum_cluster.worker.w1", "sa"},
    {"$KV.lyceum_sessions.ann", ""},
    {"$KV.lyceum_courses.algebra", "a"},
    {"$KV.lyceum_courses.course.algebra.current", "ca"},
    {"$KV.lyceum_courses.topic.algebra.v1.sums", "ca"},
    {"$KV.lyceum_courses.draft.algebra.v1", "ca"},
    {"$KV.lyceum_courses.published.algebra.1", "ca"},
    {"$KV.lyceum_courses.course.algebra.current.more", "a"},
    {"$KV.other.key", ""},
    {"$JS.API.STREAM.CREATE.LYCEUM_P3", "a"},
    {"$JS.API.STREAM.UPDATE.LYCEUM_P3", "a"},
    {"$JS.API.STREAM.PURGE.LYCEUM_P3", "a"},
    {"$JS.API.STREAM.DELETE.LYCEUM_P3", "a"},
    {"$JS.API.STREAM.MSG.DELETE.LYCEUM_P3", "a"},
    {"$JS.API.CONSUMER.DELETE.LYCEUM_P3.c", "a"},
    {"$JS.API.CONSUMER.CREATE.LYCEUM_P3", "osa"},
    {"$JS.API.STREAM.INFO.LYCEUM_P3", "osa"},
    {"$JS.API.STREAM.MSG.GET.LYCEUM_P3", "osa"},
    {"$JS.API.STREAM.INFO.KV_lyceum_courses", "ostca"},
    {"$JS.API.STREAM.MSG.GET.KV_lyceum_courses", "ostca"},
    {"$JS.API.STREAM.MSG.DELETE.KV_lyceum_courses", "a"},
    {"$JS.API.STREAM.PURGE.KV_lyceum_courses", "a"},
    {"$JS.API.STREAM.MSG.GET.KV_lyceum_cluster", "osa"},
    {"_INBOX.gateway.x", "s"},
    {"_INBOX.teacher.x", "s"},
    {"_INBOX.author.x", "s"},
    {"_INBOX.operator.x", "s"},
    {"_INBOX.session_worker.x", "s"},
    {"_INBOX.tool_worker.x", "st"},
    {"$SRV.PING", "o"},
    {"$SRV.PING.lyceum-gateway", "o"},
    {"$SRV.INFO.lyceum-tool-worker.t1", "o"},
    {"$SRV.STATS", "o"},
    {"$SRV.STATS.lyceum-session-worker.w1", "o"},
    {"$SRV.OTHER", ""},
    {"$SYS.REQ.SERVER.PING", ""},
    {"somewhere.else", ""},
};

const std::vector<Row> kSubscribe = {
    {"lyceum.out.c1", "gol"},
    {"lyceum.out.*", "gol"},
    {"lyceum.draft.algebra.*", "ol"},
    {"lyceum.draft.*.*", "ol"},
    {"lyceum.gateway.g1", "g"},
    {"lyceum.in.user.ann", ""},
    {"lyceum.p.3.user.ann", ""},
    {"lyceum.p.*.*.*", ""},
    {"lyceum.query.ann", ""},
    {"lyceum.q.3.*", "s"},
    {"lyceum.tool.check_answer", "t", "tools"},
    {"lyceum.tool.check_answer", "", ""},
    {"lyceum.tool.check_answer", "", "spies"},
    {"lyceum.tool.check_answer.w1", "t"},
    {"lyceum.toolctl.w1", "t"},
    {"lyceum.toolworker.*", "os"},
    {"lyceum.worker.*", "osa"},
    {"lyceum.partition.3", "s"},
    {"lyceum.partition.*", "s"},
    {"lyceum.dlq.*.*", "o"},
    {"$KV.lyceum_cluster.>", ""},
    {"$KV.lyceum_courses.>", ""},
    {"$JS.API.>", ""},
    {"_INBOX.gateway.x.*", "g"},
    {"_INBOX.operator.x.*", "o"},
    {"_INBOX.session_worker.x.*", "s"},
    {"_INBOX.tool_worker.x.*", "t"},
    {"_INBOX.teacher.x.*", "l"},
    {"_INBOX.author.x.*", "c"},
    {"_INBOX.admin.x.*", "a"},
    {"$SRV.PING", "gst"},
    {"$SRV.PING.lyceum-gateway", "g"},
    {"$SRV.INFO.lyceum-gateway.g1", "g"},
    {"$SRV.INFO", "gst"},
    {"$SRV.INFO.lyceum-session-worker", "s"},
    {"$SRV.STATS.lyceum-session-worker.w1", "s"},
    {"$SRV.STATS", "gst"},
    {"$SRV.STATS.lyceum-tool-worker", "t"},
    {"$SRV.PING.lyceum-tool-worker.t1", "t"},
    {"$SRV.PING.*", ""},
    {"$SRV.>", ""},
    {"_INBOX.>", ""},
    {"lyceum.>", ""},
    {">", ""},
    {"$SYS.>", ""},
};

size_t Count(const std::string& text, const std::string& what) {
  size_t count = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

Message To(const std::string& subject) {
  Message message;
  message.subject = subject;
  return message;
}

// The server writes a violation into its log before it answers the round trip that follows.
bool Refused(const NatsServer& server, Connection& connection, const std::string& violation,
             const std::function<void()>& act) {
  const size_t before = Count(server.log(), violation);
  act();
  EXPECT_TRUE(connection.Flush(seconds(5)));
  return Count(server.log(), violation) > before;
}

TEST(Permissions, PublishIsAllowedAsInTheTable) {
  NatsServer server;
  for (const auto& [letter, role] : kRoles) {
    const auto connection = server.Connect(role);
    size_t refusals = 0;
    for (const Row& row : kPublish) {
      const bool refused = Refused(server, *connection, "Publish Violation",
                                   [&] { EXPECT_TRUE(connection->Publish(To(row.subject))); });
      refusals += refused;
      EXPECT_EQ(!refused, row.allowed.find(letter) != std::string::npos)
          << role << " publishes to " << row.subject;
    }
    EXPECT_TRUE(Eventually(seconds(5), [&] { return connection->async_errors() == refusals; }))
        << role << " heard of " << connection->async_errors() << " of " << refusals;
  }
}

TEST(Permissions, SubscribeIsAllowedAsInTheTable) {
  NatsServer server;
  for (const auto& [letter, role] : kRoles) {
    const auto connection = server.Connect(role);
    const auto box = std::make_shared<MessageBox>(100);
    for (const Row& row : kSubscribe) {
      const bool refused = Refused(server, *connection, "Subscription Violation", [&] {
        EXPECT_TRUE(connection->Subscribe(row.subject, row.queue, box, 0));
      });
      EXPECT_EQ(!refused, row.allowed.find(letter) != std::string::npos)
          << role << " subscribes to " << row.subject << " " << row.queue;
    }
  }
}

TEST(Permissions, NobodyComesInWithoutAUser) {
  NatsServer server;
  for (const std::string user : {"", "nobody"}) {
    wire::ConnectOptions options;
    options.url = server.url();
    options.user = user;
    const auto connection = Connection::Connect(options);
    ASSERT_FALSE(connection);
    EXPECT_EQ(connection.error().fault, Fault::kReject);
  }
}

TEST(Permissions, ToolWorkerAnswersWhoAskedAndNobodyElse) {
  NatsServer server;
  const auto asking = server.Connect("session_worker");
  const auto working = server.Connect("tool_worker");
  const auto requests = std::make_shared<MessageBox>(10);
  const auto answers = std::make_shared<MessageBox>(10);
  const std::string inbox = asking->NewInbox();
  const auto hears = asking->Subscribe(inbox, "", answers, 0);
  const auto works = working->Subscribe("lyceum.tool.check_answer", "tools", requests, 0);
  ASSERT_TRUE(working->Flush(seconds(5)));
  Message request = To("lyceum.tool.check_answer");
  request.reply = inbox;
  ASSERT_TRUE(asking->Publish(request));
  const auto got = requests->Pop(In(seconds(5)));
  ASSERT_TRUE(got);
  EXPECT_FALSE(Refused(server, *working, "Publish Violation",
                       [&] { EXPECT_TRUE(working->Publish(To(got->reply))); }));
  EXPECT_TRUE(answers->Pop(In(seconds(5))));
  EXPECT_TRUE(Refused(server, *working, "Publish Violation",
                      [&] { EXPECT_TRUE(working->Publish(To(got->reply + "x"))); }));
}

// Each role through the wire: what it needs of JetStream works with what it is allowed.
TEST(Permissions, EachRoleCanDoItsWork) {
  NatsServer server;
  const auto admin = server.Connect("admin");
  wire::StreamConfig log;
  log.name = "LYCEUM_P3";
  log.subjects = {"lyceum.p.3.*.*"};
  ASSERT_TRUE(wire::EnsureStream(*admin, log));
  for (const char* name : {"lyceum_cluster", "lyceum_courses"}) {
    auto bucket = wire::Bucket::Ensure(*admin, name);
    ASSERT_TRUE(bucket) << bucket.error().text;
    ASSERT_TRUE(bucket->Put("key", "value"));
  }
  for (const std::string role : {"operator", "session_worker"}) {
    const auto connection = server.Connect(role);
    auto reader = wire::StreamReader::Open(*connection, "LYCEUM_P3", "", 1);
    ASSERT_TRUE(reader) << reader.error().text;
    const auto gateway = server.Connect("gateway");
    auto acked = wire::PublishAcked(*gateway, To("lyceum.p.3.user.ann"), role, seconds(5));
    ASSERT_TRUE(acked) << acked.error().text;
    auto got = (*reader)->Next(In(seconds(5)));
    ASSERT_TRUE(got && *got);
    EXPECT_TRUE(wire::GetMessage(*connection, "LYCEUM_P3", acked->sequence));
    EXPECT_EQ(connection->async_errors(), 0u) << connection->last_async_error();
  }
  const auto owner = server.Connect("session_worker");
  auto cluster = wire::Bucket::Open(*owner, "lyceum_cluster");
  ASSERT_TRUE(cluster && *cluster);
  EXPECT_TRUE(*(*cluster)->Create("lease.3.1", "w1"));
  EXPECT_TRUE((*cluster)->Put("worker.w1", "alive"));
  EXPECT_EQ((*cluster)->Keys()->size(), 3u);
  const auto tools = server.Connect("tool_worker");
  auto courses = wire::Bucket::Open(*tools, "lyceum_courses");
  ASSERT_TRUE(courses && *courses);
  EXPECT_EQ(**(*courses)->Get("key"), "value");
  EXPECT_EQ((*courses)->Keys()->size(), 1u);
  EXPECT_FALSE((*courses)->Put("key", "other"));
  const auto author = server.Connect("author");
  auto written = wire::Bucket::Open(*author, "lyceum_courses");
  ASSERT_TRUE(written && *written);
  EXPECT_TRUE((*written)->Put("course.algebra.current", "v1"));
  EXPECT_TRUE(*(*written)->Create("course.algebra.v1", "v1"));
  EXPECT_EQ(**(*written)->Get("course.algebra.current"), "v1");
  EXPECT_EQ((*written)->Keys()->size(), 3u);
  EXPECT_FALSE((*written)->Put("key", "other"));
  auto result = wire::PublishAcked(*tools, To("lyceum.p.3.tool.ann"), "r", seconds(5));
  EXPECT_TRUE(result) << result.error().text;
}

std::vector<std::string> Users(uint64_t seed) {
  std::mt19937_64 random(seed);
  const std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  std::vector<std::string> users = {"a",
                                    "ann",
                                    std::string(64, 'z'),
                                    *ToToken("ann@example.org"),
                                    *ToToken("Zoë * > ."),
                                    *ToToken("学生 👩‍🎓")};
  for (int i = 0; i < 300; ++i) {
    std::string id;
    for (size_t n = 1 + random() % 40; n > 0; --n) id += plain[random() % plain.size()];
    if (i % 3 == 0) id += "@é";
    users.push_back(*ToToken(id));
  }
  return users;
}

// The publisher names no partition and gets the stream's ack; the server and PartitionOf agree.
void CheckMapping(int partitions) {
  const std::vector<std::string> users = Users(test::Seed());
  NatsServer server({.roles = true, .jetstream = true, .partitions = partitions});
  const auto admin = server.Connect("admin");
  wire::StreamConfig log;
  log.name = "LYCEUM_ALL";
  log.subjects = {"lyceum.p.*.*.*"};
  ASSERT_TRUE(wire::EnsureStream(*admin, log));
  const auto gateway = server.Connect("gateway");
  const auto owner = server.Connect("session_worker");
  const auto queries = std::make_shared<MessageBox>(1000);
  const auto listens = owner->Subscribe("lyceum.q.*.*", "", queries, 0);
  ASSERT_TRUE(owner->Flush(seconds(5)));
  std::set<uint32_t> hit;
  for (size_t i = 0; i < users.size(); ++i) {
    const uint32_t partition = PartitionOf(users[i], static_cast<uint32_t>(partitions));
    hit.insert(partition);
    const std::string pp = std::to_string(partition);
    auto acked = wire::PublishAcked(*gateway, To("lyceum.in.user." + users[i]), std::to_string(i),
                                    seconds(5));
    ASSERT_TRUE(acked) << acked.error().text;
    auto stored = wire::GetMessage(*admin, "LYCEUM_ALL", acked->sequence);
    ASSERT_TRUE(stored && *stored);
    ASSERT_EQ((*stored)->subject, "lyceum.p." + pp + ".user." + users[i]);
    ASSERT_TRUE(gateway->Publish(To("lyceum.query." + users[i])));
    const auto query = queries->Pop(In(seconds(5)));
    ASSERT_TRUE(query);
    ASSERT_EQ(query->subject, "lyceum.q." + pp + "." + users[i]);
  }
  EXPECT_EQ(hit.size(), static_cast<size_t>(partitions));
  EXPECT_EQ(gateway->async_errors(), 0u) << gateway->last_async_error();
}

TEST(Mapping, AgreesWithPartitionOf) { CheckMapping(16); }
TEST(Mapping, AgreesWithPartitionOfForAnotherCount) { CheckMapping(5); }

TEST(Mapping, QueryIsAnsweredThroughTheInboxOfTheRole) {
  NatsServer server;
  const auto gateway = server.Connect("gateway");
  const auto owner = server.Connect("session_worker");
  const auto queries = std::make_shared<MessageBox>(10);
  const auto listens = owner->Subscribe("lyceum.q.*.*", "", queries, 0);
  ASSERT_TRUE(owner->Flush(seconds(5)));
  std::thread answering([&] {
    const auto query = queries->Pop(In(seconds(5)));
    EXPECT_TRUE(query && query->reply.starts_with("_INBOX.gateway."));
    EXPECT_TRUE(query && owner->Publish(To(query->reply)));
  });
  const auto view = gateway->Request(To("lyceum.query.ann"), seconds(5));
  answering.join();
  EXPECT_TRUE(view);
}

}  // namespace
}  // namespace lyceum
