#include "log_file.h"

#include <fmt/format.h>

#include <concepts>
#include <fstream>
#include <iterator>

namespace lyceum::golden {
namespace {

constexpr std::string_view kMagic = "LYCEUM LOG 2\n";
constexpr std::string_view kWithoutTopics = "LYCEUM LOG 1\n";

template <std::unsigned_integral T>
void Append(std::string* bytes, T value) {
  for (int shift = 8 * (static_cast<int>(sizeof(T)) - 1); shift >= 0; shift -= 8) {
    bytes->push_back(static_cast<char>(value >> shift));
  }
}

void AppendText(std::string* bytes, std::string_view text) {
  Append(bytes, static_cast<uint32_t>(text.size()));
  bytes->append(text);
}

// Reads on; what is missing is read as nothing and remembered.
class Input {
 public:
  explicit Input(std::string_view bytes) : bytes_(bytes) {}

  template <std::unsigned_integral T>
  T Number() {
    T value = 0;
    for (const char byte : Bytes(sizeof(T))) {
      value = static_cast<T>(value << 8 | static_cast<unsigned char>(byte));
    }
    return value;
  }
  std::string Text() { return std::string(Bytes(Number<uint32_t>())); }

  std::string_view Bytes(size_t size) {
    if (size > bytes_.size() - read_) {
      whole_ = false;
      return {};
    }
    read_ += size;
    return bytes_.substr(read_ - size, size);
  }
  bool whole() const { return whole_; }
  bool at_end() const { return read_ == bytes_.size(); }
  size_t read() const { return read_; }

 private:
  std::string_view bytes_;
  size_t read_ = 0;
  bool whole_ = true;
};

}  // namespace

std::string EncodeLog(const RecordedLog& log) {
  std::string bytes(log.topics.empty() ? kWithoutTopics : kMagic);
  AppendText(&bytes, log.prefix);
  Append(&bytes, log.partitions);
  Append(&bytes, log.partition);
  Append(&bytes, log.lineage);
  if (!log.topics.empty()) Append(&bytes, static_cast<uint32_t>(log.topics.size()));
  for (const std::string& topic : log.topics) AppendText(&bytes, topic);
  for (const LogRecord& record : log.records) {
    Append(&bytes, record.sequence);
    Append(&bytes, static_cast<uint64_t>(record.time_ms));
    AppendText(&bytes, record.subject);
    AppendText(&bytes, record.content_type);
    AppendText(&bytes, record.data);
  }
  return bytes;
}

Result<RecordedLog> DecodeLog(std::string_view bytes) {
  Input in(bytes);
  const std::string_view magic = in.Bytes(kMagic.size());
  if (magic != kMagic && magic != kWithoutTopics) {
    return Reject("not a recorded log: it does not begin with LYCEUM LOG 1 or 2");
  }
  RecordedLog log;
  log.prefix = in.Text();
  log.partitions = in.Number<uint32_t>();
  log.partition = in.Number<uint32_t>();
  log.lineage = in.Number<uint32_t>();
  const uint32_t topics = magic == kMagic ? in.Number<uint32_t>() : 0;
  while (in.whole() && log.topics.size() < topics) log.topics.push_back(in.Text());
  uint64_t last = 0;
  while (in.whole() && !in.at_end()) {
    LogRecord record;
    record.sequence = in.Number<uint64_t>();
    record.time_ms = static_cast<int64_t>(in.Number<uint64_t>());
    record.subject = in.Text();
    record.content_type = in.Text();
    record.data = in.Text();
    if (in.whole() && record.sequence <= last) {
      return Reject(fmt::format("record {} comes after record {}", record.sequence, last));
    }
    last = record.sequence;
    log.records.push_back(std::move(record));
  }
  if (!in.whole()) return Reject(fmt::format("the recorded log is cut off at byte {}", in.read()));
  return log;
}

Result<RecordedLog> ReadLog(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (!file) return Reject("cannot be read: " + path);
  return DecodeLog(bytes);
}

Result<void> WriteLog(const std::string& path, const RecordedLog& log) {
  std::ofstream file(path, std::ios::binary);
  file << EncodeLog(log) << std::flush;
  if (!file) return Reject("cannot be written: " + path);
  return {};
}

}  // namespace lyceum::golden
