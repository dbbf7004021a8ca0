#include "envelope/journal.h"

#include <algorithm>

#include "envelope/field_out.h"
#include "envelope/messages.h"
#include "envelope/rows.h"
#include "envelope/shape.h"

namespace lyceum::envelope {
namespace {

constexpr size_t kChunkBytesFirst = 512;  // About what a session adds between two checkpoints.

// Fields, as in record.proto.
constexpr uint32_t kEntry = 1;   // JournalChunk
constexpr uint32_t kRecord = 1;  // JournalEntry
constexpr uint32_t kHistory = 2;
constexpr uint32_t kMessage = 3;

Error Damaged(const char* what) {
  return Fatal(std::string("a journal chunk cannot be read (") + what +
               "): the store is damaged; lyceum session rebuild folds the session again");
}

// Every field of a row of history but the index is read later.
bool ReadHistory(std::string_view row, JournalEntry* entry) {
  entry->kind = JournalEntry::Kind::kHistory;
  entry->data = row;
  RawReader reader(row);
  RawField field;
  while (!reader.done()) {
    if (!reader.Next(&field)) return false;
    if (field.number == 1 && field.wire_type == 0) entry->history_index = field.number_value;
  }
  return entry->history_index != 0;
}

bool ReadMessage(std::string_view bytes, JournalEntry* entry) {
  entry->kind = JournalEntry::Kind::kMessage;
  RawReader reader(bytes);
  RawField field;
  bool has_data = false;
  while (!reader.done()) {
    if (!reader.Next(&field)) return false;
    if (field.number == 5 && field.wire_type == 2) {
      entry->data = field.bytes;
      has_data = true;
      continue;
    }
    if (field.wire_type != 0) return false;
    switch (field.number) {
      case 1:
        if (field.number_value > UINT32_MAX) return false;
        entry->n = static_cast<uint32_t>(field.number_value);
        break;
      case 2:
        entry->sequence = field.number_value;
        break;
      case 3:
        entry->history_index = field.number_value;
        break;
      case 4:
        entry->encoding = field.number_value == 0 ? Encoding::kProtobuf : Encoding::kJson;
        break;
      default:
        return false;
    }
  }
  return has_data && entry->n != 0;
}

// visit(entry) -> Result<bool>: false ends it.
template <class Visit>
Result<void> ForEach(std::span<const std::string_view> chunks, Visit visit) {
  for (const std::string_view chunk : chunks) {
    JournalReader reader(chunk);
    while (true) {
      auto entry = reader.Next();
      if (!entry) return entry.error();
      if (!entry->has_value()) break;
      if (!visit(**entry)) return {};
    }
  }
  return {};
}

// An entry of the history from an entry of the journal.
Result<tutor::HistoryEntry> HistoryOf(const JournalEntry& entry) {
  if (entry.kind == JournalEntry::Kind::kHistory) return DecodeHistoryEntry(entry.data);
  auto received = DecodeClientMessage(entry.data, entry.encoding);
  if (!received) return Damaged("a message in it is none");
  return tutor::HistoryEntryOf(received->message, entry.history_index);
}

}  // namespace

void JournalWriter::AddRecord(uint64_t sequence) {
  if (chunk_.empty()) chunk_.reserve(kChunkBytesFirst);
  ProtoOut out(&chunk_);
  out.MessageSet(kEntry, {}, [&](ProtoOut& to) { to.VarintField(kRecord, sequence); });
}

void JournalWriter::AddHistory(const tutor::HistoryEntry& entry) {
  const auto& [index, at_ms, role, kind, text] = entry;
  ProtoOut out(&chunk_);
  // By name: before version 16, Clang captures no structured binding by itself.
  const auto write = [&index = index, &at_ms = at_ms, &role = role, &kind = kind,
                      &text = text](ProtoOut& row) {
    row.Long(1, {}, index);
    row.Long(2, {}, static_cast<uint64_t>(at_ms));
    row.Number(3, {}, static_cast<uint32_t>(role));
    row.Text(4, {}, kind);
    row.Text(5, {}, text);
  };
  out.MessageSet(kEntry, {}, [&](ProtoOut& to) { to.MessageSet(kHistory, {}, write); });
}

void JournalWriter::AddMessage(uint32_t n, uint64_t sequence, uint64_t history_index,
                               Encoding encoding, std::string_view data) {
  ProtoOut out(&chunk_);
  out.MessageSet(kEntry, {}, [&](ProtoOut& to) {
    to.MessageSet(kMessage, {}, [&](ProtoOut& message) {
      message.Number(1, {}, n);
      message.Long(2, {}, sequence);
      message.Long(3, {}, history_index);
      message.Bool(4, {}, encoding == Encoding::kJson);
      message.TextSet(5, {}, data);
    });
  });
}

Result<std::optional<JournalEntry>> JournalReader::Next() {
  if (left_.empty()) return std::optional<JournalEntry>();
  RawReader chunk(left_);
  RawField outer;
  if (!chunk.Next(&outer) || outer.number != kEntry || outer.wire_type != 2) {
    return Damaged("not a sequence of entries");
  }
  RawReader inner(outer.bytes);
  RawField field;
  if (inner.done() || !inner.Next(&field) || !inner.done()) return Damaged("an entry is not one");
  JournalEntry entry;
  if (field.number == kRecord && field.wire_type == 0) {
    entry.kind = JournalEntry::Kind::kRecord;
    entry.sequence = field.number_value;
  } else if (field.number == kHistory && field.wire_type == 2) {
    if (!ReadHistory(field.bytes, &entry)) return Damaged("a history entry is not one");
  } else if (field.number == kMessage && field.wire_type == 2) {
    if (!ReadMessage(field.bytes, &entry)) return Damaged("a message is not one");
  } else {
    return Damaged("an entry of an unknown kind");
  }
  left_.remove_prefix(static_cast<size_t>(chunk.position() - left_.data()));
  return std::optional<JournalEntry>(entry);
}

Result<std::vector<KeptMessage>> MessagesIn(std::span<const std::string_view> chunks,
                                            uint32_t after_n, uint32_t up_to_n, size_t count_max,
                                            size_t bytes_max) {
  std::vector<KeptMessage> messages;
  size_t bytes = 0;
  auto read = ForEach(chunks, [&](const JournalEntry& entry) {
    if (entry.kind != JournalEntry::Kind::kMessage || entry.n <= after_n) return true;
    bytes += entry.data.size();
    if (entry.n > up_to_n || messages.size() >= count_max) return false;
    if (!messages.empty() && bytes > bytes_max) return false;
    messages.push_back({entry.n, entry.sequence, entry.encoding, entry.data});
    return true;
  });
  if (!read) return read.error();
  return messages;
}

Result<std::string> InEncoding(std::string_view data, Encoding from, Encoding to) {
  if (from == to) return std::string(data);
  auto received = DecodeClientMessage(data, from);
  if (!received) return Damaged("a message in it is none");
  return EncodeClientMessage(received->user, received->message, to);
}

Result<std::vector<tutor::HistoryEntry>> HistoryIn(std::span<const std::string_view> chunks,
                                                   uint64_t first, uint64_t last,
                                                   size_t bytes_max) {
  std::vector<JournalEntry> found;
  auto read = ForEach(chunks, [&](const JournalEntry& entry) {
    if (entry.history_index > last) return false;
    if (entry.history_index != 0 && entry.history_index >= first) found.push_back(entry);
    return true;
  });
  if (!read) return read.error();
  std::vector<tutor::HistoryEntry> history;
  size_t bytes = 0;
  for (auto entry = found.rbegin(); entry != found.rend(); ++entry) {
    auto one = HistoryOf(*entry);
    if (!one) return one.error();
    bytes += one->text.size();
    if (!history.empty() && bytes > bytes_max) break;
    history.push_back(std::move(*one));
  }
  std::reverse(history.begin(), history.end());
  return history;
}

Result<std::vector<uint64_t>> RecordsIn(std::span<const std::string_view> chunks, uint64_t from,
                                        size_t count_max, uint64_t skip) {
  std::vector<uint64_t> records;
  auto read = ForEach(chunks, [&](const JournalEntry& entry) {
    if (entry.kind != JournalEntry::Kind::kRecord || entry.sequence < from) return true;
    if (skip > 0) {
      --skip;
      return true;
    }
    if (records.size() >= count_max) return false;
    records.push_back(entry.sequence);
    return true;
  });
  if (!read) return read.error();
  return records;
}

}  // namespace lyceum::envelope
