#include "tutor/lesson.h"

#include <algorithm>

#include "tutor/args.h"
#include "tutor/calls.h"
#include "tutor/limits.h"

namespace lyceum::tutor {
namespace {

// Forgets what belongs to one topic.
void ResetTopic(Syllabus& syllabus, const TopicId& topic) {
  syllabus.topic = topic;
  syllabus.segment = 0;
  syllabus.next_question = 0;
  syllabus.closed.clear();
  syllabus.errors.clear();
  syllabus.generated = 0;
}

bool GateIsMet(const Session& s) {
  if (s.topic == nullptr || s.topic->gate.window == 0) return false;
  const auto correct = std::count(s.syllabus.closed.begin(), s.syllabus.closed.end(), true);
  return static_cast<uint32_t>(correct) >= s.topic->gate.correct;
}

// Whether a question may be made. With a gate, until it is met; without one, a single question
// where the topic has none.
bool MayGenerate(const Session& s) {
  if (s.topic == nullptr || !s.topic->generate_questions) return false;
  if (s.syllabus.generated >= kGeneratedMax) return false;
  if (s.topic->gate.window > 0) return !GateIsMet(s);
  return s.topic->questions.empty() && s.syllabus.generated == 0;
}

bool QueueIsEmpty(const Session& s) {
  return s.syllabus.next_question >= s.topic->questions.size();
}

void EmitProgress(Step& step) {
  if (auto progress = ProgressOf(step.session)) step.Emit(*std::move(progress));
}

void CountClosed(Step& step, bool correct) {
  std::vector<bool>& closed = step.session.syllabus.closed;
  const uint32_t window = step.session.topic == nullptr ? 0 : step.session.topic->gate.window;
  closed.push_back(correct);
  const size_t kept = std::min(window, kGateWindowMax);
  if (closed.size() > kept) {
    closed.erase(closed.begin(), closed.end() - static_cast<std::ptrdiff_t>(kept));
  }
}

void PresentSegment(Step& step, uint32_t segment) {
  const Context& context = step.session.context;
  const bool adapted =
      !context.persona.empty() || !context.tone.empty() || !context.objectives.empty();
  if (!adapted) return ShowSegment(step, segment, step.session.topic->material[segment]);
  Call call = CallFor(step, Tool::kPresentMaterial);
  call.level = segment;
  step.StartCall(std::move(call));
}

}  // namespace

std::optional<ProgressOut> ProgressOf(const Session& session) {
  if (session.topic == nullptr) return std::nullopt;
  const Syllabus& syllabus = session.syllabus;
  const auto authored = static_cast<uint32_t>(session.topic->questions.size());
  return ProgressOut{syllabus.topic, syllabus.next_question + syllabus.generated,
                     authored + syllabus.generated};
}

void LoadTopic(Step& step, const TopicId& topic) {
  Call call = CallFor(step, Tool::kLoadTopic);
  call.topic = topic;
  step.StartCall(std::move(call));
}

void OpenTopic(Step& step, const LoadTopicOk& loaded) {
  Session& s = step.session;
  s.topic = loaded.topic;
  s.topic_digest = loaded.digest;
  s.syllabus.version = loaded.topic->version;
  s.question.reset();
  if (loaded.topic->supervision && step.fold_version() >= 3) {
    s.context.supervision = Supervision::kDraft;
    s.context.undecided = loaded.topic->supervision->undecided;
    s.context.decide_s = loaded.topic->supervision->decide_s;
  }
  ResetTopic(s.syllabus, loaded.topic->id);
  step.Go(Exposition{});
  EmitProgress(step);
  NextSegment(step);
}

void NextSegment(Step& step) {
  const Session& s = step.session;
  if (s.topic == nullptr) return LoadTopic(step, s.syllabus.topic);
  if (s.syllabus.segment < s.topic->material.size()) {
    return PresentSegment(step, s.syllabus.segment);
  }
  SetQuestion(step);
}

void ShowSegment(Step& step, uint32_t segment, std::string_view text) {
  step.session.syllabus.segment = segment + 1;
  step.Go(Exposition{});
  step.EmitText(text);
}

void SetQuestion(Step& step) {
  Session& s = step.session;
  if (s.topic == nullptr) return LoadTopic(step, s.syllabus.topic);
  if (!QueueIsEmpty(s)) {
    s.question = OpenQuestion{};
    s.question->index = s.syllabus.next_question++;
    return Pose(step);
  }
  if (!MayGenerate(s)) return FinishTopic(step);
  ++s.syllabus.generated;
  step.Go(SettingQuestion{});
  step.StartCall(CallFor(step, Tool::kGenerateQuestion));
}

void Pose(Step& step) {
  const Question* question = CurrentQuestion(step.session);
  if (question == nullptr) return;
  step.Emit(QuestionOut{ViewOf(*question)});
  step.Go(AwaitingAnswer{});
}

void ShowHint(Step& step, uint32_t level, std::string_view text) {
  const Question* question = CurrentQuestion(step.session);
  if (question == nullptr) return;
  const auto of = static_cast<uint32_t>(std::max<size_t>(question->hints.size(), 1));
  step.session.question->hints_shown = std::min(level, kHintsMax);
  ++step.session.counters.hints;
  step.Emit(HintOut{level, of, std::string(text)});
}

void ShowSolution(Step& step) {
  const Question* question = CurrentQuestion(step.session);
  if (question == nullptr) return;
  std::string key = question->answers.empty() ? "" : question->answers.front();
  if (question->format == AnswerFormat::kMultipleChoice) {
    for (size_t i = 1; i < question->answers.size(); ++i) key += ", " + question->answers[i];
  }
  step.EmitText(question->solution.empty() ? "The answer is " + key + "." : question->solution);
}

void CloseQuestion(Step& step, Closing closing) {
  Session& s = step.session;
  if (!s.question) return;
  s.question.reset();
  switch (closing) {
    case Closing::kCorrect:
      ++s.counters.correct;
      CountClosed(step, true);
      break;
    case Closing::kIncorrect:
      ++s.counters.incorrect;
      CountClosed(step, false);
      break;
    case Closing::kSkipped:
      ++s.counters.skips;
      CountClosed(step, false);
      break;
    case Closing::kUncounted:
      break;
  }
  step.Go(SettingQuestion{});
  EmitProgress(step);
}

void GoOn(Step& step) {
  const Session& s = step.session;
  if (s.topic == nullptr) return LoadTopic(step, s.syllabus.topic);
  if (!GateIsMet(s) && (!QueueIsEmpty(s) || MayGenerate(s))) return SetQuestion(step);
  FinishTopic(step);
}

void FinishTopic(Step& step) {
  Session& s = step.session;
  step.Go(Exposition{});
  if (s.topic == nullptr) return Complete(step);
  std::vector<TopicId>& done = s.syllabus.done;
  const TopicId id = s.topic->id;
  if (std::find(done.begin(), done.end(), id) == done.end()) {
    if (done.size() >= kTopicsDoneMax) done.erase(done.begin());
    done.push_back(id);
  }
  if (!s.topic->next) return Complete(step);
  // From here on the topic is the next one, whose content is not there yet.
  ResetTopic(s.syllabus, TopicId(*s.topic->next));
  s.topic.reset();
  s.topic_digest.clear();
  LoadTopic(step, s.syllabus.topic);
}

void Complete(Step& step) {
  step.session.question.reset();
  step.Go(Completed{});
  EmitSummary(step);
}

void EmitSummary(Step& step) {
  const Counters& counters = step.session.counters;
  step.EmitText("The course ends here. Correct: " + std::to_string(counters.correct) +
                ", not correct: " + std::to_string(counters.incorrect) +
                ", skipped: " + std::to_string(counters.skips) + ".");
  step.Emit(CompletedOut{});
}

}  // namespace lyceum::tutor
