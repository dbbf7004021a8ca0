// SseParser: the text/event-stream of the HTML standard, from pieces cut anywhere.
//
//   line   = any bytes, ended by CR, LF or CR LF
//   event  = lines, ended by an empty line; one without a `data` line is no event
//   field  = name [":" [" "] value]; a line that begins with ":" is a comment
// Read: `event`, `data` (several are joined by LF). Not read: `id` and `retry`, for nobody connects
// again. A byte order mark at the begin is dropped, an event that is not ended at the end, too.
// An event may hold any bytes: what is not UTF-8 may be half a character, see text_joiner.h.
// Errors: an event of more than event_bytes_max. The events before it are given out; after it there
// are none. Bytes kept: event_bytes_max at most.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lyceum::llm {

struct SseEvent {
  std::string name;  // Empty: it has none.
  std::string data;
  bool operator==(const SseEvent&) const = default;
};

class SseParser {
 public:
  enum class Problem { kTooLarge };

  explicit SseParser(size_t event_bytes_max = 64 * 1024) : event_bytes_max_(event_bytes_max) {}

  // The events that end in this piece.
  std::vector<SseEvent> Feed(std::string_view piece);
  std::optional<Problem> problem() const { return problem_; }
  size_t bytes_kept() const { return line_.size() + event_.name.size() + event_.data.size(); }

 private:
  void Keep(std::string_view part);
  void EndLine(std::vector<SseEvent>* events);
  void EndEvent(std::vector<SseEvent>* events);

  const size_t event_bytes_max_;
  std::string line_;   // Of the line that is not ended yet.
  SseEvent event_;     // Of the lines before it.
  bool data_ = false;  // A `data` line was among them.
  bool comment_ = false;
  bool first_line_ = true;
  bool after_cr_ = false;  // The next LF belongs to it.
  std::optional<Problem> problem_;
};

}  // namespace lyceum::llm
