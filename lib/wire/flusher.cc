#include "wire/flusher.h"

#include <chrono>

namespace lyceum::wire {
namespace {

constexpr int64_t kFlushMs = 1000;
constexpr std::chrono::milliseconds kPause{5};  // While the connection is away.

}  // namespace

Flusher::Flusher(natsConnection* connection)
    : connection_(connection), thread_([this] { Run(); }) {}

Flusher::~Flusher() {
  stopping_ = true;
  Poke();
  thread_.join();
}

void Flusher::Poke() {
  if (poked_.exchange(1) == 0) poked_.notify_one();
}

void Flusher::Run() {
  while (true) {
    poked_.wait(0);
    if (stopping_) return;
    poked_ = 0;
    if (natsConnection_FlushTimeout(connection_, kFlushMs) != NATS_OK) {
      std::this_thread::sleep_for(kPause);
    }
  }
}

}  // namespace lyceum::wire
