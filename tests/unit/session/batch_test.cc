// What a run of records writes and hands over: real fold, real store.
#include "session/batch.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "envelope/codec.h"
#include "support/temp_dir.h"
#include "tutor/dump.h"
#include "tutor/limits.h"

namespace lyceum::session {
namespace {

using envelope::RecordClass;

class BatchTest : public ::testing::Test {
 protected:
  const envelope::Subjects subjects{"lyceum", 16};
  const UserId ada{std::string("ada")};
  const store::PartitionId partition = static_cast<store::PartitionId>(subjects.PartitionOf(ada));
  test::TempDir dir;
  std::unique_ptr<store::Store> store = [this] {
    auto opened = store::Store::Open({.path = dir.path()});
    return std::move(opened).value();
  }();
  SessionCache cache{store.get(), partition, 100};
  const Fold fold{subjects, partition};
  uint64_t sequence = 0;

  // Folds these user events as one batch and commits it.
  outbox::Outgoing Commit(const std::vector<std::string>& events,
                          RecordClass record_class = RecordClass::kUser) {
    Batch batch(&subjects, partition, store.get(), &cache);
    const std::string subject = subjects.Log(partition, record_class, ada);
    for (const std::string& event : events) {
      const Record record{.subject = subject,
                          .data = event,
                          .sequence = ++sequence,
                          .time_ms = 1'000 + static_cast<int64_t>(sequence)};
      auto session = cache.Take(ada);
      EXPECT_TRUE(session);
      EXPECT_TRUE(
          batch.Add(record, ada, fold.Step(record, {record_class, ada}, std::move(*session))));
    }
    batch.Finish({sequence, 7});
    EXPECT_TRUE(store->Apply(batch.TakeCommit()));
    cache.Committed();
    return batch.outgoing();
  }
  static std::vector<envelope::LetterRow> Letters(const outbox::Outgoing& outgoing) {
    std::vector<envelope::LetterRow> letters;
    for (const store::Letter& letter : outgoing.letters) {
      letters.push_back(envelope::DecodeLetter(letter.bytes).value());
    }
    return letters;
  }
  static std::string Start(const std::string& client) {
    return fmt::format(R"({{"id":"start","client":"{}","start":{{"course":"algebra"}}}})", client);
  }
};

TEST_F(BatchTest, ARecordOnWhichTheStateMachineFailsHarmsNoOther) {
  const Fold broken(
      subjects, partition,
      [](std::optional<tutor::Session>* session, const UserId& user, const tutor::Event& event,
         const tutor::LogPosition& position, tutor::Effects* effects) {
        if (std::holds_alternative<tutor::Skip>(event.kind)) {
          throw std::runtime_error("broken");
        }
        tutor::Advance(session, user, event, position, effects);
      });
  Commit({Start("c1")});
  const std::string before = tutor::Dump(*cache.Take(ada).value());
  cache.Clear();
  const std::string subject = subjects.Log(partition, RecordClass::kUser, ada);
  const auto record = [&](std::string_view data) {
    ++sequence;
    return Record{.subject = subject, .data = data, .sequence = sequence, .time_ms = 2'000};
  };
  const auto fold_as = [&](std::span<const Record> records) {
    auto folded = FoldRecords(broken, records, &subjects, partition, store.get(), &cache);
    EXPECT_TRUE(folded);
    return *std::move(folded);
  };
  const std::vector<Record> poison = {record(R"({"id":"e2","client":"c1","skip":{}})")};
  FoldedRecords alone = fold_as(poison);
  EXPECT_EQ(tutor::Dump(cache.Get(ada)), before);
  ASSERT_EQ(alone.refused.size(), 1u);
  EXPECT_EQ(alone.refused[0].sequence, poison[0].sequence);
  EXPECT_EQ(alone.refused[0].refused.reason, Refusal::kCoreFailed);

  cache.Clear();
  const std::vector<Record> good = {record(R"({"id":"e3","client":"c2","attach":{}})"),
                                    record(R"({"id":"e4","client":"c2","continue":{}})")};
  FoldedRecords without = fold_as(good);
  const std::string expected = tutor::Dump(cache.Get(ada));
  cache.Clear();
  const std::vector<Record> mixed = {good[0], poison[0], good[1]};
  FoldedRecords with = fold_as(mixed);
  EXPECT_EQ(tutor::Dump(cache.Get(ada)), expected);
  EXPECT_EQ(with.refused.size(), 1u);
  // One letter to whom the event came from, one to the operator.
  EXPECT_EQ(with.batch.outgoing().letters.size(), without.batch.outgoing().letters.size() + 2);
}

TEST_F(BatchTest, AStartCommitsTheCallWithItsDeadlineTimer) {
  const outbox::Outgoing outgoing = Commit({Start("c1")});
  ASSERT_EQ(outgoing.calls.size(), 1u);
  auto request = envelope::DecodeToolRequest(outgoing.calls[0].bytes, tutor::Encoding::kProtobuf);
  ASSERT_TRUE(request) << request.error().text;
  EXPECT_EQ(request->id.value, fmt::format("{}-1-{}", partition, outgoing.calls[0].id.index));
  EXPECT_EQ(request->reply_subject, "lyceum.in.tool.ada");
  EXPECT_EQ(request->stream_subject, "lyceum.out.c1");
  EXPECT_TRUE(request->stream_json) << "as the client speaks";
  auto calls = store->GetCalls(partition);
  ASSERT_TRUE(calls);
  ASSERT_EQ(calls->size(), 1u);
  EXPECT_EQ((*calls)[0].id, outgoing.calls[0].id);
  auto due = store->GetDueTimers(partition, request->deadline_ms, 10);
  ASSERT_TRUE(due);
  ASSERT_EQ(due->due.size(), 1u);
  EXPECT_EQ(due->due[0].due_ms, request->deadline_ms);
  EXPECT_EQ(store->GetApplied(partition).value()->sequence, 1u);
}

TEST_F(BatchTest, AMessageGoesToEachAttachedClientInItsOwnEncoding) {
  Commit({Start("c1")});
  tutor::Event attach{.id = EventId("a"), .client = ClientId("c2"), .kind = tutor::Attach{}};
  Commit({envelope::EncodeEvent(attach, tutor::Encoding::kProtobuf)});
  const auto letters = Letters(Commit({R"({"id":"m","client":"c1","message":{"text":"hello?"}})"}));
  ASSERT_EQ(letters.size(), 2u);  // `wait`, since the topic is being loaded.
  EXPECT_EQ(letters[0].subject, "lyceum.out.c1");
  EXPECT_EQ(letters[0].content_type, "application/json");
  EXPECT_EQ(letters[1].subject, "lyceum.out.c2");
  EXPECT_EQ(letters[1].content_type, "");
  auto json = envelope::DecodeClientMessage(letters[0].data, tutor::Encoding::kJson);
  auto proto = envelope::DecodeClientMessage(letters[1].data, tutor::Encoding::kProtobuf);
  ASSERT_TRUE(json && proto);
  EXPECT_EQ(json->message.id, proto->message.id);
  EXPECT_EQ(json->message.n, 1u);
}

TEST_F(BatchTest, AttachBringsWhatWasMissedAlsoFromTheSameBatch) {
  Commit({Start("c1"), R"({"id":"m1","client":"c1","skip":{}})"});
  const auto letters = Letters(Commit({R"({"id":"m2","client":"c1","message":{"text":"a"}})",
                                       R"({"id":"m3","client":"c1","message":{"text":"b"}})",
                                       R"({"id":"a1","client":"c9","attach":{"after_n":1}})"}));
  std::vector<uint32_t> seen;
  for (const auto& letter : letters) {
    if (letter.subject != "lyceum.out.c9") continue;
    seen.push_back(envelope::DecodeClientMessage(letter.data, tutor::Encoding::kJson)->message.n);
  }
  const uint32_t last = cache.Get(ada).n;
  ASSERT_GE(last, 2u);
  ASSERT_EQ(seen.size(), last - 1);
  for (size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], i + 2);
}

TEST_F(BatchTest, OnlyTheLastMessagesAreKept) {
  Commit({Start("c1")});
  for (uint32_t i = 0; i < tutor::kMessagesKept + 40; ++i) {
    Commit({fmt::format(R"({{"id":"m{}","client":"c1","message":{{"text":"x"}}}})", i)});
  }
  const uint32_t last = cache.Get(ada).n;
  auto kept = store->GetMessages(partition, ada, 1, last);
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->size(), tutor::kMessagesKept);
  EXPECT_EQ(kept->front().n, last - tutor::kMessagesKept + 1);
}

TEST_F(BatchTest, ARefusedRecordGoesToTheDeadLettersAndItsSenderIsTold) {
  Commit({Start("c1")});
  const auto letters =
      Letters(Commit({R"({"id":"bad","client":"c1","message":{"text":1,"x":2}})"}));
  ASSERT_EQ(letters.size(), 2u);
  EXPECT_EQ(letters[0].subject, fmt::format("lyceum.dlq.{}.ada", partition));
  EXPECT_EQ(letters[0].message_id, fmt::format("dlq-{}-2", partition));
  auto dead = envelope::DecodeDeadLetter(letters[0].data);
  ASSERT_TRUE(dead);
  EXPECT_EQ(dead->reason, "undecodable");
  EXPECT_EQ(dead->record, R"({"id":"bad","client":"c1","message":{"text":1,"x":2}})");
  auto told = envelope::DecodeClientMessage(letters[1].data, tutor::Encoding::kJson);
  ASSERT_TRUE(told);
  EXPECT_EQ(told->message.n, 0u);
  EXPECT_EQ(told->message.in_reply_to.value, "bad");
}

TEST_F(BatchTest, TheSameRecordsGiveTheSameLettersAndIds) {
  const std::vector<std::string> events = {Start("c1"), R"({"id":"m1","client":"c2","skip":{}})",
                                           R"({"id":"m2","client":"c2","hint":{}})"};
  const outbox::Outgoing once = Commit(events);
  test::TempDir other_dir;
  auto other = store::Store::Open({.path = other_dir.path()}).value();
  SessionCache other_cache(other.get(), partition, 100);
  Batch again(&subjects, partition, other.get(), &other_cache);
  const std::string subject = subjects.Log(partition, RecordClass::kUser, ada);
  for (size_t i = 0; i < events.size(); ++i) {
    const Record record{.subject = subject,
                        .data = events[i],
                        .sequence = i + 1,
                        .time_ms = 1'001 + static_cast<int64_t>(i)};
    auto session = other_cache.Take(ada);
    ASSERT_TRUE(
        again.Add(record, ada, fold.Step(record, {RecordClass::kUser, ada}, std::move(*session))));
  }
  ASSERT_EQ(once.letters.size(), again.outgoing().letters.size());
  for (size_t i = 0; i < once.letters.size(); ++i) {
    EXPECT_EQ(once.letters[i].id, again.outgoing().letters[i].id);
    EXPECT_EQ(once.letters[i].bytes, again.outgoing().letters[i].bytes);
  }
}

TEST_F(BatchTest, RowIdsAreReadFromTheIdsOfTheStateMachine) {
  EXPECT_EQ(ToLetterId("3-17-2"), (store::LetterId{17, 2}));
  EXPECT_DEATH(ToLetterId("nonsense"), "CHECK failed");
}

}  // namespace
}  // namespace lyceum::session
