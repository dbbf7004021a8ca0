#include "tutor/args.h"

#include <utility>

#include "tutor/known_errors.h"
#include "tutor/limits.h"

namespace lyceum::tutor {
namespace {

TopicRef RefOf(const Session& session) {
  return {session.syllabus.course, session.syllabus.version, session.syllabus.topic};
}

std::optional<QuestionView> OpenView(const Session& session) {
  const Question* question = CurrentQuestion(session);
  if (question == nullptr) return std::nullopt;
  return ViewOf(*question);
}

std::vector<Attempt> AttemptsOf(const Session& session) {
  return session.question ? session.question->attempts : std::vector<Attempt>{};
}

LearnerModel LearnerOf(const Session& session) {
  return {session.question ? session.question->hints_shown : 0,
          static_cast<uint32_t>(session.counters.correct),
          static_cast<uint32_t>(session.counters.incorrect)};
}

// Before version 3 a tutor was told less of the learner.
ToolArgs WithoutLearner(ToolArgs args) {
  if (auto* clarify = std::get_if<ClarifyConceptArgs>(&args)) {
    clarify->attempts.clear();
    clarify->learner = {};
  } else if (auto* hint = std::get_if<GiveHintArgs>(&args)) {
    hint->learner = {};
  } else if (auto* remediate = std::get_if<RemediateKnownErrorArgs>(&args)) {
    remediate->attempts.clear();
    remediate->learner = {};
  }
  return args;
}

std::string SegmentText(const Session& session, uint32_t segment) {
  if (session.topic == nullptr || segment >= session.topic->material.size()) return "";
  return session.topic->material[segment];
}

Question OpenContent(const Session& session) {
  const Question* question = CurrentQuestion(session);
  return question == nullptr ? Question{} : *question;
}

GiveHintArgs HintArgs(const Session& session, const Call& call) {
  const Question question = OpenContent(session);
  const auto of = static_cast<uint32_t>(question.hints.empty() ? 1 : question.hints.size());
  return {RefOf(session),      ViewOf(question),  call.level, of,
          AttemptsOf(session), LearnerOf(session)};
}

RemediateKnownErrorArgs RemediateArgs(const Session& session, const Call& call) {
  const KnownError* error = FindKnownError(session, call.error);
  return {RefOf(session),      call.error,        error == nullptr ? "" : error->text,
          call.strategy,       OpenView(session), call.text,
          AttemptsOf(session), LearnerOf(session)};
}

ToolArgs ArgsOf(const Session& session, const Call& call) {
  switch (call.tool) {
    case Tool::kLoadTopic:
      return LoadTopicArgs{{session.syllabus.course, session.syllabus.version, call.topic}};
    case Tool::kPresentMaterial:
      return PresentMaterialArgs{RefOf(session), call.level, SegmentText(session, call.level)};
    case Tool::kClarifyConcept:
      return ClarifyConceptArgs{RefOf(session),      call.text,
                                OpenView(session),   {session.recent.begin(), session.recent.end()},
                                AttemptsOf(session), LearnerOf(session)};
    case Tool::kGenerateQuestion:
      return GenerateQuestionArgs{RefOf(session)};
    case Tool::kCheckAnswer:
      return CheckAnswerArgs{OpenContent(session), call.text, AttemptsOf(session), call.attempt};
    case Tool::kGiveHint:
      return HintArgs(session, call);
    case Tool::kRemediateKnownError:
      return RemediateArgs(session, call);
    case Tool::kDiagnoseError:
      return DiagnoseErrorArgs{RefOf(session), OpenView(session), call.text, AttemptsOf(session)};
    case Tool::kClassifyIntent:
      return ClassifyIntentArgs{RefOf(session), OpenView(session), call.text};
  }
  return LoadTopicArgs{};
}

}  // namespace

QuestionView ViewOf(const Question& question) {
  return {question.id, question.text, question.format, question.choices};
}

ToolArgs MakeArgs(const Session& session, const Call& call, uint32_t fold_version) {
  ToolArgs args = ArgsOf(session, call);
  return fold_version < 3 ? WithoutLearner(std::move(args)) : args;
}

}  // namespace lyceum::tutor
