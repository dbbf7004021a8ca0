#include "store/set_aside.h"

#include <filesystem>
#include <fstream>
#include <system_error>
#include <vector>

namespace lyceum::store {

namespace fs = std::filesystem;

namespace {

fs::path MarkOf(const std::string& folder) { return fs::path(folder) / "DAMAGED"; }

}  // namespace

void MarkDamaged(const std::string& folder) { std::ofstream(MarkOf(folder)) << "\n"; }

bool IsMarkedDamaged(const std::string& folder) {
  std::error_code failed;
  return fs::exists(MarkOf(folder), failed);
}

// The folder itself stays: it may be a mount.
Result<std::string> SetAside(const std::string& folder) {
  const fs::path aside = fs::path(folder) / "damaged";
  std::error_code failed;
  fs::remove_all(aside, failed);
  if (!failed) fs::create_directory(aside, failed);
  if (!failed) fs::permissions(aside, fs::perms::owner_all, failed);
  std::vector<fs::path> paths;
  for (fs::directory_iterator it(folder, failed), end; !failed && it != end; it.increment(failed)) {
    const fs::path name = it->path().filename();
    if (name != aside.filename() && name != "flight") paths.push_back(it->path());
  }
  for (const fs::path& path : paths) {
    if (!failed) fs::rename(path, aside / path.filename(), failed);
  }
  if (failed) return Retry("moving " + folder + " out of the way: " + failed.message());
  return aside.string();
}

}  // namespace lyceum::store
