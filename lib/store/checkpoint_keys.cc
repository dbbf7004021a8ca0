#include "store/checkpoint_keys.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "base/check.h"
#include "store/big_endian.h"

namespace lyceum::store::checkpoint_keys {
namespace {

constexpr size_t kHead = sizeof(PartitionId) + 1;
constexpr size_t kCheckpointBytes = 7 * sizeof(uint64_t) + 3 * sizeof(uint32_t) + 1;

Key Head(PartitionId partition, char kind) {
  const char bytes[kHead] = {static_cast<char>(partition >> 8), static_cast<char>(partition), kind};
  return Key().Add({bytes, kHead});
}

Key Head(PartitionId partition, Kind kind) { return Head(partition, static_cast<char>(kind)); }

void AddName(Key* key, std::string_view name) {
  CHECK(!name.empty() && name.size() <= Key::kNameBytesMax);
  const char size = static_cast<char>(name.size());
  key->Add({&size, 1}).Add(name);
}

// `len u8, bytes`, and nothing after it.
std::optional<std::string_view> ReadName(std::string_view bytes) {
  if (bytes.size() < 2 || bytes.size() != 1 + static_cast<size_t>(static_cast<uint8_t>(bytes[0]))) {
    return std::nullopt;
  }
  return bytes.substr(1);
}

bool IsOf(std::string_view key, Kind kind) {
  return key.size() >= kHead && key[kHead - 1] == static_cast<char>(kind);
}

}  // namespace

Key& Key::Add(std::string_view bytes) {
  CHECK(bytes.size() <= bytes_.size() - size_);
  std::memcpy(bytes_.data() + size_, bytes.data(), bytes.size());
  size_ += bytes.size();
  return *this;
}

Key& Key::AddU64(uint64_t value) {
  char bytes[sizeof value];
  for (size_t i = 0; i < sizeof value; ++i) {
    bytes[i] = static_cast<char>(value >> (8 * (sizeof value - 1 - i)));
  }
  return Add({bytes, sizeof bytes});
}

Key ErasingKey(PartitionId partition) {
  std::string bytes(1, kErasing);
  AppendBigEndian(&bytes, partition);
  return Key().Add(bytes);
}

std::optional<PartitionId> ReadErasing(std::string_view key) {
  if (key.size() != 1 + sizeof(PartitionId) || key[0] != kErasing) return std::nullopt;
  return ReadBigEndian<PartitionId>(key.substr(1));
}

Key CheckpointKey(PartitionId partition) { return Head(partition, Kind::kCheckpoint); }

Key SessionKey(PartitionId partition, std::string_view user) {
  Key key = Head(partition, Kind::kSession);
  AddName(&key, user);
  return key;
}

Key JournalKey(PartitionId partition, std::string_view user, uint64_t first_sequence) {
  Key key = Head(partition, Kind::kJournal);
  AddName(&key, user);
  return key.AddU64(first_sequence);
}

std::optional<std::pair<Key, Key>> JournalOf(std::string_view session_key) {
  if (!IsOf(session_key, Kind::kSession)) return std::nullopt;
  const auto user = ReadUser(session_key);
  if (!user) return std::nullopt;
  const auto partition = ReadBigEndian<PartitionId>(session_key);
  return std::pair(JournalKey(partition, *user, 0),
                   JournalKey(partition, *user, UINT64_MAX).Next());
}

Key TimersFrom(PartitionId partition, int64_t due_ms) {
  CHECK(due_ms >= 0);
  return Head(partition, Kind::kTimer).AddU64(static_cast<uint64_t>(due_ms));
}

Key TimerKey(PartitionId partition, int64_t due_ms, std::string_view user) {
  Key key = TimersFrom(partition, due_ms);
  AddName(&key, user);
  return key;
}

Key TopicKey(PartitionId partition, std::string_view digest) {
  CHECK(!digest.empty() && digest.size() <= Key::kNameBytesMax);
  return Head(partition, Kind::kTopic).Add(digest);
}

Key DeadLetterKey(PartitionId partition, uint64_t sequence) {
  return Head(partition, Kind::kDeadLetter).AddU64(sequence);
}

Key Begin(PartitionId partition, Kind kind) { return Head(partition, kind); }
Key End(PartitionId partition, Kind kind) {
  return Head(partition, static_cast<char>(static_cast<char>(kind) + 1));
}
Key PartitionBegin(PartitionId partition) { return Head(partition, '\0'); }
Key PartitionEnd(PartitionId partition) { return Head(partition, '\xff'); }

std::optional<Key> KeyOfRow(PartitionId partition, std::string_view key) {
  constexpr Kind kKinds[] = {Kind::kDeadLetter, Kind::kJournal, Kind::kTopic, Kind::kSession,
                             Kind::kTimer};
  // The longest is a journal's.
  if (key.size() < 2 || key.size() > 2 + Key::kNameBytesMax + sizeof(uint64_t)) return std::nullopt;
  const Kind kind = static_cast<Kind>(key[0]);
  if (std::find(std::begin(kKinds), std::end(kKinds), kind) == std::end(kKinds))
    return std::nullopt;
  Key full = Head(partition, kind);
  full.Add(key.substr(1));
  if (kind == Kind::kTimer && !ReadTimer(full)) return std::nullopt;
  return full;
}

std::optional<TimerRow> ReadTimer(std::string_view key) {
  constexpr size_t kNameAt = kHead + sizeof(uint64_t);
  if (!IsOf(key, Kind::kTimer) || key.size() < kNameAt) return std::nullopt;
  const auto due = ReadBigEndian<uint64_t>(key.substr(kHead));
  const auto user = ReadName(key.substr(kNameAt));
  if (!user || due > static_cast<uint64_t>(INT64_MAX)) return std::nullopt;
  return TimerRow{static_cast<int64_t>(due), std::string(*user)};
}

std::optional<std::string_view> ReadUser(std::string_view key) {
  if (!IsOf(key, Kind::kSession)) return std::nullopt;
  return ReadName(key.substr(kHead));
}

std::optional<uint64_t> ReadSequence(std::string_view key) {
  if (key.size() < kHead + sizeof(uint64_t)) return std::nullopt;
  return ReadBigEndian<uint64_t>(key.substr(key.size() - sizeof(uint64_t)));
}

std::string EncodeCheckpoint(const Checkpoint& checkpoint) {
  std::string bytes;
  bytes.reserve(kCheckpointBytes);
  AppendBigEndian(&bytes, checkpoint.sequence);
  AppendBigEndian(&bytes, checkpoint.fingerprint);
  AppendBigEndian(&bytes, static_cast<uint64_t>(checkpoint.record_time_ms));
  AppendBigEndian(&bytes, static_cast<uint64_t>(checkpoint.latest_time_ms));
  AppendBigEndian(&bytes, static_cast<uint64_t>(checkpoint.stream_created_ns));
  AppendBigEndian(&bytes, checkpoint.fold_version);
  AppendBigEndian(&bytes, checkpoint.fold_version_begins);
  AppendBigEndian(&bytes, checkpoint.fold_version_before);
  AppendBigEndian(&bytes, checkpoint.lineage);
  AppendBigEndian(&bytes, checkpoint.lineage_begins);
  bytes.push_back(checkpoint.clean ? 1 : 0);
  return bytes;
}

std::optional<Checkpoint> DecodeCheckpoint(std::string_view bytes) {
  if (bytes.size() != kCheckpointBytes) return std::nullopt;
  const auto u64 = [&] {
    const auto value = ReadBigEndian<uint64_t>(bytes);
    bytes.remove_prefix(sizeof value);
    return value;
  };
  const auto u32 = [&] {
    const auto value = ReadBigEndian<uint32_t>(bytes);
    bytes.remove_prefix(sizeof value);
    return value;
  };
  Checkpoint checkpoint;
  checkpoint.sequence = u64();
  checkpoint.fingerprint = u64();
  checkpoint.record_time_ms = static_cast<int64_t>(u64());
  checkpoint.latest_time_ms = static_cast<int64_t>(u64());
  checkpoint.stream_created_ns = static_cast<int64_t>(u64());
  checkpoint.fold_version = u32();
  checkpoint.fold_version_begins = u64();
  checkpoint.fold_version_before = u32();
  checkpoint.lineage = u32();
  checkpoint.lineage_begins = u64();
  if (bytes[0] != 0 && bytes[0] != 1) return std::nullopt;
  checkpoint.clean = bytes[0] == 1;
  return checkpoint;
}

std::string EncodeFormat(uint32_t format) {
  std::string bytes;
  AppendBigEndian(&bytes, format);
  return bytes;
}

std::optional<uint32_t> DecodeFormat(std::string_view bytes) {
  if (bytes.size() != sizeof(uint32_t)) return std::nullopt;
  return ReadBigEndian<uint32_t>(bytes);
}

}  // namespace lyceum::store::checkpoint_keys
