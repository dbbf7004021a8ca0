// The commands that look at records and dead letters, and that bring a record into its log again. Real programs, a real
// nats-server.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "cli_fixture.h"
#include "envelope/codec.h"
#include "support/gateway.h"

namespace lyceum {
namespace {

using std::chrono::seconds;
using test::Eventually;
using test::Gateway;
using test::Process;
using test::Ran;

constexpr char kStart[] = R"({"id":"s1","client":"a","start":{"course":"small"}})";

class Records : public Installed {
 protected:
  void SetUp() override {
    test::WriteFile(dir_ / "small.toml", kCourse);
    stack_.ImportCourse(dir_ / "small.toml");
    ASSERT_NE(subjects_.PartitionOf(UserId("ada")), subjects_.PartitionOf(UserId("bob")));
    gateway_.Listen("a");
  }

  // As a session worker would have put it there.
  void AddDeadLetter(const std::string& user, const std::string& record,
                     const std::function<void(envelope::DeadLetter*)>& change = {}) {
    const UserId id(user);
    envelope::DeadLetter letter;
    letter.partition = subjects_.PartitionOf(id);
    letter.sequence = 1'000 + added_++;
    letter.subject = subjects_.Log(letter.partition, envelope::RecordClass::kUser, id);
    letter.reason = "buried";
    letter.text = "of the test";
    letter.at_ms = UnixMs();
    letter.record = record;
    if (change) change(&letter);
    const auto worker = stack_.nats().Connect("session_worker");
    const auto acked =
        wire::PublishAcked(*worker,
                           {.subject = subjects_.DeadLetterOf(subjects_.PartitionOf(id), id),
                            .data = envelope::EncodeDeadLetter(letter)},
                           "", seconds(5));
    ASSERT_TRUE(acked) << acked.error().text;
  }
  std::vector<json> List(std::vector<std::string> filters) {
    filters.insert(filters.begin(), {"dlq", "list", "--json"});
    const Ran ran = Lyceum("operator", filters);
    EXPECT_EQ(ran.code, 0) << ran.err;
    return Lines(ran.out);
  }
  std::vector<uint64_t> Numbers(const std::vector<std::string>& filters) {
    std::vector<uint64_t> numbers;
    for (const json& line : List(filters)) numbers.push_back(line["dlq_sequence"]);
    return numbers;
  }
  std::optional<wire::StoredMessage> Record(const std::string& user, uint64_t sequence) {
    const auto stored =
        wire::GetMessage(*stack_.nats().Connect("operator"),
                         subjects_.LogStream(subjects_.PartitionOf(UserId(user))), sequence);
    return stored ? *stored : std::nullopt;
  }

  test::TempDir dir_;
  uint64_t added_ = 0;
  Gateway gateway_{stack_.nats().Connect("gateway")};
};

using Sequences = std::vector<uint64_t>;

TEST_F(Records, DeadLettersAreFoundByUserPartitionReasonAndAge) {
  EXPECT_TRUE(Numbers({}).empty());
  AddDeadLetter("ada", "1");
  AddDeadLetter("bob", "2", [](auto* letter) { letter->reason = "undecodable"; });
  AddDeadLetter("ada", "3", [](auto* letter) { letter->at_ms -= 7'200'000; });
  // Filed as nobody's.
  AddDeadLetter("_", "4", [](auto* letter) { letter->subject = "lyceum.p.1.user.ada"; });
  EXPECT_EQ(Numbers({}), (Sequences{1, 2, 3, 4}));
  EXPECT_EQ(Numbers({"--limit", "2"}), (Sequences{3, 4}));
  EXPECT_EQ(Numbers({"--user", "ada"}), (Sequences{1, 3, 4}));
  EXPECT_EQ(Numbers({"--user", "ada", "--limit", "1"}), (Sequences{4}));
  EXPECT_EQ(Numbers({"--user", "eve"}), (Sequences{}));
  const std::string of_bob = std::to_string(subjects_.PartitionOf(UserId("bob")));
  EXPECT_EQ(Numbers({"--partition", of_bob}), (Sequences{2}));
  EXPECT_EQ(Numbers({"--reason", "undecodable"}), (Sequences{2}));
  EXPECT_EQ(Numbers({"--older", "1h"}), (Sequences{3}));
  EXPECT_EQ(Numbers({"--newer", "1h", "--user", "ada"}), (Sequences{1, 4}));
  const Ran shown = Lyceum("operator", {"dlq", "show", "--reason", "undecodable", "--json"});
  ASSERT_EQ(shown.code, 0) << shown.err;
  EXPECT_EQ(json::parse(shown.out)["record_hex"], "32");
}

TEST_F(Records, WhatDeadLettersAreMeantHasToBeSaidOnce) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> wrong = {
      {{"list", "--older", "soon"}, "--older"},
      {{"list", "--newer", "soon"}, "--newer"},
      {{"list", "--reason", "boredom"}, "undecodable"},
      {{"list", "--partition", "16"}, "below 16"},
      {{"list", "--limit", "0"}, "--limit"},
      {{"list", "--user", "u\xff"}, "UTF-8"},
      {{"show"}, "number"},
      {{"show", "1", "--user", "ada"}, "number"},
      {{"retry"}, "--all-matching"},
      {{"retry", "1", "--all-matching"}, "--all-matching"},
      {{"retry", "1", "--user", "ada"}, "--all-matching"},
      {{"retry", "--all-matching", "--yes"}, "--older 0s"},
      {{"purge", "--yes"}, "--older 0s"},
      {{"purge", "1", "--user", "ada"}, "number"}};
  for (auto [args, named] : wrong) {
    args.insert(args.begin(), "dlq");
    const Ran ran = Lyceum("admin", args);
    EXPECT_EQ(ran.code, 2) << named << ran.out << ran.err;
    EXPECT_TRUE(Says(ran, named)) << ran.err;
  }
}

TEST_F(Records, ARetriedRecordIsFoldedOnceHoweverOftenItIsRetried) {
  AddDeadLetter("ada", kStart);
  const Ran first = Lyceum("admin", {"dlq", "retry", "1", "--json"});
  ASSERT_EQ(first.code, 0) << first.err;
  const json published = json::parse(first.out);
  EXPECT_EQ(published["sequence"], 1);
  EXPECT_EQ(published["duplicate"], false);
  const Ran second = Lyceum("admin", {"dlq", "retry", "1", "--json"});
  ASSERT_EQ(second.code, 0) << second.err;
  EXPECT_EQ(json::parse(second.out)["duplicate"], true);
  EXPECT_EQ(json::parse(second.out)["sequence"], 1);
  EXPECT_EQ(RecordsOf(UserId("ada")), 1u);
  const auto record = Record("ada", 1);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->data, kStart);
  EXPECT_EQ(record->subject, published["subject"].get<std::string>());
  stack_.StartSessionWorker();
  const auto tools = stack_.StartToolWorker("t1");
  EXPECT_TRUE(gateway_.Hear(
      "a",
      [](const Gateway::Received& m) { return m.message.state == tutor::StateName::kExposition; },
      seconds(20)))
      << stack_.session_worker_logs();
  EXPECT_EQ(Numbers({}), (Sequences{1})) << "it stays";
}

TEST_F(Records, ARecordThatIsRefusedForItsContentIsADeadLetterAgainWithItsContentType) {
  stack_.StartSessionWorker();
  const std::string event = R"(  {"id":"x","dance":{}})";  // Not known as JSON by its first byte.
  ASSERT_TRUE(
      wire::PublishAcked(gateway_.connection(),
                         {.subject = subjects_.In(envelope::RecordClass::kUser, UserId("ada")),
                          .headers = {{"Content-Type", "application/json"}},
                          .data = event},
                         "g1", seconds(5)));
  ASSERT_TRUE(Eventually(seconds(20), [&] { return Numbers({}).size() == 1; }));
  const Ran retried = Lyceum("admin", {"dlq", "retry", "1", "--json"});
  ASSERT_EQ(retried.code, 0) << retried.err;
  const auto record = Record("ada", json::parse(retried.out)["sequence"]);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->data, event);
  EXPECT_EQ(record->header("Content-Type"), "application/json");
  EXPECT_TRUE(Eventually(seconds(20), [&] { return Numbers({}).size() == 2; }));
  EXPECT_EQ(List({})[1]["text"], List({})[0]["text"]);
}

TEST_F(Records, WhatCannotBePublishedAgainIsRefusedWithTheReason) {
  AddDeadLetter("ada", std::string(1'200'000, ' '));
  AddDeadLetter("ada", "");
  AddDeadLetter("ada", kStart, [](auto* letter) { letter->subject = "lyceum.p.3.user.a.b"; });
  AddDeadLetter("ada", kStart, [](auto* letter) { letter->subject = "lyceum.p.3.barrier.w1"; });
  AddDeadLetter("ada", kStart);
  const char* const why[] = {"only the beginning", "empty", "names no learner", "of the partition"};
  for (int i = 0; i < 4; ++i) {
    const Ran ran = Lyceum("admin", {"dlq", "retry", std::to_string(i + 1)});
    EXPECT_EQ(ran.code, 1) << ran.out;
    EXPECT_TRUE(Says(ran, why[i])) << ran.err;
  }
  EXPECT_EQ(Lyceum("admin", {"dlq", "retry", "99"}).code, 1);
  EXPECT_EQ(RecordsOf(UserId("ada")), 0u);
  const std::vector<std::string> all = {"dlq", "retry", "--all-matching", "--user", "ada"};
  const Ran shown = Lyceum("admin", all);
  EXPECT_EQ(shown.code, 1);
  EXPECT_TRUE(Says(shown, "with --yes")) << shown.err;
  EXPECT_EQ(RecordsOf(UserId("ada")), 0u);
  std::vector<std::string> yes = all;
  yes.push_back("--yes");
  const Ran done = Lyceum("admin", yes);
  EXPECT_EQ(done.code, 1);
  EXPECT_TRUE(Says(done, "not published again: 4 dead letters")) << done.err;
  EXPECT_EQ(RecordsOf(UserId("ada")), 1u) << "the one that can be";
}

TEST_F(Records, PurgedDeadLettersAreGoneAndTheOthersStay) {
  AddDeadLetter("ada", "1");
  AddDeadLetter("bob", "2");
  AddDeadLetter("ada", "3");
  AddDeadLetter("bob", "4");
  EXPECT_EQ(Lyceum("admin", {"dlq", "purge", "4"}).code, 1);
  EXPECT_EQ(Lyceum("admin", {"dlq", "purge", "--user", "ada"}).code, 1);
  EXPECT_EQ(Numbers({}), (Sequences{1, 2, 3, 4}));
  const Ran one = Lyceum("admin", {"dlq", "purge", "4", "--yes", "--json"});
  ASSERT_EQ(one.code, 0) << one.err;
  EXPECT_EQ(json::parse(one.out)["purged"], 1);
  EXPECT_EQ(Lyceum("admin", {"dlq", "purge", "4", "--yes"}).code, 1);
  const Ran some = Lyceum("admin", {"dlq", "purge", "--user", "ada", "--yes"});
  ASSERT_EQ(some.code, 0) << some.err;
  EXPECT_TRUE(Says(some, "2 dead letters deleted")) << some.out;
  EXPECT_EQ(Numbers({}), (Sequences{2}));
}

TEST_F(Records, NobodyButTheAdminBringsARecordBackOrDeletesDeadLetters) {
  AddDeadLetter("ada", kStart);
  for (const auto& args : std::vector<std::vector<std::string>>{{"dlq", "retry", "1"},
                                                                {"dlq", "purge", "1", "--yes"}}) {
    const Ran ran = Lyceum("operator", args);
    EXPECT_EQ(ran.code, 1) << args[1];
    EXPECT_TRUE(Says(ran, "needs the role admin")) << ran.err;
  }
  EXPECT_EQ(RecordsOf(UserId("ada")), 0u);
  EXPECT_EQ(Numbers({}), (Sequences{1}));
}

TEST_F(Records, AStepShowsTheStateAtARecordAndWhatItChanged) {
  stack_.StartSessionWorker();
  const auto tools = stack_.StartToolWorker("t1");
  ASSERT_TRUE(gateway_.Send("ada", kStart, "s1"));
  ASSERT_TRUE(gateway_.Hear(
      "a",
      [](const Gateway::Received& m) { return m.message.state == tutor::StateName::kExposition; },
      seconds(20)))
      << stack_.session_worker_logs();
  ASSERT_TRUE(gateway_.Send("ada", R"({"id":"q","client":"a","skip":{}})", "q"));
  ASSERT_TRUE(gateway_.Reply("a", "q", seconds(20)));
  const std::vector<json> steps = Lines(Lyceum("operator", {"replay", "ada", "--json"}).out);
  ASSERT_GE(steps.size(), 3u);
  const auto step = [&](const json& of) {
    const Ran ran = Lyceum(
        "operator", {"step", "ada", "--to", std::to_string(of["seq"].get<uint64_t>()), "--json"});
    EXPECT_EQ(ran.code, 0) << ran.err;
    return json::parse(ran.out);
  };
  const auto change = [](const json& stepped, const std::string& path) {
    for (const json& each : stepped["changed"]) {
      if (each["path"] == path) return each;
    }
    return json();
  };
  // Each shows what replay does, and the state goes from each to the next.
  std::string before;
  for (const json& replayed : steps) {
    const json stepped = step(replayed);
    for (const char* same : {"seq", "event", "from", "to", "effects"}) {
      EXPECT_EQ(stepped[same], replayed[same]);
    }
    EXPECT_EQ(stepped["state"]["state"], replayed["to"]);
    const json state = change(stepped, "state");
    if (replayed["from"] == "none" || replayed["from"] == replayed["to"]) continue;
    EXPECT_EQ(state["was"], replayed["from"]) << stepped["changed"];
    EXPECT_EQ(state["is"], replayed["to"]);
  }
  const json first = step(steps[0]);
  EXPECT_EQ(change(first, "found"), json({{"path", "found"}, {"was", nullptr}, {"is", true}}));
  EXPECT_EQ(change(first, "pending_calls[0].tool")["is"], "load_topic") << first["changed"];
  const json second = step(steps[1]);
  EXPECT_EQ(change(second, "pending_calls[0].tool")["was"], "load_topic") << second["changed"];
  // Without --to: the last record, and its state is that of the owner.
  const Ran last = Lyceum("operator", {"step", "ada", "--json"});
  ASSERT_EQ(last.code, 0) << last.err;
  const json owner = json::parse(Lyceum("operator", {"state", "ada", "--json"}).out);
  EXPECT_EQ(json::parse(last.out)["state"]["applied_seq"], owner["applied_seq"]);
  EXPECT_EQ(json::parse(last.out)["state"]["history"], owner["history"]);
  const Ran shown = Lyceum("operator", {"step", "ada", "--to", "1"});
  EXPECT_TRUE(Says(shown, "pending_calls[0].tool: - -> \"load_topic\"")) << shown.out;
  EXPECT_EQ(Lyceum("operator", {"step", "nobody"}).code, 1);
  EXPECT_EQ(Lyceum("operator", {"step", "ada", "--to", "0"}).code, 2);
}

class Traced : public Records {
 protected:
  void Start(std::vector<std::string> args) {
    args.insert(args.begin(), {test::Program("lyceum"), "trace"});
    args.push_back("--json");
    trace_ = std::make_unique<Process>(args, stack_.nats().env_for("operator"));
    ASSERT_TRUE(Eventually(seconds(20), [&] {
      return trace_->err().find("following") != std::string::npos;
    })) << trace_->err();
  }
  // To its end.
  std::vector<json> End() {
    EXPECT_EQ(trace_->Wait(In(seconds(30))), 0) << trace_->err();
    return Lines(trace_->out());
  }
  std::unique_ptr<Process> trace_;
};

TEST_F(Traced, RecordsAndMessagesOfALearnerAreShownAsTheyCome) {
  stack_.StartSessionWorker();
  const auto tools = stack_.StartToolWorker("t1");
  ASSERT_TRUE(gateway_.Send("ada", kStart, "s1"));
  ASSERT_TRUE(gateway_.Hear(
      "a",
      [](const Gateway::Received& m) { return m.message.state == tutor::StateName::kExposition; },
      seconds(20)))
      << stack_.session_worker_logs();
  Start({"ada", "--next", "3"});
  ASSERT_TRUE(gateway_.Send("bob", R"({"id":"b","client":"b","start":{"course":"small"}})", "b"));
  ASSERT_TRUE(gateway_.Send(
      "ada", R"({"id":"q1","client":"a","message":{"text":"why \u001b[31m?","intent":"QUESTION"}})",
      "q1"));
  const std::vector<json> lines = End();
  ASSERT_EQ(lines.size(), 3u);
  bool record = false, message = false, result = false;
  for (const json& line : lines) {
    EXPECT_EQ(line["user"], "ada") << line;
    if (line["kind"] == "message") {
      message = message || (line["client"] == "a" && line["n"] > 0);
    } else if (line["class"] == "user") {
      record = line["id"] == "q1" && line["text"] == "message question \"why [31m?\"";
    } else {
      result = result || line["class"] == "tool";
    }
  }
  EXPECT_TRUE(record && message && result) << trace_->out();
}

TEST_F(Traced, ResultsOfAToolAreShownOfEveryLearner) {
  stack_.StartSessionWorker();
  const auto tools = stack_.StartToolWorker("t1");
  Start({"--tool", "load_topic", "--next", "2"});
  ASSERT_TRUE(gateway_.Send("ada", kStart, "s1"));
  ASSERT_TRUE(gateway_.Send("bob", R"({"id":"b","client":"b","start":{"course":"small"}})", "b"));
  const std::vector<json> lines = End();
  ASSERT_EQ(lines.size(), 2u);
  for (const json& line : lines) {
    EXPECT_EQ(line["class"], "tool");
    EXPECT_NE(line["text"].get<std::string>().find("load_topic"), std::string::npos) << line;
  }
  EXPECT_NE(lines[0]["user"], lines[1]["user"]);
}

TEST_F(Traced, ItEndsWithItsTimeAndWhenItIsToldTo) {
  EXPECT_EQ(Lyceum("operator", {"trace", "--tool", "give_hint", "--for", "1s"}).code, 0);
  EXPECT_EQ(Lyceum("operator", {"trace", "--tool", "give_hint", "--for", "1s", "--next", "1"}).code,
            1);
  EXPECT_EQ(Lyceum("operator", {"trace"}).code, 2);
  EXPECT_EQ(Lyceum("operator", {"trace", "--tool", "dance"}).code, 2);
  EXPECT_EQ(Lyceum("operator", {"trace", "ada", "--for", "soon"}).code, 2);
  Start({"--tool", "give_hint"});
  trace_->Terminate();
  EXPECT_TRUE(End().empty());
}

}  // namespace
}  // namespace lyceum
