#include "llm/ledger.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/log.h"

namespace lyceum::llm {
namespace {

constexpr uint64_t kFileBytesMax = uint64_t{256} * 1024 * 1024;
constexpr mode_t kMode = 0600;

std::string PathOf(const std::string& folder) { return folder + "/ledger"; }

Error Cannot(const char* what, const std::string& path) {
  return Reject(fmt::format("cannot {} {}: {}", what, path, std::strerror(errno)));
}

bool SyncFolder(const std::string& folder) {
  const int file = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return false;
  const bool synced = fsync(file) == 0;
  close(file);
  return synced;
}

// What stands behind the last "\n" was not written to its end, and says nothing.
Result<LedgerAccounts> AccountsIn(const std::string& path, std::string_view text) {
  LedgerAccounts accounts;
  size_t number = 0;
  for (size_t end = 0; (end = text.find('\n')) != std::string_view::npos;) {
    ++number;
    if (!accounts.Apply(text.substr(0, end))) {
      return Fatal(
          fmt::format("{} is damaged in line {}: move it away, and begin another one "
                      "without what it says",
                      path, number));
    }
    text.remove_prefix(end + 1);
  }
  return accounts;
}

}  // namespace

class Ledger::File {
 public:
  File(const std::string& path, int flags)
      : handle_(open(path.c_str(), flags | O_CLOEXEC, kMode)) {}
  ~File() {
    if (handle_ >= 0) close(handle_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  bool good() const { return handle_ >= 0; }
  bool Lock() { return flock(handle_, LOCK_EX | LOCK_NB) == 0; }
  bool Sync() { return fdatasync(handle_) == 0; }
  bool WriteAt(uint64_t offset, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written =
          pwrite(handle_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return false;
      offset += static_cast<uint64_t>(written);
      bytes.remove_prefix(static_cast<size_t>(written));
    }
    return true;
  }
  Result<std::string> ReadAll(const std::string& path) {
    struct stat about {};
    if (fstat(handle_, &about) != 0) return Cannot("read", path);
    if (static_cast<uint64_t>(about.st_size) > kFileBytesMax) {
      return Fatal(fmt::format("{} is larger than a ledger gets: move it away", path));
    }
    std::string bytes(static_cast<size_t>(about.st_size), '\0');
    size_t have = 0;
    while (have < bytes.size()) {
      const ssize_t got =
          pread(handle_, bytes.data() + have, bytes.size() - have, static_cast<off_t>(have));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return Cannot("read", path);
      if (got == 0) break;
      have += static_cast<size_t>(got);
    }
    bytes.resize(have);
    return bytes;
  }

 private:
  const int handle_;
};

Ledger::Ledger(std::string folder, std::unique_ptr<File> lock, size_t growth_bytes)
    : folder_(std::move(folder)), lock_file_(std::move(lock)), growth_bytes_(growth_bytes) {}

Result<std::unique_ptr<Ledger>> Ledger::Open(const std::string& folder, size_t growth_bytes) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return Reject(fmt::format("cannot make the folder {}: {}", folder, error.message()));
  }
  const std::string lock_path = PathOf(folder) + ".lock";
  auto lock_file = std::make_unique<File>(lock_path, O_RDWR | O_CREAT);
  if (!lock_file->good()) return Cannot("open", lock_path);
  if (!lock_file->Lock()) {
    return Reject(fmt::format(
        "another process keeps its ledger in {}: give each a --ledger-dir of its own", folder));
  }
  std::unique_ptr<Ledger> ledger(new Ledger(folder, std::move(lock_file), growth_bytes));
  const std::string path = PathOf(folder);
  if (File file(path, O_RDONLY); file.good()) {
    const Result<std::string> text = file.ReadAll(path);
    if (!text) return text.error();
    Result<LedgerAccounts> accounts = AccountsIn(path, *text);
    if (!accounts) return accounts.error();
    ledger->accounts_ = *std::move(accounts);
  } else if (errno != ENOENT) {
    return Cannot("read", path);
  }
  ledger->accounts_.CloseAll();
  std::unique_lock lock(ledger->mutex_);
  ledger->Rewrite(lock);
  if (ledger->file_ == nullptr) return Cannot("write", path);
  lock.unlock();
  ledger->thread_ = std::thread([raw = ledger.get()] { raw->Run(); });
  return ledger;
}

Ledger::~Ledger() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    wake_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

Ledger::Spent Ledger::spent() const {
  const std::lock_guard lock(mutex_);
  return {accounts_.newest_day(), accounts_.users()};
}

Result<uint64_t> Ledger::Begin(const LedgerRequest& request) {
  const std::lock_guard lock(mutex_);
  const uint64_t number = accounts_.next_number();
  const std::string line = accounts_.Begin(number, request);
  if (!Append(line)) {
    accounts_.Drop(number);
    return Retry("the ledger cannot be written: is the disk of --ledger-dir full?");
  }
  return number;
}

void Ledger::End(uint64_t number, const Usage& cost, bool unknown) {
  const std::lock_guard lock(mutex_);
  if (!Append(accounts_.End(number, cost, unknown))) ++missed_;
}

std::vector<LedgerRow> Ledger::rows() const {
  const std::lock_guard lock(mutex_);
  return accounts_.rows();
}

bool Ledger::Append(const std::string& line) {
  if (missed_ > 0 || !file_->WriteAt(size_, line)) return false;
  size_ += line.size();
  unsynced_ = true;
  if (rewriting_) meanwhile_ += line;
  return true;
}

void Ledger::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait_for(lock, kSyncEvery, [this] { return ending_; });
    const bool grown = size_ > 2 * size_when_written_ && size_ > size_when_written_ + growth_bytes_;
    if (missed_ > 0 || grown || accounts_.newest_day() != day_when_written_) {
      Rewrite(lock);
    } else if (std::exchange(unsynced_, false)) {
      const std::shared_ptr<File> file = file_;
      lock.unlock();
      const bool synced = file->Sync();
      const int why = errno;
      lock.lock();
      if (!synced) LogError("the ledger cannot be synced", {{"why", std::strerror(why)}});
    }
    if (ending_) return;
  }
}

// The file of before stays, and is what counts, until the new one is whole.
void Ledger::Rewrite(std::unique_lock<std::mutex>& lock) {
  const std::string path = PathOf(folder_);
  const std::string fresh = path + ".new";
  const uint64_t missed = missed_;
  const int64_t day = accounts_.newest_day();
  std::string lines = accounts_.Lines();
  meanwhile_.clear();
  rewriting_ = true;
  lock.unlock();
  auto file = std::make_shared<File>(fresh, O_RDWR | O_CREAT | O_TRUNC);
  bool good = file->good() && file->WriteAt(0, lines) && file->Sync();
  lock.lock();
  rewriting_ = false;
  good = good && file->WriteAt(lines.size(), meanwhile_) &&
         std::rename(fresh.c_str(), path.c_str()) == 0;
  if (!good) {
    LogError("the ledger cannot be written anew", {{"why", std::strerror(errno)}});
    return;
  }
  file_ = std::move(file);
  size_ = lines.size() + meanwhile_.size();
  size_when_written_ = lines.size();
  unsynced_ = true;
  missed_ -= missed;
  day_when_written_ = day;
  meanwhile_.clear();
  lock.unlock();
  const bool synced = SyncFolder(folder_);
  lock.lock();
  if (!synced) LogError("the folder of the ledger cannot be synced", {{"folder", folder_}});
}

Result<std::vector<LedgerRow>> Ledger::Read(const std::string& folder) {
  const std::string path = PathOf(folder);
  File file(path, O_RDONLY);
  if (!file.good() && errno == ENOENT) return std::vector<LedgerRow>();
  if (!file.good()) return Cannot("read", path);
  const Result<std::string> text = file.ReadAll(path);
  if (!text) return text.error();
  const Result<LedgerAccounts> accounts = AccountsIn(path, *text);
  if (!accounts) return accounts.error();
  return accounts->rows();
}

}  // namespace lyceum::llm
