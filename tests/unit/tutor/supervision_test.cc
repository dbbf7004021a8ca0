// What a language model says in a supervised session waits for a teacher.
#include <gtest/gtest.h>

#include "classroom.h"
#include "tutor/dump.h"

namespace lyceum::tutor {
namespace {

using Lines = std::vector<std::string>;

Start Supervised(Undecided undecided = Undecided::kAuthored, uint32_t decide_s = 0) {
  Start start = Classroom::DefaultStart();
  start.context.supervision = Supervision::kDraft;
  start.context.undecided = undecided;
  start.context.decide_s = decide_s;
  return start;
}

Classroom RoomOf(Start start, Topic topic = samples::SampleTopic("t1", "t2")) {
  Classroom room(std::move(topic), std::move(start));
  room.ToQuestion();
  return room;
}

// A result of a language model, with what would be said without one.
Classroom& Said(Classroom& room, ToolOutcome outcome, std::string authored = "") {
  ToolReply reply;
  reply.call = room.call().id;
  reply.outcome = std::move(outcome);
  reply.provider = "somebody";
  reply.model = "large";
  reply.authored = std::move(authored);
  return room.Do(ToolResult{std::move(reply)});
}

// At a draft of clarify_concept.
Classroom Waiting(Start start = Supervised(), std::string authored = "From the book.") {
  Classroom room = RoomOf(std::move(start));
  room.Ask("why?");
  Said(room, ClarifyConceptOk{"Because a model says so.", true, false}, std::move(authored));
  EXPECT_EQ(room.state(), StateName::kAwaitingApproval);
  return room;
}

const Draft& DraftOf(const Classroom& room) {
  return *std::get<AwaitingApproval>(room.session->state).draft;
}

Supervise On(const Classroom& room, Decision decision, std::string text = "") {
  return {DraftOf(room).call.id, decision, std::move(text)};
}

std::vector<const ShowDraft*> Shown(const Classroom& room) {
  std::vector<const ShowDraft*> shown;
  for (const Effect& effect : room.effects) {
    if (const auto* show = std::get_if<ShowDraft>(&effect)) shown.push_back(show);
  }
  return shown;
}

EventId InReplyTo(const Classroom& room) {
  for (const Effect& effect : room.effects) {
    if (const auto* emit = std::get_if<EmitMessage>(&effect)) return emit->message.in_reply_to;
  }
  return {};
}

TEST(Supervision, WhatAModelSaysIsShownToTeachersAndNotToTheLearner) {
  const Classroom room = Waiting();
  EXPECT_EQ(room.emitted(), Lines{"wait kept 0"});
  EXPECT_EQ(room.texts(), Lines{});
  ASSERT_EQ(Shown(room).size(), 1u);
  const ShowDraft& shown = *Shown(room)[0];
  EXPECT_EQ(shown.draft->text, "Because a model says so.");
  EXPECT_EQ(shown.draft->authored, "From the book.");
  EXPECT_EQ(shown.draft->call.text, "why?");
  EXPECT_EQ(shown.outcome, "");
  EXPECT_EQ(shown.course, CourseId("course"));
  EXPECT_EQ(shown.draft->due_ms, room.now_ms + kDecideMsDefault);
  EXPECT_NE(room.timer(TimerKind::kApproval), nullptr);
  for (const HistoryEntry& entry : room.session->recent) {
    EXPECT_NE(entry.text, "Because a model says so.");
  }
}

TEST(Supervision, ASessionWithoutItSaysItAtOnce) {
  Classroom room = RoomOf(Classroom::DefaultStart());
  room.Ask("why?");
  Said(room, ClarifyConceptOk{"Because a model says so.", true, false}, "From the book.");
  EXPECT_EQ(room.state(), StateName::kAwaitingAnswer);
  EXPECT_EQ(room.texts(), Lines{"Because a model says so."});
}

// In a course that asks for it.
Classroom OfCourse(Start start, CourseSupervision supervision = {}) {
  Topic topic = samples::SampleTopic("t1", "t2");
  topic.supervision = supervision;
  Classroom room = RoomOf(std::move(start), std::move(topic));
  room.Ask("why?");
  return room;
}

TEST(Supervision, ACourseAsksForItWhateverTheStartDoes) {
  Classroom room = OfCourse(Classroom::DefaultStart(), {Undecided::kAuthored, 60});
  Said(room, ClarifyConceptOk{"Because a model says so.", true, false}, "From the book.");
  ASSERT_EQ(room.state(), StateName::kAwaitingApproval);
  ASSERT_EQ(Shown(room).size(), 1U);
  // Neither how long nor what is said in the end is the start's.
  room = OfCourse(Supervised(Undecided::kAsIs, 3600), {Undecided::kAuthored, 60});
  Said(room, ClarifyConceptOk{"Because a model says so.", true, false}, "From the book.");
  EXPECT_EQ(DraftOf(room).due_ms, room.now_ms + 60'000);
  EXPECT_EQ(room.session->context.undecided, Undecided::kAuthored);
}

TEST(Supervision, ACourseWithoutItAfterOneWithItHasWhatItsStartAsksFor) {
  Classroom room = OfCourse(Classroom::DefaultStart());
  ASSERT_EQ(room.session->context.supervision, Supervision::kDraft);
  Start other = Classroom::DefaultStart();
  other.course = CourseId("c2");
  room.Do(End{}).Do(other);
  EXPECT_EQ(room.session->syllabus.course, CourseId("c2"));
  EXPECT_EQ(room.session->context.supervision, Supervision::kNone);
}

TEST(Supervision, WhatTheCourseSaysDoesNotWait) {
  Classroom room = RoomOf(Supervised());
  room.Ask("why?").Reply(ClarifyConceptOk{"A text of nobody known.", true, false});
  EXPECT_EQ(room.state(), StateName::kAwaitingApproval) << "whose text it is nobody says";
  room.Do(Stop{}).Ask("why?");
  Said(room, ClarifyConceptOk{"From the book.", true, false}, "From the book.");
  EXPECT_EQ(room.texts(), Lines{"From the book."});
}

TEST(Supervision, AnApprovedDraftIsSaidAsItIs) {
  Classroom room = Waiting();
  const EventId asked = DraftOf(room).call.cause;
  room.client = ClientId("teacher");
  room.Do(On(room, Decision::kApprove));
  EXPECT_EQ(room.state(), StateName::kAwaitingAnswer);
  EXPECT_EQ(room.texts(), Lines{"Because a model says so."});
  EXPECT_EQ(InReplyTo(room), asked) << "of the learner's event";
  EXPECT_EQ(room.timer(TimerKind::kApproval), nullptr);
  ASSERT_EQ(Shown(room).size(), 1u);
  EXPECT_EQ(Shown(room)[0]->outcome, "approve");
  EXPECT_FALSE(Shown(room)[0]->in_reply_to.empty());
  for (const AttachedClient& client : room.session->clients) {
    EXPECT_NE(client.id, ClientId("teacher")) << "who decides does not listen";
  }
}

TEST(Supervision, TheTeachersTextIsSaidAndKeptInPlaceOfTheDraft) {
  for (const Decision decision : {Decision::kEdit, Decision::kReplace}) {
    Classroom room = Waiting();
    // A teacher may give the answer away.
    room.Do(On(room, decision, "The answer is 12."));
    EXPECT_EQ(room.texts(), Lines{"The answer is 12."});
    bool kept = false;
    for (const HistoryEntry& entry : room.session->recent) {
      EXPECT_EQ(entry.text.find("model"), std::string::npos);
      kept = kept || entry.text == "The answer is 12.";
    }
    EXPECT_TRUE(kept);
  }
}

TEST(Supervision, ATeachersDecisionIsInTheHistory) {
  Classroom room = Waiting();
  room.Do(On(room, Decision::kEdit, "Better."));
  bool found = false;
  for (const Effect& effect : room.effects) {
    const auto* append = std::get_if<Append>(&effect);
    found = found || (append != nullptr && append->entry.role == Role::kTeacher &&
                      append->entry.kind == "edit");
  }
  EXPECT_TRUE(found);
}

TEST(Supervision, ATextThatIsBlankIsRefused) {
  Classroom room = Waiting();
  room.client = ClientId("teacher");
  room.Do(On(room, Decision::kReplace, " \n"));
  EXPECT_EQ(room.told(), Lines{"teacher: error text_empty"});
  EXPECT_EQ(room.state(), StateName::kAwaitingApproval);
}

TEST(Supervision, ADecisionOnAnotherDraftIsRefused) {
  Classroom room = Waiting();
  const Supervise first = On(room, Decision::kApprove);
  room.Do(Supervise{CallId("0-0-0"), Decision::kApprove, ""});
  EXPECT_EQ(room.told(), Lines{"c: error no_draft"});
  EXPECT_EQ(room.emitted(), Lines{});
  EXPECT_EQ(room.state(), StateName::kAwaitingApproval);
  room.Do(first).Do(first);
  EXPECT_EQ(room.told(), Lines{"c: error no_draft"}) << "it is decided";
  room.Ask("and why?");
  Said(room, ClarifyConceptOk{"Again a model.", true, false});
  room.Do(first);
  EXPECT_EQ(room.told(), Lines{"c: error no_draft"}) << "a later draft is another one";
  EXPECT_EQ(room.state(), StateName::kAwaitingApproval);
}

TEST(Supervision, ADecisionThatComesTwiceCountsOnce) {
  Classroom room = Waiting();
  const Event event{EventId("d1"), ClientId("teacher"), Encoding::kJson,
                    On(room, Decision::kApprove)};
  room.Fold(event);
  EXPECT_EQ(room.texts(), Lines{"Because a model says so."});
  room.Fold(event);
  EXPECT_EQ(room.texts(), Lines{});
  EXPECT_EQ(room.told(), Lines{});
  EXPECT_EQ(room.session->counters.duplicates, 1u);
  Event other = event;
  std::get<Supervise>(other.kind).decision = Decision::kReplace;
  EXPECT_EQ(room.Fold(other).told(), Lines{"teacher: error duplicate_id"});
}

TEST(Supervision, ItIsShownAgainUntilItsTimeIsOver) {
  Classroom room = Waiting();
  const int64_t due_ms = DraftOf(room).due_ms;
  size_t shown = 0;
  while (room.state() == StateName::kAwaitingApproval) {
    const Timer* timer = room.timer(TimerKind::kApproval);
    ASSERT_NE(timer, nullptr);
    ASSERT_LE(timer->due_ms, due_ms);
    ASSERT_LE(timer->due_ms, room.now_ms + kShowAgainMs);
    room.now_ms = timer->due_ms;
    room.Do(TimerFired{timer->token});
    ASSERT_EQ(Shown(room).size(), 1u);
    ++shown;
  }
  EXPECT_EQ(room.now_ms, due_ms);
  EXPECT_EQ(shown, static_cast<size_t>(kDecideMsDefault / kShowAgainMs));
}

// Nobody decides.
Classroom& Expire(Classroom& room) {
  while (room.state() == StateName::kAwaitingApproval) {
    room.now_ms = room.timer(TimerKind::kApproval)->due_ms;
    room.Do(TimerFired{room.timer(TimerKind::kApproval)->token});
  }
  return room;
}

Classroom Over(Start start, std::string authored) {
  Classroom room = Waiting(std::move(start), std::move(authored));
  Expire(room);
  return room;
}

TEST(Supervision, UndecidedTheCoursesTextIsSaid) {
  const Classroom room = Over(Supervised(), "From the book.");
  EXPECT_EQ(room.state(), StateName::kAwaitingAnswer);
  EXPECT_EQ(room.texts(), Lines{"From the book."});
  EXPECT_EQ(Shown(room)[0]->outcome, "authored");
  EXPECT_EQ(room.session->counters.degraded, 1u);
}

TEST(Supervision, UndecidedWithoutATextOfTheCourseTheStandInIsSaid) {
  // Also where the course's text would give the open question's answer away.
  for (const std::string authored : {"", "The answer is 12."}) {
    const Classroom room = Over(Supervised(), authored);
    ASSERT_EQ(room.texts().size(), 1u);
    EXPECT_TRUE(room.texts()[0].starts_with("I can not answer that")) << room.texts()[0];
  }
}

TEST(Supervision, UndecidedAsItIsTheDraftIsSaid) {
  const Classroom room = Over(Supervised(Undecided::kAsIs), "From the book.");
  EXPECT_EQ(room.texts(), Lines{"Because a model says so."});
  EXPECT_EQ(Shown(room)[0]->outcome, "as_is");
}

TEST(Supervision, ALateDecisionIsRefused) {
  Classroom room = Waiting();
  const Supervise late = On(room, Decision::kReplace, "Late.");
  Expire(room).Do(late);
  EXPECT_EQ(room.told(), Lines{"c: error no_draft"});
  EXPECT_EQ(room.texts(), Lines{});
}

TEST(Supervision, AClockThatGoesBackMakesTheWaitNoLonger) {
  Classroom room = Waiting();
  size_t fired = 0;
  while (room.state() == StateName::kAwaitingApproval) {
    room.now_ms -= 60'000;  // The owner counts by another clock.
    room.Do(TimerFired{room.timer(TimerKind::kApproval)->token});
    ASSERT_LE(++fired, static_cast<size_t>(kDecideMsDefault / kShowAgainMs));
  }
  EXPECT_EQ(room.texts(), Lines{"From the book."});
}

TEST(Supervision, TheTimeToDecideIsThatOfTheStart) {
  const Classroom room = Waiting(Supervised(Undecided::kAuthored, 7));
  EXPECT_EQ(DraftOf(room).due_ms, room.now_ms + 7'000);
  EXPECT_EQ(room.timer(TimerKind::kApproval)->due_ms, room.now_ms + 7'000);
  const Classroom long_one = Waiting(Supervised(Undecided::kAuthored, 1'000'000));
  EXPECT_EQ(DraftOf(long_one).due_ms, long_one.now_ms + kDecideMsMax);
}

TEST(Supervision, ATimerOfAnEarlierDraftChangesNothing) {
  Classroom room = Waiting();
  const std::string token = room.timer(TimerKind::kApproval)->token;
  room.Do(On(room, Decision::kApprove)).Ask("again?");
  Said(room, ClarifyConceptOk{"Another.", true, false});
  room.now_ms += kDecideMsDefault;
  room.Do(TimerFired{token});
  EXPECT_EQ(room.state(), StateName::kAwaitingApproval);
  EXPECT_EQ(Shown(room).size(), 0u);
}

TEST(Supervision, StopAndSkipGiveTheDraftUp) {
  Classroom stopped = Waiting();
  stopped.Do(Stop{});
  EXPECT_EQ(stopped.state(), StateName::kAwaitingAnswer);
  EXPECT_EQ(stopped.emitted(), Lines{"text"});
  EXPECT_EQ(Shown(stopped)[0]->outcome, "given_up");
  Classroom skipped = Waiting();
  skipped.Do(Skip{});
  EXPECT_EQ(skipped.session->counters.skips, 1u);
  EXPECT_EQ(Shown(skipped)[0]->outcome, "given_up");
  for (const Classroom* room : {&stopped, &skipped}) {
    EXPECT_EQ(room->timer(TimerKind::kApproval), nullptr);
  }
}

TEST(Supervision, TheLearnersEventsWaitAsTheBusyPolicySays) {
  Start start = Supervised();
  Classroom told = Waiting(start);
  EXPECT_EQ(told.Answer("12").emitted(), Lines{"wait"});
  start.busy_policy = BusyPolicy::kDefer;
  Classroom kept = Waiting(start);
  EXPECT_EQ(kept.Answer("12").emitted(), Lines{"wait kept 1"});
  kept.Do(On(kept, Decision::kApprove));
  EXPECT_TRUE(kept.IsLockedBy(Tool::kCheckAnswer)) << "after the decision";
  start.busy_policy = BusyPolicy::kInterrupt;
  Classroom broken_off = Waiting(start);
  broken_off.Answer("12");
  EXPECT_TRUE(broken_off.IsLockedBy(Tool::kCheckAnswer)) << "at once";
  EXPECT_EQ(Shown(broken_off)[0]->outcome, "given_up");
}

TEST(Supervision, ALearnerWhoComesBackIsToldWhereTheSessionStands) {
  Classroom room = Waiting();
  room.Do(Attach{0});
  ASSERT_EQ(room.told().size(), 1u);
  EXPECT_TRUE(room.told()[0].starts_with("c: resumed 1.."));
  for (const Effect& effect : room.effects) {
    const auto* reply = std::get_if<ReplyTo>(&effect);
    if (reply == nullptr) continue;
    EXPECT_EQ(reply->message.state, StateName::kAwaitingApproval);
  }
}

TEST(Supervision, EachToolsTextIsHeldAndGoesOnAsItWould) {
  Start start = Supervised();
  start.context.tone = "kind";
  Classroom presents(samples::SampleTopic("t1", "t2"), start);
  presents.Load();
  ASSERT_TRUE(presents.IsLockedBy(Tool::kPresentMaterial));
  Said(presents, PresentMaterialOk{"Kindly."});
  EXPECT_EQ(presents.state(), StateName::kAwaitingApproval);
  presents.Do(On(presents, Decision::kApprove));
  EXPECT_EQ(presents.state(), StateName::kExposition);
  EXPECT_EQ(presents.texts(), Lines{"Kindly."});

  Classroom hints = RoomOf(Supervised());
  hints.Do(Hint{}).Do(Hint{});
  ASSERT_TRUE(hints.IsLockedBy(Tool::kGiveHint));
  Said(hints, GiveHintOk{2, 2, "Four of them.", true});
  hints.Do(On(hints, Decision::kApprove));
  EXPECT_EQ(hints.emitted(), Lines{"hint 2/2"});

  Classroom known = RoomOf(Supervised());
  known.Answer("7").Grade(Verdict::kIncorrect, "added");
  Said(known, RemediateKnownErrorOk{ErrorId("added"), "hint", "Not the sum.", "", false});
  EXPECT_EQ(known.state(), StateName::kAwaitingApproval);
  known.Do(On(known, Decision::kEdit, "Not quite the sum."));
  EXPECT_EQ(known.state(), StateName::kRemediatingKnownError);
  EXPECT_EQ(known.texts(), Lines{"Not quite the sum."});

  Classroom unknown = RoomOf(Supervised());
  unknown.Answer("8").Grade(Verdict::kIncorrect);
  Said(unknown, DiagnoseErrorOk{{{ErrorId("added"), "", 0.9}}, "Look again.", ""});
  EXPECT_EQ(unknown.state(), StateName::kAwaitingApproval);
  unknown.Do(On(unknown, Decision::kApprove));
  EXPECT_EQ(unknown.state(), StateName::kRemediatingKnownError);
}

Classroom Generating(Start start) {
  Topic topic = samples::SampleTopic("t1", "");
  topic.questions.clear();
  topic.generate_questions = true;
  Classroom room = RoomOf(std::move(start), std::move(topic));
  EXPECT_TRUE(room.IsLockedBy(Tool::kGenerateQuestion));
  GenerateQuestionOk made;
  made.question.text = "How much is 2 * 2?";
  made.question.answers = {"4"};
  return std::move(Said(room, made));
}

TEST(Supervision, AQuestionThatAModelHasMadeWaitsToo) {
  Classroom room = Generating(Supervised());
  EXPECT_EQ(room.state(), StateName::kAwaitingApproval);
  EXPECT_EQ(room.emitted(), Lines{"wait kept 0"});
  EXPECT_EQ(DraftOf(room).question->answers, Lines{"4"});
  room.Do(On(room, Decision::kEdit, "2 * 2 = ?"));
  EXPECT_EQ(room.state(), StateName::kAwaitingAnswer);
  EXPECT_EQ(CurrentQuestion(*room.session)->text, "2 * 2 = ?");

  Classroom over = Generating(Supervised());
  Expire(over);
  EXPECT_EQ(over.state(), StateName::kErrorState) << "as where no question could be made";
  EXPECT_EQ(over.emitted(), Lines{"error unavailable"});
}

TEST(Supervision, AVerdictDoesNotWaitAndAModelsWordsForItAreLeftOut) {
  CheckAnswerOk grade;
  grade.verdict = Verdict::kIncorrect;
  grade.confidence = 1;
  grade.method = "numeric";
  grade.feedback = "Words.";
  Classroom programs = RoomOf(Supervised());
  programs.Answer("8");
  grade.question = programs.call().question;
  programs.Reply(grade);
  ASSERT_FALSE(programs.texts().empty());
  EXPECT_EQ(programs.texts()[0], "Words.");
  Classroom models = RoomOf(Supervised());
  models.Answer("8");
  Said(models, grade);
  EXPECT_TRUE(models.IsLockedBy(Tool::kDiagnoseError));
  EXPECT_EQ(models.emitted(), Lines{"feedback incorrect"});
  EXPECT_EQ(models.texts(), Lines{"Not right yet. Try again."});
}

TEST(Supervision, ADraftThatGivesTheAnswerAwayIsNotEvenShown) {
  Classroom room = RoomOf(Supervised());
  room.Ask("why?");
  Said(room, ClarifyConceptOk{"The answer is 12.", true, false});
  EXPECT_TRUE(room.IsLockedBy(Tool::kClarifyConcept)) << "it is asked for once more";
  EXPECT_EQ(room.told(), Lines{}) << "nothing was streamed that could be taken back";
  EXPECT_EQ(Shown(room).size(), 0u);
}

TEST(Supervision, AnOperatorsCommandGivesTheDraftUp) {
  for (const EventKind& kind : std::vector<EventKind>{GotoTopic{TopicId("t2")}, End{}, ForceSkip{},
                                                      ForceRemediation{ErrorId("added")}}) {
    Classroom room = Waiting();
    room.Do(kind);
    EXPECT_NE(room.state(), StateName::kAwaitingApproval);
    ASSERT_GE(Shown(room).size(), 1u);
    EXPECT_EQ(Shown(room)[0]->outcome, "given_up");
    EXPECT_EQ(room.timer(TimerKind::kApproval), nullptr);
  }
}

TEST(Supervision, ATeacherOfNoSessionIsTold) {
  std::optional<Session> none;
  Effects effects;
  Advance(&none, UserId("u"),
          {EventId("d"), ClientId("teacher"), Encoding::kJson, Supervise{CallId("1-1-1")}},
          {3, 1, 1'000}, &effects);
  ASSERT_EQ(effects.size(), 1u);
  EXPECT_EQ(std::get<ErrorOut>(std::get<ReplyTo>(effects[0]).message.body).code, "no_session");
}

TEST(Supervision, BelowFoldVersion3ItIsNotThere) {
  std::optional<Session> session;
  Effects effects;
  const Event start{EventId("s"), ClientId("c"), Encoding::kJson, Supervised()};
  Advance(&session, UserId("u"), start, {3, 1, 1'000, 0, 2}, &effects);
  EXPECT_EQ(session->context, Context{});
  Advance(&(session = {}), UserId("u"), start, {3, 1, 1'000, 0, 3}, &effects);
  EXPECT_EQ(session->context, Supervised().context);
}

}  // namespace
}  // namespace lyceum::tutor
