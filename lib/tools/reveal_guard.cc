#include "tools/reveal_guard.h"

#include <algorithm>

#include "tutor/plain_text.h"
#include "tutor/reveal.h"

namespace lyceum::tools {
namespace {

// Beside the key itself: quotes and brackets around it; of a choice also the words behind it that
// name it correct.
constexpr size_t kAroundBytes = 8;
constexpr size_t kBehindChoiceBytes = 32;
constexpr std::string_view kSpace = " \t\r\n";

}  // namespace

RevealGuard::RevealGuard(const tutor::Question* question) : question_(question) {
  if (question == nullptr) return;
  for (const std::string& key : question->answers) {
    held_bytes_ = std::max(held_bytes_, tutor::Plain(key).size());
  }
  const bool choice = question->format == tutor::AnswerFormat::kChoice;
  held_bytes_ += choice ? kBehindChoiceBytes : kAroundBytes;
}

std::string RevealGuard::Add(std::string_view text) {
  if (revealed_) return {};
  text_ += text;
  if (question_ == nullptr) {
    said_ = text_.size();
    return std::string(text);
  }
  // A word that is not whole may still become another one: "12" is not yet "120".
  const size_t whole = text_.find_last_of(kSpace);
  if (whole == std::string::npos || whole <= checked_) return {};
  if (tutor::Reveals(std::string_view(text_).substr(0, whole), *question_)) {
    revealed_ = true;
    return {};
  }
  checked_ = whole;
  const size_t end = SayableEnd(whole);
  if (end <= said_) return {};
  std::string sayable = text_.substr(said_, end - said_);
  said_ = end;
  return sayable;
}

std::string RevealGuard::Finish() {
  if (!revealed_ && question_ != nullptr && tutor::Reveals(text_, *question_)) revealed_ = true;
  if (revealed_) return {};
  std::string rest = text_.substr(said_);
  said_ = text_.size();
  return rest;
}

void RevealGuard::Reset() {
  text_.clear();
  checked_ = 0;
  said_ = 0;
  revealed_ = false;
}

size_t RevealGuard::SayableEnd(size_t checked) const {
  const std::string_view text = std::string_view(text_).substr(0, checked);
  size_t begin = checked;  // Of what is held back.
  while (begin > said_) {
    const size_t held = tutor::Plain(text.substr(begin)).size();
    if (held >= held_bytes_) break;
    begin -= std::min(begin, held_bytes_ - held);
  }
  if (begin <= said_) return said_;
  const size_t space = text.find_last_of(kSpace, begin);
  return space == std::string_view::npos ? said_ : std::max(space, said_);
}

}  // namespace lyceum::tools
