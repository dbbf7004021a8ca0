#include "llm/sse.h"

#include <utility>

namespace lyceum::llm {

std::vector<SseEvent> SseParser::Feed(std::string_view piece) {
  std::vector<SseEvent> events;
  while (!piece.empty() && !problem_) {
    if (std::exchange(after_cr_, false) && piece.front() == '\n') {
      piece.remove_prefix(1);
      continue;
    }
    const size_t end = piece.find_first_of("\r\n");
    Keep(piece.substr(0, end));
    if (end == std::string_view::npos || problem_) break;
    after_cr_ = piece[end] == '\r';
    piece.remove_prefix(end + 1);
    EndLine(&events);
  }
  if (problem_) {
    line_.clear();
    event_ = {};
  }
  return events;
}

// Comments are not kept: a server may talk in them for as long as it likes.
void SseParser::Keep(std::string_view part) {
  if (part.empty() || comment_) return;
  if (line_.empty() && part.front() == ':') {
    comment_ = true;
    return;
  }
  if (part.size() > event_bytes_max_ - bytes_kept()) {
    problem_ = Problem::kTooLarge;
    return;
  }
  line_ += part;
}

void SseParser::EndLine(std::vector<SseEvent>* events) {
  std::string line = std::exchange(line_, {});
  const bool comment = std::exchange(comment_, false);
  if (std::exchange(first_line_, false) && line.starts_with("\xef\xbb\xbf")) line.erase(0, 3);
  if (comment) return;
  if (line.empty()) return EndEvent(events);
  const size_t colon = line.find(':');
  const std::string_view name = std::string_view(line).substr(0, colon);
  std::string_view value;
  if (colon != std::string::npos) value = std::string_view(line).substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (name == "data") {
    if (std::exchange(data_, true)) event_.data += '\n';
    event_.data += value;
  } else if (name == "event") {
    event_.name = value;
  }
}

void SseParser::EndEvent(std::vector<SseEvent>* events) {
  SseEvent event = std::exchange(event_, {});
  if (!std::exchange(data_, false)) return;
  events->push_back(std::move(event));
}

}  // namespace lyceum::llm
