// The free-space watermark: a full disk inside RocksDB can abort the process, so we stop before it.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "base/result.h"

namespace lyceum::store {

class FreeSpace {
 public:
  FreeSpace(std::string path, uint64_t bytes_min);
  // kRetry while there is less than bytes_min. Looks at the disk once a second at most.
  // Thread-safe.
  Result<void> Check();

 private:
  const std::string path_;
  const uint64_t bytes_min_;
  std::atomic<int64_t> look_again_ms_{0};  // Steady time.
  std::atomic<uint64_t> free_bytes_{UINT64_MAX};
};

}  // namespace lyceum::store
