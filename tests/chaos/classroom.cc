#include "classroom.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "envelope/codec.h"

namespace lyceum::chaos {
namespace {

using std::chrono::milliseconds;

// What was sent just before may still be on its way.
constexpr milliseconds kGapPatience{300};

}  // namespace

Classroom::Classroom(std::shared_ptr<wire::Connection> connection, envelope::Subjects subjects,
                     Options options)
    : connection_(std::move(connection)),
      subjects_(std::move(subjects)),
      options_(std::move(options)),
      random_(options_.seed),
      box_(std::make_shared<wire::MessageBox>(1 << 18)),
      acks_(std::make_shared<Mailbox<wire::Acked>>(1 << 16)) {
  for (size_t i = 0; i < options_.learners; ++i) {
    learners_.emplace_back(UserId(fmt::format("{}-{}", options_.name, i)), options_.course,
                           options_.seed, &options_.key);
    by_subject_[subjects_.Out(learners_.back().client())] = i;
  }
  // One for all: each has a thread of its own.
  auto subscription = connection_->Subscribe(subjects_.prefix() + ".out.*", "", box_, 0);
  if (subscription) {
    subscription_ = std::make_unique<wire::Subscription>(std::move(*subscription));
  } else {
    complaints_.push_back(subscription.error().text);
  }
  patience_.resize(learners_.size(), Deadline::max());
  ready_.resize(learners_.size(), Deadline::min());
  publisher_ =
      std::make_unique<wire::AckedPublisher>(connection_, acks_, wire::AckedPublisher::Options{});
}

void Classroom::Publish(size_t index, const tutor::Event& event) {
  wire::Message message{
      .subject = subjects_.In(envelope::RecordClass::kUser, learners_[index].user()),
      .headers = {{"Content-Type", "application/json"}},
      .data = envelope::EncodeEvent(event, tutor::Encoding::kJson)};
  sent_.push_back(event.id.value);
  if (!publisher_->Send(std::move(message), event.id.value, sent_.size() - 1,
                        In(milliseconds(30'000)))) {
    complaints_.push_back("no room to publish " + event.id.value);
  }
  patience_[index] = In(options_.ask_again);
}

void Classroom::Step(size_t index) {
  if (held_ || Steady::now() < ready_[index]) return;
  const auto event = learners_[index].Next();
  if (!event) return;
  if (options_.on_send) options_.on_send(index);
  Publish(index, *event);
}

void Classroom::TakeAcks() {
  while (const auto acked = acks_->Pop(Steady::now())) {
    if (acked->ok) {
      acked_[sent_[acked->cookie]] = acked->sequence;
    } else {
      complaints_.push_back(fmt::format("{} was given up: {}", sent_[acked->cookie], acked->error));
    }
  }
}

// What came while a gateway was not connected came to nobody: it attaches again.
void Classroom::Nudge() {
  if (const uint64_t reconnects = connection_->reconnects(); reconnects != reconnects_) {
    reconnects_ = reconnects;
    std::fill(patience_.begin(), patience_.begin() + static_cast<ptrdiff_t>(started_),
              Steady::now());
  }
  for (size_t i = 0; i < started_; ++i) {
    if (learners_[i].done() || Steady::now() < patience_[i]) continue;
    Publish(i, learners_[i].AskAgain());
  }
}

bool Classroom::IsOver() {
  const bool more = started_ < learners_.size() && (!options_.more || options_.more());
  return !more && completed_ == started_;
}

bool Classroom::Run(Deadline deadline, const std::function<bool(uint64_t heard)>& tick) {
  const bool thinks = options_.think > milliseconds(0);
  while (!IsOver() && Steady::now() < deadline) {
    while (started_ < learners_.size() && started_ - completed_ < options_.at_once &&
           (!options_.more || options_.more())) {
      Step(started_++);
    }
    const milliseconds wait(held_ || thinks ? 5 : 100);
    for (const wire::Message& message : box_->PopSome(256, In(wait))) {
      const auto found = by_subject_.find(message.subject);
      if (found == by_subject_.end()) continue;  // Another's.
      const size_t index = found->second;
      const auto encoding = envelope::EncodingOf(message.header("Content-Type"), message.data);
      auto received = envelope::DecodeClientMessage(message.data, encoding);
      if (!received) {
        complaints_.push_back(received.error().text);
        continue;
      }
      Learner& learner = learners_[index];
      if (options_.watch) options_.watch(index, *received);
      const bool before = learner.done();
      learner.Heard(*received);
      patience_[index] = In(learner.missing() ? kGapPatience : options_.ask_again);
      if (!before && learner.done()) ++completed_;
      if (thinks) {
        const int64_t half = std::max<int64_t>(1, options_.think.count() / 2);
        ready_[index] = In(milliseconds(half + static_cast<int64_t>(random_() % (2 * half))));
      }
      Step(index);
      held_ = tick(++heard_);
    }
    held_ = tick(heard_);
    for (size_t i = 0; i < started_; ++i) Step(i);
    TakeAcks();
    Nudge();
  }
  publisher_->Drain(In(milliseconds(10'000)));
  TakeAcks();
  return IsOver();
}

std::vector<std::string> Classroom::Complaints() const {
  std::vector<std::string> all = complaints_;
  for (const Learner& learner : learners_) {
    all.insert(all.end(), learner.complaints().begin(), learner.complaints().end());
    uint32_t n = 0;
    for (const auto& [number, line] : learner.transcript()) {
      if (number != ++n) {
        all.push_back(
            fmt::format("{}: after n {} comes n {}", learner.user().value, n - 1, number));
        break;
      }
    }
  }
  return all;
}

}  // namespace lyceum::chaos
