// Dead letters: records that were refused, with the reason. lyceum.dlq.<pp>.<user>
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "envelope/encoding.h"

namespace lyceum::envelope {

struct DeadLetter {
  uint32_t partition = 0;
  uint64_t sequence = 0;
  std::string subject;
  std::string reason;
  std::string text;
  uint32_t count = 1;
  int64_t at_ms = 0;
  std::string record;
  bool cut = false;  // The record is only the beginning of what was stored.
};

// What a NATS message needs beside its payload, and whoever forwards it may add.
inline constexpr size_t kDeadLetterHeadroom = 24 * 1024;

// At most payload_bytes_max - kDeadLetterHeadroom bytes: the record is cut to what fits, and `cut`
// and the text then say so. CHECK: payload_bytes_max >= 64 KiB.
std::string EncodeDeadLetter(const DeadLetter& letter, size_t payload_bytes_max = kPayloadBytesMax);
Result<DeadLetter> DecodeDeadLetter(std::string_view data);

}  // namespace lyceum::envelope
