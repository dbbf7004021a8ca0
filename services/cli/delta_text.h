// What tools say while they still speak, put together from deltas. No I/O.
//
// A delta is text at an offset of an attempt of a request. A later attempt begins anew, an earlier one is
// ignored; what came already is not said twice; where a part is missing the text goes on after "…".
// Bounded: kRequestsMax at once (the oldest goes), kBytesMax of each.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <string_view>

#include "envelope/messages.h"

namespace lyceum::cli {

class DeltaText {
 public:
  static constexpr size_t kRequestsMax = 4;
  static constexpr size_t kBytesMax = 64 * 1024;

  // `message` is a delta or a retract.
  void Add(const envelope::ReceivedMessage& message);
  void Clear() { open_.clear(); }
  // All that is open, in the order in which it began.
  std::string text() const;

 private:
  struct Open {
    std::string request;
    uint32_t attempt = 0;
    uint64_t end = 0;  // Bytes of the attempt that have come, or are known to be missing.
    std::string text;
  };
  std::list<Open> open_;
};

}  // namespace lyceum::cli
