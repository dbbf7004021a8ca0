#include "tutor/table_samples.h"

#include <utility>

#include "base/check.h"

namespace lyceum::tutor::samples {
namespace {

Question SampleQuestion(std::string_view id) {
  Question q;
  q.id = QuestionId(std::string(id));
  q.text = "How much is 3 * 4?";
  q.format = AnswerFormat::kNumeric;
  q.answers = {"12"};
  q.hints = {"Add 3 four times.", ""};  // The second rung is the tool's.
  q.known_errors = {{ErrorId("added"), {"7"}, "That is the sum."}};
  q.solution = "3 * 4 = 12";
  return q;
}

void LockByHint(Sample& sample) {
  sample.Fold(Skip{});
  sample.Fold(Hint{});
  sample.Fold(Hint{});
}

}  // namespace

Topic SampleTopic(std::string_view id, std::string_view next) {
  Topic topic;
  topic.course = CourseId("course");
  topic.version = "v1";
  topic.id = TopicId(std::string(id));
  topic.title = "Products";
  topic.material = {"A product is a repeated sum.", "3 * 4 is 4 + 4 + 4."};
  topic.questions = {SampleQuestion("q1"), SampleQuestion("q2")};
  if (!next.empty()) topic.next = TopicId(std::string(next));
  return topic;
}

Sample Sample::Loading() {
  Sample sample;
  Start start;
  start.course = CourseId("course");
  const Event event{EventId("start"), ClientId("c"), Encoding::kJson, start};
  std::optional<Session> session;
  Effects effects;
  Advance(&session, UserId("u"), event, {0, ++sample.sequence_, sample.time_ms_}, &effects);
  sample.session = *std::move(session);
  return sample;
}

Sample Sample::In(StateName state) {
  Sample sample = Loading();
  sample.Answer(LoadTopicOk{std::make_shared<const Topic>(SampleTopic("t1", "t2")), "digest"});
  switch (state) {
    case StateName::kExposition:
      break;
    case StateName::kSettingQuestion:
      sample.session.state =
          SettingQuestion{};  // A session rests there only after a cancelled call.
      break;
    case StateName::kAwaitingAnswer:
      sample.Fold(Skip{});
      break;
    case StateName::kAwaitingToolResult:
      sample.Fold(Skip{});
      sample.Fold(UserMessage{"7", Intent::kAnswer});
      break;
    case StateName::kRemediatingKnownError:
    case StateName::kRemediatingUnknownError: {
      const bool known = state == StateName::kRemediatingKnownError;
      sample.Fold(Skip{});
      sample.Fold(UserMessage{"7", Intent::kAnswer});
      sample.Answer(sample.Graded(Verdict::kIncorrect, known));
      if (known) {
        sample.Answer(RemediateKnownErrorOk{ErrorId("added"), "hint", "Not the sum.", "", false});
      } else {
        sample.Answer(DiagnoseErrorOk{{}, "Look again.", ""});
      }
      break;
    }
    case StateName::kErrorState:
      sample.Fold(Skip{});
      sample.Fold(UserMessage{"7", Intent::kAnswer});
      sample.Answer(ToolError{"unavailable", true, ""});
      break;
    case StateName::kCompleted:
      sample.Fold(End{""});
      break;
    case StateName::kAwaitingApproval:
      sample.session.context.supervision = Supervision::kDraft;
      sample.Fold(Skip{});
      sample.Fold(UserMessage{"why?", Intent::kQuestion});
      sample.Answer(ClarifyConceptOk{"A sum.", true, false});
      break;
  }
  CHECK(NameOf(sample.session.state) == state);
  return sample;
}

Sample Sample::Locked(Tool tool) {
  Sample sample = Loading();
  if (tool == Tool::kLoadTopic) return sample;
  Topic topic = SampleTopic("t1", "t2");
  if (tool == Tool::kGenerateQuestion) {
    topic.questions.clear();
    topic.generate_questions = true;
  }
  if (tool == Tool::kPresentMaterial) sample.session.context.tone = "kind";
  sample.Answer(LoadTopicOk{std::make_shared<const Topic>(std::move(topic)), "digest"});
  switch (tool) {
    case Tool::kLoadTopic:
    case Tool::kPresentMaterial:
      break;
    case Tool::kGenerateQuestion:
      sample.Fold(Skip{});
      break;
    case Tool::kClarifyConcept:
      sample.Fold(Skip{});
      sample.Fold(UserMessage{"why?", Intent::kQuestion});
      break;
    case Tool::kGiveHint:
      LockByHint(sample);
      break;
    case Tool::kCheckAnswer:
    case Tool::kRemediateKnownError:
    case Tool::kDiagnoseError:
      sample.Fold(Skip{});
      sample.Fold(UserMessage{"7", Intent::kAnswer});
      if (tool == Tool::kCheckAnswer) break;
      sample.Answer(sample.Graded(Verdict::kIncorrect, tool == Tool::kRemediateKnownError));
      break;
    case Tool::kClassifyIntent:
      sample.Fold(Skip{});
      sample.Fold(UserMessage{"hm", Intent::kUnspecified});
      break;
  }
  CHECK(std::get<AwaitingToolResult>(sample.session.state).call.tool == tool);
  return sample;
}

Effects Sample::Fold(EventKind kind) { return FoldAt(time_ms_ + 1000, std::move(kind)); }

Effects Sample::FoldAt(int64_t time_ms, EventKind kind) {
  time_ms_ = time_ms;
  const EventId id("e" + std::to_string(++sequence_));
  const Event event{id, ClientId("c"), Encoding::kJson, std::move(kind)};
  const UserId user = session.user;
  std::optional<Session> folded = std::move(session);
  Effects effects;
  Advance(&folded, user, event, {0, sequence_, time_ms_}, &effects);
  session = *std::move(folded);
  return effects;
}

ToolResult Sample::Reply(ToolOutcome outcome) const {
  ToolReply reply;
  reply.call = CallId("0-0-0");
  if (const auto* lock = std::get_if<AwaitingToolResult>(&session.state))
    reply.call = lock->call.id;
  if (const auto* error = std::get_if<ErrorState>(&session.state)) reply.call = error->failed.id;
  reply.outcome = std::move(outcome);
  return {std::move(reply)};
}

Supervise Sample::Decided(Decision decision, std::string text) const {
  const auto* wait = std::get_if<AwaitingApproval>(&session.state);
  return {wait == nullptr ? CallId("0-0-0") : wait->draft->call.id, decision, std::move(text)};
}

ToolOutcome Sample::Graded(Verdict verdict, bool known_error) const {
  CheckAnswerOk grade;
  if (const Question* question = CurrentQuestion(session)) grade.question = question->id;
  grade.verdict = verdict;
  grade.score = verdict == Verdict::kCorrect ? 1 : 0;
  grade.confidence = 1;
  grade.method = "numeric";
  if (known_error) grade.known_error = FoundError{ErrorId("added"), 1};
  return grade;
}

std::string Sample::TokenOf(TimerKind kind) const {
  for (const Timer& timer : session.timers) {
    if (timer.kind == kind) return timer.token;
  }
  return "0-0-0";
}

}  // namespace lyceum::tutor::samples
