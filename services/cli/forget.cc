// lyceum forget: a learner is erased wherever something of that learner lies.
//
//   look       what is there; nothing: done
//   say        a record of the partition says whom to forget: every worker that folds it erases there
//   wait       until each that has the partition says that no file of its store has that learner
//   erase      snapshots, dead letters, and last the records: so what was broken off is seen, and begun again
//
// Deleted messages are overwritten by the server; snapshots are purged whole, as a file that was replaced is not.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <vector>

#include "base/clock.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/fleet.h"
#include "cli/learner_records.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "shard/fold.h"
#include "shard/log_history.h"

namespace lyceum::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::chrono::seconds kApiWait{10};
constexpr size_t kHeartbeatsHeardMax = 65'536;

struct Receipt {
  std::string place;
  std::string what;
  uint64_t erased = 0;
  std::string note;
};

using Partition = envelope::WorkerHeartbeat::Partition;
struct WorkerSeen {
  bool forgets = false;
  Partition partition;
};

class Forget {
 public:
  Forget(const Common& common, const ForgetOptions& options, UserId user,
         wire::Connection& connection)
      : common_(common),
        subjects_(common.subjects()),
        user_(std::move(user)),
        partition_(subjects_.PartitionOf(user_)),
        log_(subjects_.LogStream(partition_)),
        patience_(options.timeout_s),
        connection_(connection) {}

  int Run();

 private:
  Result<void> Look();
  Result<std::optional<wire::StoredMessage>> LastForget();
  Result<std::map<std::string, WorkerSeen>> Listen();
  Result<void> Say();
  Result<void> Wait();
  std::string WhyNot(const std::map<std::string, WorkerSeen>& workers) const;
  Result<void> PurgeSnapshots();
  Result<void> Sweep();
  Result<void> NoteWhereItBegins();
  Result<void> Delete(const std::string& stream, uint64_t sequence);
  int Print(const std::string& sentence);

  const Common& common_;
  const envelope::Subjects subjects_;
  const UserId user_;
  const uint32_t partition_;
  const std::string log_;
  const std::chrono::seconds patience_;
  wire::Connection& connection_;

  envelope::SessionView session_;
  std::map<uint32_t, std::set<uint64_t>> records_;  // By partition.
  std::vector<std::pair<uint64_t, uint64_t>>
      letters_;             // Sequence of each, and of its record; 0: of another partition.
  bool snapshots_ = false;  // There are some that may have the learner.
  uint64_t said_ = 0;       // The record that says so; 0: there is none.
  uint64_t position_ = 0;   // Of the owner.
  std::map<std::string, WorkerSeen> workers_;
  std::map<std::string, uint64_t> erased_;  // By stream.
};

Result<void> Forget::Look() {
  records_.clear();
  letters_.clear();
  auto view = AskView(connection_, subjects_, user_, {.history_max = 1}, In(patience_));
  if (!view && view.error().fault != Fault::kReject) return view.error();
  session_ = view ? *view : envelope::SessionView{};
  if (!view) session_.found = true;  // It cannot be read.
  auto read = ReadRecordsOf(connection_, subjects_, user_,
                            [&](uint32_t partition, const wire::StoredMessage& stored) {
                              records_[partition].insert(stored.sequence);
                            });
  if (!read) return read;
  return ReadDeadLettersOf(
      connection_, subjects_, user_,
      [&](const wire::StoredMessage& stored, const envelope::DeadLetter& letter) {
        letters_.emplace_back(stored.sequence,
                              letter.partition == partition_ ? letter.sequence : 0);
      });
}

Result<std::optional<wire::StoredMessage>> Forget::LastForget() {
  const std::string subject = subjects_.Forget(partition_, shard::ForgetDigest(user_.value));
  const auto answer = connection_.Request(
      {.subject = "$JS.API.STREAM.MSG.GET." + log_, .data = Json{{"last_by_subj", subject}}.dump()},
      kApiWait);
  if (!answer) return answer.error();
  const Json found = Json::parse(answer->data, nullptr, false);
  if (!found.is_object() || !found.contains("message")) return std::optional<wire::StoredMessage>();
  return wire::GetMessage(connection_, log_, found["message"].value("seq", uint64_t{0}));
}

// Every worker that is alive says in this time how far it is with the partition.
Result<std::map<std::string, WorkerSeen>> Forget::Listen() {
  const auto box = std::make_shared<wire::MessageBox>(kHeartbeatsHeardMax);
  const auto subscription = connection_.Subscribe(subjects_.AllWorkerHeartbeats(), "", box, 0);
  if (!subscription) return subscription.error();
  std::map<std::string, WorkerSeen> workers;
  const Deadline deadline = In(kFleetListen);
  while (const auto message = box->Pop(deadline)) {
    const auto beat = envelope::DecodeWorkerHeartbeat(
        message->data, envelope::EncodingOf(message->header("Content-Type"), message->data));
    if (!beat) continue;
    for (const Partition& partition : beat->partitions) {
      if (partition.partition == partition_) workers[beat->worker] = {beat->forgets, partition};
    }
  }
  return workers;
}

Result<void> Forget::Say() {
  auto workers = Listen();
  if (!workers) return workers.error();
  bool has_owner = false;
  for (const auto& [name, worker] : *workers) {
    if (!worker.forgets) {
      return Reject("the session worker " + name +
                    " is of a version that forgets nobody: run a newer one");
    }
    has_owner = has_owner || worker.partition.role == "owner";
  }
  if (!has_owner) return Retry("no session worker owns partition " + std::to_string(partition_));
  const std::string id = "forget-" + FreshId();
  const std::string digest = shard::ForgetDigest(user_.value);
  const Deadline deadline = In(patience_);
  const uint64_t errors_before = connection_.async_errors();
  for (;;) {
    const auto ack = wire::PublishAcked(connection_,
                                        {.subject = subjects_.Forget(partition_, digest),
                                         .data = envelope::EncodeForget(EventId(id))},
                                        id, std::chrono::seconds(2));
    if (ack) {
      said_ = ack->sequence;
      return {};
    }
    if (connection_.async_errors() != errors_before) {
      return Reject("the server refused it: " + connection_.last_async_error());
    }
    if (ack.error().fault != Fault::kRetry || LeftMs(deadline) <= 0) return ack.error();
  }
}

// Empty: no store of a worker that is alive has the learner.
std::string Forget::WhyNot(const std::map<std::string, WorkerSeen>& workers) const {
  bool has_owner = false;
  for (const auto& [name, worker] : workers) {
    const Partition& at = worker.partition;
    has_owner = has_owner || at.role == "owner";
    const bool has_none = at.role.empty() && at.checkpoint == 0;
    if (!has_none && at.checkpoint < said_) {
      return fmt::format("the checkpoint of {} is at record {}, before {}{}", name, at.checkpoint,
                         said_,
                         at.halted_because.empty() ? "" : ": it is halted, " + at.halted_because);
    }
    if (at.erasing) return name + " still has files with what was erased";
  }
  return has_owner ? "" : "no session worker owns the partition";
}

Result<void> Forget::Wait() {
  const Deadline deadline = In(patience_);
  std::string why_not = "nobody was listened to";
  do {
    auto workers = Listen();
    if (!workers) return workers.error();
    workers_ = *std::move(workers);
    why_not = WhyNot(workers_);
    if (why_not.empty()) return {};
  } while (LeftMs(deadline) > 0);
  return Retry(
      fmt::format("record {} says whom to forget, and not all have done it yet ({}): run "
                  "this again",
                  said_, why_not));
}

Result<void> Forget::PurgeSnapshots() {
  const std::string stream = subjects_.SnapshotStream();
  const auto answer =
      connection_.Request({.subject = "$JS.API.STREAM.PURGE." + stream, .data = "{}"}, kApiWait);
  if (!answer) return answer.error();
  const Json said = Json::parse(answer->data, nullptr, false);
  if (!said.is_object() || !said.value("success", false)) {
    return Reject("the server did not purge " + stream + ": " + answer->data.substr(0, 200));
  }
  erased_[stream] += said.value("purged", uint64_t{0});
  return {};
}

Result<void> Forget::Delete(const std::string& stream, uint64_t sequence) {
  const auto erased = EraseMessage(connection_, stream, sequence);
  if (!erased) return erased.error();
  erased_[stream] += *erased ? 1 : 0;
  return {};
}

// Where the learner's records are the log's first ones, it begins with a later one from now on: that is noted, so that
// nobody takes it for trimmed.
Result<void> Forget::NoteWhereItBegins() {
  const auto info = wire::GetStream(connection_, log_);
  if (!info) return info.error();
  if (!*info || !records_[partition_].contains((*info)->first_sequence)) return {};
  auto bucket = wire::Bucket::Open(connection_, subjects_.ClusterBucket());
  if (!bucket) return bucket.error();
  if (!*bucket) return Reject("the cluster bucket is not there: run `lyceum init`");
  const std::string key = shard::LogHistory::ErasedKey(static_cast<store::PartitionId>(partition_));
  const auto noted = (*bucket)->Get(key);
  if (!noted) return noted.error();
  const uint64_t begins = *noted ? shard::ReadNumber(**noted).value_or(0) : 0;
  const uint64_t first = (*info)->first_sequence;
  if (first > 1 && begins < first) return {};  // It was trimmed.
  auto reader = wire::StreamReader::Open(connection_, log_, "", first);
  if (!reader) return reader.error();
  for (;;) {
    const auto message = (*reader)->Next(In(kApiWait));
    if (!message) return message.error();
    if (!*message) return Retry("the stream " + log_ + " went silent");
    if (records_[partition_].contains((*message)->sequence)) continue;
    return (*bucket)->Put(key, std::to_string((*message)->sequence));
  }
}

// What is of no session that there is: one that the learner has begun since stays.
Result<void> Forget::Sweep() {
  auto workers = Listen();
  if (!workers) return workers.error();
  position_ = said_;
  for (const auto& [name, worker] : *workers) {
    if (worker.partition.role == "owner") {
      position_ = std::max(position_, worker.partition.position);
    }
  }
  if (auto looked = Look(); !looked) return looked;
  if (session_.found && session_.first_seq < said_) {
    return Reject(
        "the session is still there, beyond the record that says whom to forget: see the "
        "session worker's log");
  }
  const uint64_t last = session_.found ? session_.first_seq - 1 : position_;
  std::set<uint64_t>& own = records_[partition_];
  own.erase(own.upper_bound(last), own.end());
  for (const auto& [letter, record] : letters_) {
    if (record > last) continue;
    if (auto deleted = Delete(subjects_.DeadLetterStream(), letter); !deleted) return deleted;
  }
  if (auto noted = NoteWhereItBegins(); !noted) return noted;
  for (const auto& [partition, sequences] : records_) {
    for (const uint64_t sequence : sequences) {
      if (auto deleted = Delete(subjects_.LogStream(partition), sequence); !deleted) return deleted;
    }
  }
  return {};
}

int Forget::Run() {
  if (auto looked = Look(); !looked) return Fail(looked.error());
  const auto before = LastForget();
  if (!before) return Fail(before.error());
  const auto snapshots = wire::GetStream(connection_, subjects_.SnapshotStream());
  if (!snapshots) return Fail(snapshots.error());
  if (*snapshots && (*snapshots)->messages > 0) {
    const auto oldest =
        wire::GetMessage(connection_, subjects_.SnapshotStream(), (*snapshots)->first_sequence);
    if (!oldest) return Fail(oldest.error());
    // Of an earlier try, that was broken off: what is older than its record.
    snapshots_ = !*before || !*oldest || (*oldest)->time_ms <= (*before)->time_ms;
  }
  const bool has_records = std::any_of(records_.begin(), records_.end(),
                                       [](const auto& of) { return !of.second.empty(); });
  const bool is_there = session_.found || has_records || !letters_.empty();
  if (!is_there && (!*before || !snapshots_)) return Print("nothing was there");
  if (is_there) {
    if (auto said = Say(); !said) return Fail(said.error());
  } else {
    said_ = (*before)->sequence;
  }
  if (auto waited = Wait(); !waited) return Fail(waited.error());
  if (*snapshots && ((*snapshots)->last_sequence > 0)) {
    if (auto purged = PurgeSnapshots(); !purged) return Fail(purged.error());
  }
  // Twice: what was on its way when the session went has come by then.
  for (int time = 0; time < 2; ++time) {
    if (auto swept = Sweep(); !swept) return Fail(swept.error());
  }
  // Again: some seconds ago one was being made, maybe, of a partition that has refused a record of the learner.
  if (*snapshots) {
    if (auto purged = PurgeSnapshots(); !purged) return Fail(purged.error());
  }
  return Print("");
}

int Forget::Print(const std::string& sentence) {
  std::vector<Receipt> receipts;
  const auto of_stream = [&](const std::string& what, const std::string& stream,
                             const std::string& note) {
    receipts.push_back({stream, what, erased_[stream], note});
  };
  of_stream("records", log_,
            said_ == 0 ? "" : fmt::format("gaps stay, and record {} with a digest", said_));
  for (uint32_t partition = 0; partition < subjects_.partitions(); ++partition) {
    const std::string stream = subjects_.LogStream(partition);
    if (partition != partition_ && erased_[stream] > 0) of_stream("records", stream, "");
  }
  of_stream("dead letters", subjects_.DeadLetterStream(), "");
  of_stream(
      "snapshots", subjects_.SnapshotStream(),
      erased_[subjects_.SnapshotStream()] == 0 ? "" : "of all partitions: made anew by owners");
  for (const auto& [name, worker] : workers_) {
    receipts.push_back({name, "store", 0,
                        worker.partition.role.empty() ? "has nothing of the partition"
                                                      : fmt::format("written anew, at record {}",
                                                                    worker.partition.checkpoint)});
  }
  if (said_ != 0) {
    receipts.push_back({"workers that are not running", "store", 0, "when they are back"});
    receipts.push_back({"ledgers of tool workers", "the id, no words", 0,
                        "not erased: see the operators' document"});
  }
  Table table({{"place"}, {"what"}, {"erased", true}, {"note"}});
  for (const Receipt& receipt : receipts) {
    if (common_.json) {
      Json line{{"place", receipt.place}, {"what", receipt.what}};
      if (receipt.what != "store") line["erased"] = receipt.erased;
      if (!receipt.note.empty()) line["note"] = receipt.note;
      std::cout << line.dump() << "\n";
    } else {
      table.Add({receipt.place, receipt.what,
                 receipt.what == "store" ? "" : std::to_string(receipt.erased), receipt.note});
    }
  }
  table.Print(std::cout);
  std::cout.flush();
  if (!sentence.empty()) std::cerr << sentence << "\n";
  return kDone;
}

}  // namespace

int RunForget(const Common& common, const ForgetOptions& options) {
  const Result<UserId> user = UserOf(options.user);
  if (!user) return FailUsage(user.error());
  auto connection = Connect(common);
  if (!connection) return FailUsage(connection.error());
  return Forget(common, options, *user, **connection).Run();
}

}  // namespace lyceum::cli
