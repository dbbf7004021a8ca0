// The way through topics, the locks on it, timers, clients and ids.

#include <gtest/gtest.h>

#include <functional>

#include "classroom.h"
#include "laws.h"
#include "tutor/dump.h"

namespace lyceum::tutor {
namespace {

using Emitted = std::vector<std::string>;

TEST(Lesson, TheGateEndsATopicEarly) {
  Topic topic = samples::SampleTopic("t1", "t2");
  topic.gate = {2, 1};
  Classroom room(topic);
  room.ToQuestion().Answer("12").Grade(Verdict::kCorrect);
  ASSERT_TRUE(room.IsLockedBy(Tool::kLoadTopic));
  EXPECT_EQ(room.call().topic, TopicId("t2"));
  EXPECT_EQ(room.session->syllabus.done, std::vector{TopicId("t1")});
}

TEST(Lesson, WithAGateQuestionsAreMadeUntilItIsMetOrTheBoundIsReached) {
  Topic topic = samples::SampleTopic("t1", "");
  topic.gate = {2, 2};
  topic.questions.resize(1);
  topic.generate_questions = true;
  Classroom room(topic);
  room.ToQuestion().Do(Skip{});
  GenerateQuestionOk made;
  made.question.text = "How much is 2 * 3?";
  made.question.answers = {"6"};
  uint32_t count = 0;
  while (room.IsLockedBy(Tool::kGenerateQuestion)) {
    room.Reply(made).Do(Skip{});
    ++count;
  }
  EXPECT_EQ(count, kGeneratedMax);
  EXPECT_EQ(room.state(), StateName::kCompleted);
}

TEST(Lesson, SkippingAQuestionThatCanNotBeMadeEndsTheTopic) {
  Topic topic = samples::SampleTopic("t1", "");
  topic.gate = {2, 2};
  topic.questions.clear();
  topic.generate_questions = true;
  Classroom room(topic);
  room.ToQuestion().FailTool();
  ASSERT_EQ(room.state(), StateName::kErrorState);
  room.Do(Skip{});
  EXPECT_EQ(room.state(), StateName::kCompleted);
}

TEST(Lesson, ATopicOfAnotherCourseOrWithBadContentIsRefused) {
  Classroom room;
  Topic other = samples::SampleTopic("t1", "");
  other.course = CourseId("other");
  room.Reply(LoadTopicOk{std::make_shared<const Topic>(other), "d"});
  EXPECT_EQ(room.emitted(), Emitted{"error bad_result"});
  room.Do(Continue{});
  Topic keyless = samples::SampleTopic("t1", "");
  keyless.questions[0].answers.clear();
  room.Reply(LoadTopicOk{std::make_shared<const Topic>(keyless), "d"});
  EXPECT_EQ(room.emitted(), Emitted{"error bad_result"});
  room.Do(Continue{}).Reply(LoadTopicOk{nullptr, "d"});
  EXPECT_EQ(room.emitted(), Emitted{"error bad_result"});
}

TEST(Lesson, ContentIsSharedNotCopied) {
  Classroom room;
  const auto topic = std::make_shared<const Topic>(samples::SampleTopic("t1", ""));
  room.Reply(LoadTopicOk{topic, "d"});
  EXPECT_EQ(room.session->topic, topic);
}

TEST(Lesson, ACancelledLoadIsAskedForAgain) {
  Start start = Classroom::DefaultStart();
  start.busy_policy = BusyPolicy::kInterrupt;
  Classroom room(samples::SampleTopic("t1", ""), start);
  const CallId first = room.call().id;
  room.Ask("what is this?");
  EXPECT_TRUE(room.IsLockedBy(Tool::kLoadTopic));
  EXPECT_NE(room.call().id, first);
}

TEST(Lesson, AnotherCourseStartsOverWithANumberedOn) {
  Classroom room;
  room.Load().Do(End{""});
  const uint32_t n = room.session->n;
  Start start;
  start.course = CourseId("another");
  room.Do(start);
  EXPECT_EQ(room.call().tool, Tool::kLoadTopic);
  EXPECT_EQ(room.session->syllabus.course, CourseId("another"));
  EXPECT_EQ(room.session->topic, nullptr);
  EXPECT_GE(room.session->n, n);
}

TEST(Locks, ChainedCallsShareOneLock) {
  Classroom room;
  room.ToQuestion();
  const int64_t began_ms = room.now_ms;
  room.Say("hm?").Later(29'000).Reply(ClassifyIntentOk{FoundIntent::kAnswer, 1});
  room.Later(4'000).Grade(Verdict::kIncorrect);
  room.Later(29'000).Reply(DiagnoseErrorOk{{}, "It is 12.", ""});  // Withheld: asked once more.
  ASSERT_TRUE(room.IsLockedBy(Tool::kDiagnoseError));
  EXPECT_EQ(room.call().locked_ms, began_ms);
  EXPECT_EQ(room.call().duration_ms, kToolDurationMs);
  room.Reply(DiagnoseErrorOk{{}, "Look again.", ""}).Later(1'000).Ask("why?");
  EXPECT_EQ(room.call().locked_ms, room.now_ms) << "a lock of its own";
}

// A record that lay in the log for long is no fault of its call: the owner counts from its
// dispatch.
TEST(Locks, NoCallFailsForTheTimeOfItsRecord) {
  Classroom room;
  room.ToQuestion().Say("hm?");
  room.Later(10 * kLockMsMax).Reply(ClassifyIntentOk{FoundIntent::kAnswer, 1});
  ASSERT_TRUE(room.IsLockedBy(Tool::kCheckAnswer));
  EXPECT_EQ(room.call().duration_ms, kGradingDurationMs);
  room.Later(10 * kLockMsMax).Grade(Verdict::kCorrect);
  EXPECT_EQ(room.emitted().front(), "feedback correct");
}

TEST(Locks, ADeadlineIsObeyedWheneverItComes) {
  for (const int64_t later : {int64_t{0}, kToolDurationMs, 10 * kLockMsMax}) {
    Classroom room;
    room.ToQuestion().Answer("12").Later(later).Fire(TimerKind::kToolDeadline);
    EXPECT_EQ(room.emitted(), Emitted{"error deadline"}) << later;
    EXPECT_EQ(room.timer(TimerKind::kToolDeadline), nullptr);
  }
}

TEST(Locks, TheDispatcherIsToldWhatItCounts) {
  Classroom room;
  room.ToQuestion().Answer("12");
  for (const Effect& effect : room.effects) {
    const auto* call = std::get_if<CallTool>(&effect);
    if (call == nullptr) continue;
    EXPECT_EQ(call->call.duration_ms, kGradingDurationMs);
    EXPECT_EQ(call->lock_ms_max, kLockMsMax);
    return;
  }
  FAIL() << "no call";
}

TEST(Locks, TheInboxHoldsEightAndOneMoreIsRefused) {
  Start start = Classroom::DefaultStart();
  start.busy_policy = BusyPolicy::kDefer;
  Classroom room(samples::SampleTopic("t1", ""), start);
  for (size_t i = 1; i <= kInboxMax; ++i) {
    room.Do(Hint{});
    EXPECT_EQ(room.emitted(), Emitted{"wait kept " + std::to_string(i)});
  }
  room.Do(Hint{});
  EXPECT_EQ(room.emitted(), Emitted{"error inbox_full"});
  EXPECT_EQ(room.session->inbox.size(), kInboxMax);
  room.Load();
  EXPECT_TRUE(room.session->inbox.empty());
}

TEST(Locks, WaitSaysWhatBecomesOfTheEvent) {
  Start start = Classroom::DefaultStart();
  Classroom dropping(samples::SampleTopic("t1", ""), start);
  dropping.ToQuestion().Answer("12").Ask("why?");
  EXPECT_EQ(dropping.emitted(), Emitted{"wait"});
  start.busy_policy = BusyPolicy::kInterrupt;
  Classroom interrupting(samples::SampleTopic("t1", ""), start);
  interrupting.ToQuestion().Answer("12").Ask("why?");
  EXPECT_EQ(interrupting.emitted(), Emitted{"wait kept 0"}) << "handled at once, not lost";
  EXPECT_TRUE(interrupting.IsLockedBy(Tool::kClarifyConcept));
}

TEST(Timers, ARecordThatComesEarlyChangesNothing) {
  for (const TimerKind kind : {TimerKind::kIdle, TimerKind::kTtl}) {
    Classroom room;
    room.Load();
    Session before = *room.session;
    room.now_ms = room.timer(kind)->due_ms - 1;
    room.Fire(kind);
    EXPECT_TRUE(room.effects.empty());
    before.time_ms = room.now_ms;
    ++before.last_sequence;
    ++before.counters.records;
    EXPECT_EQ(Dump(*room.session), Dump(before));
    room.Later(1).Fire(kind);
    EXPECT_FALSE(room.effects.empty()) << "the same token, when it is due";
  }
}

TEST(Timers, OneThatIsDueIsSetAnewForTheTimeThatIsLeft) {
  Classroom room;
  room.Load().Later(60'000).Do(Continue{}).Later(kIdleMs - 60'000).Fire(TimerKind::kIdle);
  EXPECT_TRUE(room.emitted().empty());
  EXPECT_EQ(room.timer(TimerKind::kIdle)->due_ms, room.session->active_ms + kIdleMs);
}

TEST(Timers, OneNudgeThenUnloadAndALearnerSetsTheTimerAgain) {
  Classroom room;
  room.Load().Later(kIdleMs).Fire(TimerKind::kIdle);
  EXPECT_EQ(room.emitted(), Emitted{"text"});
  room.Later(kIdleMs).Fire(TimerKind::kIdle);
  EXPECT_EQ(room.count<Unload>(), 1u);
  EXPECT_EQ(room.timer(TimerKind::kIdle), nullptr);
  room.Do(Continue{});
  EXPECT_NE(room.timer(TimerKind::kIdle), nullptr);
  EXPECT_EQ(room.session->nudges, 0u);
}

TEST(Timers, ThirtyDaysArchiveAndALearnerIsWelcomeBack) {
  Classroom room;
  room.Load().Later(kTtlMs).Fire(TimerKind::kTtl);
  EXPECT_EQ(room.session->lifecycle, Lifecycle::kArchived);
  EXPECT_TRUE(room.session->timers.empty());
  room.Do(Continue{});
  EXPECT_EQ(room.session->lifecycle, Lifecycle::kActive);
  EXPECT_EQ(room.session->timers.size(), 2u);
}

TEST(Clients, StartAndAttachSayHowTheyAreWrittenTo) {
  Classroom room;
  const auto encoding = [&] { return room.session->clients.at(0).encoding; };
  room.Fold({EventId("x1"), ClientId("c"), Encoding::kJson, Hint{}});
  EXPECT_EQ(encoding(), Encoding::kProtobuf);
  room.Fold({EventId("x2"), ClientId("c"), Encoding::kJson, Attach{0}});
  EXPECT_EQ(encoding(), Encoding::kJson);
  room.Do(Detach{});
  EXPECT_TRUE(room.session->clients.empty());
}

TEST(Ids, AnEventIsTakenOnceAmongTheLast128) {
  Classroom room;
  room.Load().Fold({EventId("same"), ClientId("c"), {}, Continue{}});
  const uint32_t n = room.session->n;
  room.Fold({EventId("same"), ClientId("c"), {}, Continue{}});
  EXPECT_TRUE(room.effects.empty());
  EXPECT_EQ(room.session->n, n);
  EXPECT_EQ(room.session->counters.duplicates, 1u);
  for (size_t i = 0; i < kSeenMax; ++i) room.Do(Attach{});
  room.Fold({EventId("same"), ClientId("c"), {}, Continue{}});
  EXPECT_EQ(room.session->counters.duplicates, 1u);
}

TEST(Ids, AnIdOfAnotherEventIsRefusedToItsSenderAlone) {
  Classroom room;
  room.ToQuestion().Fold({EventId("same"), ClientId("c"), {}, UserMessage{"12", Intent::kAnswer}});
  const Session before = *room.session;
  room.Fold({EventId("same"), ClientId("d"), Encoding::kJson, UserMessage{"13", Intent::kAnswer}});
  ASSERT_EQ(room.effects.size(), 1u);
  const auto& reply = std::get<ReplyTo>(room.effects[0]);
  EXPECT_EQ(reply.client, (AttachedClient{ClientId("d"), Encoding::kJson}));
  EXPECT_EQ(reply.message.n, 0u);
  EXPECT_EQ(reply.message.in_reply_to, EventId("same"));
  EXPECT_EQ(std::get<ErrorOut>(reply.message.body).code, "duplicate_id");
  EXPECT_EQ(room.session->state, before.state);
  EXPECT_EQ(room.session->n, before.n);
  EXPECT_EQ(room.session->clients, before.clients);
  EXPECT_EQ(room.session->counters.duplicates, 1u);
}

TEST(Ids, WithoutASessionOnlyALearnerIsTold) {
  const Event hint{EventId("e"), ClientId("c"), Encoding::kJson, Hint{}};
  const Folded folded = Fold(std::nullopt, UserId("u"), hint, {1, 2, 3});
  EXPECT_FALSE(folded.session);
  ASSERT_EQ(folded.effects.size(), 1u);
  const auto& reply = std::get<ReplyTo>(folded.effects[0]);
  EXPECT_EQ(reply.message.id, "1-2-0");
  EXPECT_EQ(reply.message.n, 0u);
  EXPECT_EQ(std::get<ErrorOut>(reply.message.body).code, "no_session");
  const Event retry{EventId("e"), ClientId("c"), Encoding::kJson, RetryCall{}};
  EXPECT_TRUE(Fold(std::nullopt, UserId("u"), retry, {1, 2, 3}).effects.empty());
}

TEST(Ids, NameTheRecordAndTheLineageAfterTheFirst) {
  LogPosition position{.partition = 7, .sequence = 9'007'199'254'740'993, .time_ms = 5};
  EXPECT_EQ(IdAt(position, 12), "7-9007199254740993-12");
  position.lineage = 3;
  EXPECT_EQ(IdAt(position, 0), "7r3-9007199254740993-0");
  EXPECT_EQ(IdAt({UINT32_MAX, UINT64_MAX, 0, UINT32_MAX}, UINT32_MAX),
            "4294967295r4294967295-18446744073709551615-4294967295");
}

TEST(Ids, OfALaterLineageAreOnAllThatAStepMakes) {
  const Event start{EventId("e"), ClientId("c"), Encoding::kJson, Classroom::DefaultStart()};
  std::string broken;
  const Folded folded = CheckedAdvance(std::nullopt, UserId("u"), start, {1, 2, 3, 4}, &broken);
  EXPECT_EQ(broken, "");
  const auto& lock = std::get<AwaitingToolResult>(folded.session->state);
  EXPECT_TRUE(lock.call.id.value.starts_with("1r4-2-")) << lock.call.id.value;
}

TEST(Ids, TimeNeverGoesBack) {
  Classroom room;
  room.Later(-500'000).Do(Continue{});
  EXPECT_EQ(room.session->time_ms, 1'000'000);
}

// Sessions that no step makes: the next step takes them to something sound.
TEST(Invariants, ABrokenSessionIsRepairedIntoTheErrorState) {
  const std::vector<std::function<void(Session&)>> breaks = {
      [](Session& s) { s.state = AwaitingAnswer{}; },
      [](Session& s) { s.state = AwaitingToolResult{}; },
      [](Session& s) { s.question = OpenQuestion{}; },
      [](Session& s) {
        s.timers.push_back({TimerKind::kToolDeadline, "x", 1});
      },
      [](Session& s) {
        s.clients.resize(20, {ClientId("z"), Encoding::kJson});
      },
      [](Session& s) { s.state = ErrorState{}; },
      [](Session& s) { s.syllabus.closed.resize(100); },
  };
  for (size_t i = 0; i < breaks.size(); ++i) {
    Session session = samples::Sample::In(StateName::kExposition).session;
    breaks[i](session);
    ASSERT_NE(Violation(session), "") << i;
    const Event event{EventId("broken"), ClientId("c"), Encoding::kJson, Attach{}};
    const Folded folded = Fold(session, UserId("u"), event, {0, 99, 2'000'000});
    EXPECT_EQ(Violation(*folded.session), "") << i;
    EXPECT_EQ(NameOf(folded.session->state), StateName::kErrorState) << i;
    EXPECT_EQ(folded.session->counters.violations, 1u) << i;
  }
}

TEST(Dump, NamesEveryChangeOfASession) {
  const Session session = samples::Sample::In(StateName::kAwaitingToolResult).session;
  Session other = session;
  EXPECT_EQ(Dump(session), Dump(other));
  other.counters.hints = 7;
  EXPECT_NE(Dump(session), Dump(other));
  EXPECT_NE(Dump(other).find("counters.hints: 7\n"), std::string::npos);
}

}  // namespace
}  // namespace lyceum::tutor
