#include "load/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/clock.h"
#include "base/signals.h"
#include "envelope/codec.h"
#include "load/cpu_use.h"
#include "load/node.h"

namespace lyceum::load {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr size_t kBytesMax = size_t{256} << 20;
constexpr milliseconds kDrain{10'000};
constexpr milliseconds kLook{1'000};
constexpr milliseconds kWaitMax{20};

double SecondsOf(Steady::duration time) { return std::chrono::duration<double>(time).count(); }

class Run {
 public:
  Run(Node* node, envelope::Subjects subjects, const LoadPlan& plan)
      : node_(node), subjects_(std::move(subjects)), plan_(plan), client_("load-" + plan.run) {}

  Result<LoadReport> Go(const std::function<void(const LoadProgress&)>& progress);

 private:
  struct Seat {
    std::optional<LoadLearner> learner;
    Deadline began{};  // Its wait, or when that was meant to begin.
    bool waits = false;
    bool attached = false;  // Since its wait began, because a message was missing.
  };

  bool open_loop() const { return plan_.turns_per_s > 0; }
  void Fill(size_t seat);
  void Begin(size_t seat, Deadline meant);
  void Send(const LoadLearner& learner, const tutor::Event& event);
  void OnMessage(const wire::Arrived& arrived);
  void OnReconnect();
  void End(size_t seat);
  void Free(size_t seat);
  void Retire(size_t seat);
  void Count(const LoadLearner& learner);
  Deadline NextDue() const;
  void BeginDue();
  void LookAtWaits();
  void Start();
  Result<void> Measure();

  Node* const node_;
  const envelope::Subjects subjects_;
  const LoadPlan& plan_;
  const ClientId client_;
  std::vector<Seat> seats_;
  std::unordered_map<std::string, size_t> seat_of_;  // By user.
  std::deque<size_t> free_;                          // Open loop: who may begin.
  size_t waits_ = 0;                                 // Seats that wait.
  uint64_t users_ = 0;
  uint64_t begun_ = 0;  // Open loop.
  bool measuring_ = false;
  Deadline start_{};
  Deadline measured_from_{};
  Deadline end_{};
  std::optional<CpuUse> cpu_;
  LoadReport report_;
};

void Run::Fill(size_t seat) {
  const uint64_t number = users_++;
  UserId user(fmt::format("{}-{}", plan_.run, number));
  seat_of_[user.value] = seat;
  seats_[seat].learner.emplace(std::move(user), client_, &plan_.course, &plan_.mix, plan_.encoding,
                               plan_.seed * 1'000'003 + number);
}

void Run::Begin(size_t number, Deadline meant) {
  Seat& seat = seats_[number];
  seat.began = meant;
  seat.waits = true;
  seat.attached = false;
  ++waits_;
  for (const tutor::Event& event : seat.learner->Next()) Send(*seat.learner, event);
}

void Run::Send(const LoadLearner& learner, const tutor::Event& event) {
  wire::StoredMessageOut message;
  message.subject = subjects_.In(envelope::RecordClass::kUser, learner.user());
  message.data = envelope::EncodeEvent(event, plan_.encoding);
  if (plan_.encoding == tutor::Encoding::kJson) message.content_type = "application/json";
  message.message_id = fmt::format("{}/{}", learner.user().value, event.id.value);
  const bool sent = node_->publisher().Send(std::move(message), INT64_MAX,
                                            [this](const Result<uint64_t>& stored) {
                                              if (!stored) ++report_.not_acked;
                                            });
  if (!sent) ++report_.not_acked;
}

void Run::OnMessage(const wire::Arrived& arrived) {
  const auto encoding = envelope::EncodingOf(arrived.content_type, arrived.data);
  const auto received = envelope::DecodeClientMessage(arrived.data, encoding);
  if (!received) {
    ++report_.unreadable;
    return;
  }
  if (received->is_delta || received->is_retract) return;
  const auto found = seat_of_.find(received->user.value);
  if (found == seat_of_.end()) return;  // One that was given up or has completed.
  const size_t seat = found->second;
  if (seats_[seat].learner->OnMessage(received->message)) End(seat);
}

// What came between two connections is gone.
void Run::OnReconnect() {
  ++report_.reconnects;
  for (Seat& seat : seats_) {
    if (seat.waits) Send(*seat.learner, seat.learner->Attach());
  }
}

void Run::End(size_t number) {
  Seat& seat = seats_[number];
  if (!seat.waits) return;
  seat.waits = false;
  --waits_;
  if (measuring_) {
    const auto took = std::chrono::duration_cast<microseconds>(Steady::now() - seat.began);
    report_.latencies.Add(took.count());
    ++report_.turns;
  }
  if (seat.learner->completed()) {
    ++report_.completed;
    Retire(number);
  }
  Free(number);
}

void Run::Free(size_t seat) {
  if (open_loop()) return free_.push_back(seat);
  const Deadline now = Steady::now();
  if (now < end_) Begin(seat, now);
}

void Run::Retire(size_t seat) {
  const LoadLearner& learner = *seats_[seat].learner;
  Count(learner);
  seat_of_.erase(learner.user().value);
  Fill(seat);
}

void Run::Count(const LoadLearner& learner) {
  report_.repeated += learner.counts().repeated;
  report_.doubled += learner.counts().doubled;
  report_.out_of_order += learner.counts().out_of_order;
  for (const auto& [code, count] : learner.counts().errors) report_.errors[code] += count;
}

Deadline Run::NextDue() const {
  return start_ + std::chrono::duration_cast<Steady::duration>(std::chrono::duration<double>(
                      static_cast<double>(begun_) / plan_.turns_per_s));
}

void Run::BeginDue() {
  const Deadline now = std::min(Steady::now(), end_);
  for (Deadline meant = NextDue(); meant <= now; meant = NextDue()) {
    if (free_.empty()) {
      ++report_.late_starts;  // Counted once a turn of the loop; the wait keeps its moment.
      return;
    }
    const size_t seat = free_.front();
    free_.pop_front();
    ++begun_;
    Begin(seat, meant);
  }
}

// Who misses a message asks for it, once a wait; who waits too long is lost.
void Run::LookAtWaits() {
  const Deadline now = Steady::now();
  for (size_t number = 0; number < seats_.size(); ++number) {
    Seat& seat = seats_[number];
    if (!seat.waits) continue;
    if (now - seat.began >= plan_.turn_max) {
      ++report_.lost;
      seat.waits = false;
      --waits_;
      Retire(number);
      Free(number);
    } else if (seat.learner->missing() && now - seat.began >= kLook &&
               !std::exchange(seat.attached, true)) {
      Send(*seat.learner, seat.learner->Attach());
    }
  }
}

void Run::Start() {
  seats_.resize(plan_.learners);
  start_ = Steady::now();
  measured_from_ = start_ + plan_.warm_up;
  end_ = measured_from_ + plan_.length;
  for (size_t seat = 0; seat < seats_.size(); ++seat) {
    Fill(seat);
    Free(seat);
  }
}

// Begins and ends what is measured.
Result<void> Run::Measure() {
  const Deadline now = Steady::now();
  if (now >= end_) {
    if (!std::exchange(measuring_, false)) return {};
    report_.cpu = cpu_->Seconds();
    report_.seconds = SecondsOf(now - measured_from_);
    return {};
  }
  if (measuring_ || now < measured_from_) return {};
  auto cpu = CpuUse::Begin(plan_.cpu_pids);
  if (!cpu) return cpu.error();
  cpu_ = *std::move(cpu);
  measuring_ = true;
  return {};
}

Result<LoadReport> Run::Go(const std::function<void(const LoadProgress&)>& progress) {
  // The server handles a connection's input in order: it knows the subscription before any event.
  auto listened = node_->Listen(
      subjects_.Out(client_), [this](const wire::Arrived& arrived) { OnMessage(arrived); },
      [this] { OnReconnect(); });
  if (!listened) return listened.error();
  Start();
  uint64_t turns_before = 0;
  Deadline next_look = start_ + kLook;
  // Who waits when the time is over is waited for.
  const Deadline last = end_ + plan_.turn_max;
  for (bool stopped = false; Steady::now() < last && !stopped;) {
    if (auto measured = Measure(); !measured) return measured.error();
    const bool over = Steady::now() >= end_;
    if (over && waits_ == 0) break;
    milliseconds wait = kWaitMax;
    if (open_loop() && !over) {
      BeginDue();
      if (!free_.empty()) wait = std::min(wait, milliseconds(LeftMs(NextDue())));
    }
    node_->RunOnce(wait);
    if (Steady::now() < next_look) continue;
    next_look += kLook;
    stopped = WaitForStop(Deadline{});
    LookAtWaits();
    progress({SecondsOf(Steady::now() - start_), SecondsOf(end_ - start_), report_.turns,
              static_cast<double>(report_.turns - turns_before)});
    turns_before = report_.turns;
  }
  report_.lost += waits_;
  for (const Seat& seat : seats_) Count(*seat.learner);
  const Deadline drained = In(kDrain);
  while (node_->publisher().in_flight() > 0 && Steady::now() < drained) node_->RunOnce(kWaitMax);
  report_.not_acked += node_->publisher().in_flight();
  if (node_->wire().async_errors() > 0) report_.refused = node_->wire().last_async_error();
  return std::move(report_);
}

}  // namespace

uint64_t LoadReport::ErrorCount() const {
  uint64_t count = 0;
  for (const auto& [code, of_code] : errors) count += of_code;
  return count;
}

bool LoadReport::good() const {
  return lost == 0 && doubled == 0 && unreadable == 0 && not_acked == 0 && turns > 0;
}

Result<LoadReport> RunLoad(const wire::ConnectOptions& options, const envelope::Subjects& subjects,
                           const LoadPlan& plan,
                           const std::function<void(const LoadProgress&)>& progress) {
  if (auto runs = CpuUse::Begin(plan.cpu_pids); !runs) return runs.error();
  auto node = Node::Connect(
      options, {.messages_max = 4 * plan.learners + 16, .bytes_max = kBytesMax, .resend_ms = 1000});
  if (!node) return node.error();
  Run run(node->get(), subjects, plan);
  auto report = run.Go(progress);
  node->reset();  // Nothing calls back into the run any more.
  return report;
}

}  // namespace lyceum::load
