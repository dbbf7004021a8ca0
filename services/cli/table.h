// A table for a terminal: columns as wide as what stands in them.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace lyceum::cli {

class Table {
 public:
  static constexpr size_t kCellBytesMax = 200;

  struct Column {
    std::string name;
    bool right = false;  // Numbers.
  };
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // As many cells as columns. Text of anybody: it is made safe to print, and cut.
  void Add(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }
  // Names, then rows. Nothing where there is no row.
  void Print(std::ostream& out) const;

 private:
  const std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace lyceum::cli
