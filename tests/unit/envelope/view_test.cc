// Queries, the view of a session, and any payload as JSON for people.
#include <gtest/gtest.h>

#include "base/digest.h"
#include "contract.h"
#include "envelope/codec.h"
#include "envelope/rows.h"
#include "full_session.h"
#include "tutor/dump.h"

namespace lyceum::envelope {
namespace {

constexpr Encoding kJson = Encoding::kJson;
constexpr Encoding kProtobuf = Encoding::kProtobuf;

ViewParts PartsOf(const tutor::Session& session) {
  ViewParts parts;
  parts.session = &session;
  parts.user = session.user;
  parts.partition = 3;
  parts.owner = "w1";
  parts.epoch = 2;
  parts.history = {{41, 1'769'847'299'001, tutor::Role::kTutor, "question", "2+2?"}};
  parts.records = {5, 17};
  return parts;
}

TEST(View, QueriesComeBack) {
  const auto query = DecodeQuery(EncodeQuery({7, true, uint64_t{1} << 60}), kJson);
  ASSERT_TRUE(query) << query.error().text;
  EXPECT_EQ(query->history_max, 7u);
  EXPECT_TRUE(query->records);
  EXPECT_EQ(query->records_from, uint64_t{1} << 60);
  EXPECT_EQ(DecodeQuery("", kProtobuf)->history_max, 100u);
  EXPECT_EQ(DecodeQuery("{}", kJson)->history_max, 100u);
}

TEST(View, TheWholeStateStandsInIt) {
  const tutor::Session session =
      FullSession(tutor::AwaitingToolResult{FullCall(tutor::RemediatingKnownError{})});
  const std::string digest = Sha256Hex(tutor::Dump(session));
  EXPECT_EQ(
      EncodeSessionView(PartsOf(session), kJson),
      R"({"found":true,"user":"~YS5i","state":"awaiting_tool_result","lifecycle":"archived",)"
      R"("partition":3,"owner":"w1","epoch":"2","applied_seq":"17","history":[{"index":41,)"
      R"("at":"2026-01-31T08:14:59.001Z","role":"tutor","kind":"question","text":"2+2?"}],)"
      R"("history_count":"1099511627776","context":{"tone":"kind","persona":"owl",)"
      R"("objectives":["pass","enjoy"],"language":"en","supervision":"draft","undecided":"as_is",)"
      R"("decide_seconds":90},"busy_policy":"interrupt","syllabus":{)"
      R"("course":"algebra","version":"v1","topic":"lines","done":["numbers","signs"],)"
      R"("queue":["q4"],"segment":2},"current_question":{"question":{"id":"q3","text":"3+3?",)"
      R"("format":"numeric","choices":["5","6"]},"attempts":[{"answer":"5",)"
      R"("verdict":"incorrect","error_id":"slip"},{"answer":"6!","verdict":"partially_correct"}],)"
      R"("hints_shown":1},"pending_calls":[{"id":"3-17-1","tool":"remediate_known_error",)"
      R"("origin":"remediating_known_error","question_id":"q1","attempt":2,)"
      R"("deadline":"2026-01-31T08:15:30.123Z"}],"timers":[{"kind":"tool_deadline",)"
      R"("token":"3-17-2","due":"2026-01-31T08:15:30.123Z"},{"kind":"idle","token":"3-17-3",)"
      R"("due":"2026-01-31T08:30:00Z"},{"kind":"ttl","token":"3-17-4","due":"2026-03-02T08:15:00Z"},)"
      R"({"kind":"approval","token":"3-17-5","due":"2026-01-31T08:15:10.123Z"}],)"
      R"("counters":[{"name":"records","value":"1"},{"name":"correct","value":"2"},)"
      R"({"name":"incorrect","value":"3"},{"name":"hints","value":"4"},{"name":"skips","value":"5"},)"
      R"({"name":"duplicates","value":"6"},{"name":"dropped","value":"7"},)"
      R"({"name":"degraded","value":"8"},{"name":"tool_errors","value":"9"},)"
      R"({"name":"for_review","value":"10"},{"name":"violations","value":"11"}],)"
      R"("clients":["c1","c2"],"inbox":3,"n":4294967295,"nudges":1,"first_seq":"5",)"
      R"("at":"2026-01-31T08:15:00.124Z","records":["5","17"],"state_digest":")" +
          digest + "\"}");
}

TEST(View, IsReadInBothEncodings) {
  const tutor::Session session =
      FullSession(tutor::ErrorState{FullCall(tutor::AwaitingAnswer{}), "unavailable", true});
  for (const Encoding encoding : {kJson, kProtobuf}) {
    const auto view = DecodeSessionView(EncodeSessionView(PartsOf(session), encoding), encoding);
    ASSERT_TRUE(view) << view.error().text;
    EXPECT_TRUE(view->found);
    EXPECT_EQ(view->state, "error_state");
    EXPECT_EQ(view->applied_seq, 17u);
    EXPECT_EQ(view->history_count, session.history_count);
    EXPECT_EQ(view->n, session.n);
    EXPECT_EQ(view->records, (std::vector<uint64_t>{5, 17}));
    EXPECT_EQ(view->state_digest, Sha256Hex(tutor::Dump(session)));
    EXPECT_EQ(view->error, "");
    EXPECT_NE(view->json.find("\n \"failed_call\": {\n"), std::string::npos) << view->json;
    EXPECT_NE(view->json.find("\"code\": \"unavailable\""), std::string::npos);
    EXPECT_NE(view->json.find("\"origin\": \"awaiting_answer\""), std::string::npos);
  }
}

TEST(View, TheDraftThatWaitsStandsInIt) {
  const tutor::Session session = FullSession(AllStates().back());
  for (const Encoding encoding : {kJson, kProtobuf}) {
    const auto view = DecodeSessionView(EncodeSessionView(PartsOf(session), encoding), encoding);
    ASSERT_TRUE(view) << view.error().text;
    EXPECT_EQ(view->state, "awaiting_approval");
    EXPECT_TRUE(IsBusy(*view));
    EXPECT_NE(view->json.find("\"draft\": {\n"), std::string::npos) << view->json;
    EXPECT_NE(view->json.find("\"undecided\": \"as_is\""), std::string::npos);
  }
}

// The key of the open question is the grader's alone.
TEST(View, TheKeyIsNotInIt) {
  tutor::Session session = FullSession(tutor::AwaitingAnswer{});
  auto topic = *session.topic;
  topic.questions[2].answers = {"forty-two"};
  topic.questions[2].solution = "forty-two, of course";
  session.topic = std::make_shared<const tutor::Topic>(topic);
  EXPECT_EQ(EncodeSessionView(PartsOf(session), kJson).find("forty-two"), std::string::npos);
}

TEST(View, NotFoundAndErrors) {
  ViewParts parts;
  parts.user = UserId("ana");
  for (const Encoding encoding : {kJson, kProtobuf}) {
    const auto view = DecodeSessionView(EncodeSessionView(parts, encoding), encoding);
    ASSERT_TRUE(view) << view.error().text;
    EXPECT_FALSE(view->found);
    EXPECT_EQ(view->state, "");
    const auto error = DecodeSessionView(
        EncodeQueryError(tutor::ErrorCode::kBusy, "try again", encoding), encoding);
    ASSERT_TRUE(error) << error.error().text;
    EXPECT_EQ(error->error, "busy: try again");
  }
}

TEST(View, OfALongHistoryTheNewestEntriesStay) {
  const tutor::Session session = FullSession(tutor::AwaitingAnswer{});
  ViewParts parts = PartsOf(session);
  parts.history.clear();
  for (uint64_t i = 1; i <= 2'000; ++i) {
    parts.history.push_back({i, 1, tutor::Role::kLearner, "message", std::string(1024, '\n')});
  }
  for (const Encoding encoding : {kJson, kProtobuf}) {
    const std::string bytes = EncodeSessionView(parts, encoding);
    EXPECT_LE(bytes.size(), 1000u * 1024);
    const auto view = DecodeSessionView(bytes, encoding);
    ASSERT_TRUE(view) << view.error().text;
    EXPECT_NE(view->json.find("\"index\": 2000"), std::string::npos);
    EXPECT_EQ(view->json.find("\"index\": 1,"), std::string::npos);
    EXPECT_TRUE(view->cut);
  }
}

TEST(View, OfManyRecordsTheFirstStay) {
  ViewParts parts;
  parts.records.assign(60'000, uint64_t{1} << 60);
  parts.records.front() = 7;
  for (const Encoding encoding : {kJson, kProtobuf}) {
    const std::string bytes = EncodeSessionView(parts, encoding);
    EXPECT_LE(bytes.size(), 1000u * 1024);
    const auto view = DecodeSessionView(bytes, encoding);
    ASSERT_TRUE(view) << view.error().text;
    EXPECT_EQ(view->records.front(), 7u);
    EXPECT_EQ(view->cut, view->records.size() < parts.records.size());
  }
  EXPECT_TRUE(DecodeSessionView(EncodeSessionView({.cut = true}, kJson), kJson)->cut);
}

TEST(View, AnyPayloadAsJson) {
  EXPECT_EQ(*ToJson("ToolAck", R"({"id":"1","busy":{}})"),
            "{\n \"id\": \"1\",\n \"busy\": {}\n}\n");
  EXPECT_EQ(*ToJson("ToolCancel",
                    "\x0A\x01"
                    "1"),
            "{\n \"id\": \"1\"\n}\n");
  const auto row = ToJson("Session", EncodeSession(FullSession(tutor::AwaitingAnswer{})));
  ASSERT_TRUE(row) << row.error().text;
  EXPECT_NE(row->find("\"lifecycle\": \"ARCHIVED\""), std::string::npos) << *row;
  for (const std::string type : {"", "event", "Start", "lyceum.v1.Event"}) {
    EXPECT_EQ(ToJson(type, "{}").error().text,
              "type: name one of Event, ClientMessage, ToolRequest, ToolAck, ToolHeartbeat, "
              "ToolCancel, ToolRefused, WorkerHeartbeat, PartitionCommand, PartitionReply, Query, "
              "SessionView, DeadLetter, Draft, Topic, Session, HistoryRow, JournalChunk");
  }
  EXPECT_EQ(ToJson("Query", R"({"x":1})").error().text, "x: unknown field");
}

}  // namespace
}  // namespace lyceum::envelope
