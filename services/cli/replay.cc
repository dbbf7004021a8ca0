// lyceum replay: the records of a session folded again, by the code that the worker folds them
// with.
#include <deque>
#include <iostream>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/digest.h"
#include "base/time_text.h"
#include "cli/cli.h"
#include "cli/event_summary.h"
#include "cli/json_difference.h"
#include "cli/replay_log.h"
#include "cli/terminal.h"
#include "envelope/codec.h"
#include "session/fold.h"
#include "session/install.h"
#include "tutor/dump.h"
#include "tutor/names.h"

namespace lyceum::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string StateText(const std::optional<tutor::Session>& session) {
  return session ? std::string(Name(tutor::NameOf(session->state))) : "none";
}

class Replay {
 public:
  Replay(const Common& common, UserId user)
      : common_(common),
        user_(std::move(user)),
        partition_(common.subjects().PartitionOf(user_)),
        fold_(common.subjects(), partition_) {}

  void Step(const wire::StoredMessage& stored) {
    const session::Record record{.subject = stored.subject,
                                 .content_type = stored.header("Content-Type"),
                                 .data = stored.data,
                                 .sequence = stored.sequence,
                                 .time_ms = stored.time_ms};
    const std::string from = StateText(session_);
    std::optional<session::Refused> refused;
    size_t effects = 0;
    std::string summary = "?";
    if (const auto address = fold_.AddressOf(record, &refused)) {
      session::Folded folded = fold_.Step(record, *address, std::move(session_));
      session_ = std::move(folded.session);
      refused = std::move(folded.refused);
      effects = folded.effects.size();
      Remember(folded.effects);
      summary = SummaryOf(record, *address);
    }
    Print(stored, summary, from, effects, refused);
  }

  const std::optional<tutor::Session>& session() const { return session_; }

  // As the owner would answer, in the parts that the log decides.
  Json View(size_t history_max) const {
    envelope::ViewParts parts{.session = session_ ? &*session_ : nullptr,
                              .user = user_,
                              .partition = partition_,
                              .owner = {},
                              .history = {},
                              .records = {}};
    const size_t shown = std::min(history_max, history_.size());
    parts.history.assign(history_.end() - static_cast<ptrdiff_t>(shown), history_.end());
    return Json::parse(envelope::EncodeSessionView(parts, tutor::Encoding::kJson), nullptr, false);
  }

 private:
  static constexpr size_t kHistoryKept = 64;

  static std::string SummaryOf(const session::Record& record, const session::Address& address) {
    auto decoded = envelope::DecodeEvent(
        record.data, envelope::EncodingOf(record.content_type, record.data), address.record_class);
    return decoded ? Summary(decoded->event) : "?";
  }

  void Remember(const tutor::Effects& effects) {
    for (const tutor::Effect& effect : effects) {
      if (const auto* append = std::get_if<tutor::Append>(&effect)) {
        history_.push_back(append->entry);
      }
      const auto* emit = std::get_if<tutor::EmitMessage>(&effect);
      if (emit != nullptr && emit->history_index != 0) {
        history_.push_back(tutor::HistoryEntryOf(emit->message, emit->history_index));
      }
      if (history_.size() > kHistoryKept) history_.pop_front();
    }
  }

  void Print(const wire::StoredMessage& stored, const std::string& summary, const std::string& from,
             size_t effects, const std::optional<session::Refused>& refused) const {
    const std::string to = StateText(session_);
    if (common_.json) {
      Json line{{"seq", stored.sequence},
                {"at", TimeText(stored.time_ms)},
                {"event", summary},
                {"from", from},
                {"to", to},
                {"effects", effects}};
      if (refused) {
        line["refused"] = std::string(Name(refused->reason));
        line["text"] = Plain(refused->text);
      }
      std::cout << line.dump() << "\n";
      return;
    }
    std::cout << stored.sequence << "  " << TimeText(stored.time_ms) << "  ";
    if (refused) {
      std::cout << "refused (" << Name(refused->reason) << "): " << PlainLine(refused->text, 200)
                << "  " << from << "\n";
    } else {
      std::cout << summary << "  " << from << " -> " << to << "  " << effects
                << (effects == 1 ? " effect\n" : " effects\n");
    }
  }

  const Common& common_;
  const UserId user_;
  const uint32_t partition_;
  const session::Fold fold_;
  std::optional<tutor::Session> session_;
  std::deque<tutor::HistoryEntry> history_;
};

int Verdict(const Common& common, const std::string& difference, uint64_t applied) {
  if (common.json) {
    Json line{{"verify", difference.empty() ? "same" : "different"}, {"applied_seq", applied}};
    if (!difference.empty()) line["difference"] = Plain(difference);
    std::cout << line.dump() << std::endl;
  } else if (difference.empty()) {
    std::cout << "same: the live state at record " << applied << " is what its records make"
              << std::endl;
  }
  if (difference.empty()) return kDone;
  return Fail(kNo, "the live state at record " + std::to_string(applied) +
                       " is not what its records make: " + PlainLine(difference, 1000));
}

int Verify(const Common& common, const Replay& replay, const envelope::SessionView& live) {
  if (!replay.session())
    return Verdict(common, "no session comes of the records", live.applied_seq);
  if (Sha256Hex(tutor::Dump(*replay.session())) == live.state_digest) {
    return Verdict(common, "", live.applied_seq);
  }
  Json was = Json::parse(live.json, nullptr, false);
  Json is = replay.View(was.contains("history") ? was["history"].size() : 0);
  for (const char* of_the_owner : {"owner", "epoch", "records", "state_digest"}) {
    was.erase(of_the_owner);
    is.erase(of_the_owner);
  }
  std::string difference = FirstDifference(was, is, "");
  if (difference.empty()) difference = "the digests differ where the views do not";
  return Verdict(common, difference, live.applied_seq);
}

// Folding under another count of partitions would refuse every record.
std::optional<int> CheckPartitions(const Common& common, wire::Connection& connection) {
  auto installed = session::InstalledPartitions(connection, common.subjects());
  if (!installed) return Fail(installed.error());
  if (*installed && **installed != static_cast<uint32_t>(common.partitions)) {
    return Fail(kUsage, "installed with " + std::to_string(**installed) +
                            " partitions: give --partitions " + std::to_string(**installed));
  }
  return std::nullopt;
}

}  // namespace

int RunReplay(const Common& common, const ReplayOptions& options) {
  Result<UserId> user = UserOf(options.user);
  if (!user) return FailUsage(user.error());
  auto connection = Connect(common);
  if (!connection) return FailUsage(connection.error());
  if (auto failed = CheckPartitions(common, **connection)) return *failed;
  const envelope::Subjects subjects = common.subjects();
  const std::chrono::milliseconds patience = std::chrono::seconds(options.timeout_s);
  auto records = FindRecords(**connection, subjects, *user, patience);
  if (!records) return Fail(records.error());
  if (!records->live) {
    if (options.verify) return Fail(kAway, "no session worker answers: nothing to compare with");
    std::cerr << "no session worker answers: reading the log itself\n";
  } else if (!records->live->found) {
    return Fail(kNo, "there is no session of " + user->value);
  }
  Replay replay(common, *user);
  uint64_t steps = 0;
  auto read = ReadRecords(**connection, subjects, *user, *records, patience,
                          [&](const wire::StoredMessage& stored) {
                            if (options.to && stored.sequence > *options.to) return false;
                            replay.Step(stored);
                            ++steps;
                            return true;
                          });
  std::cout.flush();
  if (!read) return Fail(read.error());
  if (steps == 0) return Fail(kNo, "there are no records of " + user->value);
  return options.verify ? Verify(common, replay, *records->live) : kDone;
}

}  // namespace lyceum::cli
