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

void SayProgress(Turn& turn) {
  const Syllabus& syllabus = turn.s.syllabus;
  const auto authored = static_cast<uint32_t>(turn.s.topic->questions.size());
  turn.Say(ProgressOut{syllabus.topic, syllabus.next_question + syllabus.generated,
                       authored + syllabus.generated});
}

void CountClosed(Turn& turn, bool correct) {
  std::vector<bool>& closed = turn.s.syllabus.closed;
  const uint32_t window = turn.s.topic == nullptr ? 0 : turn.s.topic->gate.window;
  closed.push_back(correct);
  const size_t kept = std::min(window, kGateWindowMax);
  if (closed.size() > kept) {
    closed.erase(closed.begin(), closed.end() - static_cast<std::ptrdiff_t>(kept));
  }
}

void PresentSegment(Turn& turn, uint32_t segment) {
  const Context& context = turn.s.context;
  const bool adapted =
      !context.persona.empty() || !context.tone.empty() || !context.objectives.empty();
  if (!adapted) return ShowSegment(turn, segment, turn.s.topic->material[segment]);
  Call call = CallFor(turn, Tool::kPresentMaterial);
  call.level = segment;
  Ask(turn, std::move(call));
}

}  // namespace

void LoadTopic(Turn& turn, const TopicId& topic) {
  Call call = CallFor(turn, Tool::kLoadTopic);
  call.topic = topic;
  Ask(turn, std::move(call));
}

void OpenTopic(Turn& turn, const LoadTopicOk& loaded) {
  Session& s = turn.s;
  s.topic = std::make_shared<const Topic>(loaded.topic);
  s.topic_digest = loaded.digest;
  s.syllabus.version = loaded.topic.version;
  s.question.reset();
  ResetTopic(s.syllabus, loaded.topic.id);
  turn.Go(Exposition{});
  SayProgress(turn);
  NextSegment(turn);
}

void NextSegment(Turn& turn) {
  const Session& s = turn.s;
  if (s.topic == nullptr) return LoadTopic(turn, s.syllabus.topic);
  if (s.syllabus.segment < s.topic->material.size()) {
    return PresentSegment(turn, s.syllabus.segment);
  }
  SetQuestion(turn);
}

void ShowSegment(Turn& turn, uint32_t segment, std::string_view text) {
  turn.s.syllabus.segment = segment + 1;
  turn.Go(Exposition{});
  turn.SayText(text);
}

void SetQuestion(Turn& turn) {
  Session& s = turn.s;
  if (s.topic == nullptr) return LoadTopic(turn, s.syllabus.topic);
  if (!QueueIsEmpty(s)) {
    s.question = OpenQuestion{};
    s.question->index = s.syllabus.next_question++;
    return Pose(turn);
  }
  if (!MayGenerate(s)) return FinishTopic(turn);
  ++s.syllabus.generated;
  turn.Go(SettingQuestion{});
  Ask(turn, CallFor(turn, Tool::kGenerateQuestion));
}

void Pose(Turn& turn) {
  const Question* question = CurrentQuestion(turn.s);
  if (question == nullptr) return;
  turn.Say(QuestionOut{ViewOf(*question)});
  turn.Go(AwaitingAnswer{});
}

void ShowHint(Turn& turn, uint32_t level, std::string_view text) {
  const Question* question = CurrentQuestion(turn.s);
  if (question == nullptr) return;
  const auto of = static_cast<uint32_t>(std::max<size_t>(question->hints.size(), 1));
  turn.s.question->hints_shown = std::min(level, kHintsMax);
  ++turn.s.counters.hints;
  turn.Say(HintOut{level, of, std::string(text)});
}

void ShowSolution(Turn& turn) {
  const Question* question = CurrentQuestion(turn.s);
  if (question == nullptr) return;
  const std::string key = question->answers.empty() ? "" : question->answers.front();
  turn.SayText(question->solution.empty() ? "The answer is " + key + "." : question->solution);
}

void CloseQuestion(Turn& turn, Closing closing) {
  Session& s = turn.s;
  if (!s.question) return;
  s.question.reset();
  switch (closing) {
    case Closing::kCorrect:
      ++s.counters.correct;
      CountClosed(turn, true);
      break;
    case Closing::kIncorrect:
      ++s.counters.incorrect;
      CountClosed(turn, false);
      break;
    case Closing::kSkipped:
      ++s.counters.skips;
      CountClosed(turn, false);
      break;
    case Closing::kUncounted:
      break;
  }
  turn.Go(SettingQuestion{});
  if (s.topic != nullptr) SayProgress(turn);
}

void GoOn(Turn& turn) {
  const Session& s = turn.s;
  if (s.topic == nullptr) return LoadTopic(turn, s.syllabus.topic);
  if (!GateIsMet(s) && (!QueueIsEmpty(s) || MayGenerate(s))) return SetQuestion(turn);
  FinishTopic(turn);
}

void FinishTopic(Turn& turn) {
  Session& s = turn.s;
  turn.Go(Exposition{});
  if (s.topic == nullptr) return Complete(turn);
  std::vector<TopicId>& done = s.syllabus.done;
  const TopicId id = s.topic->id;
  if (std::find(done.begin(), done.end(), id) == done.end()) {
    if (done.size() >= kTopicsDoneMax) done.erase(done.begin());
    done.push_back(id);
  }
  if (!s.topic->next) return Complete(turn);
  // From here on the topic is the next one, whose content is not there yet.
  ResetTopic(s.syllabus, TopicId(*s.topic->next));
  s.topic.reset();
  s.topic_digest.clear();
  LoadTopic(turn, s.syllabus.topic);
}

void Complete(Turn& turn) {
  turn.s.question.reset();
  turn.Go(Completed{});
  SaySummary(turn);
}

void SaySummary(Turn& turn) {
  const Counters& counters = turn.s.counters;
  turn.SayText("The course ends here. Correct: " + std::to_string(counters.correct) +
               ", not correct: " + std::to_string(counters.incorrect) +
               ", skipped: " + std::to_string(counters.skips) + ".");
  turn.Say(CompletedOut{});
}

}  // namespace lyceum::tutor
