#include "base/installed.h"

#include <filesystem>
#include <system_error>

namespace lyceum {

std::string InstalledFolder(const std::string& name) {
  namespace fs = std::filesystem;
  std::error_code failed;
  const fs::path program = fs::read_symlink("/proc/self/exe", failed);
  if (failed) return {};
  const fs::path folder = program.parent_path().parent_path() / "share" / "lyceum" / name;
  return fs::is_directory(folder, failed) ? folder.string() : std::string();
}

}  // namespace lyceum
