#include "wire/flusher.h"

#include <chrono>
#include <utility>

namespace lyceum::wire {
namespace {

constexpr std::chrono::milliseconds kPause{5};  // While the connection is away.

}  // namespace

Flusher::Flusher(std::function<bool()> flush)
    : flush_(std::move(flush)), thread_([this] { Run(); }) {}

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
    if (!flush_()) std::this_thread::sleep_for(kPause);
  }
}

}  // namespace lyceum::wire
