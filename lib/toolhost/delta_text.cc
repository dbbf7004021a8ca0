#include "toolhost/delta_text.h"

#include <algorithm>
#include <utility>

#include "base/token.h"
#include "tutor/limits.h"

namespace lyceum::toolhost {
namespace {

size_t LengthOf(unsigned char first) {
  if (first < 0x80) return 1;
  if ((first & 0xE0) == 0xC0) return 2;
  if ((first & 0xF0) == 0xE0) return 3;
  return (first & 0xF8) == 0xF0 ? 4 : 1;
}

// The bytes up to the last character that is whole.
size_t WholeBytes(std::string_view text) {
  for (size_t back = 1; back <= std::min<size_t>(3, text.size()); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xC0) == 0x80) continue;
    return LengthOf(byte) > back ? text.size() - back : text.size();
  }
  return text.size();
}

}  // namespace

void DeltaText::Add(std::string_view text) {
  const size_t before = sent_ + waiting_.size();
  if (before >= tutor::kToolTextBytesMax) return;
  waiting_ += CutUtf8(text, tutor::kToolTextBytesMax - before);
}

std::optional<Deadline> DeltaText::due() const {
  if (WholeBytes(waiting_) == 0) return std::nullopt;
  return next_;
}

std::optional<DeltaText::Piece> DeltaText::Take(Deadline now) {
  if (!due() || now < next_) return std::nullopt;
  next_ = now + kBeat;
  return Cut();
}

std::optional<DeltaText::Piece> DeltaText::TakeRest() { return due() ? Cut() : std::nullopt; }

std::optional<DeltaText::Piece> DeltaText::Cut() {
  const size_t bytes = WholeBytes(waiting_);
  Piece piece{sent_, waiting_.substr(0, bytes)};
  waiting_.erase(0, bytes);
  sent_ += static_cast<uint32_t>(bytes);
  return piece;
}

bool DeltaText::Retract() {
  waiting_.clear();
  return std::exchange(sent_, 0) > 0;
}

}  // namespace lyceum::toolhost
