#include "store/keys.h"

#include <concepts>

#include "base/check.h"

namespace lyceum::store::keys {
namespace {

template <std::unsigned_integral T>
void Append(std::string* out, T value) {
  for (int shift = 8 * (static_cast<int>(sizeof(T)) - 1); shift >= 0; shift -= 8) {
    out->push_back(static_cast<char>(value >> shift));
  }
}

template <std::unsigned_integral T>
T Read(std::string_view bytes) {
  T value = 0;
  for (size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>(value << 8 | static_cast<unsigned char>(bytes[i]));
  }
  return value;
}

constexpr size_t kHead = sizeof(PartitionId) + 1;
constexpr size_t kLetterIdBytes = sizeof(uint64_t) + sizeof(uint16_t);

std::string Head(PartitionId partition, Kind kind) {
  std::string key;
  Append(&key, partition);
  key.push_back(static_cast<char>(kind));
  return key;
}

std::string OfUser(PartitionId partition, Kind kind, const UserId& user) {
  CHECK(!user.empty() && user.value.size() <= 255);
  std::string key = Head(partition, kind);
  key.push_back(static_cast<char>(user.value.size()));
  key += user.value;
  return key;
}

std::string OfLetter(std::string key, LetterId id) {
  Append(&key, id.sequence);
  Append(&key, id.index);
  return key;
}

LetterId ReadId(std::string_view bytes) {
  return {Read<uint64_t>(bytes), Read<uint16_t>(bytes.substr(sizeof(uint64_t)))};
}

}  // namespace

std::string_view Neighbourhood(std::string_view key) {
  if (key.size() < kHead) return key;
  switch (static_cast<Kind>(key[kHead - 1])) {
    case Kind::kHistory:
    case Kind::kMessage:
    case Kind::kRecord:
    case Kind::kSession:
      if (key.size() == kHead) return key;
      return key.substr(0, kHead + 1 + static_cast<unsigned char>(key[kHead]));
    case Kind::kApplied:
    case Kind::kCall:
    case Kind::kTopic:
    case Kind::kLetter:
    case Kind::kTimer:
      return key.substr(0, kHead);
  }
  return key;
}

std::string Applied(PartitionId partition) { return Head(partition, Kind::kApplied); }

std::string Session(PartitionId partition, const UserId& user) {
  return OfUser(partition, Kind::kSession, user);
}

std::string Topic(PartitionId partition, std::string_view digest) {
  return Head(partition, Kind::kTopic).append(digest);
}

std::string History(PartitionId partition, const UserId& user, uint64_t index) {
  std::string key = OfUser(partition, Kind::kHistory, user);
  Append(&key, index);
  return key;
}

std::string Message(PartitionId partition, const UserId& user, uint32_t n) {
  std::string key = OfUser(partition, Kind::kMessage, user);
  Append(&key, n);
  return key;
}

std::string Record(PartitionId partition, const UserId& user, uint64_t sequence) {
  std::string key = OfUser(partition, Kind::kRecord, user);
  Append(&key, sequence);
  return key;
}

std::string Letter(PartitionId partition, LetterId id) {
  return OfLetter(Head(partition, Kind::kLetter), id);
}

std::string Call(PartitionId partition, LetterId id) {
  return OfLetter(Head(partition, Kind::kCall), id);
}

std::string Timer(PartitionId partition, int64_t due_ms, LetterId id) {
  return OfLetter(TimersFrom(partition, due_ms), id);
}

std::string Begin(PartitionId partition, Kind kind) { return Head(partition, kind); }

std::string End(PartitionId partition, Kind kind) {
  std::string key = Head(partition, kind);
  ++key.back();
  return key;
}

std::string TimersFrom(PartitionId partition, int64_t due_ms) {
  CHECK(due_ms >= 0);
  std::string key = Head(partition, Kind::kTimer);
  Append(&key, static_cast<uint64_t>(due_ms));
  return key;
}

std::optional<LetterId> ReadLetterId(std::string_view key) {
  if (key.size() != kHead + kLetterIdBytes) return std::nullopt;
  return ReadId(key.substr(kHead));
}

std::optional<TimerKey> ReadTimer(std::string_view key) {
  if (key.size() != kHead + sizeof(uint64_t) + kLetterIdBytes) return std::nullopt;
  const auto due = Read<uint64_t>(key.substr(kHead));
  if (due > static_cast<uint64_t>(INT64_MAX)) return std::nullopt;
  return TimerKey{static_cast<int64_t>(due), ReadId(key.substr(kHead + sizeof(uint64_t)))};
}

std::optional<uint64_t> ReadLastU64(std::string_view key) {
  if (key.size() < kHead + sizeof(uint64_t)) return std::nullopt;
  return Read<uint64_t>(key.substr(key.size() - sizeof(uint64_t)));
}

std::optional<uint32_t> ReadLastU32(std::string_view key) {
  if (key.size() < kHead + sizeof(uint32_t)) return std::nullopt;
  return Read<uint32_t>(key.substr(key.size() - sizeof(uint32_t)));
}

std::string EncodeApplied(const store::Applied& applied) {
  std::string bytes;
  Append(&bytes, applied.sequence);
  Append(&bytes, static_cast<uint64_t>(applied.stream_created_ns));
  return bytes;
}

std::optional<store::Applied> DecodeApplied(std::string_view bytes) {
  if (bytes.size() != 2 * sizeof(uint64_t)) return std::nullopt;
  return store::Applied{Read<uint64_t>(bytes),
                        static_cast<int64_t>(Read<uint64_t>(bytes.substr(sizeof(uint64_t))))};
}

std::string EncodeFormat(uint32_t format) {
  std::string bytes;
  Append(&bytes, format);
  return bytes;
}

std::optional<uint32_t> DecodeFormat(std::string_view bytes) {
  if (bytes.size() != sizeof(uint32_t)) return std::nullopt;
  return Read<uint32_t>(bytes);
}

}  // namespace lyceum::store::keys
