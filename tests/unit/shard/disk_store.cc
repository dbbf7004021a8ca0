// The store of a worker's machine, with a disk that does not always read.
#include <utility>

#include "shard_world.h"

namespace lyceum::shard {

Result<std::optional<store::Checkpoint>> DiskStore::GetCheckpoint(store::PartitionId partition) {
  return memory.GetCheckpoint(partition);
}
Result<std::optional<std::string>> DiskStore::GetSession(store::PartitionId partition,
                                                         std::string_view user) {
  if (Fails()) return Retry("the disk does not read");
  return memory.GetSession(partition, user);
}
Result<std::optional<std::string>> DiskStore::GetTopic(store::PartitionId partition,
                                                       std::string_view digest) {
  if (Fails()) return Retry("the disk does not read");
  return memory.GetTopic(partition, digest);
}
Result<std::vector<store::TimerRow>> DiskStore::GetTimers(
    store::PartitionId partition, int64_t due_before_ms,
    const std::optional<store::TimerRow>& after, size_t count_max) {
  if (Fails()) return Retry("the disk does not read");
  return memory.GetTimers(partition, due_before_ms, after, count_max);
}
Result<std::vector<store::JournalRow>> DiskStore::GetJournal(store::PartitionId partition,
                                                             std::string_view user,
                                                             uint64_t before_first_sequence,
                                                             size_t bytes_max) {
  if (Fails()) return Retry("the disk does not read");
  return memory.GetJournal(partition, user, before_first_sequence, bytes_max);
}
Result<std::vector<store::DeadLetterRow>> DiskStore::GetDeadLetters(store::PartitionId partition,
                                                                    size_t count_max) {
  return memory.GetDeadLetters(partition, count_max);
}
Result<std::vector<std::string>> DiskStore::GetUsers(store::PartitionId partition,
                                                     std::string_view after, size_t count_max) {
  return memory.GetUsers(partition, after, count_max);
}
Result<std::unique_ptr<store::RowReader>> DiskStore::ReadRows(store::PartitionId partition) {
  if (Fails()) return Retry("this disk does not read");
  return memory.ReadRows(partition);
}
Result<void> DiskStore::EraseRows(store::PartitionId partition) {
  return memory.EraseRows(partition);
}
void DiskStore::Write(std::shared_ptr<const store::CheckpointBatch> batch, Executor* executor,
                      std::function<void(Result<void>)> done) {
  ++batches;
  if (on_write) on_write(*batch);
  memory.Write(std::move(batch), executor, std::move(done));
}

}  // namespace lyceum::shard
