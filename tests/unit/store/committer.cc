// Commits without end and prints the sequence of each one that returned. For kill_test.cc, which
// kills it.
//   committer FOLDER SEED
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <random>

#include "store/store.h"

int main(int argc, char** argv) {
  using namespace lyceum::store;
  if (argc != 3) return 2;
  Store::Options options;
  options.path = argv[1];
  options.write_buffer_bytes = 2 << 20;  // Small: flushes and compactions are killed too.
  auto store = Store::Open(options);
  if (!store) {
    fmt::print(stderr, "{}\n", store.error().text);
    return 1;
  }
  const auto applied = (*store)->GetApplied(1);
  if (!applied) return 1;
  uint64_t sequence = *applied ? (*applied)->sequence : 0;
  std::mt19937_64 random(std::strtoull(argv[2], nullptr, 10));
  const lyceum::UserId user("ada");
  for (;;) {
    ++sequence;
    const std::string text = std::to_string(sequence) + std::string(random() % 4096, 'x');
    Commit commit(1);
    commit.SetApplied({sequence, 7});
    commit.PutSession(user, text);
    commit.PutHistory(user, sequence, text);
    commit.PutRecord(user, sequence);
    commit.PutLetter({sequence, 0}, text);
    commit.PutTimer(static_cast<int64_t>(sequence), {sequence, 1}, text);
    if (sequence > 8) {
      commit.EraseLetter({sequence - 8, 0});
      commit.EraseTimer(static_cast<int64_t>(sequence - 8), {sequence - 8, 1});
    }
    if (!(*store)->Apply(std::move(commit))) return 1;
    // One write of 8 bytes is whole or not there.
    if (write(STDOUT_FILENO, &sequence, sizeof sequence) != sizeof sequence) return 0;
  }
}
