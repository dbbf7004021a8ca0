// lyceum trim: the log begins where nobody needs what was before.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/clock.h"
#include "base/digest.h"
#include "cli/age.h"
#include "cli/cli.h"
#include "cli/fleet.h"
#include "envelope/snapshot_manifest.h"
#include "store/checkpoint_keys.h"
#include "wire/jetstream.h"

namespace lyceum::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::chrono::seconds kApiWait{10};
constexpr size_t kHeartbeatsHeardMax = 65'536;
constexpr uint64_t kGapMax = 1'000;  // Records in a row that may be missing, in the search.

struct Trimmed {
  uint64_t begins = 0;     // The first record that the log has now,
  uint64_t begins_at = 0;  // and then.
  std::string why_not;     // Nothing of it may go.
};

// What the partition's last snapshot covers, each of its files verified. kReject: nothing may be trimmed on its word.
Result<store::Checkpoint> VerifiedSnapshot(wire::Connection& connection,
                                           const envelope::Subjects& subjects, uint32_t partition) {
  const std::string stream = subjects.SnapshotStream();
  const auto answer = connection.Request(
      {.subject = "$JS.API.STREAM.MSG.GET." + stream,
       .data = Json{{"last_by_subj", subjects.SnapshotManifest(partition)}}.dump()},
      kApiWait);
  if (!answer) return answer.error();
  const Json found = Json::parse(answer->data, nullptr, false);
  if (!found.is_object() || !found.contains("message")) return Reject("it has no snapshot");
  const auto message =
      wire::GetMessage(connection, stream, found["message"].value("seq", uint64_t{0}));
  if (!message) return message.error();
  if (!*message) return Retry("its snapshot changes right now: try again");
  const auto manifest = envelope::DecodeSnapshotManifest((*message)->data);
  if (!manifest) return Reject(manifest.error().text);
  for (const uint32_t file : manifest->files) {
    const envelope::SnapshotManifest::Slot& slot = manifest->slots[file];
    const auto stored = wire::GetMessage(connection, stream, slot.sequence);
    if (!stored) return stored.error();
    if (!*stored) return Retry("its snapshot changes right now: try again");
    if (Sha256Hex((*stored)->data) != slot.digest) {
      return Reject(fmt::format("file {} of its snapshot is damaged", file));
    }
  }
  const auto checkpoint = store::checkpoint_keys::DecodeCheckpoint(manifest->checkpoint);
  if (!checkpoint) return Reject("its snapshot's checkpoint cannot be read");
  return *checkpoint;
}

// The first record that was stored at that time or later; one after the last where there is none.
Result<uint64_t> FirstSince(wire::Connection& connection, const std::string& stream,
                            const wire::StreamInfo& info, int64_t since_ms) {
  uint64_t low = info.first_sequence, high = info.last_sequence + 1;
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    std::optional<wire::StoredMessage> found;
    uint64_t at = middle;
    for (; at < high && at - middle < kGapMax && !found; ++at) {
      auto message = wire::GetMessage(connection, stream, at);
      if (!message) return message.error();
      if (*message) found = **std::move(message);
    }
    // A gap of that size: no later than where it begins.
    if (!found || found->time_ms >= since_ms) {
      high = middle;
    } else {
      low = at;
    }
  }
  return low;
}

// Of a partition: its owner, and how far the last of those is that read it.
struct Readers {
  std::optional<OwnerStatus> owner;
  uint64_t position = UINT64_MAX;
};

// Every worker that is alive is heard in this time.
Result<std::map<uint32_t, Readers>> ListenForReaders(wire::Connection& connection,
                                                     const envelope::Subjects& subjects) {
  const auto box = std::make_shared<wire::MessageBox>(kHeartbeatsHeardMax);
  const uint64_t errors_before = connection.async_errors();
  const auto subscription = connection.Subscribe(subjects.AllWorkerHeartbeats(), "", box, 0);
  if (!subscription) return subscription.error();
  std::map<uint32_t, Readers> all;
  const Deadline deadline = In(kFleetListen);
  while (const auto message = box->Pop(deadline)) {
    const auto beat = envelope::DecodeWorkerHeartbeat(
        message->data, envelope::EncodingOf(message->header("Content-Type"), message->data));
    if (!beat) continue;
    for (const auto& partition : beat->partitions) {
      if (partition.role.empty()) continue;
      Readers& readers = all[partition.partition];
      readers.position = std::min(readers.position, partition.position);
      if (partition.role != "owner") continue;
      if (!readers.owner || partition.epoch >= readers.owner->partition.epoch) {
        readers.owner = {beat->worker, partition};
      }
    }
  }
  if (all.empty() && connection.async_errors() != errors_before) {
    return Reject("the server refused it: " + connection.last_async_error());
  }
  return all;
}

Result<Trimmed> LookAt(wire::Connection& connection, const envelope::Subjects& subjects,
                       uint32_t partition, const Readers& readers, int64_t older_ms) {
  const std::optional<OwnerStatus>& owner = readers.owner;
  const std::string stream = subjects.LogStream(partition);
  const auto info = wire::GetStream(connection, stream);
  if (!info) return info.error();
  if (!*info) return Reject("the stream " + stream + " is not there: run `lyceum init`");
  Trimmed trimmed{(*info)->first_sequence, (*info)->first_sequence, {}};
  if ((*info)->messages == 0) return trimmed;
  if (!owner || owner->partition.state != "reading") {
    trimmed.why_not = "no session worker reads it";
    return trimmed;
  }
  const auto since = FirstSince(connection, stream, **info, SystemClock().UnixMs() - older_ms);
  if (!since) return since.error();
  if (*since <= trimmed.begins) return trimmed;  // Nothing is as old.
  const auto snapshot = VerifiedSnapshot(connection, subjects, partition);
  if (!snapshot) {
    if (snapshot.error().fault == Fault::kRetry) return snapshot.error();
    trimmed.why_not = snapshot.error().text;
    return trimmed;
  }
  if (snapshot->lineage != owner->partition.lineage) {
    trimmed.why_not = "its snapshot is of an earlier lineage";
    return trimmed;
  }
  // The record of the position stays: by it the log is known.
  trimmed.begins_at = std::max(
      trimmed.begins,
      std::min({*since, snapshot->sequence, owner->partition.checkpoint, readers.position}));
  return trimmed;
}

Result<void> Purge(wire::Connection& connection, const std::string& stream, uint64_t below) {
  const auto answer = connection.Request(
      {.subject = "$JS.API.STREAM.PURGE." + stream, .data = Json{{"seq", below}}.dump()}, kApiWait);
  if (!answer) return answer.error();
  const Json said = Json::parse(answer->data, nullptr, false);
  if (said.is_object() && said.value("success", false)) return {};
  return Reject("the server did not trim " + stream + ": " + answer->data.substr(0, 200));
}

void Print(const Common& common, uint32_t partition, const Trimmed& trimmed, bool dry_run) {
  const uint64_t gone = trimmed.begins_at - trimmed.begins;
  if (common.json) {
    Json line{{"partition", partition}, {"begins", trimmed.begins_at}, {"trimmed", gone}};
    if (dry_run) line["dry_run"] = true;
    if (!trimmed.why_not.empty()) line["why_not"] = trimmed.why_not;
    std::cout << line.dump() << "\n";
  } else if (!trimmed.why_not.empty()) {
    std::cout << fmt::format("partition {}: nothing, {}\n", partition, trimmed.why_not);
  } else {
    std::cout << fmt::format("partition {}: {} records{}, it begins at {}\n", partition, gone,
                             dry_run ? " would go" : "", trimmed.begins_at);
  }
}

}  // namespace

int RunTrim(const Common& common, const TrimOptions& options) {
  const auto older = ParseAgeMs(options.older);
  if (!older) return FailUsage(older.error());
  auto connection = Connect(common);
  if (!connection) return FailUsage(connection.error());
  const envelope::Subjects subjects = common.subjects();
  auto readers = ListenForReaders(**connection, subjects);
  if (!readers) return Fail(readers.error());
  int code = kDone;
  for (uint32_t partition = 0; partition < subjects.partitions(); ++partition) {
    auto trimmed = LookAt(**connection, subjects, partition, (*readers)[partition], *older);
    if (!trimmed) return Fail(trimmed.error());
    if (!options.dry_run && trimmed->begins_at > trimmed->begins) {
      const auto purged = Purge(**connection, subjects.LogStream(partition), trimmed->begins_at);
      if (!purged) return Fail(purged.error());
    }
    if (!trimmed->why_not.empty()) code = kNo;
    Print(common, partition, *trimmed, options.dry_run);
  }
  std::cout.flush();
  return code;
}

}  // namespace lyceum::cli
