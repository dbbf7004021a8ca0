// A fleet to which everything is done, in an order that a seed gives, while learners take a course.
//
// LYCEUM_CHAOS_SECONDS: it goes on for so long, and until each fault was met; LYCEUM_CHAOS_FAULTS:
// these alone, as in kill,freeze; LYCEUM_CHAOS_COUNT: so many faults at most; LYCEUM_CHAOS_BARS: what
// learners wait is held against the bars; LYCEUM_CHAOS_NODES: of the server, which is the program
// LYCEUM_CHAOS_NATS_SERVER; LYCEUM_CHAOS_JSON: a file for the figures; LYCEUM_CHAOS_LOGS: a folder for
// what the session workers write. See ops/chaos.
#include <fmt/chrono.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "faults.h"
#include "kills.h"
#include "waits.h"

namespace lyceum::chaos {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr size_t kWorkers = 3;
constexpr size_t kLearnersMax = 30'000;
constexpr size_t kReplays = 40;
constexpr int64_t kReadyMsMax = 60'000;
// Without bars: what nobody waits, however busy the machine is.
constexpr int64_t kWaitMsMax = 20'000;

std::string FromEnvironment(const char* name) {
  const char* const text = std::getenv(name);
  return text == nullptr ? "" : text;
}

int64_t NumberFromEnvironment(const char* name, int64_t otherwise) {
  const std::string text = FromEnvironment(name);
  return text.empty() ? otherwise : std::strtoll(text.c_str(), nullptr, 10);
}

class Chaos : public Kills {
 protected:
  void Choose(std::vector<Fault> all) {
    const std::string wanted = "," + FromEnvironment("LYCEUM_CHAOS_FAULTS") + ",";
    for (Fault& fault : all) {
      if (wanted == ",," || wanted.find("," + fault.name + ",") != std::string::npos) {
        faults_.push_back(std::move(fault));
      }
    }
    ASSERT_FALSE(faults_.empty()) << "no such fault: " << wanted;
    for (size_t i = 0; i < faults_.size(); ++i) {
      first_.push_back(i);
      for (int j = 0; j < faults_[i].weight; ++j) drawn_.push_back(i);
    }
    std::shuffle(first_.begin(), first_.end(), random_);
  }
  // Another learner may begin: what was begun is brought to its end under their eyes.
  bool more() const { return open_ || IsNext(); }
  void Tick() {
    if (broken_ || NowMs() < next_ms_) return;
    if (until_ready_) {
      if (fleet_->IsReady(kWorkers)) {
        until_ready_ = false;
      } else if (NowMs() - waiting_ms_ > kReadyMsMax) {
        Break("not all are there again");
      }
      return;
    }
    if (!steps_.empty()) {
      try {
        return NextStep();
      } catch (const std::exception& error) {
        return Break(error.what());
      }
    }
    if (open_) {
      open_ = false;
      waits_->End();
      next_ms_ = NowMs() + std::uniform_int_distribution<int64_t>(1'000, 2'000)(random_);
      return;
    }
    // What somebody waits is a matter of the fault in which it began.
    if (IsNext() && !waits_->anybody_waits()) Begin();
  }

  std::mt19937_64 random_{seed};
  std::unique_ptr<Fleet> fleet_;
  std::unique_ptr<Waits> waits_;
  std::vector<Fault> faults_;
  Deadline until_ = Steady::now();
  size_t count_max_ = SIZE_MAX;
  size_t met_ = 0;

 private:
  bool IsNext() const {
    if (met_ >= count_max_ || broken_) return false;
    return !first_.empty() || Steady::now() < until_;
  }
  void Break(const std::string& why) {
    broken_ = true, open_ = false;
    ADD_FAILURE() << why << "\n" << fleet_->Logs();
  }
  void NextStep() {
    const Step step = std::move(steps_.front());
    steps_.pop_front();
    step.act();
    waiting_ms_ = NowMs();
    next_ms_ = waiting_ms_ + step.then.count();
    until_ready_ = step.until_ready;
  }
  size_t Draw() {
    if (first_.empty()) return drawn_[random_() % drawn_.size()];
    const size_t next = first_.back();
    first_.pop_back();
    return next;
  }
  void Begin() {
    const Fault& fault = faults_[Draw()];
    std::vector<std::string> owners;
    for (const std::string& id : fleet_->ids()) {
      if (!fleet_->OwnedBy(id).empty()) owners.push_back(id);
    }
    const std::string victim = owners[random_() % owners.size()];
    const std::set<uint32_t> owned = fleet_->OwnedBy(victim);
    const std::string label =
        fmt::format("{:%H:%M:%S} {:>7.1f} s {}{}{}", fmt::gmtime(std::time(nullptr)),
                    static_cast<double>(NowMs() - started_ms_) / 1'000, fault.name,
                    fault.of_one ? " of " : "", fault.of_one ? victim : "");
    fmt::print("{}\n", label);
    std::fflush(stdout);
    waits_->Begin(fault.name, label, [this, owned, one = fault.of_one](size_t learner) {
      return !one ||
             owned.contains(subjects.PartitionOf(UserId(fmt::format("learner-{}", learner))));
    });
    for (Step& step : fault.steps(victim)) steps_.push_back(std::move(step));
    open_ = true;
    ++met_;
    NextStep();
  }

  std::vector<size_t> first_;  // Each once, before any twice.
  std::vector<size_t> drawn_;  // By weight.
  std::deque<Step> steps_;
  bool open_ = false;
  bool until_ready_ = false;
  bool broken_ = false;
  const int64_t started_ms_ = NowMs();
  int64_t next_ms_ = started_ms_ + 3'000;  // Learners are at work by then.
  int64_t waiting_ms_ = 0;
};

TEST_F(Chaos, LearnersFinishAsIfNothingHadBeenDoneToTheFleet) {
  test::Stack stack({.nodes = static_cast<size_t>(NumberFromEnvironment("LYCEUM_CHAOS_NODES", 1)),
                     .nats_program = FromEnvironment("LYCEUM_CHAOS_NATS_SERVER")});
  stack.ImportCourse(course_file);
  ToolWorkers tools;
  for (const char* id : {"tools-1", "tools-2"}) tools[id] = stack.StartToolWorker(id);
  fleet_ = std::make_unique<Fleet>(&stack);
  fleet_->KeepLogs(FromEnvironment("LYCEUM_CHAOS_LOGS"));
  waits_ = std::make_unique<Waits>(kLearnersMax);
  fleet_->Watch();
  for (const char* id : {"a", "b", "c"}) fleet_->Start(id);
  ASSERT_TRUE(test::Eventually(seconds(40), [&] { return fleet_->IsSettled(kWorkers); }))
      << fleet_->Logs();
  Choose(FaultsOf(&stack, fleet_.get(), &tools));
  const seconds time(NumberFromEnvironment("LYCEUM_CHAOS_SECONDS", 0));
  count_max_ = static_cast<size_t>(NumberFromEnvironment("LYCEUM_CHAOS_COUNT", 1'000'000));
  until_ = In(time);

  Classroom classroom(stack.Connect("gateway"), subjects,
                      {.course = course.id,
                       .key = course.key,
                       .seed = seed,
                       .learners = kLearnersMax,
                       .at_once = 100,
                       .think = milliseconds(400),
                       .more = [this] { return more(); },
                       .on_send = [this](size_t i) { waits_->Sent(i, NowMs()); },
                       .watch = [this](size_t i, const auto&) { waits_->Heard(i, NowMs()); }});
  const bool completed = classroom.Run(In(time + kRunMax), [&](uint64_t) {
    Tick();
    return false;
  });
  EXPECT_TRUE(completed) << fleet_->Logs();
  ASSERT_TRUE(test::Eventually(seconds(40), [&] { return fleet_->IsReady(kWorkers); }))
      << fleet_->Logs();

  const size_t learners = classroom.learners().size();
  test::Stack quiet;
  const auto undisturbed = Undisturbed(quiet, learners);
  ExpectTheSame(classroom, *undisturbed);
  ExpectNothingAckedIsLost(stack, classroom);
  ExpectReplayAgrees(stack, classroom, std::max<size_t>(1, learners / kReplays));

  uint64_t repeats = 0, asked = 0;
  for (const Learner& learner : classroom.learners()) {
    repeats += learner.repeats();
    asked += learner.asked_again();
  }
  const bool bars = !FromEnvironment("LYCEUM_CHAOS_BARS").empty();
  const auto waited = waits_->ByFault();
  nlohmann::json figures = {{"seed", seed},
                            {"learners", learners},
                            {"messages", classroom.heard()},
                            {"repeats", repeats},
                            {"asked_again", asked}};
  fmt::print("{:<12} {:>6} {:>9} {:>7} {:>7} {:>7} {:>8}\n", "fault", "count", "learners", "p50 ms",
             "p99 ms", "max ms", "bar ms");
  for (const Fault& fault : faults_) {
    const auto found = waited.find(fault.name);
    const Waits::Of of = found == waited.end() ? Waits::Of() : found->second;
    const int64_t p99 = Quantile(of.longest_ms, 0.99);
    const int64_t longest = of.longest_ms.empty() ? 0 : of.longest_ms.back();
    fmt::print("{:<12} {:>6} {:>9} {:>7} {:>7} {:>7} {:>8}{}\n", fault.name, of.faults,
               of.longest_ms.size(), Quantile(of.longest_ms, 0.5), p99, longest, fault.bar_ms,
               p99 <= fault.bar_ms ? "" : "  MISSED");
    EXPECT_GT(of.longest_ms.size(), 0u) << fault.name << " was not met";
    EXPECT_LE(p99, bars ? fault.bar_ms : kWaitMsMax) << fault.name;
    EXPECT_LE(longest, kWaitMsMax) << fault.name;
    figures["faults"][fault.name] = {
        {"count", of.faults}, {"bar_ms", fault.bar_ms}, {"waits_ms", of.longest_ms}};
  }
  const auto bar_of = [this](const std::string& name) {
    return std::find_if(faults_.begin(), faults_.end(),
                        [&](const Fault& fault) { return fault.name == name; })
        ->bar_ms;
  };
  for (const auto& [label, longest] : waits_->Longer(bar_of)) {
    fmt::print("{}: somebody waited {} ms\n", label, longest);
  }
  fmt::print("{} learners, {} messages, {} of them repeats, {} times asked again\n", learners,
             classroom.heard(), repeats, asked);
  if (const std::string file = FromEnvironment("LYCEUM_CHAOS_JSON"); !file.empty()) {
    std::ofstream(file) << figures.dump() << "\n";
  }
}

}  // namespace
}  // namespace lyceum::chaos
