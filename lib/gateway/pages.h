// The files of the learner's page, read once at the start.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "gateway/exchange.h"

namespace lyceum::gateway {

class Pages {
 public:
  Pages() = default;  // None.
  // Every regular file under the folder that has a known ending. kReject: it cannot be read, or is too much
  // (512 files, 16 MiB).
  static Result<Pages> Load(const std::string& folder);

  bool empty() const { return files_.empty(); }
  // `path`: with a slash in front. Null: there is no such file.
  const Response* Find(std::string_view path) const;

 private:
  std::map<std::string, Response, std::less<>> files_;  // With their headers, ETag among them.
};

}  // namespace lyceum::gateway
