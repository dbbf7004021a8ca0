#include "store/commit.h"

#include <algorithm>

#include "base/check.h"
#include "store/keys.h"

namespace lyceum::store {
namespace {

rocksdb::Slice SliceOf(std::string_view bytes) { return {bytes.data(), bytes.size()}; }

// A batch only fails past 4 GiB, or once it was handed over.
void Put(rocksdb::WriteBatch* batch, const std::string& key, std::string_view bytes) {
  CHECK(batch->Put(key, SliceOf(bytes)).ok());
}

void Erase(rocksdb::WriteBatch* batch, const std::string& key) { CHECK(batch->Delete(key).ok()); }

}  // namespace

Commit::Commit(PartitionId partition) : impl_(std::make_unique<Impl>()) {
  impl_->partition = partition;
}
Commit::~Commit() = default;
Commit::Commit(Commit&&) noexcept = default;
Commit& Commit::operator=(Commit&&) noexcept = default;

void Commit::SetApplied(const Applied& applied) {
  Put(&impl_->batch, keys::Applied(impl_->partition), keys::EncodeApplied(applied));
}

void Commit::PutSession(const UserId& user, std::string_view bytes) {
  Put(&impl_->batch, keys::Session(impl_->partition, user), bytes);
}

void Commit::PutTopic(std::string_view digest, std::string_view bytes) {
  Put(&impl_->batch, keys::Topic(impl_->partition, digest), bytes);
}

void Commit::PutHistory(const UserId& user, uint64_t index, std::string_view bytes) {
  Put(&impl_->batch, keys::History(impl_->partition, user, index), bytes);
}

void Commit::PutMessage(const UserId& user, uint32_t n, std::string_view bytes) {
  Put(&impl_->batch, keys::Message(impl_->partition, user, n), bytes);
}

void Commit::EraseMessage(const UserId& user, uint32_t n) {
  Erase(&impl_->batch, keys::Message(impl_->partition, user, n));
}

void Commit::PutRecord(const UserId& user, uint64_t sequence) {
  Put(&impl_->batch, keys::Record(impl_->partition, user, sequence), {});
}

void Commit::PutLetter(LetterId id, std::string_view bytes) {
  Put(&impl_->batch, keys::Letter(impl_->partition, id), bytes);
}

void Commit::EraseLetter(LetterId id) { Erase(&impl_->batch, keys::Letter(impl_->partition, id)); }

void Commit::PutTimer(int64_t due_ms, LetterId id, std::string_view bytes) {
  impl_->first_timer_ms = std::min(impl_->first_timer_ms, due_ms);
  Put(&impl_->batch, keys::Timer(impl_->partition, due_ms, id), bytes);
}

void Commit::EraseTimer(int64_t due_ms, LetterId id) {
  Erase(&impl_->batch, keys::Timer(impl_->partition, due_ms, id));
}

void Commit::PutCall(LetterId id, std::string_view bytes) {
  Put(&impl_->batch, keys::Call(impl_->partition, id), bytes);
}

void Commit::EraseCall(LetterId id) { Erase(&impl_->batch, keys::Call(impl_->partition, id)); }

bool Commit::empty() const { return impl_->batch.Count() == 0; }

}  // namespace lyceum::store
