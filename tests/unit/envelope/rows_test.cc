// Rows come back as they were written; what can not be read is corruption.
#include "envelope/rows.h"

#include <gtest/gtest.h>

#include <set>

#include "contract.h"
#include "envelope/codec.h"
#include "field_coverage.h"
#include "full_session.h"
#include "lyceum/v1/record.pb.h"
#include "tutor/dump.h"

namespace lyceum::envelope {
namespace {

TEST(Rows, SessionsComeBackInEveryState) {
  for (const tutor::State& state : AllStates()) {
    const tutor::Session session = FullSession(state);
    const auto again = DecodeSession(EncodeSession(session));
    ASSERT_TRUE(again) << again.error().text;
    EXPECT_EQ(tutor::Dump(*again), tutor::Dump(session));
    EXPECT_TRUE(again->state == session.state);
    EXPECT_TRUE(again->question == session.question);
    EXPECT_TRUE(again->syllabus == session.syllabus);
    EXPECT_TRUE(again->counters == session.counters);
    EXPECT_EQ(again->topic, nullptr);
    EXPECT_EQ(EncodeSession(*again), EncodeSession(session));
  }
}

TEST(Rows, AnEmptySessionComesBack) {
  const tutor::Session session;
  const auto again = DecodeSession(EncodeSession(session));
  ASSERT_TRUE(again) << again.error().text;
  EXPECT_EQ(tutor::Dump(*again), tutor::Dump(session));
  EXPECT_FALSE(again->question);
}

TEST(Rows, TheFullSessionSetsEveryFieldOfTheRow) {
  std::set<std::string> set;
  for (const tutor::State& state : AllStates()) {
    v1::Session row;
    ASSERT_TRUE(row.ParseFromString(EncodeSession(FullSession(state))));
    CollectSetFields(row, &set);
  }
  for (const std::string& name : AllFields(v1::Session::descriptor())) {
    EXPECT_TRUE(set.contains(name)) << name;
  }
}

// The hot row of an ordinary session: what each turn writes.
TEST(Rows, AnOrdinarySessionIsSmall) {
  tutor::Session session = FullSession(tutor::AwaitingAnswer{});
  session.inbox.clear();
  session.question->generated.reset();
  for (int i = 0; i < 32; ++i) session.seen.Add() = 0x0123456789ABCDEF;
  EXPECT_LT(EncodeSession(session).size(), 1024u);
}

TEST(Rows, DamagedSessionsAreFatal) {
  const std::string bytes = EncodeSession(FullSession(tutor::AwaitingAnswer{}));
  for (const std::string& damaged : {bytes.substr(0, bytes.size() - 3), bytes + "\x07",
                                     std::string("\xFF\xFF\xFF"), std::string()}) {
    const auto session = DecodeSession(damaged);
    ASSERT_FALSE(session);
    EXPECT_EQ(session.error().fault, Fault::kFatal);
  }
  v1::Session row;
  ASSERT_TRUE(row.ParseFromString(bytes));
  row.set_lifecycle(static_cast<v1::Session::Lifecycle>(9));
  EXPECT_EQ(DecodeSession(row.SerializeAsString()).error().text,
            "a session row can not be read: lifecycle: a number that this program does not know");
  ASSERT_TRUE(row.ParseFromString(
      EncodeSession(FullSession(tutor::AwaitingToolResult{FullCall(tutor::Exposition{})}))));
  row.mutable_state()->mutable_awaiting_tool_result()->mutable_origin()->mutable_error_state();
  EXPECT_EQ(DecodeSession(row.SerializeAsString()).error().text,
            "a session row can not be read: call.origin: is not a state that a call returns to");
}

TEST(Rows, ARowOfANewerProgramIsFatal) {
  v1::Session row;
  ASSERT_TRUE(row.ParseFromString(EncodeSession(FullSession(tutor::AwaitingAnswer{}))));
  row.GetReflection()->MutableUnknownFields(&row)->AddVarint(900, 1);
  const auto session = DecodeSession(row.SerializeAsString());
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().fault, Fault::kFatal);
}

TEST(Rows, HistoryEntriesComeBack) {
  const tutor::HistoryEntry entry{uint64_t{1} << 40, 1'769'847'300'123, tutor::Role::kOperator,
                                  "force_skip", "because"};
  const auto again = DecodeHistoryEntry(EncodeHistoryEntry(entry));
  ASSERT_TRUE(again) << again.error().text;
  EXPECT_TRUE(*again == entry);
  EXPECT_EQ(DecodeHistoryEntry("\xFF").error().fault, Fault::kFatal);
}

}  // namespace
}  // namespace lyceum::envelope
