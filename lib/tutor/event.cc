#include "tutor/event.h"

#include <charconv>
#include <concepts>

namespace lyceum::tutor {
namespace {

// Three numbers of 10 digits, one of 20, and what stands between them.
constexpr size_t kIdBytesMax = 3 * 10 + 20 + 3;

// Writes into a buffer that it does not pass the end of.
class IdWriter {
 public:
  void Add(char c) { *end_++ = c; }
  void Add(std::unsigned_integral auto number) {
    end_ = std::to_chars(end_, buffer_ + kIdBytesMax, number).ptr;
  }
  std::string id() const { return std::string(buffer_, static_cast<size_t>(end_ - buffer_)); }

 private:
  char buffer_[kIdBytesMax];
  char* end_ = buffer_;
};

}  // namespace

std::string IdAt(const LogPosition& position, uint32_t index) {
  IdWriter writer;
  writer.Add(position.partition);
  if (position.lineage > 0) {
    writer.Add('r');
    writer.Add(position.lineage);
  }
  writer.Add('-');
  writer.Add(position.sequence);
  writer.Add('-');
  writer.Add(index);
  return writer.id();
}

}  // namespace lyceum::tutor
