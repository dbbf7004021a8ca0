#include "bench/asked_worker.h"

#include <time.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "bench/figures.h"
#include "envelope/subjects.h"

namespace lyceum::bench {
namespace {

using std::chrono::milliseconds;

constexpr size_t kBoxMax = 1 << 16;
constexpr int kDeltaTag = 1;
constexpr int kAckTag = 2;

}  // namespace

double Load::CallUs() const {
  return 1e6 * cpu_s / static_cast<double>(std::max<uint64_t>(1, answered));
}

AskedWorker::AskedWorker(test::Stack& stack)
    : session_(stack.nats().Connect("session_worker")),
      gateway_(stack.nats().Connect("gateway")),
      box_(std::make_shared<wire::MessageBox>(kBoxMax)),
      inbox_(session_->NewInbox()) {
  Listen(*gateway_, envelope::Subjects().Out(ClientId(kClient)), kDeltaTag);
  Listen(*session_, inbox_ + ".*", kAckTag);
}

void AskedWorker::Listen(wire::Connection& connection, const std::string& subject, int tag) {
  auto subscription = connection.Subscribe(subject, "", box_, tag);
  if (!subscription) throw std::runtime_error("can not subscribe");
  if (!connection.Flush(kPatience)) throw std::runtime_error("the server does not answer");
  subscriptions_.push_back(std::move(*subscription));
}

void AskedWorker::Send(wire::Message request) {
  // Each its own: a worker may answer a subject once.
  request.reply = inbox_ + "." + std::to_string(++replies_);
  if (!session_->Publish(request)) throw std::runtime_error("a request can not be published");
}

std::optional<AskedWorker::Heard> AskedWorker::HearUntil(Deadline deadline) {
  const auto message = box_->Pop(deadline);
  return message ? std::optional(Take(*message, message->tag == kDeltaTag)) : std::nullopt;
}

AskedWorker::Heard AskedWorker::Hear() {
  const auto heard = HearUntil(In(kPatience));
  if (!heard) throw std::runtime_error("the tool worker is silent: " + log());
  return *heard;
}

Load AskedWorker::Keep(size_t in_flight, milliseconds spread, milliseconds warm_up,
                       milliseconds window) {
  const Deadline begun = Steady::now();
  for (size_t i = 0; i < in_flight;) {
    const Deadline next = begun + spread * i / in_flight;
    if (Steady::now() >= next) {
      Ask();
      ++i;
    } else if (const auto heard = HearUntil(next)) {
      if (heard->whole) Ask();
    }
  }
  Load load;
  double cpu_before = 0;
  bool measuring = false;
  Deadline window_begun;
  while (true) {
    const Deadline now = Steady::now();
    if (!measuring && now >= begun + warm_up) {
      measuring = true;
      window_begun = now;
      cpu_before = CpuSeconds();
    } else if (measuring && now >= window_begun + window) {
      break;
    }
    const Heard heard = Hear();
    if (heard.whole) Ask();
    if (!measuring) continue;
    load.deltas += heard.delta ? 1 : 0;
    load.answered += heard.whole ? 1 : 0;
    load.in_flight += heard.whole ? static_cast<double>(this->in_flight()) : 0;
  }
  load.cpu_s = CpuSeconds() - cpu_before;
  load.wall_s = SecondsSince(window_begun);
  load.in_flight /= static_cast<double>(std::max<uint64_t>(1, load.answered));
  while (this->in_flight() > 0) Hear();
  return load;
}

double AskedWorker::CpuSeconds() const {
  clockid_t clock{};
  timespec used{};
  if (clock_getcpuclockid(pid(), &clock) != 0 || clock_gettime(clock, &used) != 0) {
    throw std::runtime_error("the tool worker has ended");
  }
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

}  // namespace lyceum::bench
