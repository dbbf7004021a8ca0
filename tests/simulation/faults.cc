// What goes wrong, and how it is mended.
#include <fmt/format.h>

#include <algorithm>

#include "envelope/snapshot_manifest.h"
#include "shard/fold.h"
#include "simulation/course.h"
#include "simulation/system.h"
#include "store/checkpoint_keys.h"
#include "support/planted_core.h"

namespace lyceum::simulation {
namespace {

constexpr int64_t kSecondUs = 1'000'000;

// Learners of whom no client is: an operator may have them forgotten, and nobody misses them.
std::string Visitor(uint64_t number) { return fmt::format("visitor{}", number); }
constexpr uint64_t kVisitors = 3;

constexpr std::string_view kNames[kFaultKinds + 1] = {"disconnect-worker",
                                                      "disconnect-client",
                                                      "disconnect-tool",
                                                      "restart-server",
                                                      "crash",
                                                      "crash-after-steps",
                                                      "crash-before-turn",
                                                      "crash-before-flush",
                                                      "slow-disk",
                                                      "failing-writes",
                                                      "full-disk",
                                                      "lose-checkpoints",
                                                      "lose-flight-page",
                                                      "lose-tail",
                                                      "clock-of-worker",
                                                      "clock-of-server",
                                                      "garbage",
                                                      "deadly-record",
                                                      "tool-moods",
                                                      "tool-crash",
                                                      "trim",
                                                      "stall",
                                                      "skip",
                                                      "break-consumers",
                                                      "refuse",
                                                      "ack-without-storing",
                                                      "lossy-links",
                                                      "blocked-writes",
                                                      "upgrade",
                                                      "second-owner",
                                                      "lose-folder"};

}  // namespace

std::string_view Name(FaultKind kind) { return kNames[static_cast<int>(kind)]; }

// Each seed has a few kinds: so those that hide others do not hide them everywhere.
void System::ChooseFaults() {
  const bool many = dice_.OneIn(4);
  for (int i = 0; i < kFaultKinds; ++i) {
    if (dice_.OneIn(many ? 2 : 5)) chosen_.insert(static_cast<FaultKind>(i));
  }
  if (!options_.faults) chosen_.clear();
  if (options_.faults && options_.snapshots) chosen_.insert(FaultKind::kLoseFolder);
  // Where the broker and the machine both lose what they had, nothing tells what had left; nor does
  // it to a second owner that has nothing.
  if (chosen_.contains(FaultKind::kLoseFolder)) {
    chosen_.erase(FaultKind::kLoseTail);
    chosen_.erase(FaultKind::kLoseCheckpoints);
    chosen_.erase(FaultKind::kSecondOwner);
  }
  if (chosen_.contains(FaultKind::kLoseTail)) {
    chosen_.erase(FaultKind::kLoseFlightPage);
    chosen_.erase(FaultKind::kLoseCheckpoints);
    chosen_.erase(FaultKind::kSecondOwner);
  }
  // Likewise to a worker that takes over without having folded.
  if (shared_) {
    chosen_.erase(FaultKind::kLoseTail);
    chosen_.erase(FaultKind::kSecondOwner);
  }
  // The first record that is not the old one is told by its time: that has to go on.
  if (chosen_.contains(FaultKind::kLoseTail)) chosen_.erase(FaultKind::kClockOfServer);
}

Worker& System::AnyWorker() { return *workers_[dice_.Below(workers_.size())]; }

std::string System::AnyStream() { return subjects_.LogStream(AnyPartition()); }

void System::NextFault() {
  next_fault_us_ = clock_.NowUs() + dice_.Between(20'000, 1'500'000);
  if (chosen_.empty()) return;
  auto kind = chosen_.begin();
  std::advance(kind, static_cast<int64_t>(dice_.Below(chosen_.size())));
  Trace(fmt::format("fault {}", Name(*kind)));
  trouble_us_ = std::max(trouble_us_, clock_.NowUs() + 500'000);
  Inject(*kind);
}

void System::Inject(FaultKind kind) {
  Worker& worker = AnyWorker();
  const int64_t down_us =
      dice_.OneIn(5) ? dice_.Between(1, 8) * kSecondUs : dice_.Between(1'000, 400'000);
  const auto later = [&](int64_t us, std::function<void()> mend) {
    trouble_us_ = std::max(trouble_us_, clock_.NowUs() + us + 500'000);
    broker_->After(us, [this, mend = std::move(mend)] {
      if (!mended_) mend();
    });
  };
  switch (kind) {
    case FaultKind::kDisconnectWorker:
      if (worker.client() != 0) broker_->Disconnect(worker.client());
      return;
    case FaultKind::kDisconnectClient:
      return broker_->Disconnect(clients_[dice_.Below(clients_.size())]->client());
    case FaultKind::kDisconnectTool:
      return broker_->Disconnect(tools_[dice_.Below(tools_.size())]->client());
    case FaultKind::kRestartServer:
      if (!broker_->running()) return;
      trouble_us_ = std::max(trouble_us_, clock_.NowUs() + down_us + kSecondUs);
      return broker_->RestartServer(down_us, dice_.OneIn(2) ? dice_.Between(0, 300'000) : 0);
    case FaultKind::kCrash:
      trouble_us_ = std::max(trouble_us_, clock_.NowUs() + down_us + kSecondUs);
      return worker.Crash(down_us);
    case FaultKind::kCrashAfterSteps:
      return worker.CrashAfter(1 + dice_.Below(120));
    case FaultKind::kCrashBeforeTurn:
      return worker.CrashBeforeTurn();
    case FaultKind::kCrashBeforeFlush:
      return worker.CrashBeforeFlush();
    case FaultKind::kSlowDisk:
      worker.SetWriteUs(dice_.Between(100'000, 3'000'000));
      return later(5 * kSecondUs, [&worker] { worker.SetWriteUs(20'000); });
    case FaultKind::kFailingWrites:
      return worker.FailWrites(static_cast<uint32_t>(1 + dice_.Below(3)));
    case FaultKind::kFullDisk:
      worker.disk().SetFull(true);
      return later(dice_.Between(1, 5) * kSecondUs, [&worker] { worker.disk().SetFull(false); });
    case FaultKind::kLoseCheckpoints:
      worker.disk().LoseNextOnCrash(1 + dice_.Below(4));
      return worker.Crash(down_us);
    case FaultKind::kLoseFlightPage:
      worker.LoseFlightPage();
      return worker.Crash(down_us);
    case FaultKind::kLoseFolder:
      worker.LoseFolder();
      return worker.Crash(down_us);
    case FaultKind::kLoseTail:
      return LoseTail(AnyPartition());
    case FaultKind::kClockOfWorker:
      return worker.wall().SetOffsetMs(dice_.OneIn(3) ? dice_.Between(-40'000'000, 40'000'000)
                                                      : dice_.Between(-20'000, 20'000));
    case FaultKind::kClockOfServer: {
      const int64_t before_ms = broker_->server_unix_ms();
      latest_server_ms_ = std::max(latest_server_ms_, before_ms);
      broker_->SetServerOffsetMs(dice_.OneIn(4) ? dice_.Between(-3'600'000, 3'600'000)
                                                : dice_.Between(-20'000, 20'000));
      if (broker_->server_unix_ms() - before_ms < shard::Options().resend_age_ms) return;
      // To who dies before it has noted anything, all that was stored until now is too old to be sent.
      for (uint32_t partition = 0; partition < partitions_; ++partition) {
        ledger_.ForgetPublished(partition);
      }
      return;
    }
    case FaultKind::kGarbage:
      return Garbage();
    case FaultKind::kDeadlyRecord:
      return clients_[dice_.Below(clients_.size())]->SendDeadly();
    case FaultKind::kToolMoods:
      for (auto& tool : tools_) tool->SetMood(static_cast<ToolWorker::Mood>(dice_.Below(6)));
      return;
    case FaultKind::kToolCrash:
      return tools_[dice_.Below(tools_.size())]->Crash();
    case FaultKind::kTrim: {
      // What is in a checkpoint may go.
      const uint32_t partition = AnyPartition();
      uint64_t covered = UINT64_MAX;
      for (auto& each : workers_) {
        if (!each->Owns(partition)) continue;
        const auto checkpoint =
            each->disk().GetCheckpoint(static_cast<store::PartitionId>(partition));
        if (!checkpoint || !checkpoint->has_value()) return;
        covered = std::min(covered, (*checkpoint)->sequence);
      }
      if (chosen_.contains(FaultKind::kLoseFolder))
        covered = std::min(covered, SnapshotOf(partition));
      if (covered == 0) return;
      if (chosen_.contains(FaultKind::kLoseCheckpoints)) return;
      ReadLogs();
      // Of a log that lost its tail it may be the lost records that are in it.
      for (const Lost& lost : lost_[partition]) covered = std::min(covered, lost.after);
      if (covered == 0) return;
      const uint64_t below = 1 + dice_.Below(covered);
      logs_[partition].trimmed_below = std::max(logs_[partition].trimmed_below, below);
      return broker_->TrimBelow(subjects_.LogStream(partition), below);
    }
    case FaultKind::kStall: {
      const std::string stream = AnyStream();
      broker_->StallConsumers(stream, true);
      return later(dice_.Between(1, 8) * kSecondUs,
                   [this, stream] { broker_->StallConsumers(stream, false); });
    }
    case FaultKind::kSkip:
      return broker_->SkipDeliveries(AnyStream(), 1 + dice_.Below(3));
    case FaultKind::kBreakConsumers:
      return broker_->BreakConsumers(AnyStream());
    case FaultKind::kRefuse: {
      const std::string stream = dice_.OneIn(4) ? subjects_.DeadLetterStream() : AnyStream();
      broker_->RefusePublishes(stream, true);
      return later(dice_.Between(1, 12) * kSecondUs,
                   [this, stream] { broker_->RefusePublishes(stream, false); });
    }
    case FaultKind::kAckWithoutStoring:
      return broker_->AckWithoutStoring(AnyStream(), 1 + dice_.Below(3));
    case FaultKind::kLossyLinks: {
      wire::LinkFaults faults;
      faults.drop_per_million = 50'000;
      faults.duplicate_per_million = 50'000;
      faults.delay_per_million = 100'000;
      faults.delay_us = 300'000;
      const auto client = dice_.OneIn(2) ? clients_[dice_.Below(clients_.size())]->client()
                                         : tools_[dice_.Below(tools_.size())]->client();
      return broker_->SetFaults(client, faults);
    }
    case FaultKind::kBlockedWrites: {
      if (worker.client() == 0) return;
      const auto client = worker.client();
      broker_->BlockWrites(client, true);
      return later(dice_.Between(50'000, 3'000'000), [this, &worker, client] {
        if (worker.client() == client) broker_->BlockWrites(client, false);
      });
    }
    case FaultKind::kUpgrade:
      for (auto& each : workers_) {
        each->SetFoldVersion(test::kPlantedFoldVersion);
        each->Crash(down_us);
      }
      return;
    case FaultKind::kSecondOwner: {
      if (second_owner_ != nullptr) return;
      Worker::Options other;
      other.shard = worker.shard_options();
      other.shard.worker = "intruder";
      other.partitions = worker.partitions();
      other.seed = dice_.Next();
      other.supervised = false;
      Worker::Hooks hooks;
      hooks.fail = [this](const std::string& text) { Fail("intruder: " + text); };
      hooks.trace = [this](const std::string& line) { Trace("intruder: " + line); };
      hooks.written = [](Worker*, const store::CheckpointBatch&) {};
      second_owner_ =
          std::make_unique<Worker>(broker_.get(), &clock_, std::move(other), &ledger_, hooks);
      return second_owner_->Start();
    }
  }
}

// The record that the partition's snapshot comes to; 0: it has none.
uint64_t System::SnapshotOf(uint32_t partition) const {
  for (const wire::MemoryRecord& record : broker_->Stored(subjects_.SnapshotStream())) {
    if (record.subject != subjects_.SnapshotManifest(partition)) continue;
    const auto manifest = envelope::DecodeSnapshotManifest(record.data);
    if (!manifest) return 0;
    return store::checkpoint_keys::DecodeCheckpoint(manifest->checkpoint).value().sequence;
  }
  return 0;
}

void System::LoseTail(uint32_t partition) {
  if (!broker_->running()) return;
  broker_->StopServer();  // It still stores a part of what was on its way.
  trouble_us_ = std::max(trouble_us_, clock_.NowUs() + 2 * kSecondUs);
  broker_->After(dice_.Between(5'000, 500'000), [this] { broker_->StartServer(); });
  ReadLogs();
  const std::string stream = subjects_.LogStream(partition);
  const uint64_t last = broker_->last_sequence(stream);
  const uint64_t first = broker_->first_sequence(stream);
  const uint64_t count = std::min(1 + dice_.Below(6), last < first ? 0 : last - first);
  if (count == 0) return;
  Trace(fmt::format("partition {} loses {} of {} records", partition, count, last));
  broker_->LoseTail(stream, count);
  auto& log = logs_[partition].records;
  const uint64_t after = last - count;
  while (!log.empty() && log.back().sequence > after) {
    const auto parts = subjects_.ParseLogFast(log.back().subject);
    if (parts) tainted_.insert(std::string(parts->user));
    // Who is forgotten stays so, whatever the log has lost.
    if (parts && parts->record_class == envelope::RecordClass::kForget) {
      for (uint64_t number = 0; number < kVisitors; ++number) tainted_.insert(Visitor(number));
    }
    log.pop_back();
  }
  lost_[partition].push_back({clock_.NowUs(), after});
  ledger_.ForgetPublished(partition);
  // An acknowledged event that was lost is not looked for.
  std::erase_if(acked_, [&](const auto& acked) {
    return acked.second.partition == partition && acked.second.sequence > after;
  });
  for (auto& client : clients_) {
    if (tainted_.contains(client->user())) client->AllowNewNumbers();
  }
}

void System::Garbage() {
  const std::string user = clients_[dice_.Below(clients_.size())]->user();
  const uint32_t home = subjects_.PartitionOf(UserId(user));
  const std::string subject = "lyceum.in.user." + user;
  visits_ % 4 == 3 ? ForgetVisitor() : Visit();
  switch (dice_.Below(6)) {
    case 0:
      return broker_->Publish({.subject = subject, .data = "\xff\xfe\x01 no event"});
    case 1:
      return broker_->Publish({.subject = subject, .data = "{\"id\":\"g\",\"nothing\":1}"});
    case 2: {
      const tutor::Event event{
          .id = EventId("g2"), .client = ClientId("u0d0"), .kind = tutor::End{}};
      const std::string data = envelope::EncodeEvent(event, envelope::Encoding::kProtobuf);
      return broker_->Publish({.subject = subject, .data = data});
    }
    case 3: {
      const std::string wrong =
          subjects_.Log((home + 1) % partitions_, envelope::RecordClass::kUser, UserId(user));
      const tutor::Event event{
          .id = EventId("g3"), .client = ClientId("u0d0"), .kind = tutor::Hint{}};
      const std::string data = envelope::EncodeEvent(event, envelope::Encoding::kProtobuf);
      return broker_->Publish({.subject = wrong, .data = data});
    }
    case 4: {
      const std::string barrier = subjects_.Barrier(home, "stray");
      return broker_->Publish({.subject = barrier, .data = "\x01\x02"});
    }
    default: {
      const tutor::Event event{.id = EventId("g5"), .kind = tutor::TimerFired{kStrayTimer}};
      const std::string data = envelope::EncodeEvent(event, envelope::Encoding::kProtobuf);
      return broker_->Publish({.subject = "lyceum.in.timer." + user, .data = data});
    }
  }
}

void System::Visit() {
  const std::string user = Visitor(visits_ % kVisitors);
  const bool begins = visits_ / kVisitors % 2 == 0;
  tutor::Event event{.id = EventId(fmt::format("v{}", ++visits_)), .client = ClientId("nobody")};
  if (begins) {
    tutor::Start start;
    start.course = CourseId(kCourse);
    start.version = kVersion;
    event.kind = start;
  } else {
    event.kind = tutor::UserMessage{"why?", tutor::Intent::kQuestion};
  }
  const std::string data = envelope::EncodeEvent(event, envelope::Encoding::kProtobuf);
  broker_->Publish({.subject = "lyceum.in.user." + user, .data = data});
}

void System::ForgetVisitor() {
  const std::string user = Visitor(visits_ / 4 % kVisitors);
  const uint32_t home = subjects_.PartitionOf(UserId(user));
  const std::string data = envelope::EncodeForget(EventId(fmt::format("v{}", ++visits_)));
  broker_->Publish({.subject = subjects_.Forget(home, shard::ForgetDigest(user)), .data = data});
}

void System::Mend() {
  Trace("mended");
  mended_ = true;
  next_fault_us_ = INT64_MAX;
  trouble_us_ = std::max(trouble_us_, clock_.NowUs() + 2 * kSecondUs);
  if (!broker_->running()) broker_->StartServer();
  std::vector<std::string> streams = {subjects_.DeadLetterStream()};
  for (uint32_t p = 0; p < partitions_; ++p) streams.push_back(subjects_.LogStream(p));
  for (const std::string& stream : streams) {
    broker_->RefusePublishes(stream, false);
    broker_->StallConsumers(stream, false);
    broker_->AckWithoutStoring(stream, 0);
    broker_->SkipDeliveries(stream, 0);
  }
  latest_server_ms_ = std::max(latest_server_ms_, broker_->server_unix_ms());
  broker_->SetServerOffsetMs(0);
  // Not at once: what it has sent is looked at as that of a second owner.
  if (second_owner_ != nullptr) second_owner_->Retire();
  for (auto& tool : tools_) {
    tool->SetMood(ToolWorker::Mood::kGood);
    broker_->SetFaults(tool->client(), {});
  }
  for (auto& client : clients_) broker_->SetFaults(client->client(), {});
  for (auto& worker : workers_) {
    worker->disk().SetFull(false);
    worker->SetWriteUs(20'000);
    worker->FailWrites(0);
    worker->CrashAfter(0);
    worker->wall().SetOffsetMs(0);
    if (worker->client() != 0) broker_->BlockWrites(worker->client(), false);
  }
}

}  // namespace lyceum::simulation
