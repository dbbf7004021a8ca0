// What a run under faults is held against: the same learners with nothing killed.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "classroom.h"
#include "course_key.h"
#include "envelope/codec.h"
#include "support/eventually.h"
#include "support/seed.h"
#include "support/stack.h"
#include "tutor/limits.h"
#include "wire/jetstream.h"

namespace lyceum::chaos {

// Moments at which something is killed: when so many messages were heard, and a little later.
// Between two of them lies enough time to come back, since a call that is interrupted again and
// again rightly ends at its deadline: that would be another story than the undisturbed one.
// Learners wait for that before a moment and not at it, so that the kill meets them at full speed.
class Moments {
 public:
  static constexpr std::chrono::milliseconds kBreath{1000};
  static constexpr uint64_t kRun = 100;  // Messages between the wait and the kill.

  Moments(uint64_t seed, size_t count, uint64_t messages) : random_(seed) {
    std::uniform_int_distribution<uint64_t> place(messages / 50, messages * 9 / 10);
    for (size_t i = 0; i < count; ++i) places_.push_back(place(random_));
    std::sort(places_.begin(), places_.end());
  }
  bool Hold(uint64_t heard) const {
    return next_ < places_.size() && heard + kRun >= places_[next_] &&
           Steady::now() < breath_until_;
  }
  // True once for each moment that has come.
  bool Come(uint64_t heard) {
    if (next_ == places_.size() || heard < places_[next_] || Steady::now() < breath_until_)
      return false;
    if (!at_)
      at_ = In(std::chrono::milliseconds(std::uniform_int_distribution<int>(0, 25)(random_)));
    if (Steady::now() < *at_) return false;
    at_.reset();
    ++next_;
    breath_until_ = In(kBreath);
    return true;
  }
  size_t come() const { return next_; }

 private:
  std::mt19937_64 random_;
  std::vector<uint64_t> places_;
  size_t next_ = 0;
  std::optional<Deadline> at_;
  Deadline breath_until_ = Steady::now();
};

class Kills : public testing::Test {
 protected:
  static constexpr std::chrono::seconds kRunMax{400};
  const std::string course_file = test::SourceFile("ops/courses/fractions.toml");
  const Course course = ReadCourse(course_file);
  const uint64_t seed = test::Seed();
  const envelope::Subjects subjects;

  std::unique_ptr<Classroom> Open(test::Stack& stack, size_t learners) {
    stack.ImportCourse(course_file);
    return std::make_unique<Classroom>(
        stack.Connect("gateway"), subjects,
        Classroom::Options{
            .course = course.id, .key = course.key, .seed = seed, .learners = learners});
  }
  // The same learners with nobody killed.
  std::unique_ptr<Classroom> Undisturbed(test::Stack& stack, size_t learners) {
    auto classroom = Open(stack, learners);
    stack.StartSessionWorker();
    const auto tools = stack.StartToolWorker("tools-1");
    EXPECT_TRUE(classroom->Run(In(kRunMax), [](uint64_t) { return false; }))
        << stack.session_worker_logs();
    return classroom;
  }
  static void ExpectTheSame(const Classroom& disturbed, const Classroom& undisturbed) {
    EXPECT_EQ(disturbed.Complaints(), std::vector<std::string>());
    EXPECT_EQ(undisturbed.Complaints(), std::vector<std::string>());
    size_t shown = 0;
    for (size_t i = 0; i < disturbed.learners().size() && shown < 3; ++i) {
      const Learner& one = disturbed.learners()[i];
      const Learner& other = undisturbed.learners()[i];
      if (one.transcript() == other.transcript()) continue;
      ++shown;
      ADD_FAILURE() << one.user().value << ": " << FirstDifference(one, other);
    }
  }
  static std::string FirstDifference(const Learner& one, const Learner& other) {
    for (const auto& [n, line] : one.transcript()) {
      const auto found = other.transcript().find(n);
      if (found == other.transcript().end() || found->second != line) {
        return fmt::format("n {}: \"{}\" with kills, \"{}\" without", n, line,
                           found == other.transcript().end() ? "nothing" : found->second);
      }
    }
    return "the transcript with kills is shorter";
  }
  // The id of the event that a record of the log is.
  std::string EventAt(wire::Connection& connection, const UserId& user, uint64_t sequence) {
    const std::string stream = subjects.LogStream(subjects.PartitionOf(user));
    const auto stored = wire::GetMessage(connection, stream, sequence);
    if (!stored || !*stored) return "none";
    const auto event = envelope::DecodeEvent(
        (*stored)->data, envelope::EncodingOf("", (*stored)->data), envelope::RecordClass::kUser);
    return event ? event->event.id.value : "garbage";
  }
  // A cluster that lost its leader may store twice what was published twice: of the same id the session
  // has the first.
  bool IsRepeat(test::Stack& stack, const std::string& id, uint64_t sequence,
                const std::set<uint64_t>& records) {
    const auto connection = stack.Connect("admin");
    const UserId user(UserOf(id));
    if (EventAt(*connection, user, sequence) != id) return false;
    return std::any_of(records.begin(), records.end(), [&](uint64_t record) {
      return record < sequence && EventAt(*connection, user, record) == id;
    });
  }
  // Every acked event is a record of its session.
  void ExpectNothingAckedIsLost(test::Stack& stack, const Classroom& classroom) {
    auto connection = stack.Connect("operator");
    std::map<std::string, std::set<uint64_t>> records;
    for (const Learner& learner : classroom.learners()) {
      auto answer = connection->Request({.subject = subjects.QueryOf(learner.user()),
                                         .data = envelope::EncodeQuery({.records = true})},
                                        std::chrono::seconds(5));
      ASSERT_TRUE(answer) << answer.error().text;
      auto view = envelope::DecodeSessionView(
          answer->data, envelope::EncodingOf(answer->header("Content-Type"), answer->data));
      ASSERT_TRUE(view) << view.error().text;
      EXPECT_EQ(view->state, "completed") << learner.user().value;
      EXPECT_EQ(view->n, learner.transcript().size()) << learner.user().value;
      records[learner.user().value].insert(view->records.begin(), view->records.end());
    }
    for (const auto& [id, sequence] : classroom.acked()) {
      const std::string user = UserOf(id);
      if (records[user].contains(sequence)) continue;
      // Who asked what there is before the start was stored asked of no session.
      const bool asked = id.find("-again-") != std::string::npos;
      if (asked && !records[user].empty() && sequence < *records[user].begin()) continue;
      EXPECT_TRUE(IsRepeat(stack, id, sequence, records[user]))
          << id << " was acked as " << sequence;
    }
  }
  // "learner-17-4", "learner-17-again-1" -> "learner-17"
  static std::string UserOf(const std::string& event_id) {
    return event_id.substr(0, event_id.find('-', event_id.find('-') + 1));
  }
  static void ExpectReplayAgrees(test::Stack& stack, const Classroom& classroom, size_t every = 1) {
    for (size_t i = 0; i < classroom.learners().size(); i += every) {
      const Learner& learner = classroom.learners()[i];
      const test::Ran ran = stack.Lyceum("operator", {"replay", learner.user().value, "--verify"});
      EXPECT_EQ(ran.code, 0) << learner.user().value << "\n" << ran.err;
      if (ran.code != 0) break;
    }
  }
};

}  // namespace lyceum::chaos
