#include "memory_world.h"

#include "support/seed.h"

namespace lyceum::wire {

bool MemoryWorld::RunUntil(const std::function<bool()>& condition, std::chrono::milliseconds wait) {
  constexpr int64_t kQuietUs = 20'000;  // So often a condition is asked that nothing brings about.
  const int64_t end_us = clock_.NowUs() + wait / std::chrono::microseconds(1);
  while (!condition()) {
    if (clock_.NowUs() >= end_us) return false;
    broker_.FlushAll();
    const int64_t pause_us = std::min(end_us, clock_.NowUs() + kQuietUs);
    if (broker_.NextEventUs() <= pause_us) {
      broker_.Step();
    } else {
      clock_.AdvanceToUs(pause_us);
    }
  }
  return true;
}

void MemoryWorld::CreateStream(const std::string& name, const std::vector<std::string>& subjects,
                               int32_t message_bytes_max) {
  MemoryStream stream;
  stream.name = name;
  stream.subjects = subjects;
  stream.message_bytes_max = message_bytes_max;
  stream.duplicates_ms = 20'000;
  broker_.AddStream(std::move(stream));
}

std::unique_ptr<WireWorld> MakeMemoryWorld() { return std::make_unique<MemoryWorld>(test::Seed()); }

}  // namespace lyceum::wire
