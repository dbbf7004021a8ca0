#include "wire/nats_connector.h"

#include <pthread.h>

#include <algorithm>

#include "base/random.h"

namespace lyceum::wire {
namespace {

constexpr int64_t kPauseMinMs = 50;
constexpr int64_t kPauseMaxMs = 1000;

}  // namespace

NatsConnector::NatsConnector(EventLoop* loop, ConnectOptions options, Target target,
                             uint64_t async_id, OnLink on_link)
    : loop_(loop),
      options_(std::move(options)),
      target_(std::move(target)),
      async_id_(async_id),
      on_link_(std::move(on_link)) {}

NatsConnector::~NatsConnector() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stopped_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void NatsConnector::Start(std::shared_ptr<NatsLink> broken) {
  if (thread_.joinable()) thread_.join();  // Its last act was to post what it had made.
  thread_ = std::thread([this, broken = std::move(broken)]() mutable { Run(std::move(broken)); });
}

std::optional<Error> NatsConnector::error() const {
  const std::lock_guard lock(mutex_);
  return error_;
}

void NatsConnector::Run(std::shared_ptr<NatsLink> broken) {
  pthread_setname_np(pthread_self(), "connect");
  SeededRandom random;
  int64_t pause_ms = kPauseMinMs;
  const auto jittered = [&] {
    const auto half = static_cast<uint64_t>(pause_ms / 2);
    return static_cast<int64_t>(half + random.Next() % (half + 1));
  };
  const bool again = broken != nullptr;
  broken.reset();
  if (again && !Pause(jittered())) return;
  while (true) {
    auto link = NatsLink::Connect(options_, target_, async_id_, loop_);
    if (link) {
      SetError(std::nullopt);
      loop_->Post([this, alive = std::weak_ptr<char>(alive_), made = std::move(*link)]() mutable {
        if (!alive.expired()) on_link_(std::move(made));
      });
      return;
    }
    SetError(link.error());
    if (!Pause(jittered())) return;
    pause_ms = std::min(pause_ms * 2, kPauseMaxMs);
  }
}

bool NatsConnector::Pause(int64_t ms) {
  std::unique_lock lock(mutex_);
  return !stopped_.wait_for(lock, std::chrono::milliseconds(ms), [&] { return stop_; });
}

void NatsConnector::SetError(std::optional<Error> error) {
  const std::lock_guard lock(mutex_);
  error_ = std::move(error);
}

}  // namespace lyceum::wire
