// Private to this library: the answer of a stream to a message that was published to it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "wire/connection.h"

namespace lyceum::wire {

// {"stream":"LYCEUM_P3","seq":17,"duplicate":true} or {"error":{"code":503,"err_code":10077,...}}
// Invariant: sequence > 0 where it was stored, and then error is empty.
struct StreamAnswer {
  uint64_t sequence = 0;
  bool duplicate = false;
  int code = 0;        // JetStream's err_code.
  bool never = false;  // The same message will be refused each time.
  std::string error;
};

// `no_responders`: the server's word that no stream stores the subject.
StreamAnswer ParseStreamAnswer(std::string_view data, bool no_responders);

inline constexpr int kWrongLastSequence = 10071;

}  // namespace lyceum::wire
