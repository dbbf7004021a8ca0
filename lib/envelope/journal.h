// The journal: what was added to a session, written once, in the order in which it happened.
//
// A chunk (JournalChunk of messages/lyceum/v1/record.proto) is what one session added between two
// checkpoints: a sequence of entries and nothing else, so chunks put one behind the other are a
// chunk.
//   chunk   := entry*
//   entry   := 0A size:varint ( record | history | message )
//   record  := 08 sequence:varint                    this record was folded; what it caused follows
//   history := 12 size:varint HistoryRow             a history entry that is no message
//   message := 1A size:varint ( 08 n  10 sequence  [18 history_index]  [20 01]  2A size data )
// `data` is the ClientMessage as it was sent, in JSON where 20 01 is there, protobuf otherwise. A
// message that is part of the history is both: its history entry is made from it.
//
// Invariants: n grows, indexes of history entries grow, over all chunks of a session; sequences of
// records grow within a lineage of the log. Reading fails with kFatal: bytes that we wrote and cannot read are corruption.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "envelope/encoding.h"
#include "tutor/effect.h"

namespace lyceum::envelope {

// A chunk this long is handed over to a checkpoint before another record is added to it.
inline constexpr size_t kJournalChunkBytesMax = 1024 * 1024;

// Writes one session's chunk. The caller adds a record, then what came of it, and asks full()
// before each record: so a chunk is at most kJournalChunkBytesMax and what one record adds.
class JournalWriter {
 public:
  void AddRecord(uint64_t sequence);
  void AddHistory(const tutor::HistoryEntry& entry);
  // `data`: as it was sent. history_index 0: no part of the history.
  void AddMessage(uint32_t n, uint64_t sequence, uint64_t history_index, Encoding encoding,
                  std::string_view data);

  bool empty() const { return chunk_.empty(); }
  bool full() const { return chunk_.size() >= kJournalChunkBytesMax; }
  size_t bytes() const { return chunk_.capacity(); }  // In memory.
  const std::string& chunk() const { return chunk_; }
  std::string Release() { return std::exchange(chunk_, {}); }

 private:
  std::string chunk_;
};

// One entry. Views into the chunk.
struct JournalEntry {
  enum class Kind { kRecord, kHistory, kMessage } kind = Kind::kRecord;
  uint64_t sequence = 0;       // kRecord, kMessage.
  uint32_t n = 0;              // kMessage.
  uint64_t history_index = 0;  // kHistory; kMessage: 0 where it is no part of the history.
  Encoding encoding = Encoding::kProtobuf;  // kMessage: of `data`.
  std::string_view
      data;  // kMessage: as it was sent. kHistory: DecodeHistoryEntry (rows.h) reads it.
};

// Goes through a chunk from its beginning. The chunk outlives the reader and its entries.
class JournalReader {
 public:
  explicit JournalReader(std::string_view chunk) : left_(chunk) {}
  // Empty: the end. After an error: the same error again.
  Result<std::optional<JournalEntry>> Next();

 private:
  std::string_view left_;
};

// --- What is asked of a session's chunks, given oldest first -----------------------------------

struct KeptMessage {
  uint32_t n = 0;
  uint64_t sequence = 0;
  Encoding encoding = Encoding::kProtobuf;
  std::string_view data;  // Into the chunk.
};
// Those with after_n < n <= up_to_n, in order: count_max at most, and the first one, then only as
// many as stay below bytes_max.
Result<std::vector<KeptMessage>> MessagesIn(std::span<const std::string_view> chunks,
                                            uint32_t after_n, uint32_t up_to_n, size_t count_max,
                                            size_t bytes_max);
// A message as it was sent, in this encoding: the same bytes where it is that already, else the
// same content. kFatal: it cannot be read.
Result<std::string> InEncoding(std::string_view data, Encoding from, Encoding to);

// History entries with first <= index <= last, in order: of what does not stay below bytes_max of
// text the newest stay.
Result<std::vector<tutor::HistoryEntry>> HistoryIn(std::span<const std::string_view> chunks,
                                                   uint64_t first, uint64_t last, size_t bytes_max);
// Sequences of the session's records from `from` on, as they were folded, without the first `skip`,
// count_max at most.
Result<std::vector<uint64_t>> RecordsIn(std::span<const std::string_view> chunks, uint64_t from,
                                        size_t count_max, uint64_t skip = 0);

}  // namespace lyceum::envelope
