// golden_make_log SEED RECORDS USERS PARTITION LINEAGE FILE: writes the log of a random walk.
#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "random_log.h"

namespace {

template <class T>
bool ReadNumber(std::string_view text, T* number) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), *number);
  return read.ec == std::errc() && read.ptr == text.data() + text.size();
}

}  // namespace

int main(int argc, char** argv) {
  lyceum::golden::Walk walk;
  if (argc != 7 || !ReadNumber(argv[1], &walk.seed) || !ReadNumber(argv[2], &walk.records) ||
      !ReadNumber(argv[3], &walk.users) || !ReadNumber(argv[4], &walk.partition) ||
      !ReadNumber(argv[5], &walk.lineage) || walk.users == 0 || walk.users > 100 ||
      walk.records > 100'000 || walk.partition > 15) {
    fmt::print(stderr,
               "golden_make_log SEED RECORDS USERS PARTITION LINEAGE FILE\n"
               "  100,000 records, 100 users and partition 15 at most\n");
    return 2;
  }
  const auto written = lyceum::golden::WriteLog(argv[6], lyceum::golden::RandomLog(walk));
  if (!written) {
    fmt::print(stderr, "{}\n", written.error().text);
    return 1;
  }
  return 0;
}
