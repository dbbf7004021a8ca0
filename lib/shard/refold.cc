#include "shard/refold.h"

#include <utility>

#include "shard/named_topic.h"

namespace lyceum::shard {

Result<Refold::Step> Refold::Fold(const Record& record, std::optional<tutor::Session>* session) {
  Step step;
  effects_.clear();
  if (history_->IsBuried(record.sequence)) {
    step.refused = Refused{.reason = Refusal::kBuried,
                           .text =
                               "the process died over this record twice, or the topic that it "
                               "names was nowhere: nobody folds it"};
    return step;
  }
  auto address = AddressOf(subjects_, partition_, record);
  if (auto* refused = std::get_if<Refused>(&address)) {
    step.refused = std::move(*refused);
    return step;
  }
  const auto& subject = std::get<envelope::Subjects::LogSubject>(address);
  if (subject.of_partition()) {
    step.of_partition = true;
    return step;
  }
  if (*session && history_->IsForgotten(subject.user, (*session)->last_sequence, record.sequence)) {
    session->reset();
    step.forgotten = true;
  }
  auto event = EventOf(decoder_, record, subject.record_class);
  if (auto* refused = std::get_if<Refused>(&event)) {
    step.refused = std::move(*refused);
    return step;
  }
  step.decoded = std::move(std::get<envelope::DecodedEvent>(event));
  if (tutor::LoadTopicOk* named = TopicToFetch(&step.decoded->event)) {
    Result<TopicTable::Shared> topic = topics_(*named);
    if (!topic) return topic.error();
    if (*topic == nullptr) {
      step.lacks = *named;
      return step;
    }
    named->topic = std::move(*topic);
  }
  tutor::LogPosition position;
  position.partition = partition_;
  position.sequence = record.sequence;
  position.time_ms = record.time_ms;
  position.lineage = history_->LineageOf(record.sequence);
  position.fold_version = history_->FoldVersionOf(record.sequence);
  core_(session, UserId(std::string(subject.user)), step.decoded->event, position, &effects_);
  step.in_session = session->has_value();
  return step;
}

}  // namespace lyceum::shard
