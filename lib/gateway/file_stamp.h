// Small files that are read again when they change. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace lyceum::gateway {

inline constexpr size_t kWatchedFileBytesMax = 256 * 1024;

// A file as it was before it was read. All zero: it is not there.
struct FileStamp {
  std::string path;
  int64_t modified_ns = 0;
  uint64_t bytes = 0, inode = 0;
  bool operator==(const FileStamp&) const = default;
};

// The stamp is made first: what changes meanwhile is seen as a change. kReject names the file, never what is in it.
Result<std::string> ReadStamped(const std::string& path, std::vector<FileStamp>* stamps);
// One of them is not what it was.
bool AnyChanged(const std::vector<FileStamp>& stamps);

}  // namespace lyceum::gateway
