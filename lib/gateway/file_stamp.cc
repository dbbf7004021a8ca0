#include "gateway/file_stamp.h"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>

namespace lyceum::gateway {
namespace {

FileStamp StampOf(const std::string& path) {
  struct stat found {};
  if (stat(path.c_str(), &found) != 0) return {path, 0, 0, 0};
  return {path, int64_t{found.st_mtim.tv_sec} * 1'000'000'000 + found.st_mtim.tv_nsec,
          static_cast<uint64_t>(found.st_size), static_cast<uint64_t>(found.st_ino)};
}

}  // namespace

Result<std::string> ReadStamped(const std::string& path, std::vector<FileStamp>* stamps) {
  stamps->push_back(StampOf(path));
  std::ifstream in(path, std::ios::binary);
  std::string text;
  char c = 0;
  while (text.size() <= kWatchedFileBytesMax && in.get(c)) text += c;
  if (in.bad() || !in.is_open()) return Reject(path + ": cannot be read");
  if (text.size() > kWatchedFileBytesMax) return Reject(path + ": is larger than 256 KiB");
  return text;
}

bool AnyChanged(const std::vector<FileStamp>& stamps) {
  return std::any_of(stamps.begin(), stamps.end(),
                     [](const FileStamp& stamp) { return StampOf(stamp.path) != stamp; });
}

}  // namespace lyceum::gateway
