#include "full_session.h"

#include <limits>

namespace lyceum::envelope {
namespace {

using namespace tutor;  // NOLINT: a list of its values.

Question FullQuestion() {
  return {QuestionId("g1"),
          "3+3?",
          AnswerFormat::kNumeric,
          {"5", "6"},
          {"6"},
          0.25,
          "m",
          {"count"},
          {{ErrorId("slip"), {"5"}, "one less"}},
          "3+3=6"};
}

Topic FullTopic() {
  Topic topic;
  topic.id = TopicId("lines");
  topic.course = CourseId("algebra");
  for (const char* id : {"q1", "q2", "q3", "q4"}) {
    Question question = FullQuestion();
    question.id = QuestionId(id);
    topic.questions.push_back(question);
  }
  return topic;
}

std::vector<Deferred> FullInbox() {
  std::vector<Deferred> inbox;
  inbox.push_back({{EventId("e1"), ClientId("c1"), Encoding::kJson,
                    UserMessage{"wait, x = 4", Intent::kAnswer}},
                   QuestionId("q1")});
  inbox.push_back({{EventId("e2"), ClientId("c2"), Encoding::kProtobuf, Hint{}}, {}});
  inbox.push_back({{EventId("e3"), {}, Encoding::kJson, Continue{}}, {}});
  return inbox;
}

Syllabus FullSyllabus() {
  Syllabus syllabus;
  syllabus.course = CourseId("algebra");
  syllabus.version = "v1";
  syllabus.topic = TopicId("lines");
  syllabus.done = {TopicId("numbers"), TopicId("signs")};
  syllabus.segment = 2;
  syllabus.next_question = 3;
  syllabus.closed = {true, false, true, true};
  syllabus.errors = {{ErrorId("slip"), 2}, {ErrorId("sign"), 1}};
  syllabus.generated = 4;
  return syllabus;
}

}  // namespace

Call FullCall(Origin origin) {
  Call call;
  call.id = CallId("3-17-1");
  call.tool = Tool::kRemediateKnownError;
  call.origin = std::move(origin);
  call.duration_ms = 30'000;
  call.cause = EventId("e9");
  call.question = QuestionId("q1");
  call.text = "x = 5 \xF0\x9F\xA6\x89";
  call.error = ErrorId("slip");
  call.strategy = Strategy::kWorkedExample;
  call.level = 3;
  call.attempt = 2;
  call.topic = TopicId("lines");
  call.locked_ms = 1'769'847'300'456;
  return call;
}

std::vector<State> AllStates() {
  const Origin origins[] = {Exposition{},
                            SettingQuestion{},
                            AwaitingAnswer{},
                            RemediatingKnownError{ErrorId("slip")},
                            RemediatingUnknownError{},
                            Completed{}};
  std::vector<State> states = {Exposition{},
                               SettingQuestion{},
                               AwaitingAnswer{},
                               RemediatingKnownError{ErrorId("slip")},
                               RemediatingUnknownError{},
                               Completed{}};
  for (const Origin& origin : origins) {
    states.push_back(AwaitingToolResult{FullCall(origin)});
    states.push_back(ErrorState{FullCall(origin), "unavailable", true});
  }
  states.push_back(AwaitingApproval{
      std::make_shared<const Draft>(Draft{FullCall(RemediatingUnknownError{}), "A slope\n rises.",
                                          "See page 4.", FullQuestion(), ErrorId("slip"),
                                          1'769'847'600'123, "anthropic", "m"}),
      7'000});
  return states;
}

Session FullSession(State state) {
  Session session;
  session.user = UserId("~YS5i");
  session.lifecycle = Lifecycle::kArchived;
  session.state = std::move(state);
  session.context = {"kind",           "owl", {"pass", "enjoy"}, "en", Supervision::kDraft,
                     Undecided::kAsIs, 90};
  session.busy_policy = BusyPolicy::kInterrupt;
  session.syllabus = FullSyllabus();
  session.topic = std::make_shared<const Topic>(FullTopic());
  session.topic_digest = std::string(64, 'f');
  session.question = OpenQuestion{
      2,
      FullQuestion(),
      {{"5", Verdict::kIncorrect, ErrorId("slip")}, {"6!", Verdict::kPartiallyCorrect, {}}},
      1};
  session.clients = {{ClientId("c1"), Encoding::kJson}, {ClientId("c2"), Encoding::kProtobuf}};
  session.inbox = FullInbox();
  session.timers = {{TimerKind::kToolDeadline, "3-17-2", 1'769'847'330'123},
                    {TimerKind::kIdle, "3-17-3", 1'769'848'200'000},
                    {TimerKind::kTtl, "3-17-4", 1'772'439'300'000},
                    {TimerKind::kApproval, "3-17-5", 1'769'847'310'123}};
  session.recent = {{41, 1'769'847'299'001, Role::kTutor, "question", "2+2?"},
                    {42, 1'769'847'300'123, Role::kLearner, "message", "x = 5\n"},
                    {43, 1'769'847'300'124, Role::kOperator, "force_skip", ""},
                    {44, 1'769'847'300'125, Role::kTeacher, "approve", ""}};
  session.seen = {1, std::numeric_limits<uint64_t>::max(), 0x0123456789ABCDEF};
  session.history_count = uint64_t{1} << 40;
  session.n = std::numeric_limits<uint32_t>::max();
  session.time_ms = 1'769'847'300'124;
  session.active_ms = 1'769'847'300'123;
  session.nudges = 1;
  session.first_sequence = 5;
  session.last_sequence = 17;
  session.counters = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  return session;
}

}  // namespace lyceum::envelope
