#include "store/row_files.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/hash.h"

namespace lyceum::store {
namespace {

constexpr size_t kFileBytesMin = 32 << 10;
constexpr size_t kPieceBytesMax = 256 << 10;  // Of a value.
constexpr int kCutBits = 6;                   // One key of 64 may end a file.
constexpr uint32_t kGoesOn = uint32_t{1} << 31;
constexpr size_t kHeadBytes = 2 * sizeof(uint32_t);

void AppendU32(std::string* bytes, uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) bytes->push_back(static_cast<char>(value >> shift));
}

uint32_t ReadU32(std::string_view bytes) {
  uint32_t value = 0;
  for (size_t i = 0; i < sizeof value; ++i) {
    value |= static_cast<uint32_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  return value;
}

// The last bits of FNV-1a differ little between names that do: mixed once more.
bool MayCutAfter(std::string_view key) {
  return (Fnv1a64(key) * 0x9e3779b97f4a7c15ULL) >> (64 - kCutBits) == 0;
}

}  // namespace

void RowFileWriter::Add(std::string_view key, std::string_view value) {
  ++rows_;
  for (bool first = true; first || !value.empty(); first = false) {
    const std::string_view piece = value.substr(0, kPieceBytesMax);
    value.remove_prefix(piece.size());
    if (!file_.empty() &&
        file_.size() + kHeadBytes + key.size() + piece.size() > kRowFileBytesMax) {
      Cut();
    }
    AppendU32(&file_, static_cast<uint32_t>(key.size()));
    AppendU32(&file_, static_cast<uint32_t>(piece.size()) | (value.empty() ? 0 : kGoesOn));
    file_.append(key).append(piece);
  }
  if (file_.size() >= kFileBytesMin && MayCutAfter(key)) Cut();
}

void RowFileWriter::Finish() {
  if (!file_.empty()) Cut();
}

void RowFileWriter::Cut() { done_(std::exchange(file_, std::string())); }

Result<void> RowFileReader::Read(std::string_view file, const Visit& visit) {
  const auto damaged = [] { return Fatal("a file of a snapshot cannot be read"); };
  while (!file.empty()) {
    if (file.size() < kHeadBytes) return damaged();
    const uint32_t key_size = ReadU32(file), head = ReadU32(file.substr(sizeof(uint32_t)));
    const uint32_t value_size = head & ~kGoesOn;
    file.remove_prefix(kHeadBytes);
    if (key_size == 0 || file.size() < size_t{key_size} + value_size) return damaged();
    const std::string_view key = file.substr(0, key_size);
    const std::string_view value = file.substr(key_size, value_size);
    file.remove_prefix(size_t{key_size} + value_size);
    if (!key_.empty() && key != key_) return damaged();
    if ((head & kGoesOn) != 0) {
      key_ = key;
      value_ += value;
      continue;
    }
    ++rows_;
    if (key_.empty()) {
      visit(key, value);
      continue;
    }
    value_ += value;
    visit(key_, value_);
    key_.clear();
    value_.clear();
  }
  return {};
}

}  // namespace lyceum::store
