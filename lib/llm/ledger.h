// Ledger: what was asked of the providers of language models, in a file that outlives the process.
//
// A request is written down with the most it may cost before the provider is asked, and once more
// with what it has cost when it has ended. One that a killed process left open counts as the most
// it may have cost, from the moment the file is opened again; a request counts once, whatever
// happens. Tokens are counted on the UTC day on which the request began.
//
// FOLDER/ledger is a text (ledger_lines.h); FOLDER/ledger.lock is held as long as a process has it
// open. What is written survives the death of the process at once, and that of the machine after
// kSyncEvery. The file is written anew, shorter, on the first request of a day, and when it has grown
// to twice its size and by kGrowthBytes at least: by a thread of its own, so that nobody waits for
// the disk. So the names of users are in it for a day. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "llm/ledger_lines.h"

namespace lyceum::llm {

class Ledger {
 public:
  static constexpr std::chrono::milliseconds kSyncEvery{1000};
  static constexpr size_t kGrowthBytes = 4 * 1024 * 1024;

  // Makes the folder and the file where they are not there. kReject: another process has it, or it
  // cannot be written; kFatal: it is damaged. The texts say what to do.
  static Result<std::unique_ptr<Ledger>> Open(const std::string& folder,
                                              size_t growth_bytes = kGrowthBytes);
  ~Ledger();  // With what was written on the disk.
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  // Of users with a budget, on the newest day that is there.
  struct Spent {
    int64_t day = 0;
    std::map<std::string, uint64_t> users;
  };
  Spent spent() const;

  // kRetry: it cannot be written, so the provider is not to be asked. Else a number for End.
  Result<uint64_t> Begin(const LedgerRequest& request);
  // Once. `unknown`: the provider did not tell. Where it cannot be written it is written later; if
  // the process dies before that, the reserve counts.
  void End(uint64_t number, const Usage& cost, bool unknown);

  std::vector<LedgerRow> rows() const;

  // What the file in that folder says now, also while a process has it open. No file: no rows.
  static Result<std::vector<LedgerRow>> Read(const std::string& folder);

 private:
  class File;
  Ledger(std::string folder, std::unique_ptr<File> lock, size_t growth_bytes);
  // With mutex_ held.
  bool Append(const std::string& line);
  void Run();
  void Rewrite(std::unique_lock<std::mutex>& lock);

  const std::string folder_;
  const std::unique_ptr<File> lock_file_;
  const size_t growth_bytes_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  LedgerAccounts accounts_;     // Guarded by mutex_, as the rest.
  std::shared_ptr<File> file_;  // What is not whole at its end is written over.
  uint64_t size_ = 0;
  uint64_t size_when_written_ = 0;
  bool unsynced_ = false;
  int64_t day_when_written_ = 0;
  uint64_t missed_ = 0;  // Ends that could not be written: the file is to be written anew.
  bool rewriting_ = false;
  std::string meanwhile_;  // Lines since the rewriting began.
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace lyceum::llm
