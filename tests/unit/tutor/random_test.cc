// Random events, sensible and not, in any order: the laws hold after every step.

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "laws.h"
#include "tutor/dump.h"
#include "tutor/limits.h"
#include "tutor/table_samples.h"

namespace lyceum::tutor {
namespace {

uint64_t SeedOfThisRun() {
  if (const char* given = std::getenv("LYCEUM_SEED")) return std::strtoull(given, nullptr, 10);
  return std::random_device{}();
}

class RandomLearner {
 public:
  explicit RandomLearner(uint64_t seed) : random_(seed) {}

  // One event more. The broken law, or empty.
  std::string Step() {
    const Event event = MakeEvent();
    PassTime();
    const LogPosition position{7, ++sequence_, now_ms_};
    std::string broken;
    Folded folded = CheckedAdvance(session, UserId("u"), event, position, &broken);
    if (broken.empty() && Dump(folded) != Dump(Fold(session, UserId("u"), event, position))) {
      broken = "two runs differ";
    }
    session = std::move(folded.session);
    for (const Effect& effect : folded.effects) {
      if (const auto* call = std::get_if<CallTool>(&effect)) last_call_ = call->call.id;
    }
    if (!broken.empty())
      broken += "\nafter " + Dump(event) + "\n" + (session ? Dump(*session) : "");
    return broken;
  }

  std::optional<Session> session;

 private:
  uint64_t Below(uint64_t count) { return random_() % count; }
  bool OneIn(uint64_t count) { return Below(count) == 0; }

  void PassTime() {
    switch (Below(12)) {
      case 0:
        now_ms_ += static_cast<int64_t>(Below(kTtlMs / 4));
        break;
      case 1:
        now_ms_ += kIdleMs;
        break;
      case 2:
        now_ms_ -= static_cast<int64_t>(Below(60'000));  // The log's clock was set.
        break;
      default:
        now_ms_ += static_cast<int64_t>(Below(20'000));
    }
  }

  Event MakeEvent() {
    Event event;
    event.id = EventId("e" + std::to_string(OneIn(15) ? Below(sequence_ + 1) : sequence_ + 1));
    event.client = ClientId(OneIn(10) ? "" : "c" + std::to_string(Below(10)));
    event.encoding = OneIn(2) ? Encoding::kJson : Encoding::kProtobuf;
    event.kind = MakeKind();
    return event;
  }

  EventKind MakeKind() {
    switch (Below(20)) {
      case 0:
        return MakeStart();
      case 1:
      case 2:
      case 3:
      case 4:
        return UserMessage{MakeText(), static_cast<Intent>(Below(3))};
      case 5:
        return Hint{};
      case 6:
        if (OneIn(3)) return Review{static_cast<uint32_t>(Below(20)), "why"};
        return OneIn(2) ? EventKind(Skip{}) : EventKind(Stop{});
      case 7:
      case 8:
        return Continue{};
      case 9:
        return OneIn(2) ? EventKind(Attach{static_cast<uint32_t>(Below(20))}) : EventKind(Detach{});
      case 10:
      case 11:
        return MakeTimer();
      case 12:
        return OneIn(3) ? MakeDecision() : MakeAdmin();
      default:
        return MakeResult();
    }
  }

  EventKind MakeStart() {
    Start start;
    start.course = CourseId(OneIn(2) ? "course" : "another");
    start.busy_policy = static_cast<BusyPolicy>(Below(3));
    if (OneIn(3)) start.context.tone = "kind";
    if (OneIn(3)) start.topic = TopicId("t2");
    if (OneIn(2)) {
      start.context.supervision = Supervision::kDraft;
      start.context.undecided = static_cast<Undecided>(Below(2));
    }
    return start;
  }

  EventKind MakeDecision() {
    Supervise event{CallId("0-0-0"), static_cast<Decision>(Below(3)), MakeText()};
    const auto* wait = session ? std::get_if<AwaitingApproval>(&session->state) : nullptr;
    if (wait != nullptr && !OneIn(5)) event.draft = wait->draft->call.id;
    return event;
  }

  EventKind MakeAdmin() {
    switch (Below(8)) {
      case 0:
        return ForceRemediation{ErrorId(OneIn(2) ? "added" : "")};
      case 1:
        return ForceSkip{};
      case 2:
      case 3:
        return GotoTopic{TopicId(OneIn(2) ? "t1" : "t3")};
      case 4:
      case 5:
        return RetryCall{};
      case 6:
        return End{"enough"};
      default:
        return Shutdown{"deploy"};
    }
  }

  EventKind MakeTimer() {
    if (!session || session->timers.empty() || OneIn(6)) return TimerFired{"7-1-1"};
    return TimerFired{session->timers[Below(session->timers.size())].token};
  }

  std::string MakeText() {
    static const std::vector<std::string> kTexts = {"12", "7",  "why?", "help me", "",
                                                    "b",  "hm", " ",    "skip it", "x = 12"};
    if (OneIn(40)) return std::string(kLearnerTextBytesMax + 1, 'a');
    if (OneIn(20)) return std::string(2000, 'b');
    return kTexts[Below(kTexts.size())];
  }

  EventKind MakeResult() {
    ToolReply reply;
    reply.call = last_call_;
    Tool tool = static_cast<Tool>(Below(kToolCount));
    if (session) {
      if (const auto* lock = std::get_if<AwaitingToolResult>(&session->state)) {
        if (!OneIn(8)) reply.call = lock->call.id;
        if (!OneIn(8)) tool = lock->call.tool;
      }
      if (const auto* error = std::get_if<ErrorState>(&session->state)) {
        reply.call = error->failed.id;
        tool = error->failed.tool;
      }
    }
    reply.outcome = OneIn(6) ? ToolOutcome(ToolError{"lost", true, "gone"}) : MakeOutcome(tool);
    reply.degraded = OneIn(5);
    return ToolResult{std::move(reply)};
  }

  Topic MakeTopic() {
    std::string id = "t1";
    if (session) {
      if (const auto* lock = std::get_if<AwaitingToolResult>(&session->state)) {
        if (!lock->call.topic.empty()) id = lock->call.topic.value;
      }
    }
    const std::string next = id == "t1" ? "t2" : id == "t2" ? "t3" : "";
    Topic topic = samples::SampleTopic(id, next);
    if (session) topic.course = session->syllabus.course;
    if (OneIn(4)) topic.material.clear();
    if (OneIn(3)) topic.gate = {3, 2};
    if (OneIn(3)) topic.generate_questions = true;
    if (OneIn(5)) topic.questions.clear();
    if (OneIn(8))
      topic.questions.push_back(topic.questions.empty() ? Question{} : topic.questions[0]);
    return topic;
  }

  std::string MakeWords() {
    static const std::vector<std::string> kWords = {"", "Look again.", "The answer is 12.", "12"};
    return OneIn(30) ? std::string(kToolTextBytesMax + 10, 'x') : kWords[Below(kWords.size())];
  }

  ToolOutcome MakeOutcome(Tool tool) {
    switch (tool) {
      case Tool::kLoadTopic:
        return LoadTopicOk{std::make_shared<const Topic>(MakeTopic()), "digest"};
      case Tool::kPresentMaterial:
        return PresentMaterialOk{MakeWords()};
      case Tool::kClarifyConcept:
        return ClarifyConceptOk{MakeWords(), OneIn(2), OneIn(5)};
      case Tool::kGenerateQuestion: {
        GenerateQuestionOk ok;
        ok.question.text = "How much is 6 + 6?";
        if (!OneIn(4)) ok.question.answers = {"12"};
        return ok;
      }
      case Tool::kCheckAnswer:
        return MakeGrade();
      case Tool::kGiveHint:
        return GiveHintOk{1, 1, MakeWords(), OneIn(2)};
      case Tool::kRemediateKnownError:
        return RemediateKnownErrorOk{ErrorId("added"), "hint", MakeWords(), MakeWords(), OneIn(5)};
      case Tool::kDiagnoseError:
        return DiagnoseErrorOk{
            {{ErrorId("added"), "a", 0.5 + 0.1 * static_cast<double>(Below(6))}}, MakeWords(), ""};
      case Tool::kClassifyIntent:
        return ClassifyIntentOk{static_cast<FoundIntent>(Below(6)), OneIn(3) ? 0.3 : 0.9};
    }
    return ToolError{};
  }

  ToolOutcome MakeGrade() {
    CheckAnswerOk grade;
    const Question* open = session ? CurrentQuestion(*session) : nullptr;
    if (open != nullptr && !OneIn(8)) grade.question = open->id;
    grade.verdict = static_cast<Verdict>(Below(6));
    grade.score = OneIn(5) ? -3 : 0.5;
    grade.confidence = OneIn(4) ? 0.1 : 1;
    grade.method = OneIn(2) ? "rubric_llm" : "numeric";
    grade.feedback = MakeWords();
    if (OneIn(2)) grade.known_error = FoundError{ErrorId(OneIn(4) ? "x" : "added"), 0.9};
    return grade;
  }

  std::mt19937_64 random_;
  CallId last_call_ = CallId("7-0-0");
  uint64_t sequence_ = 0;
  int64_t now_ms_ = 1'000'000'000;
};

// The sanitizers run everything some times slower.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr uint64_t kLearners = 100;
#else
constexpr uint64_t kLearners = 300;
#endif

TEST(RandomEvents, KeepEveryLaw) {
  const uint64_t seed = SeedOfThisRun();
  std::printf("LYCEUM_SEED=%llu\n", static_cast<unsigned long long>(seed));
  std::vector<size_t> visits(kStateCount);
  for (uint64_t learner = 0; learner < kLearners; ++learner) {
    RandomLearner random(seed + learner);
    for (int step = 0; step < 200; ++step) {
      ASSERT_EQ(random.Step(), "") << "LYCEUM_SEED=" << seed + learner << " at step " << step;
      if (random.session) ++visits[random.session->state.index()];
    }
  }
  for (size_t state = 0; state < visits.size(); ++state) {
    EXPECT_GT(visits[state], 0u) << "state " << state << " was never entered";
  }
}

}  // namespace
}  // namespace lyceum::tutor
