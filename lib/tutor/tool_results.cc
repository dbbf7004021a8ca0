#include "tutor/tool_results.h"

#include <type_traits>

#include "base/token.h"
#include "tutor/calls.h"
#include "tutor/course.h"
#include "tutor/grade.h"
#include "tutor/handle.h"
#include "tutor/known_errors.h"
#include "tutor/learner.h"
#include "tutor/lesson.h"
#include "tutor/limits.h"
#include "tutor/reveal.h"

namespace lyceum::tutor {
namespace {

ToolError Bad(std::string text) { return {"bad_result", true, std::move(text)}; }

std::string Joined(const std::string& text, const std::string& probe) {
  const std::string both = text.empty() || probe.empty() ? text + probe : text + "\n\n" + probe;
  return std::string(CutUtf8(both, kToolTextBytesMax));
}

// True where a text must not be shown: it is empty, or gives the open question's answer away. Then
// it is asked for once more, and the second time its stand-in is said.
bool IsWithheld(Turn& turn, const Call& call, const std::string& text, bool flagged) {
  const Question* question = CurrentQuestion(turn.s);
  const bool reveals = question != nullptr && (flagged || Reveals(text, *question));
  if (!text.empty() && !reveals) return false;
  if (call.attempt == 1) {
    Call again = call;
    again.attempt = 2;
    Ask(turn, std::move(again));
    return true;
  }
  ++turn.s.counters.degraded;
  SayInstead(turn, call);
  return true;
}

void Take(Turn& turn, const Call& call, const LoadTopicOk& ok) {
  const Syllabus& syllabus = turn.s.syllabus;
  const Topic& topic = ok.topic;
  if (topic.course != syllabus.course || (!call.topic.empty() && topic.id != call.topic) ||
      (!syllabus.version.empty() && topic.version != syllabus.version)) {
    return GiveUp(turn, call, Bad("another topic than the one that was asked for"));
  }
  const std::vector<std::string> problems = Problems(topic);
  if (!problems.empty()) return GiveUp(turn, call, Bad(problems.front()));
  OpenTopic(turn, ok);
}

void Take(Turn& turn, const Call& call, const PresentMaterialOk& ok) {
  if (ok.text.empty()) {
    ++turn.s.counters.degraded;
    return SayInstead(turn, call);
  }
  ShowSegment(turn, call.level, CutUtf8(ok.text, kToolTextBytesMax));
}

void Take(Turn& turn, const Call& call, const ClarifyConceptOk& ok) {
  const std::string text = Joined(ok.text, "");
  if (IsWithheld(turn, call, text, ok.reveals_answer)) return;
  turn.SayText(text);
}

void Take(Turn& turn, const Call& call, const GenerateQuestionOk& ok) {
  Question question = ok.question;
  // Ids of the session's own making: two generated questions never share one.
  question.id = QuestionId("generated-" + call.id.value);
  const std::vector<std::string> problems = Problems(question);
  if (!problems.empty()) return GiveUp(turn, call, Bad(problems.front()));
  turn.s.question = OpenQuestion{};
  turn.s.question->generated = std::move(question);
  Pose(turn);
}

void Take(Turn& turn, const Call& call, const CheckAnswerOk& ok) { TakeGrade(turn, call, ok); }

void Take(Turn& turn, const Call& call, const GiveHintOk& ok) {
  const Question* question = CurrentQuestion(turn.s);
  if (question == nullptr) return;
  const std::string text = Joined(ok.text, "");
  // The last rung may say it all.
  const bool last = call.level >= question->hints.size();
  if ((text.empty() || !last) && IsWithheld(turn, call, text, false)) return;
  ShowHint(turn, call.level, text);
}

void Take(Turn& turn, const Call& call, const RemediateKnownErrorOk& ok) {
  const std::string text = Joined(ok.text, ok.probe);
  if (IsWithheld(turn, call, text, ok.reveals_answer)) return;
  turn.SayText(text);
  turn.Go(RemediatingKnownError{call.error});
}

void Take(Turn& turn, const Call& call, const DiagnoseErrorOk& ok) {
  const std::string text = Joined(ok.text, ok.probe);
  if (IsWithheld(turn, call, text, false)) return;
  turn.SayText(text);
  for (const Hypothesis& hypothesis : ok.hypotheses) {
    if (!hypothesis.error || !(hypothesis.confidence >= kKnownErrorConfidenceMin)) continue;
    if (FindKnownError(turn.s, *hypothesis.error) == nullptr) continue;
    CountError(turn.s, *hypothesis.error);
    return turn.Go(RemediatingKnownError{*hypothesis.error});
  }
  turn.Go(RemediatingUnknownError{});
}

void Take(Turn& turn, const Call& call, const ClassifyIntentOk& ok) {
  const bool sure =
      ok.confidence >= kIntentConfidenceMin;  // Not sure: a question, never an answer.
  switch (sure ? ok.intent : FoundIntent::kQuestion) {
    case FoundIntent::kAnswer:
      return Handle(turn, UserMessage{call.text, Intent::kAnswer});
    case FoundIntent::kQuestion:
    case FoundIntent::kOffTopic:
      return Handle(turn, UserMessage{call.text, Intent::kQuestion});
    case FoundIntent::kHint:
      return Handle(turn, Hint{});
    case FoundIntent::kSkip:
      return Handle(turn, Skip{});
    case FoundIntent::kContinue:
      return Handle(turn, Continue{});
  }
}

}  // namespace

void TakeResult(Turn& turn, const Call& call, const ToolReply& reply) {
  if (const auto* error = std::get_if<ToolError>(&reply.outcome)) return GiveUp(turn, call, *error);
  if (reply.outcome.index() != static_cast<size_t>(call.tool)) {
    return GiveUp(turn, call, Bad("the result of another tool"));
  }
  if (reply.degraded) ++turn.s.counters.degraded;
  std::visit(
      [&](const auto& ok) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(ok)>, ToolError>) Take(turn, call, ok);
      },
      reply.outcome);
}

}  // namespace lyceum::tutor
