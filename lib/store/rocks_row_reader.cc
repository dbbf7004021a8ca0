#include "store/rocks_row_reader.h"

#include <utility>

#include "store/database.h"
#include "store/rocks_bytes.h"

namespace lyceum::store {
namespace {

namespace keys = checkpoint_keys;

}  // namespace

RocksRowReader::RocksRowReader(std::shared_ptr<Home> home, PartitionId partition)
    : home_(std::move(home)),
      partition_(partition),
      end_(keys::PartitionEnd(partition)),
      bound_(SliceOf(end_)) {
  std::lock_guard lock(home_->mutex);
  home_->readers.insert(this);
}

RocksRowReader::~RocksRowReader() {
  std::shared_lock opening(*home_->opening);
  it_.reset();
  std::lock_guard lock(home_->mutex);
  home_->readers.erase(this);
}

Result<bool> RocksRowReader::Begin(rocksdb::DB* db) {
  rocksdb::ReadOptions read;
  read.iterate_upper_bound = &bound_;
  read.fill_cache = false;
  it_.reset(db->NewIterator(read));
  const keys::Key key = keys::CheckpointKey(partition_);
  it_->Seek(SliceOf(key));
  if (!it_->status().ok()) return home_->failed(it_->status());
  if (!it_->Valid() || ViewOf(it_->key()) != key.view()) return false;
  const auto checkpoint = keys::DecodeCheckpoint(ViewOf(it_->value()));
  if (!checkpoint) return Damaged("a checkpoint row cannot be read", home_->path);
  checkpoint_ = *checkpoint;
  it_->Next();
  return true;
}

Result<bool> RocksRowReader::Next(size_t bytes_max, const Visit& visit) {
  std::shared_lock lock(*home_->opening);
  if (!it_) return Retry("the database was opened again meanwhile");
  for (size_t bytes = 0; it_->Valid() && bytes < bytes_max; it_->Next()) {
    bytes += it_->key().size() + it_->value().size();
    visit(keys::WithoutPartition(ViewOf(it_->key())), ViewOf(it_->value()));
  }
  if (!it_->status().ok()) return home_->failed(it_->status());
  return it_->Valid();
}

}  // namespace lyceum::store
