#include "partition/partition_log.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace lyceum::partition {

std::string LineageBreak(const wire::StreamInfo& stream, const Position& applied) {
  const std::string& name = stream.config.name;
  if (applied.sequence == 0) {
    if (stream.first_sequence > 1) {
      return fmt::format(
          "stream {} begins at {}: its first records were trimmed, and there is no "
          "local state that covers them",
          name, stream.first_sequence);
    }
    return {};
  }
  if (applied.stream_created_ns != 0 && stream.created_ns != applied.stream_created_ns) {
    return fmt::format("stream {} was created anew since record {} was applied", name,
                       applied.sequence);
  }
  if (stream.last_sequence < applied.sequence) {
    return fmt::format("stream {} ends at {}, but record {} was applied: it lost its tail", name,
                       stream.last_sequence, applied.sequence);
  }
  if (stream.first_sequence > applied.sequence + 1) {
    return fmt::format(
        "stream {} begins at {}, but only {} records were applied: {} were trimmed unread", name,
        stream.first_sequence, applied.sequence, stream.first_sequence - applied.sequence - 1);
  }
  return {};
}

PartitionLog::PartitionLog(std::shared_ptr<wire::Connection> connection, std::string stream,
                           Position applied)
    : connection_(std::move(connection)), stream_(std::move(stream)), position_(applied) {}

void PartitionLog::Rewind(Position applied) {
  position_ = applied;
  reader_.reset();
}

Result<void> PartitionLog::Reopen() {
  reader_.reset();
  reconnects_ = connection_->reconnects();
  Result<std::optional<wire::StreamInfo>> info = wire::GetStream(*connection_, stream_);
  if (!info) return Retry(info.error().text);
  if (!info->has_value()) {
    if (position_.sequence > 0) {
      return Fatal(fmt::format("stream {} is gone, but record {} of it was applied", stream_,
                               position_.sequence));
    }
    return Retry(fmt::format("there is no stream {}: run `lyceum init`", stream_));
  }
  const wire::StreamInfo& stream = **info;
  if (std::string broken = LineageBreak(stream, position_); !broken.empty()) {
    return Fatal(std::move(broken));
  }
  position_.stream_created_ns = stream.created_ns;
  auto reader = wire::StreamReader::Open(*connection_, stream_, "", position_.sequence + 1);
  if (!reader) return Retry(reader.error().text);
  reader_ = std::move(*reader);
  return {};
}

Result<std::vector<wire::StoredMessage>> PartitionLog::Next(size_t count_max, size_t bytes_max,
                                                            Deadline deadline) {
  // A server that was away may have come back with another store.
  if (reader_ == nullptr || connection_->reconnects() != reconnects_) {
    if (Result<void> opened = Reopen(); !opened) return opened.error();
  }
  std::vector<wire::StoredMessage> records;
  size_t bytes = 0;
  while (records.size() < count_max && bytes < bytes_max) {
    Result<std::optional<wire::StoredMessage>> next =
        reader_->Next(records.empty() ? deadline : Steady::now());
    if (!next) {
      reader_.reset();
      if (records.empty()) return Retry(next.error().text);
      break;  // What came before it is good; the next call opens a new reader.
    }
    if (!next->has_value()) break;
    wire::StoredMessage& record = **next;
    if (record.sequence <= position_.sequence) continue;  // Handed out before.
    position_.sequence = record.sequence;
    bytes += record.data.size();
    records.push_back(std::move(record));
  }
  return records;
}

}  // namespace lyceum::partition
