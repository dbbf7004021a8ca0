// Several session workers on one cluster: killed, frozen, stopped, joined by another while learners
// take a course. What they get is what they get with one worker that nobody touches.
#include <csignal>

#include "fleet.h"
#include "kills.h"

namespace lyceum::chaos {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr size_t kLearners = 40;
constexpr size_t kFaults = 3;
#else
constexpr size_t kLearners = 200;
constexpr size_t kFaults = 4;
#endif

class Workers : public Kills {
 protected:
  std::string Logs() { return fleet_->Logs(); }
  bool HasSettled(size_t workers) {
    return test::Eventually(seconds(40), [&] { return fleet_->IsSettled(workers); });
  }
  // Runs the classroom to its end; again and again, once all is settled and learners are at full speed,
  // `fault` is done and, 2.5 s later, `mend`.
  bool RunUnderFaults(Classroom& classroom, size_t workers, const std::function<void()>& fault,
                      const std::function<void()>& mend) {
    std::mt19937_64 random(seed);
    std::optional<Deadline> mend_at, fault_at;
    const auto soon = [&] {
      return In(milliseconds(std::uniform_int_distribution<int>(200, 700)(random)));
    };
    fault_at = soon();
    const bool completed = classroom.Run(In(kRunMax), [&](uint64_t) {
      if (mend_at) {
        if (Steady::now() < *mend_at) return false;
        mend();
        mend_at.reset();
      } else if (!fault_at) {
        if (!fleet_->IsSettled(workers)) return true;  // Nobody goes on meanwhile.
        fault_at = soon();
      } else if (Steady::now() >= *fault_at && faults_ < kFaults) {
        ++faults_;
        NoteFault();
        fault();
        fault_at.reset();
        mend_at = In(milliseconds(2'500));
      }
      return false;
    });
    if (mend_at) mend();
    EXPECT_GT(faults_, 0u);
    return completed;
  }

  std::unique_ptr<Classroom> OpenSettled(test::Stack& stack, const std::vector<std::string>& ids) {
    stack.ImportCourse(course_file);
    last_ms_.assign(kLearners, -1);
    tools_ = stack.StartToolWorker("tools-1");
    fleet_ = std::make_unique<Fleet>(&stack);
    fleet_->Watch();
    for (const std::string& id : ids) fleet_->Start(id);
    EXPECT_TRUE(HasSettled(ids.size())) << Logs();
    return std::make_unique<Classroom>(
        stack.nats().Connect("gateway"), subjects,
        Classroom::Options{
            .course = course.id,
            .key = course.key,
            .seed = seed,
            .learners = kLearners,
            .watch = [this](size_t learner, const envelope::ReceivedMessage& message) {
              OnMessage(learner, message);
            }});
  }
  // From now on each learner's next message ends a gap.
  void NoteFault() {
    fault_ms_ = NowMs();
    waiting_.clear();
    for (size_t i = 0; i < last_ms_.size(); ++i) {
      if (last_ms_[i] >= 0 && fault_ms_ - last_ms_[i] < 500) waiting_.insert(i);
    }
  }
  std::string GapsText() {
    std::sort(gaps_.begin(), gaps_.end());
    if (gaps_.empty()) return "no gap";
    const auto at = [&](double part) {
      return gaps_[std::min(gaps_.size() - 1,
                            static_cast<size_t>(part * static_cast<double>(gaps_.size())))];
    };
    return fmt::format("{} gaps, p50 {} ms, p99 {} ms, longest {} ms", gaps_.size(), at(0.5),
                       at(0.99), gaps_.back());
  }
  void Finish(test::Stack& stack, const Classroom& classroom, size_t workers) {
    ASSERT_TRUE(HasSettled(workers)) << Logs();
    test::Stack quiet;
    const auto undisturbed = Undisturbed(quiet, kLearners);
    ExpectTheSame(classroom, *undisturbed);
    ExpectNothingAckedIsLost(stack, classroom);
    ExpectReplayAgrees(stack, classroom, 5);
    uint64_t repeats = 0, asked = 0;
    for (const Learner& learner : classroom.learners()) {
      repeats += learner.repeats();
      asked += learner.asked_again();
    }
    fmt::print("{} faults: {}; {} messages, {} of them repeats, {} times asked again\n", faults_,
               GapsText(), classroom.heard(), repeats, asked);
  }

  std::unique_ptr<Fleet> fleet_;
  size_t faults_ = 0;

 private:
  void OnMessage(size_t learner, const envelope::ReceivedMessage& message) {
    const int64_t now = NowMs();
    if (waiting_.erase(learner) > 0 && last_ms_[learner] >= 0) {
      gaps_.push_back(now - last_ms_[learner]);
    }
    const bool is_over = message.message.state == tutor::StateName::kCompleted;
    last_ms_[learner] = is_over ? -1 : now;
    if (is_over) waiting_.erase(learner);
  }

  std::unique_ptr<test::Process> tools_;
  std::vector<int64_t> gaps_;
  std::vector<int64_t> last_ms_;  // By learner; -1: not in its course.
  std::set<size_t> waiting_;
  int64_t fault_ms_ = 0;
};

TEST_F(Workers, OneThatIsKilledIsReplacedByItsStandby) {
  test::Stack stack;
  const auto classroom = OpenSettled(stack, {"a", "b"});
  std::string dead;
  EXPECT_TRUE(RunUnderFaults(
      *classroom, 2,
      [&] {
        dead = faults_ % 2 == 0 ? "a" : "b";
        fleet_->worker(dead).Kill9();
      },
      [&] { fleet_->Start(dead); }))
      << Logs();
  Finish(stack, *classroom, 2);
}

TEST_F(Workers, OneThatIsFrozenIsReplacedAndChangesNothingWhenItGoesOn) {
  test::Stack stack;
  const auto classroom = OpenSettled(stack, {"a", "b"});
  std::string frozen;
  EXPECT_TRUE(RunUnderFaults(
      *classroom, 2,
      [&] {
        frozen = faults_ % 2 == 0 ? "a" : "b";
        fleet_->worker(frozen).Signal(SIGSTOP);
      },
      [&] { fleet_->worker(frozen).Signal(SIGCONT); }))
      << Logs();
  Finish(stack, *classroom, 2);
}

// Its disk does not answer, say: the one thread that folds stands still, and the process is alive.
TEST_F(Workers, OneWhoseShardIsStuckIsReplacedAndEndsByItself) {
  test::Stack stack;
  const auto classroom = OpenSettled(stack, {"a", "b"});
  std::string stuck;
  EXPECT_TRUE(RunUnderFaults(
      *classroom, 2,
      [&] {
        stuck = faults_ % 2 == 0 ? "a" : "b";
        fleet_->worker(stuck).StopFirstThread();
      },
      [&] {
        EXPECT_EQ(fleet_->worker(stuck).Wait(In(seconds(10))), 128 + SIGABRT) << Logs();
        fleet_->Start(stuck);
      }))
      << Logs();
  EXPECT_NE(Logs().find("a shard makes no turn"), std::string::npos);
  Finish(stack, *classroom, 2);
}

// Each in turn, as in an upgrade. inngest #4505: a redeploy is a time in which nobody answers.
TEST_F(Workers, ARollingRestartReachesNoLearner) {
  test::Stack stack;
  const auto classroom = OpenSettled(stack, {"a", "b", "c"});
  const std::string names[] = {"a", "b", "c"};
  std::string stopped;
  EXPECT_TRUE(RunUnderFaults(
      *classroom, 3,
      [&] {
        stopped = names[faults_ % 3];
        fleet_->worker(stopped).Terminate();
      },
      [&] {
        EXPECT_EQ(fleet_->worker(stopped).Wait(In(seconds(10))), 0) << Logs();
        fleet_->Start(stopped);
      }))
      << Logs();
  Finish(stack, *classroom, 3);
}

// The third gets its part while everybody works.
TEST_F(Workers, AThirdThatJoinsGetsItsShareWithoutAPause) {
  test::Stack stack;
  const auto classroom = OpenSettled(stack, {"a", "b"});
  bool joined = false;
  EXPECT_TRUE(RunUnderFaults(
      *classroom, 3,
      [&] {
        if (!std::exchange(joined, true)) fleet_->Start("c");
      },
      [] {}))
      << Logs();
  Finish(stack, *classroom, 3);
}

}  // namespace
}  // namespace lyceum::chaos
