// The bytes of every key. Only this file knows them; the values are on disk, so nothing here may
// change without a new format number.
//
// Integers are big-endian, so that byte order is numeric order. A user is `len u8, bytes`, so that
// no user's rows lie inside another's range. Every key of a partition has 3 bytes or more:
// partition, kind.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "store/store.h"

namespace lyceum::store::keys {

enum class Kind : char {
  kApplied = 'a',
  kCall = 'c',
  kHistory = 'h',
  kTopic = 'k',
  kMessage = 'm',
  kLetter = 'o',
  kRecord = 'r',
  kSession = 's',
  kTimer = 't',
};

// One byte, so it lies in no partition's range.
inline constexpr std::string_view kFormatKey = "F";
inline constexpr uint32_t kFormat = 1;

std::string Applied(PartitionId partition);
std::string Session(PartitionId partition, const UserId& user);
std::string Topic(PartitionId partition, std::string_view digest);
std::string History(PartitionId partition, const UserId& user, uint64_t index);
std::string Message(PartitionId partition, const UserId& user, uint32_t n);
std::string Record(PartitionId partition, const UserId& user, uint64_t sequence);
std::string Letter(PartitionId partition, LetterId id);
std::string Call(PartitionId partition, LetterId id);
// CHECK: due_ms >= 0.
std::string Timer(PartitionId partition, int64_t due_ms, LetterId id);
// The first key of a kind, and the first key after it.
std::string Begin(PartitionId partition, Kind kind);
std::string End(PartitionId partition, Kind kind);
// No key of the timers that are due before due_ms is at or after it.
std::string TimersFrom(PartitionId partition, int64_t due_ms);

// The head of a key that the keys next to it share: its user's, else its kind's. The whole key
// where it is of no known shape.
std::string_view Neighbourhood(std::string_view key);

// Reading back. Empty: not of that shape, so the database is damaged.
std::optional<LetterId> ReadLetterId(std::string_view key);  // Letters and calls.
struct TimerKey {
  int64_t due_ms = 0;
  LetterId id;
};
std::optional<TimerKey> ReadTimer(std::string_view key);
std::optional<uint64_t> ReadLastU64(std::string_view key);  // Records.
std::optional<uint32_t> ReadLastU32(std::string_view key);  // Messages.

std::string EncodeApplied(const store::Applied& applied);
std::optional<store::Applied> DecodeApplied(std::string_view bytes);
std::string EncodeFormat(uint32_t format);
std::optional<uint32_t> DecodeFormat(std::string_view bytes);

}  // namespace lyceum::store::keys
