// A record that names a topic which is neither in memory nor in the store:
//
//   asked    the reader is gone, the course bucket is asked; the record is not folded
//   there    the topic is in memory, the log is read again from that record on
//   nowhere  the bucket does not have it: the record is buried, so that owner, replay and rebuild agree;
//            the call that it answers ends as an error
//
// It happens once for a topic and worker: with the next checkpoint the store has it.
#include <utility>

#include "base/log.h"
#include "shard/partition.h"
#include "wire/kv.h"

namespace lyceum::shard {
namespace {

constexpr int64_t kTopicMs = 10'000;  // A bucket that cannot be read for so long does not have it.

}  // namespace

void Partition::WaitForTopic(const Record& record, std::string_view user,
                             const tutor::ToolReply& reply) {
  reader_.reset();
  if (waited_ && waited_->sequence == record.sequence) return;
  waited_.emplace();
  waited_->sequence = record.sequence;
  waited_->user = UserId(std::string(user));
  waited_->named = std::get<tutor::LoadTopicOk>(reply.outcome);
  waited_->call = reply.call;
  waited_->worker = reply.worker;
  waited_->give_up_ms = context_->clock->SteadyMs() + kTopicMs;
  AskForTopic();
}

void Partition::AskForTopic() {
  waited_->asked = true;
  FetchTopic(context_, waited_->named,
             [self = std::weak_ptr(self_), opening = opening_,
              sequence = waited_->sequence](Result<TopicTable::Shared> topic) {
               const auto here = self.lock();
               if (here == nullptr || (*here)->opening_ != opening) return;
               if (!(*here)->waited_ || (*here)->waited_->sequence != sequence) return;
               (*here)->OnTopic(topic);
             });
}

void Partition::OnTopic(const Result<TopicTable::Shared>& topic) {
  if (topic) {
    waited_->topic = *topic;  // Turn starts the reader.
    return;
  }
  const int64_t now = context_->clock->SteadyMs();
  const bool decides = role_ == Role::kOwner;
  if (!decides || (topic.error().fault != Fault::kReject && now < waited_->give_up_ms)) {
    waited_->asked = false;
    waited_->again_ms = now + kAgainMs;
    return;
  }
  BuryForTopic(topic.error().text);
}

void Partition::BuryForTopic(const std::string& why) {
  const uint64_t sequence = waited_->sequence;
  LogError("record buried: the topic that it names is nowhere",
           {{"partition", id_}, {"sequence", sequence}, {"text", why}});
  const auto buried = [self = std::weak_ptr(self_), opening = opening_, sequence,
                       why](const Result<bool>& created) {
    const auto here = self.lock();
    if (here == nullptr || (*here)->opening_ != opening) return;
    Partition& partition = **here;
    if (!partition.waited_ || partition.waited_->sequence != sequence) return;
    if (!created) {  // Asked again, and buried again.
      partition.waited_->asked = false;
      partition.waited_->again_ms = partition.context_->clock->SteadyMs() + kAgainMs;
      return;
    }
    partition.buried_.insert(sequence);
    const WaitedTopic waited = std::exchange(partition.waited_, std::nullopt).value();
    if (sequence <= partition.confirmed_) return;
    partition.context_->dispatcher->TellRefused(waited.call, waited.worker, why);
    partition.EndCallAsError(waited.user, waited.call);
  };
  wire::KvCreate(*context_->wire, context_->options.subjects.ClusterBucket(),
                 LogHistory::BurialKey(id_, LineageOf(sequence), sequence),
                 context_->options.worker, buried);
}

}  // namespace lyceum::shard
