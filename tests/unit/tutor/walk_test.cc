// Every configuration of a small instance, 2 topics of 2 questions each: from each of them in which
// the course has begun the learner alone reaches `completed`, even when every tool fails for ever,
// and every chain of failures leaves the lock.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <deque>
#include <map>

#include "laws.h"
#include "tutor/dump.h"
#include "tutor/learner.h"
#include "tutor/names.h"
#include "tutor/table_samples.h"

namespace lyceum::tutor {
namespace {

constexpr size_t kConfigurationsMax = 200'000;
constexpr size_t kChainMax = 50;

Topic SmallTopic(const std::string& id, bool generating) {
  Topic topic = samples::SampleTopic(id, id == "t2" ? "" : "t2");
  topic.material.resize(1);
  topic.questions[0].hints = {"Add."};
  topic.questions[1].hints.clear();
  if (id == "t1") topic.gate = {2, 2};
  if (id == "t2" && generating) {
    topic.questions.clear();
    topic.generate_questions = true;
  }
  return topic;
}

// What tells one configuration from another: no times, ids, counters or words.
std::string Abstract(const Session& s) {
  std::string key(Name(NameOf(s.state)));
  const auto add_call = [&key](const Call& call) {
    key += " " + std::string(Name(call.tool)) + " from " + std::to_string(call.origin.index()) +
           " " + std::to_string(call.level) + " " + std::to_string(call.attempt) + " " +
           std::string(Name(call.strategy)) + " " + call.topic.value;
  };
  if (const auto* lock = std::get_if<AwaitingToolResult>(&s.state)) add_call(lock->call);
  if (const auto* error = std::get_if<ErrorState>(&s.state)) add_call(error->failed);
  key += " | " + s.syllabus.topic.value + (s.topic == nullptr ? " none " : " loaded ") +
         std::to_string(s.syllabus.segment) + " " + std::to_string(s.syllabus.next_question) + " " +
         std::to_string(std::min<uint32_t>(s.syllabus.generated, 16)) + " ";
  for (bool correct : s.syllabus.closed) key += correct ? '1' : '0';
  for (const ErrorCount& count : s.syllabus.errors) {
    key += " e" + std::to_string(std::min<uint32_t>(count.count, 3));
  }
  if (s.question) {
    key += " | q" + (s.question->index ? std::to_string(*s.question->index) : "g") + " " +
           std::to_string(s.question->attempts.size()) + " " +
           std::to_string(s.question->hints_shown);
  }
  for (const Deferred& deferred : s.inbox) {
    key += " i" + std::to_string(deferred.event.kind.index()) + deferred.question.value;
    if (const auto* m = std::get_if<UserMessage>(&deferred.event.kind)) key += m->text;
  }
  return key;
}

struct Move {
  EventKind kind;
  bool failing;  // Possible when every tool fails for ever, and nobody but the learner acts.
};

ToolResult ResultFor(const Session& s, ToolOutcome outcome) {
  ToolReply reply;
  if (const auto* lock = std::get_if<AwaitingToolResult>(&s.state)) reply.call = lock->call.id;
  if (const auto* error = std::get_if<ErrorState>(&s.state)) reply.call = error->failed.id;
  reply.outcome = std::move(outcome);
  return {std::move(reply)};
}

std::vector<ToolOutcome> Grades(const Session& s) {
  std::vector<ToolOutcome> outcomes;
  CheckAnswerOk grade;
  if (const Question* question = CurrentQuestion(s)) grade.question = question->id;
  grade.confidence = 1;
  for (Verdict verdict : {Verdict::kCorrect, Verdict::kIncorrect, Verdict::kInvalid,
                          Verdict::kNotAnAnswer, Verdict::kUngraded}) {
    grade.verdict = verdict;
    outcomes.emplace_back(grade);
  }
  grade.verdict = Verdict::kIncorrect;
  grade.known_error = FoundError{ErrorId("added"), 1};
  outcomes.emplace_back(grade);
  return outcomes;
}

std::vector<ToolOutcome> Outcomes(const Session& s, const Call& call, bool generating) {
  switch (call.tool) {
    case Tool::kLoadTopic:
      return {LoadTopicOk{std::make_shared<const Topic>(
                              SmallTopic(call.topic.value == "t2" ? "t2" : "t1", generating)),
                          "d"}};
    case Tool::kPresentMaterial:
      return {PresentMaterialOk{"A product."}};
    case Tool::kClarifyConcept:
      return {ClarifyConceptOk{"A sum.", true, false}, ClarifyConceptOk{"12", true, true}};
    case Tool::kGenerateQuestion: {
      GenerateQuestionOk ok;
      ok.question.text = "How much is 2 * 6?";
      ok.question.answers = {"12"};
      return {ok};
    }
    case Tool::kCheckAnswer:
      return Grades(s);
    case Tool::kGiveHint:
      return {GiveHintOk{1, 1, "Add.", false}};
    case Tool::kRemediateKnownError:
      return {RemediateKnownErrorOk{ErrorId("added"), "hint", "Not the sum.", "", false}};
    case Tool::kDiagnoseError:
      return {DiagnoseErrorOk{{}, "Look again.", ""}};
    case Tool::kClassifyIntent: {
      std::vector<ToolOutcome> outcomes;
      for (int i = 0; i < 6; ++i) {
        outcomes.emplace_back(ClassifyIntentOk{static_cast<FoundIntent>(i), 1});
      }
      return outcomes;
    }
  }
  return {};
}

std::vector<Move> MovesFrom(const Session& s, bool generating) {
  std::vector<Move> moves = {{Skip{}, true},
                             {Continue{}, true},
                             {ForceRemediation{ErrorId("added")}, false},
                             {ForceRemediation{ErrorId()}, false},
                             {GotoTopic{TopicId("t1")}, false},
                             {GotoTopic{TopicId("t2")}, false}};
  if (s.inbox.empty()) {  // One deferred event is enough: a full inbox would only repeat it.
    moves.push_back({UserMessage{"12", Intent::kAnswer}, true});
    moves.push_back({UserMessage{"hm", Intent::kUnspecified}, true});
    moves.push_back({UserMessage{"why?", Intent::kQuestion}, true});
    moves.push_back({Hint{}, true});
  }
  if (const auto* lock = std::get_if<AwaitingToolResult>(&s.state)) {
    moves.push_back({ResultFor(s, ToolError{"lost", true, ""}), true});
    for (ToolOutcome& outcome : Outcomes(s, lock->call, generating)) {
      moves.push_back({ResultFor(s, std::move(outcome)), false});
    }
  }
  for (const Timer& timer : s.timers) {
    if (timer.kind != TimerKind::kIdle) moves.push_back({TimerFired{timer.token}, true});
  }
  return moves;
}

bool IsFailure(const Session& from, const EventKind& kind) {
  if (std::holds_alternative<ToolResult>(kind)) return true;
  const auto* fired = std::get_if<TimerFired>(&kind);
  if (fired == nullptr) return false;
  return std::any_of(from.timers.begin(), from.timers.end(), [&](const Timer& timer) {
    return timer.kind == TimerKind::kToolDeadline && timer.token == fired->token;
  });
}

struct Configuration {
  Session session;
  std::vector<size_t> failing;  // Where the failing moves lead.
  std::vector<size_t> failed;   // Where the failure and the deadline of the pending call lead.
};

class Walk {
 public:
  Walk(BusyPolicy policy, bool generating) : generating_(generating) {
    Start start;
    start.course = CourseId("course");
    start.busy_policy = policy;
    Fold(std::nullopt, start);
  }

  void ToTheEnd() {
    for (size_t at = 0; at < all.size(); ++at) {
      ASSERT_LT(all.size(), kConfigurationsMax);
      const Session from = all[at].session;
      for (const Move& move : MovesFrom(from, generating_)) {
        const size_t to = Fold(from, move.kind);
        ASSERT_FALSE(HasFailure()) << Dump(from);
        if (move.failing) all[at].failing.push_back(to);
        if (move.failing && IsFailure(from, move.kind)) all[at].failed.push_back(to);
      }
    }
  }

  // The configurations from which completed can not be reached by failing moves, but for those where
  // no topic was ever loaded: there the learner may start another course.
  size_t CountLost() const {
    std::vector<std::vector<size_t>> before(all.size());
    for (size_t from = 0; from < all.size(); ++from) {
      for (size_t to : all[from].failing) before[to].push_back(from);
    }
    std::vector<bool> reaches(all.size());
    std::deque<size_t> found;
    for (size_t i = 0; i < all.size(); ++i) {
      if (NameOf(all[i].session.state) != StateName::kCompleted) continue;
      reaches[i] = true;
      found.push_back(i);
    }
    while (!found.empty()) {
      const size_t to = found.front();
      found.pop_front();
      for (size_t from : before[to]) {
        if (reaches[from]) continue;
        reaches[from] = true;
        found.push_back(from);
      }
    }
    size_t lost = 0;
    for (size_t i = 0; i < all.size(); ++i) {
      lost += !reaches[i] && !IsNeverLoaded(all[i].session) ? 1 : 0;
    }
    return lost;
  }

  // The longest chain of failures until the lock is left; kChainMax: there is one without end.
  size_t LongestLock() const {
    std::vector<bool> locked(all.size());
    for (size_t i = 0; i < all.size(); ++i) locked[i] = !all[i].failed.empty();
    size_t length = 0;
    // In each round, who may still be locked after one failure more.
    while (length < kChainMax && std::count(locked.begin(), locked.end(), true) > 0) {
      std::vector<bool> still(all.size());
      for (size_t i = 0; i < all.size(); ++i) {
        const std::vector<size_t>& to = all[i].failed;
        still[i] = std::any_of(to.begin(), to.end(), [&](size_t next) { return locked[next]; });
      }
      locked = std::move(still);
      ++length;
    }
    return length;
  }

  std::vector<Configuration> all;

 private:
  static bool HasFailure() {
    return testing::Test::HasFatalFailure() || testing::Test::HasNonfatalFailure();
  }

  size_t Fold(const std::optional<Session>& from, const EventKind& kind) {
    const Event event{EventId("e" + std::to_string(++sequence_)), ClientId("c"),
                      Encoding::kProtobuf, kind};
    std::string broken;
    // All at one time: deadlines and idle times are not what is walked here.
    const Folded folded =
        CheckedAdvance(from, UserId("u"), event, {0, sequence_, 1'000'000}, &broken);
    EXPECT_EQ(broken, "") << Dump(event);
    const auto [found, is_new] = known_.try_emplace(Abstract(*folded.session), all.size());
    if (is_new) all.push_back({*folded.session, {}, {}});
    return found->second;
  }

  bool generating_;
  std::map<std::string, size_t> known_;
  uint64_t sequence_ = 0;
};

struct Instance {
  std::string name;
  BusyPolicy policy;
  bool generating;
};

class SmallInstance : public testing::TestWithParam<Instance> {};

TEST_P(SmallInstance, CompletesEvenWhenEveryToolFails) {
  Walk walk(GetParam().policy, GetParam().generating);
  walk.ToTheEnd();
  ASSERT_FALSE(HasFailure());
  std::printf("%zu configurations, longest chain of failures %zu\n", walk.all.size(),
              walk.LongestLock());
  EXPECT_GT(walk.all.size(), 100u);
  EXPECT_EQ(walk.CountLost(), 0u);
  EXPECT_LE(walk.LongestLock(), 2u);  // A deferred event may lock once more.
}

INSTANTIATE_TEST_SUITE_P(All, SmallInstance,
                         testing::Values(Instance{"reply_wait", BusyPolicy::kReplyWait, false},
                                         Instance{"defer", BusyPolicy::kDefer, false},
                                         Instance{"interrupt", BusyPolicy::kInterrupt, false},
                                         Instance{"generating", BusyPolicy::kReplyWait, true}),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace lyceum::tutor
