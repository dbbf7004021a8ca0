// Any bytes as an event stream, cut anywhere: the events and the problem are those of the stream in
// one piece, and never more is kept than the bound.
//
// Input: a byte, the bound of an event; then pieces, each a length of one byte and so many bytes,
// the last one as long as the input lasts.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "llm/sse.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using lyceum::llm::SseEvent;
  using lyceum::llm::SseParser;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.empty()) return 0;
  const size_t bound = static_cast<unsigned char>(input.front());
  input.remove_prefix(1);

  SseParser cut(bound);
  std::vector<SseEvent> events;
  std::string stream;
  while (!input.empty()) {
    const size_t length = static_cast<unsigned char>(input.front());
    const std::string_view piece = input.substr(1, length);
    for (SseEvent& event : cut.Feed(piece)) {
      CHECK(event.name.size() + event.data.size() <= bound);
      events.push_back(std::move(event));
    }
    CHECK(cut.bytes_kept() <= bound);
    stream += piece;
    input.remove_prefix(1 + piece.size());
  }

  SseParser whole(bound);
  CHECK(whole.Feed(stream) == events);
  CHECK(whole.problem() == cut.problem());
  return 0;
}
