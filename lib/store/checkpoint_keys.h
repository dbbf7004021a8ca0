// The bytes of every key of a checkpoint store, and of its two rows that are not the caller's. Only
// this file knows them; they lie on disk, so nothing here may change without a new format number.
//
//   p 'a'                       checkpoint        p = partition u16
//   p 's' len:u8 user           session
//   p 'j' len:u8 user seq:u64   journal chunk
//   p 't' due_ms:u64 len:u8 user  timer
//   p 'k' digest                topic
//   p 'd' seq:u64               dead letter
//   'F'                         format u32        One byte, so it lies in no partition's range.
//   'E' p                       nothing: files of the partition are to be written anew, see IsErasing. Neither is this,
//                               as partitions are below 1,024.
// Integers are big-endian, so that byte order is numeric order. A user has its length before it, so
// that no user's rows lie inside another's range; users are in order of length, then of bytes.
//   checkpoint: sequence u64, fingerprint u64, record_time_ms i64, latest_time_ms i64,
//               stream_created_ns i64, fold_version u32, fold_version_begins u64,
//               fold_version_before u32, lineage u32, lineage_begins u64, clean u8
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "store/checkpoint_store.h"

namespace lyceum::store::checkpoint_keys {

// 1 is what a folder has that was written before there were checkpoints; in 2 the checkpoint has no
// latest_time_ms and not where its fold version begins.
inline constexpr uint32_t kFormat = 3;
inline constexpr std::string_view kFormatKey = "F";
inline constexpr char kErasing = 'E';

enum class Kind : char {
  kCheckpoint = 'a',
  kDeadLetter = 'd',
  kJournal = 'j',
  kTopic = 'k',
  kSession = 's',
  kTimer = 't',
};

// A key on the stack: none is longer than kBytesMax.
class Key {
 public:
  // A name has 1 to kNameBytesMax bytes. CHECKed by all below.
  static constexpr size_t kNameBytesMax = 255;

  Key& Add(std::string_view bytes);
  Key& AddU64(uint64_t value);
  // The first key that is greater than this one.
  Key& Next() { return Add(std::string_view("\0", 1)); }
  std::string_view view() const { return {bytes_.data(), size_}; }
  operator std::string_view() const { return view(); }  // NOLINT: implicit

 private:
  static constexpr size_t kBytesMax = sizeof(PartitionId) + 1 + 8 + 1 + kNameBytesMax + 1;
  std::array<char, kBytesMax> bytes_;
  size_t size_ = 0;
};

Key ErasingKey(PartitionId partition);
std::optional<PartitionId> ReadErasing(std::string_view key);
Key CheckpointKey(PartitionId partition);
Key SessionKey(PartitionId partition, std::string_view user);
Key JournalKey(PartitionId partition, std::string_view user, uint64_t first_sequence);
// All chunks of the user whose session has this key: [first, second). Empty: it is not a session's key.
std::optional<std::pair<Key, Key>> JournalOf(std::string_view session_key);
Key TimersFrom(PartitionId partition, int64_t due_ms);  // CHECK: due_ms >= 0.
Key TimerKey(PartitionId partition, int64_t due_ms, std::string_view user);
Key TopicKey(PartitionId partition, std::string_view digest);
Key DeadLetterKey(PartitionId partition, uint64_t sequence);
// [Begin, End): all keys of a kind, or of a partition.
Key Begin(PartitionId partition, Kind kind);
Key End(PartitionId partition, Kind kind);
Key PartitionBegin(PartitionId partition);
Key PartitionEnd(PartitionId partition);

// A key as it is without its partition, and with it. Empty: of no kind, or the checkpoint's.
inline std::string_view WithoutPartition(std::string_view key) {
  return key.substr(sizeof(PartitionId));
}
std::optional<Key> KeyOfRow(PartitionId partition, std::string_view key);

// Reading back. Empty: not of that shape, so the folder is damaged.
std::optional<TimerRow> ReadTimer(std::string_view key);
std::optional<std::string_view> ReadUser(std::string_view key);  // Of a session's key.
std::optional<uint64_t> ReadSequence(std::string_view key);      // Of a journal's, a dead letter's.

std::string EncodeCheckpoint(const Checkpoint& checkpoint);
std::optional<Checkpoint> DecodeCheckpoint(std::string_view bytes);
std::string EncodeFormat(uint32_t format);
std::optional<uint32_t> DecodeFormat(std::string_view bytes);

}  // namespace lyceum::store::checkpoint_keys
