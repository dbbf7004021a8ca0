// Writes checkpoints without end and prints the sequence of each one that was reported. For
// checkpoint_kill_test.cc, which kills it.
//   checkpoint_writer FOLDER SEED
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <future>
#include <memory>
#include <random>

#include "base/executor.h"
#include "store/rocks_store.h"

namespace {

// Runs at once, in the writer's thread.
class AtOnce final : public lyceum::Executor {
 public:
  void Post(std::function<void()> task) override { task(); }
};

}  // namespace

int main(int argc, char** argv) {
  using namespace lyceum::store;
  if (argc != 3) return 2;
  RocksStore::Options options;
  options.path = argv[1];
  options.write_buffer_bytes = 2 << 20;  // Small: flushes and compactions are killed too.
  auto store = RocksStore::Open(options);
  if (!store) {
    fmt::print(stderr, "{}\n", store.error().text);
    return 1;
  }
  const auto last = (*store)->GetCheckpoint(1);
  if (!last) return 1;
  uint64_t sequence = *last ? (*last)->sequence : 0;
  std::mt19937_64 random(std::strtoull(argv[2], nullptr, 10));
  AtOnce at_once;
  for (;;) {
    ++sequence;
    auto batch = std::make_shared<CheckpointBatch>(1);
    // One session of 8, its chunk, its timer, and a row that each batch writes.
    const std::string user = "u" + std::to_string(sequence % 8);
    const std::string text = std::to_string(sequence) + " " + std::string(random() % 4096, 'x');
    batch->PutSession(user, text);
    batch->PutJournal(user, sequence, text);
    batch->PutTimer(static_cast<int64_t>(sequence), user);
    if (sequence > 8) batch->EraseTimer(static_cast<int64_t>(sequence - 8), user);
    batch->PutDeadLetter(sequence, text);
    if (sequence > 8) batch->EraseDeadLetter(sequence - 8);
    batch->SetCheckpoint({.sequence = sequence, .fingerprint = sequence * 7});
    std::promise<bool> written;
    (*store)->Write(batch, &at_once, [&](const lyceum::Result<void>& result) {
      written.set_value(result.has_value());
    });
    if (!written.get_future().get()) return 1;
    // One write of 8 bytes is whole or not there.
    if (write(STDOUT_FILENO, &sequence, sizeof sequence) != sizeof sequence) return 0;
  }
}
