#include "wire/jetstream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <set>

#include "support/eventually.h"
#include "support/nats_server.h"
#include "wire/acked_publisher.h"
#include "wire_vocabulary.h"

namespace lyceum::wire {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::Eventually;
using test::NatsServer;

StreamConfig Log() {
  StreamConfig config;
  config.name = "LOG";
  config.subjects = {"log.*"};
  return config;
}

TEST(Stream, IsMadeOnceAndComparedThen) {
  NatsServer server(kOpen);
  auto connection = server.Connect("");
  auto absent = GetStream(*connection, "LOG");
  ASSERT_TRUE(absent) << absent.error().text;
  EXPECT_FALSE(absent->has_value());
  auto made = EnsureStream(*connection, Log());
  ASSERT_TRUE(made) << made.error().text;
  EXPECT_TRUE(made->created);
  EXPECT_TRUE(made->differences.empty());
  auto found = EnsureStream(*connection, Log());
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->created);
  EXPECT_TRUE(found->differences.empty());

  StreamConfig other = Log();
  other.subjects = {"log.*", "more.*"};
  other.age_max = seconds(60);
  other.bytes_max = 1 << 20;
  other.message_bytes_max = 1000;
  other.duplicates = seconds(30);
  auto differs = EnsureStream(*connection, other);
  ASSERT_TRUE(differs);
  EXPECT_EQ(differs->differences.size(), 5u);
  auto info = GetStream(*connection, "LOG");
  ASSERT_TRUE(info && *info);
  EXPECT_EQ((*info)->config.subjects, Log().subjects);
  EXPECT_EQ((*info)->storage, "file");
  EXPECT_EQ((*info)->retention, "limits");
  EXPECT_EQ((*info)->discard, "new");
  EXPECT_GT((*info)->created_ns, 1'700'000'000'000'000'000);
}

TEST(Stream, OverlapIsReject) {
  NatsServer server(kOpen);
  auto connection = server.Connect("");
  ASSERT_TRUE(EnsureStream(*connection, Log()));
  StreamConfig other = Log();
  other.name = "OTHER";
  auto refused = EnsureStream(*connection, other);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, Fault::kReject);
}

TEST(Stream, ServerWithoutJetStreamIsNamed) {
  NatsServer server({.roles = false, .jetstream = false, .partitions = 16});
  auto connection = server.Connect("");
  const std::string want =
      "the NATS server at " + server.url() + " has no JetStream: start it with -js";
  const auto got = GetStream(*connection, "LOG");
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().fault, Fault::kReject);
  EXPECT_EQ(got.error().text, want);
  EXPECT_EQ(EnsureStream(*connection, Log()).error().text, want);
  EXPECT_EQ(Bucket::Open(*connection, "b").error().text, want);
  EXPECT_EQ(Bucket::Ensure(*connection, "b").error().text, want);
  EXPECT_EQ(StreamReader::Open(*connection, "LOG", "", 1).error().text, want);
}

TEST(Stream, StoresWhatIsPublishedOnceAndGivesItBack) {
  NatsServer server(kOpen);
  auto connection = server.Connect("");
  ASSERT_TRUE(EnsureStream(*connection, Log()));
  Message message = To("log.ann", std::string("a\0b", 3));
  message.headers = {{"Content-Type", "x"}};
  const int64_t before_ms = UnixMs();
  auto first = PublishAcked(*connection, message, "id-1", seconds(2));
  ASSERT_TRUE(first) << first.error().text;
  EXPECT_EQ(first->sequence, 1u);
  EXPECT_FALSE(first->duplicate);
  auto again = PublishAcked(*connection, message, "id-1", seconds(2));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->sequence, 1u);
  EXPECT_TRUE(again->duplicate);
  auto nowhere = PublishAcked(*connection, To("nowhere.ann"), "id-2", seconds(2));
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().fault, Fault::kReject);

  auto stored = GetMessage(*connection, "LOG", 1);
  ASSERT_TRUE(stored && *stored);
  EXPECT_EQ((*stored)->subject, "log.ann");
  EXPECT_EQ((*stored)->data, message.data);
  EXPECT_EQ((*stored)->sequence, 1u);
  EXPECT_EQ((*stored)->header("content-type"), "x");
  EXPECT_EQ((*stored)->header("nats-msg-id"), "id-1");
  EXPECT_GE((*stored)->time_ms, before_ms);
  EXPECT_LE((*stored)->time_ms, UnixMs());
  for (const uint64_t sequence : {0, 2, 1000}) {
    auto absent = GetMessage(*connection, "LOG", sequence);
    ASSERT_TRUE(absent) << absent.error().text;
    EXPECT_FALSE(*absent);
  }
  EXPECT_FALSE(GetMessage(*connection, "NONE", 1));
}

void Fill(Connection& connection, int first, int last) {
  for (int i = first; i <= last; ++i) {
    auto acked = PublishAcked(connection, To("log.u" + std::to_string(i % 3), std::to_string(i)),
                              "fill-" + std::to_string(i), seconds(2));
    ASSERT_TRUE(acked) << acked.error().text;
  }
}

TEST(StreamReader, ReadsInOrderFromASequenceOn) {
  NatsServer server(kOpen);
  auto connection = server.Connect("");
  ASSERT_TRUE(EnsureStream(*connection, Log()));
  Fill(*connection, 1, 30);
  auto reader = StreamReader::Open(*connection, "LOG", "", 11);
  ASSERT_TRUE(reader) << reader.error().text;
  for (uint64_t want = 11; want <= 30; ++want) {
    auto got = (*reader)->Next(In(seconds(2)));
    ASSERT_TRUE(got && *got);
    EXPECT_EQ((*got)->sequence, want);
    EXPECT_EQ((*got)->data, std::to_string(want));
    EXPECT_EQ((*got)->time_ms, (*GetMessage(*connection, "LOG", want))->time_ms);
    EXPECT_EQ((*got)->header("Nats-Msg-Id"), "fill-" + std::to_string(want));
  }
  auto nothing = (*reader)->Next(In(milliseconds(20)));
  ASSERT_TRUE(nothing);
  EXPECT_FALSE(*nothing);
  Fill(*connection, 31, 31);
  auto live = (*reader)->Next(In(seconds(2)));
  ASSERT_TRUE(live && *live);
  EXPECT_EQ((*live)->sequence, 31u);
}

TEST(StreamReader, FilterLeavesOthersOut) {
  NatsServer server(kOpen);
  auto connection = server.Connect("");
  ASSERT_TRUE(EnsureStream(*connection, Log()));
  Fill(*connection, 1, 30);
  auto reader = StreamReader::Open(*connection, "LOG", "log.u1", 0);
  ASSERT_TRUE(reader) << reader.error().text;
  EXPECT_EQ((*reader)->pending(), 10u);
  for (uint64_t want = 1; want <= 30; want += 3) {
    auto got = (*reader)->Next(In(seconds(2)));
    ASSERT_TRUE(got && *got);
    EXPECT_EQ((*got)->sequence, want);
    EXPECT_EQ((*got)->pending, (28 - want) / 3);
  }
  auto of_nobody = StreamReader::Open(*connection, "LOG", "log.nobody", 0);
  ASSERT_TRUE(of_nobody) << of_nobody.error().text;
  EXPECT_EQ((*of_nobody)->pending(), 0u);
  EXPECT_FALSE(*(*reader)->Next(In(milliseconds(20))));
}

TEST(StreamReader, EmptyMessagesAreMessages) {
  NatsServer server(kOpen);
  auto connection = server.Connect("");
  ASSERT_TRUE(EnsureStream(*connection, Log()));
  Message message = To("log.a");
  ASSERT_TRUE(PublishAcked(*connection, message, "1", seconds(2)));
  message.headers = {{"Status", "100"}};  // Looks like the server's own.
  ASSERT_TRUE(PublishAcked(*connection, message, "2", seconds(2)));
  auto reader = StreamReader::Open(*connection, "LOG", "", 1);
  ASSERT_TRUE(reader);
  for (const uint64_t want : {1, 2}) {
    auto got = (*reader)->Next(In(seconds(2)));
    ASSERT_TRUE(got && *got);
    EXPECT_EQ((*got)->sequence, want);
  }
}

TEST(StreamReader, NoStreamIsReject) {
  NatsServer server(kOpen);
  auto connection = server.Connect("");
  auto reader = StreamReader::Open(*connection, "NONE", "", 1);
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().fault, Fault::kReject);
}

TEST(StreamReader, StaysOpenWhileNothingComes) {
  NatsServer server(kOpen);
  auto connection = server.Connect("");
  ASSERT_TRUE(EnsureStream(*connection, Log()));
  auto reader = StreamReader::Open(*connection, "LOG", "", 1);
  ASSERT_TRUE(reader);
  auto nothing = (*reader)->Next(In(seconds(4)));  // Longer than the silence it would break at.
  ASSERT_TRUE(nothing) << nothing.error().text;
  EXPECT_FALSE(*nothing);
}

// A log that does not fit any window: flow control keeps it going.
TEST(StreamReader, ReadsALongLogWithASlowStart) {
  NatsServer server(kOpen);
  auto connection = server.Connect("");
  ASSERT_TRUE(EnsureStream(*connection, Log()));
  auto done = std::make_shared<Mailbox<Acked>>(4096);
  AckedPublisher publisher(connection, done, {});
  constexpr uint64_t kMessages = 60'000;
  const std::string data(1500, 'x');
  for (uint64_t i = 1; i <= kMessages; ++i) {
    ASSERT_TRUE(publisher.Send(To("log.a", data), std::to_string(i), i, In(seconds(20))));
    while (done->size() > 2000) done->PopSome(4096, In(milliseconds(0)));
  }
  ASSERT_TRUE(Eventually(seconds(30), [&] {
    done->PopSome(4096, In(milliseconds(0)));
    return publisher.in_flight() == 0;
  }));
  auto reader = StreamReader::Open(*connection, "LOG", "", 1);
  ASSERT_TRUE(reader);
  const Deadline stall = In(seconds(1));  // Nothing is read for a second.
  ASSERT_TRUE(Eventually(seconds(5), [&] { return LeftMs(stall) == 0; }));
  const auto start = Steady::now();
  for (uint64_t want = 1; want <= kMessages; ++want) {
    auto got = (*reader)->Next(In(seconds(10)));
    ASSERT_TRUE(got) << got.error().text;
    ASSERT_TRUE(*got) << want;
    ASSERT_EQ((*got)->sequence, want);
  }
  const double s = std::chrono::duration<double>(Steady::now() - start).count();
  std::fprintf(stderr, "read %.0f records/s\n", kMessages / s);
}

// Reads while another publishes, through kill -9 of the server: every sequence once, in order.
TEST(StreamReader, NoGapAndNoRepeatThroughKill9) {
  NatsServer server(kOpen);
  auto reading = server.Connect("");
  auto writing = server.Connect("");
  ASSERT_TRUE(EnsureStream(*reading, Log()));
  std::atomic<bool> stop = false;
  std::atomic<uint64_t> acked = 0;
  std::thread writer([&] {
    for (int i = 0; !stop; ++i) {
      const std::string id = std::to_string(i);
      while (!stop && !PublishAcked(*writing, To("log.a", id), id, milliseconds(500))) {
      }
      ++acked;
    }
  });
  std::vector<std::string> seen;
  std::unique_ptr<StreamReader> reader;
  int opened = 0;
  const auto read_one = [&] {
    if (reader == nullptr) {
      auto made = StreamReader::Open(*reading, "LOG", "", seen.size() + 1);
      if (!made) return;
      reader = std::move(*made);
      ++opened;
    }
    auto got = reader->Next(In(milliseconds(50)));
    if (!got) {
      EXPECT_EQ(got.error().fault, Fault::kRetry);
      reader.reset();
    } else if (*got) {
      EXPECT_EQ((*got)->sequence, seen.size() + 1);
      seen.push_back((*got)->data);
    }
  };
  for (int kill = 0; kill < 4; ++kill) {
    const size_t want = seen.size() + 300;
    ASSERT_TRUE(Eventually(seconds(20), [&] {
      for (int i = 0; i < 50; ++i) read_one();
      return seen.size() >= want && opened > kill;
    })) << seen.size();
    if (kill == 3) break;
    server.Kill9();
    server.Restart();
  }
  stop = true;
  writer.join();
  EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), seen.size());
  for (size_t i = 0; i < seen.size(); ++i) ASSERT_EQ(seen[i], std::to_string(i));
}

TEST(Bucket, PutsGetsCreatesAndLists) {
  NatsServer server(kOpen);
  auto connection = server.Connect("");
  auto none = Bucket::Open(*connection, "b");
  ASSERT_TRUE(none) << none.error().text;
  EXPECT_FALSE(none->has_value());
  auto bucket = Bucket::Ensure(*connection, "b");
  ASSERT_TRUE(bucket) << bucket.error().text;
  ASSERT_TRUE(Bucket::Ensure(*connection, "b"));
  auto keys = bucket->Keys();
  ASSERT_TRUE(keys) << keys.error().text;
  EXPECT_TRUE(keys->empty());
  auto absent = bucket->Get("x.y");
  ASSERT_TRUE(absent) << absent.error().text;
  EXPECT_FALSE(*absent);

  const std::string bytes("v\0\xff", 3);
  ASSERT_TRUE(bucket->Put("x.y", bytes));
  EXPECT_EQ(**bucket->Get("x.y"), bytes);
  ASSERT_TRUE(bucket->Put("x.y", ""));
  EXPECT_EQ(**bucket->Get("x.y"), "");
  auto created = bucket->Create("lease.3.17", "w1");
  ASSERT_TRUE(created) << created.error().text;
  EXPECT_TRUE(*created);
  auto late = bucket->Create("lease.3.17", "w2");
  ASSERT_TRUE(late) << late.error().text;
  EXPECT_FALSE(*late);
  EXPECT_EQ(**bucket->Get("lease.3.17"), "w1");

  auto opened = Bucket::Open(*connection, "b");
  ASSERT_TRUE(opened && *opened);
  keys = (*opened)->Keys();
  ASSERT_TRUE(keys);
  std::sort(keys->begin(), keys->end());
  EXPECT_EQ(*keys, (std::vector<std::string>{"lease.3.17", "x.y"}));
  for (const char* key : {"", "a b", "a..b", "a*", ">", "a\r\nb", "\xc3\xa9"}) {
    EXPECT_FALSE(bucket->Put(key, "v")) << key;
    EXPECT_FALSE(bucket->Get(key)) << key;
    EXPECT_FALSE(bucket->Create(key, "v")) << key;
  }
  EXPECT_FALSE(Bucket::Open(*connection, "not a name"));
}

TEST(Bucket, OneOfManyCreatorsWins) {
  NatsServer server(kOpen);
  auto connection = server.Connect("");
  ASSERT_TRUE(Bucket::Ensure(*connection, "b"));
  constexpr int kRounds = 50;
  std::vector<std::atomic<int>> winners(kRounds);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      auto own = server.Connect("");
      auto bucket = Bucket::Open(*own, "b");
      for (int i = 0; i < kRounds; ++i) {
        auto created = (*bucket)->Create("lease." + std::to_string(i), std::to_string(t));
        if (created && *created) ++winners[i];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& count : winners) EXPECT_EQ(count, 1);
}

}  // namespace
}  // namespace lyceum::wire
