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
#include "tutor/supervision.h"

namespace lyceum::tutor {
namespace {

ToolError Bad(std::string text) { return {"bad_result", true, std::move(text)}; }

std::string Joined(const std::string& text, const std::string& probe) {
  const std::string both = text.empty() || probe.empty() ? text + probe : text + "\n\n" + probe;
  return std::string(CutUtf8(both, kToolTextBytesMax));
}

// True where a text must not be shown: it is empty, or gives the open question's answer away. Then
// it is asked for once more, and the second time its stand-in is said.
bool IsWithheld(Step& step, const Call& call, const std::string& text, bool flagged) {
  const Question* question = CurrentQuestion(step.session);
  const bool reveals = question != nullptr && (flagged || Reveals(text, *question));
  if (!text.empty() && !reveals) return false;
  step.Retract(call);
  if (call.attempt == 1) {
    Call again = call;
    again.attempt = 2;
    step.StartCall(std::move(again));
    return true;
  }
  ++step.session.counters.degraded;
  EmitSubstitute(step, call);
  return true;
}

void Apply(Step& step, const Call& call, const LoadTopicOk& ok, const ToolReply&) {
  const Syllabus& syllabus = step.session.syllabus;
  if (ok.topic == nullptr) return GiveUp(step, call, Bad("a topic without content"));
  const Topic& topic = *ok.topic;
  if (topic.course != syllabus.course || (!call.topic.empty() && topic.id != call.topic) ||
      (!syllabus.version.empty() && topic.version != syllabus.version)) {
    return GiveUp(step, call, Bad("another topic than the one that was asked for"));
  }
  const std::vector<std::string> problems = Problems(topic);
  if (!problems.empty()) return GiveUp(step, call, Bad(problems.front()));
  OpenTopic(step, ok);
}

void Apply(Step& step, const Call& call, const PresentMaterialOk& ok, const ToolReply& reply) {
  if (ok.text.empty()) {
    step.Retract(call);
    ++step.session.counters.degraded;
    return EmitSubstitute(step, call);
  }
  SayOrHold(step, call, {std::string(CutUtf8(ok.text, kToolTextBytesMax))}, reply);
}

void Apply(Step& step, const Call& call, const ClarifyConceptOk& ok, const ToolReply& reply) {
  const std::string text = Joined(ok.text, "");
  if (IsWithheld(step, call, text, ok.reveals_answer)) return;
  SayOrHold(step, call, {text}, reply);
}

void Apply(Step& step, const Call& call, const GenerateQuestionOk& ok, const ToolReply& reply) {
  Question question = ok.question;
  // Ids of the session's own making: two generated questions never share one.
  question.id = QuestionId("generated-" + call.id.value);
  const std::vector<std::string> problems = Problems(question);
  if (!problems.empty()) return GiveUp(step, call, Bad(problems.front()));
  std::string text = question.text;
  SayOrHold(step, call, {std::move(text), {}, std::move(question)}, reply);
}

void Apply(Step& step, const Call& call, const CheckAnswerOk& ok, const ToolReply& reply) {
  const bool of_model = !reply.model.empty() || ok.method == "rubric_llm";
  if (!of_model || !IsSupervised(step.session)) return ApplyGrade(step, call, ok);
  CheckAnswerOk silent = ok;
  silent.feedback.clear();
  ApplyGrade(step, call, silent);
}

void Apply(Step& step, const Call& call, const GiveHintOk& ok, const ToolReply& reply) {
  const Question* question = CurrentQuestion(step.session);
  if (question == nullptr) return;
  const std::string text = Joined(ok.text, "");
  // The last rung may say it all.
  const bool last = call.level >= question->hints.size();
  if ((text.empty() || !last) && IsWithheld(step, call, text, false)) return;
  SayOrHold(step, call, {text}, reply);
}

void Apply(Step& step, const Call& call, const RemediateKnownErrorOk& ok, const ToolReply& reply) {
  const std::string text = Joined(ok.text, ok.probe);
  if (IsWithheld(step, call, text, ok.reveals_answer)) return;
  SayOrHold(step, call, {text}, reply);
}

void Apply(Step& step, const Call& call, const DiagnoseErrorOk& ok, const ToolReply& reply) {
  const std::string text = Joined(ok.text, ok.probe);
  if (IsWithheld(step, call, text, false)) return;
  ErrorId found;
  for (const Hypothesis& hypothesis : ok.hypotheses) {
    if (!hypothesis.error || !(hypothesis.confidence >= kKnownErrorConfidenceMin)) continue;
    if (FindKnownError(step.session, *hypothesis.error) == nullptr) continue;
    found = *hypothesis.error;
    break;
  }
  SayOrHold(step, call, {text, std::move(found)}, reply);
}

void Apply(Step& step, const Call& call, const ClassifyIntentOk& ok, const ToolReply&) {
  const bool sure =
      ok.confidence >= kIntentConfidenceMin;  // Not sure: a question, never an answer.
  switch (sure ? ok.intent : FoundIntent::kQuestion) {
    case FoundIntent::kAnswer:
      return Handle(step, UserMessage{call.text, Intent::kAnswer});
    case FoundIntent::kQuestion:
    case FoundIntent::kOffTopic:
      return Handle(step, UserMessage{call.text, Intent::kQuestion});
    case FoundIntent::kHint:
      return Handle(step, Hint{});
    case FoundIntent::kSkip:
      return Handle(step, Skip{});
    case FoundIntent::kContinue:
      return Handle(step, Continue{});
  }
}

}  // namespace

void ApplyResult(Step& step, const Call& call, const ToolReply& reply) {
  if (const auto* error = std::get_if<ToolError>(&reply.outcome)) {
    step.Retract(call);
    return GiveUp(step, call, *error);
  }
  if (reply.outcome.index() != static_cast<size_t>(call.tool)) {
    step.Retract(call);
    return GiveUp(step, call, Bad("the result of another tool"));
  }
  if (reply.degraded) ++step.session.counters.degraded;
  std::visit(
      [&](const auto& ok) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(ok)>, ToolError>) {
          Apply(step, call, ok, reply);
        }
      },
      reply.outcome);
}

}  // namespace lyceum::tutor
