#include "store/flight_page.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/check.h"

namespace lyceum::store {
namespace {

// The file, in the machine's own byte order: Header, then a PageLine for each partition, then for each
// partition kFoldedMax times `low half of the sequence, low half of the fingerprint`, at the place
// sequence % kFoldedMax, then the epoch of each partition.
constexpr uint64_t kMagic = 0x4c59434547485431;
constexpr uint64_t kFormat = 3;
// `folding` while a death is being counted: `next_` are to be copied.
constexpr uint64_t kCounting = UINT64_MAX;

struct Header {
  uint64_t magic = kMagic;
  uint64_t format = kFormat;
  uint64_t partitions = 0;
  uint64_t checksum = 0;  // Of what is before it.
  std::array<uint64_t, 12> unused{};
};

struct Sent {
  uint64_t sequence;
  uint64_t fingerprint;
  uint64_t time_ms;
  uint64_t check;  // Of the three.
};

struct PageLine {
  uint64_t folding;
  uint64_t suspect;
  uint64_t next_suspect;
  uint32_t deaths;
  uint32_t next_deaths;
  uint64_t sent_writes;  // The last one went to sent[sent_writes % 2].
  Sent sent[2];
  uint64_t confirmed;
  uint64_t stream_created_ns;
  uint32_t lineage;
  uint32_t known;
};
static_assert(sizeof(Header) == 128 && sizeof(PageLine) == 128);

uint64_t Mix(uint64_t hash, uint64_t value) {
  return std::rotl((hash ^ value) * 0x9e3779b97f4a7c15, 29);
}

uint64_t CheckOf(uint64_t sequence, uint64_t fingerprint, uint64_t time_ms) {
  return Mix(Mix(Mix(kMagic, sequence), fingerprint), time_ms);
}

uint64_t ChecksumOf(const Header& header) {
  return Mix(Mix(Mix(kMagic, header.magic), header.format), header.partitions);
}

Header HeaderOf(uint32_t partitions) {
  Header header;
  header.partitions = partitions;
  header.checksum = ChecksumOf(header);
  return header;
}

template <class T>
T Load(const T& field) {
  return std::atomic_ref(const_cast<T&>(field)).load(std::memory_order_acquire);
}
// Not before any store above it.
template <class T>
void Store(T& field, std::type_identity_t<T> value) {
  std::atomic_ref(field).store(value, std::memory_order_release);
}

const Sent& SentOf(const PageLine& line) { return line.sent[Load(line.sent_writes) % 2]; }

void SetSent(PageLine& line, uint64_t sequence, uint64_t fingerprint, int64_t time_ms) {
  const uint64_t writes = Load(line.sent_writes) + 1;
  Sent& sent = line.sent[writes % 2];
  Store(sent.sequence, sequence);
  Store(sent.fingerprint, fingerprint);
  Store(sent.time_ms, static_cast<uint64_t>(time_ms));
  Store(sent.check, CheckOf(sequence, fingerprint, static_cast<uint64_t>(time_ms)));
  Store(line.sent_writes, writes);
}

void Begin(PageLine& line, int64_t stream_created_ns, uint32_t lineage) {
  Store(line.confirmed, 0);
  Store(line.stream_created_ns, static_cast<uint64_t>(stream_created_ns));
  Store(line.lineage, lineage);
}

// Killed in here, the next opening goes on where this one was.
void CountDeath(PageLine& line) {
  const uint64_t folding = Load(line.folding);
  if (folding == 0) return;
  if (folding != kCounting) {
    const bool again = Load(line.suspect) == folding;
    Store(line.next_suspect, folding);
    Store(line.next_deaths, again ? Load(line.deaths) + 1 : 1);
    Store(line.folding, kCounting);
  }
  Store(line.suspect, Load(line.next_suspect));
  Store(line.deaths, Load(line.next_deaths));
  Store(line.folding, 0);
}

void ForgetDamaged(PageLine& line) {
  if (Load(line.known) == 0) return;
  const Sent& sent = SentOf(line);
  const bool sound = Load(line.known) == 1 &&
                     Load(sent.check) ==
                         CheckOf(Load(sent.sequence), Load(sent.fingerprint), Load(sent.time_ms)) &&
                     Load(line.confirmed) <= Load(sent.sequence);
  if (!sound) line = PageLine{};
}

class File {
 public:
  explicit File(int file) : file_(file) {}
  ~File() {
    if (file_ >= 0) close(file_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return file_; }

 private:
  const int file_;
};

Error DiskError(std::string_view what, const std::string& path) {
  return Retry(
      fmt::format("cannot {} the flight page {} ({}): check the disk and the folder's "
                  "owner and rights",
                  what, path, std::generic_category().message(errno)));
}

constexpr size_t kFoldedMax = FlightPage::kFoldedMax;

size_t LineBytesOf(uint32_t partitions) { return sizeof(Header) + partitions * sizeof(PageLine); }
size_t BytesOf(uint32_t partitions) {
  return LineBytesOf(partitions) + partitions * (kFoldedMax + 1) * sizeof(uint64_t);
}

bool IsSound(const std::string& path, uint32_t partitions) {
  const File file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat about {};
  if (file.get() < 0 || fstat(file.get(), &about) != 0) return false;
  Header header, wanted = HeaderOf(partitions);
  return S_ISREG(about.st_mode) && static_cast<size_t>(about.st_size) == BytesOf(partitions) &&
         pread(file.get(), &header, sizeof header, 0) == sizeof header &&
         std::memcmp(&header, &wanted, sizeof header) == 0;
}

// All of it in another file first: nobody sees a part.
Result<void> MakeAnew(const std::string& path, uint32_t partitions) {
  const Header header = HeaderOf(partitions);
  const std::string fresh = path + ".new";
  unlink(fresh.c_str());  // One that a killed process left.
  const File file(open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file.get() < 0) return DiskError("make", fresh);
  // With its blocks: a store to a page that the disk has no room for would kill the process.
  errno = posix_fallocate(file.get(), 0, static_cast<off_t>(BytesOf(partitions)));
  if (errno != 0) return DiskError("write", fresh);
  if (pwrite(file.get(), &header, sizeof header, 0) != sizeof header) {
    return DiskError("write", fresh);
  }
  if (rename(fresh.c_str(), path.c_str()) != 0) return DiskError("rename", fresh);
  return {};
}

}  // namespace

struct FlightPage::Impl {
  explicit Impl(uint32_t partitions)
      : count(partitions),
        own(partitions),
        own_folded(partitions * (kFoldedMax + 1)),
        lines(own.data()),
        folded(own_folded.data()) {}
  Impl(void* page, size_t page_bytes, uint32_t partitions)
      : count(partitions),
        mapped(page),
        mapped_bytes(page_bytes),
        lines(reinterpret_cast<PageLine*>(static_cast<char*>(page) + sizeof(Header))),
        folded(reinterpret_cast<uint64_t*>(static_cast<char*>(page) + LineBytesOf(partitions))) {}
  ~Impl() {
    if (mapped != nullptr) munmap(mapped, mapped_bytes);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  PageLine& Of(PartitionId partition) {
    CHECK(partition < count);
    return lines[partition];
  }
  uint64_t& FoldedOf(PartitionId partition, uint64_t sequence) {
    CHECK(partition < count);
    return folded[partition * kFoldedMax + sequence % kFoldedMax];
  }

  uint64_t& EpochOf(PartitionId partition) {
    CHECK(partition < count);
    return folded[count * kFoldedMax + partition];
  }

  const uint32_t count;
  std::vector<PageLine> own;         // In memory.
  std::vector<uint64_t> own_folded;  // Likewise.
  void* const mapped = nullptr;
  const size_t mapped_bytes = 0;
  PageLine* const lines;
  uint64_t* const folded;
};

FlightPage::FlightPage(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FlightPage::~FlightPage() = default;

Result<std::unique_ptr<FlightPage>> FlightPage::Open(const std::string& path, uint32_t partitions) {
  CHECK(partitions > 0);
  if (!IsSound(path, partitions)) {
    if (auto made = MakeAnew(path, partitions); !made) return made.error();
  }
  const File file(open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (file.get() < 0) return DiskError("open", path);
  if (fchmod(file.get(), 0600) != 0) return DiskError("protect", path);
  const size_t bytes = BytesOf(partitions);
  void* const page = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (page == MAP_FAILED) return DiskError("map", path);
  std::unique_ptr<FlightPage> opened(
      new FlightPage(std::make_unique<Impl>(page, bytes, partitions)));
  opened->Reopen();
  return opened;
}

std::unique_ptr<FlightPage> FlightPage::InMemory(uint32_t partitions) {
  CHECK(partitions > 0);
  return std::unique_ptr<FlightPage>(new FlightPage(std::make_unique<Impl>(partitions)));
}

void FlightPage::Reopen() {
  for (uint32_t i = 0; i < impl_->count; ++i) {
    ForgetDamaged(impl_->lines[i]);
    CountDeath(impl_->lines[i]);
  }
}

FlightPage::Line FlightPage::Get(PartitionId partition) const {
  const PageLine& line = impl_->Of(partition);
  Line read;
  read.suspect = Load(line.suspect);
  read.deaths = read.suspect == 0 ? 0 : Load(line.deaths);
  read.known = Load(line.known) != 0;
  if (!read.known) return read;
  const Sent& sent = SentOf(line);
  read.sent = Load(sent.sequence);
  read.sent_fingerprint = Load(sent.fingerprint);
  read.sent_time_ms = static_cast<int64_t>(Load(sent.time_ms));
  read.confirmed = Load(line.confirmed);
  read.stream_created_ns = static_cast<int64_t>(Load(line.stream_created_ns));
  read.lineage = Load(line.lineage);
  read.epoch = Load(impl_->EpochOf(partition));
  return read;
}

void FlightPage::BeginFold(PartitionId partition, uint64_t sequence) {
  CHECK(sequence != 0 && sequence != kCounting);
  Store(impl_->Of(partition).folding, sequence);
}

void FlightPage::EndFold(PartitionId partition) {
  PageLine& line = impl_->Of(partition);
  const uint64_t suspect = Load(line.suspect);
  if (suspect != 0 && suspect <= Load(line.folding)) {
    Store(line.suspect, 0);
    Store(line.deaths, 0);
  }
  Store(line.folding, 0);
}

void FlightPage::NoteSent(PartitionId partition, uint64_t sequence, uint64_t fingerprint,
                          int64_t time_ms) {
  PageLine& line = impl_->Of(partition);
  if (Load(line.known) != 0 && sequence <= Load(SentOf(line).sequence)) return;
  SetSent(line, sequence, fingerprint, time_ms);
  if (Load(line.known) == 0) Store(line.known, 1);
}

void FlightPage::NoteConfirmed(PartitionId partition, uint64_t sequence) {
  PageLine& line = impl_->Of(partition);
  CHECK(Load(line.known) != 0 && sequence <= Load(SentOf(line).sequence));
  if (sequence > Load(line.confirmed)) Store(line.confirmed, sequence);
}

void FlightPage::NoteEpoch(PartitionId partition, uint64_t epoch) {
  Store(impl_->EpochOf(partition), epoch);
}

void FlightPage::NoteFolded(PartitionId partition, uint64_t sequence, uint64_t fingerprint) {
  Store(impl_->FoldedOf(partition, sequence), sequence << 32 | (fingerprint & UINT32_MAX));
}

FlightPage::Folded FlightPage::WasFolded(PartitionId partition, uint64_t sequence,
                                         uint64_t fingerprint) const {
  const uint64_t noted = Load(impl_->FoldedOf(partition, sequence));
  if (noted == 0 || noted >> 32 != (sequence & UINT32_MAX)) return Folded::kUnknown;
  return (noted & UINT32_MAX) == (fingerprint & UINT32_MAX) ? Folded::kSame : Folded::kOther;
}

void FlightPage::Reset(PartitionId partition, int64_t stream_created_ns, uint32_t lineage,
                       uint64_t sent, uint64_t sent_fingerprint, int64_t sent_time_ms) {
  PageLine& line = impl_->Of(partition);
  Store(line.known, 0);  // Killed in here: nothing is known.
  Store(line.folding, 0);
  Store(line.suspect, 0);
  Store(line.deaths, 0);
  Begin(line, stream_created_ns, lineage);
  SetSent(line, sent, sent_fingerprint, sent_time_ms);
  Store(line.known, 1);
}

void FlightPage::Forget(PartitionId partition, int64_t stream_created_ns, uint32_t lineage,
                        uint64_t sent) {
  PageLine& line = impl_->Of(partition);
  Store(line.known, 0);
  Begin(line, stream_created_ns, lineage);
  SetSent(line, sent, 0, 0);
  Store(line.known, 1);
}

}  // namespace lyceum::store
