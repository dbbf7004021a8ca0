#include "cli/table.h"

#include <algorithm>
#include <ostream>
#include <utility>

#include "base/check.h"
#include "cli/terminal.h"

namespace lyceum::cli {

void Table::Add(std::vector<std::string> cells) {
  CHECK(cells.size() == columns_.size());
  for (std::string& cell : cells) cell = PlainLine(cell, kCellBytesMax);
  rows_.push_back(std::move(cells));
}

void Table::Print(std::ostream& out) const {
  if (rows_.empty()) return;
  std::vector<size_t> widths;
  for (size_t i = 0; i < columns_.size(); ++i) {
    size_t width = ColumnsOf(columns_[i].name);
    for (const auto& row : rows_) width = std::max(width, ColumnsOf(row[i]));
    widths.push_back(width);
  }
  const auto line = [&](const auto& cell_of) {
    std::string text;
    for (size_t i = 0; i < columns_.size(); ++i) {
      const std::string& cell = cell_of(i);
      const std::string gap(widths[i] - ColumnsOf(cell), ' ');
      text += (i == 0 ? "" : "  ") + (columns_[i].right ? gap + cell : cell + gap);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out << text << "\n";
  };
  line([&](size_t i) -> const std::string& { return columns_[i].name; });
  for (const auto& row : rows_) line([&](size_t i) -> const std::string& { return row[i]; });
}

}  // namespace lyceum::cli
