// The durable half of the sessions: one RocksDB per worker, every key under its partition.
//
// Keys (p = partition u16; integers big-endian, so byte order is numeric order; user as `len u8,
// bytes`):
//   p 'a'                            -> applied: sequence u64, stream created_ns u64
//   p 'c' seq u64 index u16          -> tool request of a pending call: its sequence, its index
//   p 'h' user index u64             -> history entry
//   p 'k' digest                     -> topic content
//   p 'm' user n u32                 -> client message, kept for attach
//   p 'o' seq u64 index u16          -> letter to send now
//   p 'r' user seq u64               -> nothing: the session has a record there
//   p 's' user                       -> the session, hot and small
//   p 't' due_ms u64 seq u64 index u16
//                                    -> letter to send at due_ms (Unix ms, UTC)
//   'F'                              -> format u32: a database of another format is refused
// Invariant: what one record changes is changed in one WriteBatch, together with 'a', or not at
// all. Values are bytes to this library. Threading: Apply is called by one thread per partition;
// reads by any. Errors: kFatal on corruption, kRetry on anything else that RocksDB reports.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

namespace lyceum::store {

using PartitionId = uint16_t;

// What a record's effects are numbered by.
struct LetterId {
  uint64_t sequence = 0;
  uint16_t index = 0;
  auto operator<=>(const LetterId&) const = default;
};

struct Letter {
  LetterId id;
  int64_t due_ms = 0;  // 0: now.
  std::string bytes;
};

struct Applied {
  uint64_t sequence = 0;
  int64_t stream_created_ns = 0;
};

// All that a batch of records changes. Later puts of a key win over earlier ones.
class Commit {
 public:
  explicit Commit(PartitionId partition);
  ~Commit();
  Commit(Commit&&) noexcept;
  Commit& operator=(Commit&&) noexcept;

  void SetApplied(const Applied& applied);
  void PutSession(const UserId& user, std::string_view bytes);
  void PutTopic(std::string_view digest, std::string_view bytes);
  void PutHistory(const UserId& user, uint64_t index, std::string_view bytes);
  void PutMessage(const UserId& user, uint32_t n, std::string_view bytes);
  void EraseMessage(const UserId& user, uint32_t n);
  void PutRecord(const UserId& user, uint64_t sequence);
  void PutLetter(LetterId id, std::string_view bytes);
  void EraseLetter(LetterId id);
  void PutTimer(int64_t due_ms, LetterId id, std::string_view bytes);
  void EraseTimer(int64_t due_ms, LetterId id);
  void PutCall(LetterId id, std::string_view bytes);
  void EraseCall(LetterId id);
  bool empty() const;

 private:
  friend class Store;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class Store {
 public:
  struct Options {
    std::string path;
    uint64_t block_cache_bytes = 64 << 20;
    uint64_t write_buffer_bytes = 64 << 20;
    uint64_t free_bytes_min = 64 << 20;  // Apply is kRetry while the disk has less.
  };
  // kReject: another process has it open, or the folder can not be used; the text says what to do.
  // kFatal: corrupted; the text says how to recover.
  static Result<std::unique_ptr<Store>> Open(const Options& options);
  ~Store();

  // Atomic; survives kill -9 once it has returned.
  Result<void> Apply(Commit commit);

  Result<std::optional<Applied>> GetApplied(PartitionId partition);
  Result<std::optional<std::string>> GetSession(PartitionId partition, const UserId& user);
  Result<std::optional<std::string>> GetTopic(PartitionId partition, std::string_view digest);
  // Entries with first <= index <= last, in order. What is not there is left out.
  Result<std::vector<std::string>> GetHistory(PartitionId partition, const UserId& user,
                                              uint64_t first, uint64_t last);
  struct KeptMessage {
    uint32_t n = 0;
    std::string bytes;
  };
  Result<std::vector<KeptMessage>> GetMessages(PartitionId partition, const UserId& user,
                                               uint32_t first, uint32_t last);
  // Sequences >= from, in order, at most count_max.
  Result<std::vector<uint64_t>> GetRecords(PartitionId partition, const UserId& user, uint64_t from,
                                           size_t count_max);
  // Letters to send now, in order, after `after` (empty: from the first), at most count_max.
  Result<std::vector<Letter>> GetLetters(PartitionId partition, std::optional<LetterId> after,
                                         size_t count_max);
  // Timers with due_ms <= now_ms, in order of due, at most count_max; and the due time of the first
  // one after those, if there is any.
  struct DueTimers {
    std::vector<Letter> due;
    std::optional<int64_t> next_due_ms;
  };
  Result<DueTimers> GetDueTimers(PartitionId partition, int64_t now_ms, size_t count_max);
  Result<std::vector<Letter>> GetCalls(PartitionId partition);

 private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lyceum::store
