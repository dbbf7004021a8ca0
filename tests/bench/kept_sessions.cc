#include "bench/kept_sessions.h"

#include <filesystem>
#include <memory>
#include <stdexcept>

#include "base/executor.h"
#include "envelope/subjects.h"
#include "store/rocks_store.h"
#include "tutor/fold_version.h"

namespace lyceum::bench {
namespace {

// Runs what is posted on the poster's thread: nobody waits for it but the store's destructor.
class AtOnce final : public Executor {
 public:
  void Post(std::function<void()> task) override { task(); }
};

}  // namespace

void BeginNewLog(const std::string& path) {
  AtOnce executor;
  std::string failed;
  auto store = store::RocksStore::Open({.path = path});
  if (!store) throw std::runtime_error(store.error().text);
  for (uint32_t i = 0; i < envelope::Subjects().partitions(); ++i) {
    auto batch = std::make_shared<store::CheckpointBatch>(static_cast<store::PartitionId>(i));
    batch->SetCheckpoint({.fold_version = tutor::kFoldVersion, .clean = true});
    (*store)->Write(batch, &executor, [&failed](const Result<void>& written) {
      if (!written) failed = written.error().text;
    });
  }
  store->reset();  // Writes what is queued, and reports it.
  std::filesystem::remove(std::filesystem::path(path) / "flight");
  if (!failed.empty()) throw std::runtime_error(failed);
}

}  // namespace lyceum::bench
