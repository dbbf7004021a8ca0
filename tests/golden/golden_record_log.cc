// golden_record_log URL PARTITION COUNT FILE: writes the first records of a real partition's stream.
//
// URL with user and password of a role that may read streams (operator):
//   nats://operator:SECRET@127.0.0.1:4222
#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <string_view>

#include "record_log.h"

namespace {

constexpr size_t kFileBytesMax = 195 * 1000;

template <class T>
bool ReadNumber(std::string_view text, T* number) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), *number);
  return read.ec == std::errc() && read.ptr == text.data() + text.size();
}

int Fail(const lyceum::Error& error) {
  fmt::print(stderr, "{}\n", error.text);
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  uint32_t partition = 0;
  size_t count = 0;
  const lyceum::envelope::Subjects subjects;
  if (argc != 5 || !ReadNumber(argv[2], &partition) || !ReadNumber(argv[3], &count) ||
      partition >= subjects.partitions()) {
    fmt::print(stderr, "golden_record_log URL PARTITION COUNT FILE\n");
    return 2;
  }
  const auto connection = lyceum::wire::Connection::Connect({.url = argv[1]});
  if (!connection) return Fail(connection.error());
  const auto log =
      lyceum::golden::RecordLog(**connection, subjects, partition, count, kFileBytesMax);
  if (!log) return Fail(log.error());
  const auto written = lyceum::golden::WriteLog(argv[4], *log);
  if (!written) return Fail(written.error());
  fmt::print("{} records\n", log->records.size());
  return 0;
}
