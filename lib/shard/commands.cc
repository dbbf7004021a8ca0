#include "shard/commands.h"

#include <fmt/format.h>

#include <utility>

#include "base/log.h"
#include "base/overloaded.h"
#include "tutor/error_code.h"

namespace lyceum::shard {
namespace {

using tutor::ErrorCode;

envelope::PartitionReply NotDone(ErrorCode code, std::string text, bool retryable) {
  return {.code = std::string(tutor::Name(code)), .text = std::move(text), .retryable = retryable};
}

}  // namespace

Commands::Commands(Context* context, std::function<Partition*(store::PartitionId)> find, Move move)
    : context_(context),
      find_(std::move(find)),
      move_(std::move(move)),
      lists_(context),
      self_(std::make_shared<Commands*>(this)) {}

void Commands::Serve(const std::vector<store::PartitionId>& partitions) {
  served_.Become(*context_->wire, partitions, [this](store::PartitionId partition) {
    return context_->wire->Subscribe(
        context_->options.subjects.PartitionCommands(partition), "",
        [this, partition](const wire::Arrived& command) { OnCommand(partition, command); });
  });
}

void Commands::OnCommand(store::PartitionId id, const wire::Arrived& arrived) {
  if (arrived.reply.empty()) return;
  const auto encoding = envelope::EncodingOf(arrived.content_type, arrived.data);
  Asker asker{id, std::string(arrived.reply), encoding};
  const auto command = envelope::DecodePartitionCommand(arrived.data, encoding);
  if (!command) return Reply(asker, NotDone(ErrorCode::kBadCommand, command.error().text, false));
  Partition* partition = find_(id);
  if (partition == nullptr) return;
  if (resumed_.size() + rebuilding_ >= kWaitingMax) {
    return Reply(asker, NotDone(ErrorCode::kBusy, "too many commands wait: try again", true));
  }
  std::visit(
      Overloaded{
          [&](const envelope::ResumePartition&) { Resume(*partition, std::move(asker)); },
          [&](const envelope::RebuildSession& rebuild) {
            Rebuild(*partition, rebuild.user, std::move(asker));
          },
          [&](const envelope::ListSessions& list) { List(*partition, list, std::move(asker)); },
          [&](const envelope::MovePartition& move) {
            const Result<void> moved = move_(id, move.worker);
            if (moved) return Reply(asker, {.done = true});
            Reply(asker, NotDone(ErrorCode::kNoWorker, moved.error().text, false));
          }},
      *command);
}

void Commands::Resume(Partition& partition, Asker asker) {
  if (partition.phase() != Partition::Phase::kHalted) {
    return Reply(asker, NotDone(ErrorCode::kNotHalted,
                                fmt::format("partition {} is not halted", partition.id()), false));
  }
  LogWarn("an operator resumes the partition", {{"partition", partition.id()}});
  partition.Resume();
  resumed_.push_back({std::move(asker), context_->clock->SteadyMs() + kResumeMs});
}

void Commands::Rebuild(Partition& partition, const UserId& user, Asker asker) {
  const store::PartitionId home = context_->options.subjects.PartitionOf(user);
  if (home != partition.id()) {
    return Reply(asker, NotDone(ErrorCode::kWrongPartition,
                                fmt::format("the learner belongs to partition {}", home), false));
  }
  ++rebuilding_;
  partition.RebuildSession(user, [self = std::weak_ptr(self_),
                                  asker = std::move(asker)](const Result<uint64_t>& rebuilt) {
    const auto here = self.lock();
    if (here == nullptr) return;
    --(*here)->rebuilding_;
    if (rebuilt) return (*here)->Reply(asker, {.done = true, .records = *rebuilt});
    const bool retryable = rebuilt.error().fault == Fault::kRetry;
    (*here)->Reply(asker, NotDone(ErrorCode::kNotRebuilt, rebuilt.error().text, retryable));
  });
}

void Commands::List(Partition& partition, envelope::ListSessions list, Asker asker) {
  // It is answered in a turn of ours, or never.
  const bool added = lists_.Add(
      partition.id(), std::move(list), [this, asker](const Result<envelope::PartitionReply>& page) {
        if (page) return Reply(asker, *page);
        Reply(asker, NotDone(ErrorCode::kUnreadable, page.error().text, true));
      });
  if (!added) Reply(asker, NotDone(ErrorCode::kBusy, "too many lists wait: try again", true));
}

void Commands::Tick() {
  std::erase_if(resumed_, [&](const Resumed& resumed) {
    const Partition* partition = find_(resumed.asker.partition);
    if (partition->phase() == Partition::Phase::kReading) {
      Reply(resumed.asker, {.done = true});
      return true;
    }
    if (partition->phase() == Partition::Phase::kHalted) {
      Reply(resumed.asker, NotDone(ErrorCode::kHalted, partition->halted_because(), false));
      return true;
    }
    if (context_->clock->SteadyMs() < resumed.give_up_ms) return false;
    Reply(resumed.asker, NotDone(ErrorCode::kOpening, "the partition is still being opened", true));
    return true;
  });
}

void Commands::Reply(const Asker& asker, const envelope::PartitionReply& reply) {
  const std::string bytes = envelope::EncodePartitionReply(reply, asker.encoding);
  const bool json = asker.encoding == tutor::Encoding::kJson;
  const auto sent = context_->wire->Publish(
      {.subject = asker.reply, .data = bytes, .content_type = json ? "application/json" : ""});
  if (!sent) LogWarn("command not answered", {{"text", sent.error().text}});
}

}  // namespace lyceum::shard
