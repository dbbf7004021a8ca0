#include <thread>

#include "wire/connection_impl.h"
#include "wire/jetstream.h"
#include "wire/stored_message.h"

namespace lyceum::wire {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;
constexpr std::chrono::seconds kPlacementWait{60};
constexpr int kPlacementPauseMs = 250;

std::string StorageName(jsStorageType type) { return type == js_FileStorage ? "file" : "memory"; }

std::string RetentionName(jsRetentionPolicy policy) {
  switch (policy) {
    case js_LimitsPolicy:
      return "limits";
    case js_InterestPolicy:
      return "interest";
    case js_WorkQueuePolicy:
      return "workqueue";
  }
  return "unknown";
}

std::string DiscardName(jsDiscardPolicy policy) { return policy == js_DiscardNew ? "new" : "old"; }

StreamInfo FromInfo(const jsStreamInfo& info) {
  StreamInfo result;
  const jsStreamConfig& config = *info.Config;
  result.config.name = config.Name;
  for (int i = 0; i < config.SubjectsLen; ++i) result.config.subjects.push_back(config.Subjects[i]);
  result.config.bytes_max = config.MaxBytes;
  result.config.age_max = std::chrono::seconds(config.MaxAge / kNsPerSecond);
  result.config.message_bytes_max = config.MaxMsgSize;
  result.config.duplicates = std::chrono::seconds(config.Duplicates / kNsPerSecond);
  result.config.replicas = static_cast<int32_t>(config.Replicas);
  result.config.discard_old = config.Discard == js_DiscardOld;
  result.storage = StorageName(config.Storage);
  result.retention = RetentionName(config.Retention);
  result.discard = DiscardName(config.Discard);
  result.messages = info.State.Msgs;
  result.bytes = info.State.Bytes;
  result.first_sequence = info.State.FirstSeq;
  result.last_sequence = info.State.LastSeq;
  result.created_ns = info.Created;
  return result;
}

std::string Join(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ",") + item;
  return text;
}

std::vector<std::string> Differences(const StreamConfig& asked, const jsStreamInfo& found_info) {
  const StreamInfo found = FromInfo(found_info);
  std::vector<std::string> differences;
  const auto compare = [&](const char* what, const std::string& want, const std::string& is) {
    if (want == is) return;
    differences.push_back("stream " + asked.name + ": " + what + " is " + is + ", should be " +
                          want);
  };
  compare("subjects", Join(asked.subjects), Join(found.config.subjects));
  compare("storage", "file", found.storage);
  compare("retention", "limits", found.retention);
  compare("discard", asked.discard_old ? "old" : "new", found.discard);
  compare("max_bytes", std::to_string(asked.bytes_max), std::to_string(found.config.bytes_max));
  compare("max_age in seconds", std::to_string(asked.age_max.count()),
          std::to_string(found.config.age_max.count()));
  compare("max_msg_size", std::to_string(asked.message_bytes_max),
          std::to_string(found.config.message_bytes_max));
  compare("duplicate_window in seconds", std::to_string(asked.duplicates.count()),
          std::to_string(found.config.duplicates.count()));
  compare("num_replicas", std::to_string(asked.replicas), std::to_string(found.config.replicas));
  compare("max_msgs", "-1", std::to_string(found_info.Config->MaxMsgs));
  compare("max_msgs_per_subject", std::to_string(asked.messages_per_subject_max),
          std::to_string(found_info.Config->MaxMsgsPerSubject));
  compare("no_ack", "false", found_info.Config->NoAck ? "true" : "false");
  compare("sealed", "false", found_info.Config->Sealed ? "true" : "false");
  return differences;
}

struct Found {
  StreamInfoHandle info;  // Null: no such stream.
};

Result<Found> Find(Connection& connection, const std::string& name) {
  jsErrCode code{};
  jsStreamInfo* raw = nullptr;
  const natsStatus status =
      js_GetStreamInfo(&raw, connection.impl().jetstream.get(), name.c_str(), nullptr, &code);
  Found found{StreamInfoHandle(raw)};
  if (status == NATS_OK) return found;
  if (code == JSStreamNotFoundErr) return Found{};
  return JetStreamError(connection.impl(), status, code, "looking at stream " + name + " failed");
}

natsStatus Add(Connection& connection, const StreamConfig& asked, StreamInfoHandle* info,
               jsErrCode* code) {
  std::vector<const char*> subjects;
  for (const std::string& subject : asked.subjects) subjects.push_back(subject.c_str());
  jsStreamConfig config;
  jsStreamConfig_Init(&config);
  config.Name = asked.name.c_str();
  config.Subjects = subjects.data();
  config.SubjectsLen = static_cast<int>(subjects.size());
  config.Retention = js_LimitsPolicy;
  config.Storage = js_FileStorage;
  config.Discard = asked.discard_old ? js_DiscardOld : js_DiscardNew;
  config.MaxBytes = asked.bytes_max;
  config.MaxAge = asked.age_max.count() * kNsPerSecond;
  config.MaxMsgSize = asked.message_bytes_max;
  config.MaxMsgsPerSubject = asked.messages_per_subject_max;
  config.Duplicates = asked.duplicates.count() * kNsPerSecond;
  config.Replicas = asked.replicas;
  jsStreamInfo* raw = nullptr;
  const natsStatus status =
      js_AddStream(&raw, connection.impl().jetstream.get(), &config, nullptr, code);
  info->reset(raw);
  return status;
}

bool MayBePlacedLater(jsErrCode code) {
  return code == JSClusterNoPeersErr || code == JSClusterNotAvailErr ||
         code == JSInsufficientResourcesErr;
}

}  // namespace

Error JetStreamError(Connection::Impl& impl, natsStatus status, jsErrCode code,
                     const std::string& what) {
  if (status == NATS_NO_RESPONDERS || code == JSNotEnabledErr ||
      code == JSNotEnabledForAccountErr) {
    return Reject("the NATS server at " + impl.server + " has no JetStream: start it with -js");
  }
  if (status == NATS_TIMEOUT && impl.async->violations > 0) {
    return Retry(what + ": no answer, and the server refused something: " + impl.async->Last());
  }
  if (code == 0) return FromStatus(status, what);
  const std::string text =
      what + ": " + LibraryText(status) + " (JetStream error " + std::to_string(code) + ")";
  return MayBePlacedLater(code) ? Retry(text) : Reject(text);
}

Result<std::optional<StreamInfo>> GetStream(Connection& connection, const std::string& name) {
  auto found = Find(connection, name);
  if (!found) return found.error();
  if (found->info == nullptr) return std::optional<StreamInfo>();
  return std::optional<StreamInfo>(FromInfo(*found->info));
}

Result<Ensured> EnsureStream(Connection& connection, const StreamConfig& config) {
  const Deadline deadline = In(kPlacementWait);
  while (true) {
    auto found = Find(connection, config.name);
    if (!found) return found.error();
    if (found->info != nullptr) return Ensured{false, Differences(config, *found->info)};
    StreamInfoHandle info;
    jsErrCode code{};
    const natsStatus status = Add(connection, config, &info, &code);
    if (status == NATS_OK) return Ensured{true, Differences(config, *info)};
    if (code == JSStreamNameExistErr) continue;  // Somebody was faster: compare with theirs.
    if (!MayBePlacedLater(code) || LeftMs(deadline) == 0) {
      return JetStreamError(connection.impl(), status, code,
                            "creating stream " + config.name + " failed");
    }
    // A cluster that has just started finds no place for a stream yet.
    std::this_thread::sleep_for(std::chrono::milliseconds(kPlacementPauseMs));
  }
}

StoredMessage FromStored(natsMsg* msg) {
  StoredMessage stored;
  stored.subject = natsMsg_GetSubject(msg);
  stored.headers = HeadersOf(msg);
  stored.data = DataOf(msg);
  stored.sequence = natsMsg_GetSequence(msg);
  stored.time_ms = natsMsg_GetTime(msg) / 1'000'000;
  return stored;
}

Result<std::optional<StoredMessage>> GetMessage(Connection& connection, const std::string& stream,
                                                uint64_t sequence) {
  if (sequence == 0) return std::optional<StoredMessage>();
  jsErrCode code{};
  natsMsg* raw = nullptr;
  const natsStatus status =
      js_GetMsg(&raw, connection.impl().jetstream.get(), stream.c_str(), sequence, nullptr, &code);
  const MsgHandle msg(raw);
  if (status == NATS_OK) return std::optional<StoredMessage>(FromStored(raw));
  if (code == JSNoMessageFoundErr) return std::optional<StoredMessage>();
  return JetStreamError(connection.impl(), status, code,
                        "reading a message of " + stream + " failed");
}

}  // namespace lyceum::wire
