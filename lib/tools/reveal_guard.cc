#include "tools/reveal_guard.h"

#include <algorithm>

namespace lyceum::tools {
namespace {

constexpr size_t kAroundBytes = 8;  // Quotes and brackets around a key.
constexpr std::string_view kSpace = " \t\r\n";

std::optional<tutor::RevealKeys> KeysOf(const tutor::Question* question) {
  if (question == nullptr) return std::nullopt;
  return tutor::RevealKeys(*question);
}

}  // namespace

RevealGuard::RevealGuard(const tutor::Question* question)
    : keys_(KeysOf(question)), held_bytes_(keys_ ? keys_->bytes() + kAroundBytes : 0) {}

std::string RevealGuard::Add(std::string_view text) {
  if (revealed_) return {};
  // A word that is not whole may still become another one: "12" is not yet "120".
  const size_t space = text.find_last_of(kSpace);
  const size_t whole = text_.size() + space;
  text_ += text;
  if (!keys_) {
    said_ = text_.size();
    return std::string(text);
  }
  if (space == std::string_view::npos || !Check(whole)) return {};
  size_t end = said_;
  while (!places_.empty() && plain_.plain().size() - places_.front().plain >= held_bytes_) {
    end = places_.front().at;
    places_.pop_front();
  }
  std::string sayable = text_.substr(said_, end - said_);
  said_ = end;
  return sayable;
}

std::string RevealGuard::Finish() {
  if (!revealed_ && keys_) Check(text_.size());
  if (revealed_) return {};
  std::string rest = text_.substr(said_);
  said_ = text_.size();
  return rest;
}

void RevealGuard::Reset() {
  text_.clear();
  plain_ = {};
  places_.clear();
  checked_ = 0;
  said_ = 0;
  revealed_ = false;
}

bool RevealGuard::Check(size_t end) {
  const size_t known = plain_.plain().size();
  while (checked_ < end) {
    const size_t begin = text_.find_first_not_of(kSpace, checked_);
    const size_t word_end = std::min(text_.find_first_of(kSpace, begin), end);
    if (begin < end) places_.push_back({checked_, plain_.plain().size()});
    plain_.Add(std::string_view(text_).substr(checked_, word_end - checked_));
    checked_ = word_end;
  }
  revealed_ = keys_->In(plain_.plain(), known);
  return !revealed_;
}

}  // namespace lyceum::tools
