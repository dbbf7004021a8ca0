// What the real server answers and the in-memory twin must answer alike, where the library looks.
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "memory_world.h"
#include "nats_world.h"
#include "wire_contract.h"

namespace lyceum::wire {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct Got {
  std::string subject, reply, data, last_consumer, last_stream, stalled;
  int status = 0;
};

// $JS.ACK.<stream>.<consumer>.1.<stream seq>.<consumer seq>.<ns>.<pending>
std::vector<std::string> Tokens(const std::string& reply) {
  std::vector<std::string> tokens(1);
  for (const char c : reply) {
    if (c == '.') {
      tokens.emplace_back();
    } else {
      tokens.back().push_back(c);
    }
  }
  return tokens;
}

class ServerContract : public WireContract {
 protected:
  // The JSON that answers; null where nothing does.
  json Ask(const Outbound& message) {
    std::optional<Result<Answer>> answer;
    wire_->Request(message, seconds(5), [&](Result<Answer> got) { answer = std::move(got); });
    EXPECT_TRUE(Until([&] { return answer.has_value(); }));
    if (!answer || !*answer) return nullptr;
    return json::parse((*answer)->data, nullptr, false);
  }
  json Ask(const std::string& subject, const std::string& data) {
    return Ask({.subject = subject, .data = data});
  }
  static int ErrorOf(const json& answer) {
    return answer.contains("error") ? answer["error"].value("err_code", -1) : 0;
  }
  // A consumer as LogReader makes it, changed by `change`.
  json Consume(const std::string& deliver, json change = json::object()) {
    json config = {{"deliver_subject", deliver},
                   {"deliver_policy", "all"},
                   {"ack_policy", "none"},
                   {"max_deliver", 1},
                   {"flow_control", true},
                   {"idle_heartbeat", 500'000'000},
                   {"inactive_threshold", 10'000'000'000},
                   {"mem_storage", true},
                   {"num_replicas", 1}};
    config.update(change);
    return Ask("$JS.API.CONSUMER.CREATE.S",
               json({{"stream_name", "S"}, {"config", config}}).dump());
  }
  std::string Inbox(std::vector<Got>* got) {
    const std::string inbox = wire_->NewInbox();
    EXPECT_TRUE(wire_->Subscribe(inbox, "", [got](const Arrived& arrived) {
      got->push_back({std::string(arrived.subject), std::string(arrived.reply),
                      std::string(arrived.data), std::string(arrived.header("Nats-Last-Consumer")),
                      std::string(arrived.header("Nats-Last-Stream")),
                      std::string(arrived.header("Nats-Consumer-Stalled")), arrived.status});
    }));
    return inbox;
  }
  void Store(const std::string& subject, const std::string& data) {
    EXPECT_EQ(ErrorOf(Ask(subject, data)), 0);
  }
  static size_t Records(const std::vector<Got>& got) {
    size_t count = 0;
    for (const Got& one : got) count += one.status == 0;
    return count;
  }

  void SetUp() override {
    world_->CreateStream("S", {"s.>", "t"}, 5000);
    wire_ = Connected();
  }
  std::unique_ptr<Wire> wire_;
};

TEST_P(ServerContract, AnAckNamesStreamAndSequence) {
  EXPECT_EQ(Ask("s.a", "one"), json({{"stream", "S"}, {"seq", 1}}));
  EXPECT_EQ(Ask("t", ""), json({{"stream", "S"}, {"seq", 2}}));
  EXPECT_EQ(Ask("elsewhere", ""), json(nullptr));
}

TEST_P(ServerContract, AMessageIdIsStoredOnce) {
  EXPECT_EQ(Ask({.subject = "s.a", .data = "x", .message_id = "i"})["seq"], 1);
  EXPECT_EQ(Ask({.subject = "s.b", .data = "y", .message_id = "i"}),
            json({{"stream", "S"}, {"seq", 1}, {"duplicate", true}}));
  EXPECT_EQ(Ask({.subject = "s.a", .message_id = "j"})["seq"], 2);
}

TEST_P(ServerContract, TheExpectedLastSequenceOfASubjectIsCompared) {
  EXPECT_EQ(Ask({.subject = "s.a", .expected_last = "0"})["seq"], 1);
  const json refused = Ask({.subject = "s.a", .expected_last = "0"});
  EXPECT_EQ(refused["error"],
            json({{"code", 400}, {"err_code", 10071}, {"description", "wrong last sequence: 1"}}));
  EXPECT_EQ(refused["stream"], "S");
  EXPECT_EQ(refused["seq"], 0);
  EXPECT_EQ(Ask({.subject = "s.b", .expected_last = "1"})["error"]["description"],
            "wrong last sequence: 0");
  EXPECT_EQ(ErrorOf(Ask({.subject = "s.a", .expected_last = "what"})), 10071);
  EXPECT_EQ(Ask({.subject = "s.a", .expected_last = "1"})["seq"], 2);
  // An id that is known comes before it.
  EXPECT_EQ(Ask({.subject = "s.c", .message_id = "i", .expected_last = "0"})["seq"], 3);
  EXPECT_EQ(Ask({.subject = "s.c", .message_id = "i", .expected_last = "0"})["duplicate"], true);
}

TEST_P(ServerContract, ARecordMayBeAsLargeAsTheStreamSays) {
  EXPECT_EQ(ErrorOf(Ask("s.a", std::string(5000, 'x'))), 0);
  EXPECT_EQ(Ask("s.a", std::string(5001, 'x'))["error"],
            json({{"code", 400},
                  {"err_code", 10054},
                  {"description", "message size exceeds maximum allowed"}}));
  EXPECT_EQ(ErrorOf(Ask({.subject = "s.a", .data = std::string(4990, 'x'), .message_id = "i"})),
            10054);
}

TEST_P(ServerContract, StreamInfoSaysWhatThereIs) {
  json info = Ask("$JS.API.STREAM.INFO.S", "");
  EXPECT_EQ(info["state"]["first_seq"], 0);
  EXPECT_EQ(info["state"]["last_seq"], 0);
  Store("s.a", "one");
  Store("s.b", "two");
  info = Ask("$JS.API.STREAM.INFO.S", "");
  EXPECT_EQ(info["type"], "io.nats.jetstream.api.v1.stream_info_response");
  EXPECT_EQ(info["config"]["name"], "S");
  EXPECT_EQ(info["config"]["subjects"], json({"s.>", "t"}));
  EXPECT_EQ(info["config"]["max_msg_size"], 5000);
  EXPECT_EQ(info["config"]["discard"], "new");
  EXPECT_EQ(info["config"]["duplicate_window"], 20'000'000'000);
  EXPECT_EQ(info["state"]["messages"], 2);
  EXPECT_EQ(info["state"]["bytes"], 2 * (22 + 3 + 3 + 8));
  EXPECT_EQ(info["state"]["first_seq"], 1);
  EXPECT_EQ(info["state"]["last_seq"], 2);
  EXPECT_EQ(info["state"]["num_subjects"], 2);
  EXPECT_FALSE(info["state"].contains("subjects"));
  const std::string created = info["created"];
  EXPECT_EQ(created.substr(0, 2), "20");
  EXPECT_EQ(created.back(), 'Z');
  EXPECT_EQ(Ask("$JS.API.STREAM.INFO.S", R"({"subjects_filter":"s.>"})")["state"]["subjects"],
            json({{"s.a", 1}, {"s.b", 1}}));
  EXPECT_EQ(ErrorOf(Ask("$JS.API.STREAM.INFO.NOPE", "")), 10059);
  EXPECT_EQ(ErrorOf(Ask("$JS.API.STREAM.INFO.S", "{bad")), 10025);
}

TEST_P(ServerContract, ARecordIsReadBySequenceOrSubject) {
  Store("s.a", "one");
  EXPECT_EQ(Ask({.subject = "s.b", .data = "\xff\xfe\xfd?", .content_type = "x/y"})["seq"], 2);
  Store("s.a", "");
  const auto get = [&](const std::string& request) {
    return Ask("$JS.API.STREAM.MSG.GET.S", request);
  };
  const json second = get(R"({"seq":2})")["message"];
  EXPECT_EQ(second["subject"], "s.b");
  EXPECT_EQ(second["seq"], 2);
  EXPECT_EQ(second["data"], "//79Pw==");
  EXPECT_EQ(second["hdrs"], "TkFUUy8xLjANCkNvbnRlbnQtVHlwZTogeC95DQoNCg==");
  EXPECT_TRUE(second["time"].is_string());
  const json third = get(R"({"last_by_subj":"s.a"})")["message"];
  EXPECT_EQ(third["seq"], 3);
  EXPECT_FALSE(third.contains("data"));
  EXPECT_FALSE(third.contains("hdrs"));
  EXPECT_EQ(get(R"({"last_by_subj":"s.*"})")["message"]["seq"], 3);
  EXPECT_EQ(get(R"({"seq":2,"next_by_subj":"s.a"})")["message"]["seq"], 3);
  EXPECT_EQ(get(R"({"seq":9})")["error"],
            json({{"code", 404}, {"err_code", 10037}, {"description", "no message found"}}));
  EXPECT_EQ(ErrorOf(get(R"({"last_by_subj":"s.none"})")), 10037);
  EXPECT_EQ(ErrorOf(get(R"({"seq":0})")), 10003);
  EXPECT_EQ(ErrorOf(get("")), 10003);
  EXPECT_EQ(ErrorOf(get("{bad")), 10025);
  EXPECT_EQ(ErrorOf(Ask("$JS.API.STREAM.MSG.GET.NOPE", R"({"seq":1})")), 10059);
}

TEST_P(ServerContract, ABucketKeepsTheLastValueOfAKey) {
  world_->CreateBucket("b");
  EXPECT_EQ(Ask({.subject = "$KV.b.k", .data = "1", .expected_last = "0"})["seq"], 1);
  EXPECT_EQ(ErrorOf(Ask({.subject = "$KV.b.k", .data = "2", .expected_last = "0"})), 10071);
  EXPECT_EQ(Ask("$KV.b.k", "3")["seq"], 2);
  EXPECT_EQ(Ask("$KV.b.l.m", "4")["seq"], 3);
  EXPECT_EQ(Ask("$JS.API.STREAM.MSG.GET.KV_b", R"({"last_by_subj":"$KV.b.k"})")["message"]["data"],
            "Mw==");
  EXPECT_EQ(ErrorOf(Ask("$JS.API.STREAM.MSG.GET.KV_b", R"({"seq":1})")), 10037);
  const json info = Ask("$JS.API.STREAM.INFO.KV_b", R"({"subjects_filter":"$KV.b.>"})");
  EXPECT_EQ(info["state"]["subjects"], json({{"$KV.b.k", 1}, {"$KV.b.l.m", 1}}));
  EXPECT_EQ(info["state"]["first_seq"], 2);
  EXPECT_EQ(info["state"]["messages"], 2);
  EXPECT_EQ(info["config"]["max_msgs_per_subject"], 1);
}

TEST_P(ServerContract, AConsumerDeliversAndNumbersRecords) {
  for (int i = 0; i < 5; ++i) Store("s." + std::to_string(i % 2), std::to_string(i));
  std::vector<Got> got;
  const json made =
      Consume(Inbox(&got), {{"deliver_policy", "by_start_sequence"}, {"opt_start_seq", 2}});
  EXPECT_EQ(made["stream_name"], "S");
  EXPECT_EQ(made["num_pending"], 4);
  EXPECT_EQ(made["delivered"]["stream_seq"], 1);
  EXPECT_EQ(made["push_bound"], true);
  ASSERT_TRUE(Until([&] { return Records(got) == 4; }));
  Store("t", "new");
  ASSERT_TRUE(Until([&] { return Records(got) == 5; }));
  for (int i = 0; i < 5; ++i) {
    const std::vector<std::string> tokens = Tokens(got[i].reply);
    ASSERT_EQ(tokens.size(), 9u) << got[i].reply;
    EXPECT_EQ(tokens[1], "ACK");
    EXPECT_EQ(tokens[2], "S");
    EXPECT_EQ(tokens[3], made["name"]);
    EXPECT_EQ(tokens[4], "1");
    EXPECT_EQ(tokens[5], std::to_string(i + 2));
    EXPECT_EQ(tokens[6], std::to_string(i + 1));
    EXPECT_EQ(tokens[7].size(), 19u);
    EXPECT_EQ(tokens[8], i < 4 ? std::to_string(3 - i) : "0");
    EXPECT_EQ(got[i].data, i < 4 ? std::to_string(i + 1) : "new");
    EXPECT_EQ(got[i].subject, i < 4 ? "s." + std::to_string((i + 1) % 2) : "t");
  }
  ASSERT_TRUE(Until([&] { return got.size() == 6; }));
  EXPECT_EQ(got[5].status, 100);
  EXPECT_EQ(got[5].reply, "");
  EXPECT_EQ(got[5].last_consumer, "5");
  EXPECT_EQ(got[5].last_stream, "6");
  EXPECT_EQ(got[5].stalled, "");
  EXPECT_EQ(Ask("$JS.API.CONSUMER.DELETE.S." + std::string(made["name"]), "")["success"], true);
  EXPECT_EQ(ErrorOf(Ask("$JS.API.CONSUMER.DELETE.S.none", "")), 10014);
  EXPECT_EQ(ErrorOf(Ask("$JS.API.CONSUMER.DELETE.NOPE.none", "")), 10059);
  got.clear();
  Run(milliseconds(1200));
  EXPECT_TRUE(got.empty());
}

TEST_P(ServerContract, ConsumersBeginWhereTheirPolicySays) {
  Store("s.a", "1");
  Run(milliseconds(20));
  Store("s.b", "2");
  Store("s.a", "3");
  const std::string time = Ask("$JS.API.STREAM.MSG.GET.S", R"({"seq":2})")["message"]["time"];
  std::vector<Got> all, since, fresh, filtered, beyond;
  Consume(Inbox(&all));
  Consume(Inbox(&since), {{"deliver_policy", "by_start_time"}, {"opt_start_time", time}});
  Consume(Inbox(&fresh), {{"deliver_policy", "new"}});
  Consume(Inbox(&filtered), {{"filter_subject", "s.a"}});
  // What is beyond the end is not waited for: the next record comes, whatever its number.
  const json made =
      Consume(Inbox(&beyond), {{"deliver_policy", "by_start_sequence"}, {"opt_start_seq", 1000}});
  EXPECT_EQ(made["delivered"]["stream_seq"], 3);
  Store("s.b", "4");
  ASSERT_TRUE(Until([&] {
    return Records(all) == 4 && Records(since) == 3 && Records(fresh) == 1 &&
           Records(filtered) == 2 && Records(beyond) == 1;
  }));
  EXPECT_EQ(since[0].data, "2");
  EXPECT_EQ(fresh[0].data, "4");
  EXPECT_EQ(filtered[1].data, "3");
  EXPECT_EQ(beyond[0].data, "4");
}

TEST_P(ServerContract, AConsumerThatMakesNoSenseIsRefused) {
  EXPECT_EQ(ErrorOf(Consume("d", {{"deliver_policy", "by_start_sequence"}})), 10094);
  EXPECT_EQ(ErrorOf(Consume("d", {{"opt_start_seq", 1}})), 10094);
  EXPECT_EQ(ErrorOf(Consume("d", {{"deliver_policy", "by_start_time"}})), 10094);
  EXPECT_EQ(ErrorOf(Consume("d", {{"filter_subject", "q.q"}})), 10093);
  EXPECT_EQ(ErrorOf(Consume("d", {{"idle_heartbeat", 0}})), 10108);
  EXPECT_EQ(ErrorOf(Consume("d", {{"idle_heartbeat", 5'000'000}})), 10083);
  const auto create = [&](const std::string& stream, const std::string& request) {
    return ErrorOf(Ask("$JS.API.CONSUMER.CREATE." + stream, request));
  };
  EXPECT_EQ(create("S", R"({"stream_name":"T","config":{"deliver_subject":"d"}})"), 10056);
  EXPECT_EQ(create("NOPE", R"({"stream_name":"NOPE","config":{"deliver_subject":"d"}})"), 10059);
  EXPECT_EQ(create("S", "{bad"), 10025);
  EXPECT_EQ(create("S", ""), 10025);
}

TEST_P(ServerContract, AConsumerNeedsASubscriptionToExactlyItsSubject) {
  Store("s.a", "1");
  std::vector<Got> got;
  const std::string inbox = Inbox(&got);
  std::vector<std::string> under;
  ASSERT_TRUE(wire_->Subscribe(
      inbox + ".*", "", [&](const Arrived& arrived) { under.emplace_back(arrived.subject); }));
  const json made = Consume(inbox + ".x");
  EXPECT_FALSE(made.contains("push_bound"));
  Run(milliseconds(700));
  EXPECT_TRUE(under.empty());
}

TEST_P(ServerContract, AnUnansweredFlowControlRequestStopsAConsumer) {
  constexpr int kCount = 1500;
  for (int i = 0; i < kCount; ++i) {
    ASSERT_TRUE(wire_->Publish({.subject = "s.a", .data = std::string(4000, 'x')}));
  }
  ASSERT_TRUE(Settle(*wire_));
  std::vector<Got> got;
  const std::string inbox = Inbox(&got);
  const json made = Consume(inbox);
  const auto heartbeat = [&] { return !got.empty() && !got.back().last_consumer.empty(); };
  ASSERT_TRUE(Until(heartbeat));
  // Asked at half of 2 MiB, stopped by the first one over it.
  size_t asked = 0;
  while (asked < got.size() && got[asked].status == 0) ++asked;
  ASSERT_LT(asked, got.size());
  const auto bytes = [&](size_t count) {
    size_t sum = 0;
    for (const Got& one : got) {
      if (one.status != 0) continue;
      if (count-- == 0) break;
      sum += inbox.size() + one.subject.size() + one.reply.size() + one.data.size();
    }
    return sum;
  };
  EXPECT_GT(bytes(asked), size_t{1} << 20);
  EXPECT_LE(bytes(asked - 1), size_t{1} << 20);
  EXPECT_EQ(got[asked].status, 100);
  EXPECT_TRUE(got[asked].reply.starts_with("$JS.FC.S." + std::string(made["name"]) + "."));
  EXPECT_EQ(got[asked].subject, got.back().subject);
  const size_t stopped = Records(got);
  EXPECT_GT(bytes(stopped), size_t{2} << 20);
  EXPECT_LE(bytes(stopped - 1), size_t{2} << 20);
  EXPECT_EQ(got.back().stalled, got[asked].reply);
  EXPECT_EQ(got.back().last_consumer, std::to_string(stopped));
  const std::string reply = got[asked].reply;
  ASSERT_TRUE(wire_->Publish({.subject = reply}));
  got.clear();
  ASSERT_TRUE(Until(heartbeat));
  EXPECT_GT(Records(got), 700u);  // The window has doubled, and half of the first is still out.
  EXPECT_LT(Records(got), 800u);
}

TEST_P(ServerContract, AConsumerGoesWithItsSubscription) {
  Store("s.a", "1");
  std::vector<Got> got;
  const std::string inbox = wire_->NewInbox();
  const auto id = wire_->Subscribe(inbox, "", [&](const Arrived&) { got.emplace_back(); });
  ASSERT_TRUE(id);
  Consume(inbox, {{"inactive_threshold", 200'000'000}});
  ASSERT_TRUE(Until([&] { return !got.empty(); }));
  EXPECT_EQ(Ask("$JS.API.STREAM.INFO.S", "")["state"]["consumer_count"], 1);
  wire_->Unsubscribe(*id);
  EXPECT_TRUE(
      Until([&] { return Ask("$JS.API.STREAM.INFO.S", "")["state"]["consumer_count"] == 0; }));
}

TEST_P(ServerContract, ARestartKeepsWhatIsStored) {
  EXPECT_EQ(Ask({.subject = "s.a", .data = "x", .message_id = "i"})["seq"], 1);
  std::vector<Got> got;
  Consume(Inbox(&got));
  const std::string created = Ask("$JS.API.STREAM.INFO.S", "")["created"];
  world_->StopServer();
  ASSERT_TRUE(Until([&] { return !wire_->connected(); }));
  world_->StartServer();
  ASSERT_TRUE(Until([&] { return wire_->connected(); }));
  ASSERT_TRUE(Until([&] { return !Ask("$JS.API.STREAM.INFO.S", "").is_null(); }));
  const json info = Ask("$JS.API.STREAM.INFO.S", "");
  EXPECT_EQ(info["state"]["last_seq"], 1);
  EXPECT_EQ(info["created"], created);
  EXPECT_EQ(Ask({.subject = "s.a", .data = "x", .message_id = "i"})["duplicate"], true);
}

INSTANTIATE_TEST_SUITE_P(Nats, ServerContract, testing::Values(MakeNatsWorld));
INSTANTIATE_TEST_SUITE_P(Memory, ServerContract, testing::Values(MakeMemoryWorld));

}  // namespace
}  // namespace lyceum::wire
