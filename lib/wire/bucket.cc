// A bucket is the stream KV_<name> with the subjects $KV.<name>.<key>, the last value of each kept:
// what every NATS client calls a key-value store. A header KV-Operation marks a key that was
// deleted.
#include <algorithm>

#include "wire/connection_impl.h"
#include "wire/jetstream.h"
#include "wire/kv_names.h"
#include "wire/pub_ack.h"
#include "wire/stored_message.h"

namespace lyceum::wire {
namespace {

constexpr std::chrono::milliseconds kPutTimeout{5000};
constexpr std::chrono::milliseconds kGetTimeout{1000};  // Nothing is lost by asking again.

Result<StreamInfoHandle> FindBucket(Connection& connection, const std::string& name,
                                    const char* subjects_filter) {
  if (!IsBucketName(name)) return Reject("not the name of a bucket");
  jsOptions options;
  jsOptions_Init(&options);
  options.Stream.Info.SubjectsFilter = subjects_filter;
  jsErrCode code{};
  jsStreamInfo* raw = nullptr;
  const natsStatus status = js_GetStreamInfo(&raw, connection.impl().jetstream.get(),
                                             BucketStream(name).c_str(), &options, &code);
  StreamInfoHandle info(raw);
  if (status == NATS_OK) return info;
  if (code == JSStreamNotFoundErr) return StreamInfoHandle();
  return JetStreamError(connection.impl(), status, code, "looking at bucket " + name + " failed");
}

// Empty: it is a bucket as Ensure makes it.
std::string Differs(const jsStreamConfig& config, int32_t replicas) {
  if (config.MaxMsgsPerSubject != 1) return "its history is not 1";
  if (config.Storage != js_FileStorage) return "its storage is not file";
  if (config.MaxAge != 0) return "its values expire";
  if (config.Replicas != replicas) return "it has " + std::to_string(config.Replicas) + " replicas";
  return {};
}

}  // namespace

struct Bucket::Impl {
  Connection* connection;
  std::string name;
  std::string Subject(const std::string& key) const { return KeySubject(name, key); }
};

Bucket::Bucket(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Bucket::Bucket(Bucket&&) noexcept = default;
Bucket& Bucket::operator=(Bucket&&) noexcept = default;
Bucket::~Bucket() = default;

Result<std::optional<Bucket>> Bucket::Open(Connection& connection, const std::string& name) {
  auto found = FindBucket(connection, name, nullptr);
  if (!found) return found.error();
  if (*found == nullptr) return std::optional<Bucket>();
  return std::optional<Bucket>(Bucket(std::make_unique<Impl>(Impl{&connection, name})));
}

Result<Bucket> Bucket::Ensure(Connection& connection, const std::string& name, int32_t replicas) {
  auto found = FindBucket(connection, name, nullptr);
  if (!found) return found.error();
  if (*found == nullptr) {
    kvConfig config;
    kvConfig_Init(&config);
    config.Bucket = name.c_str();
    config.History = 1;
    config.StorageType = js_FileStorage;
    config.Replicas = replicas;
    kvStore* raw = nullptr;
    const natsStatus status = js_CreateKeyValue(&raw, connection.impl().jetstream.get(), &config);
    const std::unique_ptr<kvStore, Destroy<kvStore_Destroy>> store(raw);
    const std::string why = LibraryText(status);
    // Where somebody was faster this fails, and what they made is looked at.
    found = FindBucket(connection, name, nullptr);
    if (!found) return found.error();
    if (*found == nullptr) return Retry("creating bucket " + name + " failed: " + why);
  }
  if (const std::string text = Differs(*(*found)->Config, replicas); !text.empty()) {
    return Reject("bucket " + name + " is not as asked: " + text);
  }
  return Bucket(std::make_unique<Impl>(Impl{&connection, name}));
}

Result<std::optional<std::string>> Bucket::Get(const std::string& key) {
  if (!IsKey(key)) return Reject("not a key of a bucket");
  jsOptions options;
  jsOptions_Init(&options);
  options.Wait = kGetTimeout.count();
  jsErrCode code{};
  natsMsg* raw = nullptr;
  // From the leader, not from any replica: what was put before is seen.
  const natsStatus status = js_GetLastMsg(&raw, impl_->connection->impl().jetstream.get(),
                                          BucketStream(impl_->name).c_str(),
                                          impl_->Subject(key).c_str(), &options, &code);
  const MsgHandle msg(raw);
  if (status != NATS_OK) {
    if (code == JSNoMessageFoundErr) return std::optional<std::string>();
    // It was there: a server that starts answers before its JetStream does.
    if (status == NATS_NO_RESPONDERS) return Retry("nobody answers for bucket " + impl_->name);
    return JetStreamError(impl_->connection->impl(), status, code,
                          "reading from bucket " + impl_->name + " failed");
  }
  StoredMessage stored = FromStored(raw);
  if (!stored.header(kKeyOperation).empty()) return std::optional<std::string>();
  return std::optional<std::string>(std::move(stored.data));
}

Result<void> Bucket::Put(const std::string& key, const std::string& value) {
  if (!IsKey(key)) return Reject("not a key of a bucket");
  Message message;
  message.subject = impl_->Subject(key);
  message.data = value;
  auto acked = PublishAcked(*impl_->connection, message, "", kPutTimeout);
  if (!acked) return acked.error();
  return {};
}

Result<bool> Bucket::Create(const std::string& key, const std::string& value) {
  if (!IsKey(key)) return Reject("not a key of a bucket");
  Message message;
  message.subject = impl_->Subject(key);
  message.headers = {{"Nats-Expected-Last-Subject-Sequence", "0"}};
  message.data = value;
  auto reply = impl_->connection->Request(message, kPutTimeout);
  if (!reply) return reply.error();
  const StreamAnswer answer = ParseStreamAnswer(reply->data, reply->no_responders);
  if (answer.sequence > 0) return true;
  if (answer.code == kWrongLastSequence) return false;
  return answer.code != 0 ? Reject(answer.error) : Retry(answer.error);
}

Result<std::vector<std::string>> Bucket::Keys() {
  const std::string prefix = impl_->Subject("");
  auto found = FindBucket(*impl_->connection, impl_->name, (prefix + ">").c_str());
  if (!found) return found.error();
  if (*found == nullptr) return Reject("bucket " + impl_->name + " is gone");
  std::vector<std::string> keys;
  const jsStreamStateSubjects* subjects = (*found)->State.Subjects;
  for (int i = 0; subjects != nullptr && i < subjects->Count; ++i) {
    keys.push_back(std::string(subjects->List[i].Subject).substr(prefix.size()));
  }
  return keys;
}

}  // namespace lyceum::wire
