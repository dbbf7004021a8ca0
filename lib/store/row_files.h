// Row files: the rows of a partition in order, cut into files of some hundred KiB, for a snapshot.
//
// Where a file ends depends on the rows in it alone, so that what has not changed makes the same file again.
// A file: [key_len u32, value_len u32, key, value] ..., little-endian; the highest bit of value_len: the value
// goes on in the next row, which has the same key. Keys are without their partition.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace lyceum::store {

inline constexpr size_t kRowFileBytesMax = 512 << 10;

class RowFileWriter {
 public:
  // Called with each file that is complete.
  using Done = std::function<void(std::string file)>;
  explicit RowFileWriter(Done done) : done_(std::move(done)) {}

  void Add(std::string_view key, std::string_view value);
  // The last file, where there is one.
  void Finish();
  uint64_t rows() const { return rows_; }

 private:
  void Cut();

  const Done done_;
  std::string file_;
  uint64_t rows_ = 0;
};

// Of files in the order in which they were written.
class RowFileReader {
 public:
  using Visit = std::function<void(std::string_view key, std::string_view value)>;
  // kFatal: not a row file.
  Result<void> Read(std::string_view file, const Visit& visit);
  // No value goes on in a file that was not read.
  bool complete() const { return key_.empty(); }
  uint64_t rows() const { return rows_; }

 private:
  std::string key_, value_;  // Of a row that goes on.
  uint64_t rows_ = 0;
};

}  // namespace lyceum::store
