// A folder of one test's own, removed with all that is in it.
#pragma once

#include <string>

namespace lyceum::test {

class TempDir {
 public:
  TempDir();  // Under $TMPDIR, else /tmp. Throws where it can not be made.
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// Throw where the file can not be read or written.
std::string ReadFile(const std::string& path);
void WriteFile(const std::string& path, const std::string& text);

}  // namespace lyceum::test
