#include "cli/delta_text.h"

#include <algorithm>

namespace lyceum::cli {

void DeltaText::Add(const envelope::ReceivedMessage& message) {
  auto open = std::find_if(open_.begin(), open_.end(),
                           [&](const Open& known) { return known.request == message.request_id; });
  if (open == open_.end()) {
    if (message.is_retract) return;
    if (open_.size() == kRequestsMax) open_.pop_front();
    open = open_.insert(open_.end(), {message.request_id, message.attempt, 0, ""});
  }
  if (message.attempt < open->attempt) return;
  if (message.is_retract || message.attempt > open->attempt) {
    *open = {message.request_id, message.attempt, 0, ""};
    if (message.is_retract) return;
  }
  const uint64_t end = uint64_t{message.offset} + message.delta_text.size();
  if (end <= open->end) return;
  std::string_view news = message.delta_text;
  if (message.offset < open->end) news.remove_prefix(open->end - message.offset);
  if (message.offset > open->end) open->text += "…";
  open->end = end;
  if (open->text.size() + news.size() <= kBytesMax) open->text += news;
}

std::string DeltaText::text() const {
  std::string text;
  for (const Open& open : open_) {
    if (!text.empty() && !open.text.empty()) text += "\n";
    text += open.text;
  }
  return text;
}

}  // namespace lyceum::cli
