#include "cli/load_run.h"

#include <fmt/format.h>

#include <deque>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/signals.h"
#include "cli/cpu_use.h"
#include "wire/acked_publisher.h"

namespace lyceum::cli {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr size_t kAnswersMax = 1 << 18;
constexpr size_t kTakenMax = 256;
constexpr milliseconds kDrain{10'000};

class Run {
 public:
  Run(std::shared_ptr<wire::Connection> connection, envelope::Subjects subjects,
      const LoadPlan& plan)
      : connection_(std::move(connection)),
        subjects_(std::move(subjects)),
        plan_(plan),
        client_("load-" + plan.run),
        box_(std::make_shared<wire::MessageBox>(kAnswersMax)),
        acks_(std::make_shared<Mailbox<wire::Acked>>(kAnswersMax)),
        publisher_(connection_, acks_,
                   {.in_flight_max = 2 * plan.learners + 16, .resend = milliseconds(1000)}) {}

  Result<LoadReport> Go(const std::function<void(const LoadProgress&)>& progress);

 private:
  struct Seat {
    std::optional<LoadLearner> learner;
    Deadline began{};  // Of its turn, or when the turn was meant to begin.
    bool in_turn = false;
  };

  void Fill(size_t seat);
  void Begin(size_t seat, Deadline meant);
  void Send(const LoadLearner& learner, const tutor::Event& event);
  void Take(const wire::Message& message);
  void EndTurn(size_t seat);
  void Retire(size_t seat);
  void TakeAcks();
  void BeginDue();
  void GiveUpOld();

  const std::shared_ptr<wire::Connection> connection_;
  const envelope::Subjects subjects_;
  const LoadPlan& plan_;
  const ClientId client_;
  const std::shared_ptr<wire::MessageBox> box_;
  const std::shared_ptr<Mailbox<wire::Acked>> acks_;
  wire::AckedPublisher publisher_;
  std::vector<Seat> seats_;
  std::unordered_map<std::string, size_t> seat_of_;  // By user.
  std::deque<size_t> free_;                          // Open loop: whose turn it is.
  uint64_t users_ = 0;
  uint64_t sent_ = 0;
  uint64_t begun_ = 0;  // Open loop: turns.
  bool measuring_ = false;
  Deadline start_{};
  Deadline end_{};
  Deadline next_look_{};
  LoadReport report_;
};

void Run::Fill(size_t seat) {
  const uint64_t number = users_++;
  UserId user(fmt::format("{}-{}", plan_.run, number));
  seat_of_[user.value] = seat;
  seats_[seat].learner.emplace(std::move(user), client_, &plan_.course, &plan_.mix, plan_.encoding,
                               plan_.seed * 1'000'003 + number);
}

void Run::Begin(size_t seat, Deadline meant) {
  Seat& here = seats_[seat];
  here.began = meant;
  here.in_turn = true;
  for (const tutor::Event& event : here.learner->Speak()) Send(*here.learner, event);
}

void Run::Send(const LoadLearner& learner, const tutor::Event& event) {
  wire::Message message{.subject = subjects_.In(envelope::RecordClass::kUser, learner.user()),
                        .headers = {},
                        .data = envelope::EncodeEvent(event, plan_.encoding)};
  if (plan_.encoding == tutor::Encoding::kJson) {
    message.headers.emplace_back("Content-Type", "application/json");
  }
  const bool sent = publisher_.Send(std::move(message), event.id.value, sent_++, In(kDrain));
  if (!sent) ++report_.not_acked;
}

void Run::Take(const wire::Message& message) {
  const auto encoding = envelope::EncodingOf(message.header("Content-Type"), message.data);
  const auto received = envelope::DecodeClientMessage(message.data, encoding);
  if (!received) {
    ++report_.unreadable;
    return;
  }
  if (received->is_delta || received->is_retract) return;
  const auto found = seat_of_.find(received->user.value);
  if (found == seat_of_.end()) return;  // One that was given up or has completed.
  const size_t seat = found->second;
  if (seats_[seat].learner->Hear(received->message)) EndTurn(seat);
}

void Run::EndTurn(size_t seat) {
  Seat& here = seats_[seat];
  here.in_turn = false;
  if (measuring_) {
    const auto took = std::chrono::duration_cast<microseconds>(Steady::now() - here.began);
    report_.latencies.Add(took.count());
    ++report_.turns;
  }
  if (here.learner->completed()) {
    ++report_.completed;
    Retire(seat);
  }
  if (plan_.turns_per_s > 0) {
    free_.push_back(seat);
  } else if (Steady::now() < end_) {
    Begin(seat, Steady::now());
  }
}

void Run::Retire(size_t seat) {
  const LoadLearner& learner = *seats_[seat].learner;
  report_.doubled += learner.complaints().doubled;
  report_.out_of_order += learner.complaints().out_of_order;
  report_.errors += learner.complaints().errors;
  seat_of_.erase(learner.user().value);
  Fill(seat);
}

void Run::TakeAcks() {
  for (const wire::Acked& acked : acks_->PopSome(kAnswersMax, Deadline{})) {
    if (!acked.ok) ++report_.not_acked;
  }
}

void Run::BeginDue() {
  if (plan_.turns_per_s <= 0) return;
  const Deadline now = std::min(Steady::now(), end_);
  while (true) {
    const auto since = std::chrono::duration_cast<Steady::duration>(
        std::chrono::duration<double>(static_cast<double>(begun_) / plan_.turns_per_s));
    const Deadline meant = start_ + since;
    if (meant > now) return;
    if (free_.empty()) {
      ++report_.late_starts;  // Counted once a look; the turn keeps its moment.
      return;
    }
    const size_t seat = free_.front();
    free_.pop_front();
    ++begun_;
    Begin(seat, meant);
  }
}

void Run::GiveUpOld() {
  const Deadline now = Steady::now();
  for (size_t seat = 0; seat < seats_.size(); ++seat) {
    if (!seats_[seat].in_turn || now - seats_[seat].began < plan_.turn_max) continue;
    ++report_.lost;
    seats_[seat].in_turn = false;
    Retire(seat);
    if (plan_.turns_per_s > 0) {
      free_.push_back(seat);
    } else if (now < end_) {
      Begin(seat, now);
    }
  }
}

Result<LoadReport> Run::Go(const std::function<void(const LoadProgress&)>& progress) {
  auto subscription = connection_->Subscribe(subjects_.Out(client_), "", box_, 0);
  if (!subscription) return subscription.error();
  if (auto flushed = connection_->Flush(milliseconds(5000)); !flushed) return flushed.error();
  seats_.resize(plan_.learners);
  start_ = Steady::now();
  const Deadline measured_from = start_ + plan_.warm_up;
  end_ = measured_from + plan_.length;
  for (size_t seat = 0; seat < seats_.size(); ++seat) {
    Fill(seat);
    if (plan_.turns_per_s > 0) {
      free_.push_back(seat);
    } else {
      Begin(seat, Steady::now());
    }
  }
  std::optional<CpuUse> cpu;
  uint64_t turns_before = 0;
  next_look_ = start_ + milliseconds(1000);
  // Learners whose turn has begun are heard to its end.
  const Deadline last = end_ + plan_.turn_max;
  bool stopped = false;
  while (Steady::now() < last && !stopped) {
    const bool over = Steady::now() >= end_;
    if (over && measuring_) {
      report_.cpu = cpu->Seconds();
      report_.seconds = std::chrono::duration<double>(Steady::now() - measured_from).count();
      measuring_ = false;
    }
    if (!over && !measuring_ && Steady::now() >= measured_from) {
      measuring_ = true;
      cpu.emplace();
    }
    if (!over) BeginDue();
    const bool paced = plan_.turns_per_s > 0 && !over;
    for (const wire::Message& message :
         box_->PopSome(kTakenMax, In(milliseconds(paced ? 1 : 20)))) {
      Take(message);
    }
    TakeAcks();
    if (Steady::now() >= next_look_) {
      next_look_ += milliseconds(1000);
      stopped = WaitForStop(Deadline{});
      GiveUpOld();
      progress({std::chrono::duration<double>(Steady::now() - start_).count(),
                std::chrono::duration<double>(end_ - start_).count(), report_.turns,
                static_cast<double>(report_.turns - turns_before)});
      turns_before = report_.turns;
    }
    if (!over) continue;
    bool open = false;
    for (const Seat& seat : seats_) open = open || seat.in_turn;
    if (!open) break;
  }
  for (Seat& seat : seats_) {
    if (seat.in_turn) ++report_.lost;
    report_.doubled += seat.learner->complaints().doubled;
    report_.out_of_order += seat.learner->complaints().out_of_order;
    report_.errors += seat.learner->complaints().errors;
  }
  if (!publisher_.Drain(In(kDrain))) report_.not_acked += publisher_.in_flight();
  TakeAcks();
  return std::move(report_);
}

}  // namespace

Result<LoadReport> RunLoadPlan(std::shared_ptr<wire::Connection> connection,
                               const envelope::Subjects& subjects, const LoadPlan& plan,
                               const std::function<void(const LoadProgress&)>& progress) {
  Run run(std::move(connection), subjects, plan);
  return run.Go(progress);
}

}  // namespace lyceum::cli
