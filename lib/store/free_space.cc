#include "store/free_space.h"

#include <fmt/format.h>
#include <sys/statvfs.h>

#include <chrono>
#include <utility>

#include "base/clock.h"

namespace lyceum::store {
namespace {

constexpr int64_t kLookEveryMs = 1000;

int64_t SteadyMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now().time_since_epoch())
      .count();
}

}  // namespace

FreeSpace::FreeSpace(std::string path, uint64_t bytes_min)
    : path_(std::move(path)), bytes_min_(bytes_min), look_again_ms_(SteadyMs()) {}

Result<void> FreeSpace::Check() {
  const int64_t now = SteadyMs();
  int64_t due = look_again_ms_.load();
  if (now >= due && look_again_ms_.compare_exchange_strong(due, now + kLookEveryMs)) {
    struct statvfs disk {};
    // A disk that cannot be asked is left to RocksDB to judge.
    const bool known = statvfs(path_.c_str(), &disk) == 0;
    free_bytes_ = known ? static_cast<uint64_t>(disk.f_bavail) * disk.f_frsize : UINT64_MAX;
  }
  const uint64_t left = free_bytes_;
  if (left >= bytes_min_) return {};
  return Retry(fmt::format("the disk of {} has {} MiB left and {} are needed: make room", path_,
                           left >> 20, bytes_min_ >> 20));
}

}  // namespace lyceum::store
