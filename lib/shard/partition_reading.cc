// The reader of a partition's log: when there is one, at which pace, and what tells that it stands still.
#include <algorithm>
#include <memory>

#include "base/log.h"
#include "shard/partition.h"

namespace lyceum::shard {
namespace {

constexpr int64_t kAskMs = 1'000;  // A quiet log is asked so often how far it is.
// It has more, and nothing of it came for so long: another reader, and twice as long for each one after it.
constexpr int64_t kBehindMs = 700;
constexpr uint32_t kStallsMax = 4;
constexpr int64_t kSilentMs = 5'000;  // Likewise while the partition is being opened.

}  // namespace

// All that a log has comes by the shard's one connection, and whatever learners and workers send waits
// behind it: so few standbys at once are behind by much, and are there the sooner. Where learners are served
// too, there is one, and its pace leaves room for them.
bool Partition::MayStartReader() {
  const size_t at_once = context_->owned > 0 ? 1 : 2;
  waits_its_turn_ = is_far_behind() && context_->catching_up >= at_once;
  if (!waits_its_turn_ && role_ == Role::kStandby && !caught_up_) ++context_->catching_up;
  return !waits_its_turn_;
}

void Partition::StartReader() {
  constexpr uint64_t kPaceBytesPerS = 4 << 20;
  delivered_ms_ = context_->clock->SteadyMs();
  behind_since_ms_ = 0;
  paced_ = is_far_behind() && context_->owned > 0;
  reader_ = std::make_unique<wire::LogReader>(
      context_->wire, context_->clock, stream_, position_.sequence + 1,
      wire::LogReader::Options{
          .subject = {}, .opened = {}, .bytes_per_s = paced_ ? kPaceBytesPerS : 0},
      [this](const wire::LogRecord& record) { OnRecord(record); },
      [this](const Error& error) { OnReaderBroken(error); });
  reader_->OnMade([this](int64_t server_ms) { OnReaderMade(server_ms); });
}

// No timer is looked at before the server's time is known: where ours is wrong, all that is due by
// it would be published, or nothing would before the next record.
void Partition::OnReaderMade(int64_t server_ms) {
  if (server_ms > 0) context_->server_time->OnRecord(server_ms, true);
  reader_made_ = true;
  if (!caught_up_ && position_.sequence >= log_end_) OnCaughtUp();
}

void Partition::OnReaderBroken(const Error& error) {
  ++context_->counters->reader_breaks;
  reader_.reset();
  if (phase_ == Phase::kReading) TryAgain(error);
}

void Partition::WatchReader(int64_t now) {
  if (reader_ == nullptr) return;
  if (phase_ == Phase::kOpening && now - delivered_ms_ >= kSilentMs) {
    return TryAgain(Retry("no record comes of those that the log has"));
  }
  reader_->Tick();
  if (reader_ == nullptr || phase_ != Phase::kReading || now - delivered_ms_ < kAskMs) return;
  if (behind_since_ms_ != 0 && now - behind_since_ms_ >= kBehindMs
                                                             << std::min(stalls_, kStallsMax)) {
    ++stalls_;
    LogError("the log goes on and nothing of it comes: another reader",
             {{"partition", id_}, {"position", position_.sequence}, {"log_end", log_end_}});
    return OnReaderBroken(Retry("nothing comes"));
  }
  if (now - asked_ms_ < kAskMs) return;
  asked_ms_ = now;
  wire::GetLogInfo(*context_->wire, stream_,
                   [self = std::weak_ptr(self_),
                    opening = opening_](const Result<std::optional<wire::LogInfo>>& info) {
                     const auto here = self.lock();
                     if (here == nullptr || (*here)->opening_ != opening) return;
                     if (!info || !info->has_value()) return;
                     (*here)->OnLogEnd((**info).last_sequence);
                   });
}

// What the log has may be on its way.
void Partition::OnLogEnd(uint64_t last) {
  log_end_ = std::max(log_end_, last);
  if (!reader_made_ || position_.sequence >= log_end_ || behind_since_ms_ != 0) return;
  behind_since_ms_ = context_->clock->SteadyMs();
}

}  // namespace lyceum::shard
