#include "envelope/reader.h"

#include <cmath>

#include "envelope/field_out.h"

namespace lyceum::envelope {
namespace {

constexpr int64_t kFirstSecond = -62'135'596'800;  // Year 1.
constexpr int64_t kLastSecond = 253'402'300'799;   // Year 9999.

}  // namespace

bool HasControlCharacters(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const unsigned char c = text[i];
    if (c < 0x20 || c == 0x7F) return true;
    // U+0080 to U+009F.
    if (c == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0) {
      return true;
    }
  }
  return false;
}

// Not in the header: a compiler that sees only one of the two warns of a pointer left behind.
Reader::Inside::Inside(Reader& reader, std::string_view field, size_t index)
    : reader_(reader), outer_(reader.innermost_), field_(field), index_(index) {
  reader.innermost_ = this;
}
Reader::Inside::~Inside() { reader_.innermost_ = outer_; }

std::string Reader::PathOf(const Inside* inside) {
  if (inside == nullptr) return {};
  std::string path = PathOf(inside->outer_) + std::string(inside->field_);
  if (inside->index_ != Inside::kNoIndex) path += "[" + std::to_string(inside->index_) + "]";
  return path + ".";
}

const std::string& Reader::IdText(std::string_view field, const std::string& text) {
  if (text.empty() || text.size() > kIdBytesMax || HasControlCharacters(text)) {
    Refuse(field, "must be 1 to 128 bytes without control characters");
  }
  return text;
}

const std::string& Reader::TokenText(std::string_view field, const std::string& text) {
  if (!IsToken(text)) {
    Refuse(field,
           "must be a subject token: [A-Za-z0-9_-]{1,64}, or ~ and base64url of the id, 128 "
           "characters at most");
  }
  return text;
}

double Reader::Share(std::string_view field, double value) {
  if (!std::isfinite(value) || value < 0 || value > 1) {
    Refuse(field, "must be a number from 0 to 1");
  }
  return value;
}

int64_t Reader::TimeMs(std::string_view field, bool is_set,
                       const google::protobuf::Timestamp& time) {
  if (!is_set) return 0;
  if (time.seconds() < kFirstSecond || time.seconds() > kLastSecond || time.nanos() < 0 ||
      time.nanos() > 999'999'999) {
    Refuse(field, "must be a time of the years 1 to 9999");
    return 0;
  }
  return time.seconds() * 1000 + time.nanos() / 1'000'000;
}

void WriteTime(int64_t unix_ms, google::protobuf::Timestamp* time) {
  const SplitTime split = Split(unix_ms);
  time->set_seconds(split.seconds);
  time->set_nanos(split.nanos);
}

}  // namespace lyceum::envelope
