#include "bench/engine_partition.h"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <utility>
#include <variant>

#include "bench/engine_cost.h"
#include "session/batch.h"

namespace lyceum::bench {
namespace {

session::Record ToRecord(const wire::StoredMessage& message) {
  return {.subject = message.subject,
          .content_type = message.header("Content-Type"),
          .data = message.data,
          .sequence = message.sequence,
          .time_ms = message.time_ms};
}

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

// Rows that the effects of a record put and erase. A letter is two: it is erased when it is sent.
uint64_t RowsOf(const session::Folded& folded) {
  const uint64_t clients = folded.session ? folded.session->clients.size() : 0;
  uint64_t rows = 1;  // That the session has a record there.
  for (const tutor::Effect& effect : folded.effects) {
    rows += std::visit(Overloaded{[&](const tutor::EmitMessage& emit) {
                                    return 1 + 2 * clients + (emit.history_index == 0 ? 0 : 1);
                                  },
                                  [](const tutor::ReplyTo&) { return uint64_t{2}; },
                                  [](const tutor::ResendMessages&) { return uint64_t{0}; },
                                  [](const tutor::DispatchAgain&) { return uint64_t{0}; },
                                  [](const tutor::Unload&) { return uint64_t{0}; },
                                  [](const auto&) { return uint64_t{1}; }},
                       effect);
  }
  return rows;
}

void Must(const Result<void>& result) {
  if (!result) throw std::runtime_error(result.error().text);
}

}  // namespace

EnginePartition::EnginePartition(store::Store* store, const session::PartitionOptions& options)
    : store_(store),
      options_(options),
      fold_(options.subjects, options.partition),
      cache_(store, options.partition, options.sessions_max) {
  auto applied = store->GetApplied(options.partition);
  if (!applied) throw std::runtime_error(applied.error().text);
  applied_ = applied->value_or(store::Applied{});
}

void EnginePartition::Lap(double Split::*part) {
  if (split_ == nullptr) return;
  const double now_s = CostClock::ThreadSeconds();
  split_->*part += now_s - lap_s_;
  lap_s_ = now_s;
}

size_t EnginePartition::BatchSize(std::span<const wire::StoredMessage> records) const {
  size_t count = 0;
  size_t bytes = 0;
  while (count < records.size() && count < options_.batch_records_max &&
         bytes < options_.batch_bytes_max) {
    bytes += records[count++].data.size();
  }
  return count;
}

void EnginePartition::FoldOne(session::Batch& batch, const wire::StoredMessage& message) {
  const session::Record record = ToRecord(message);
  std::optional<session::Refused> refused;
  const std::optional<session::Address> address = fold_.AddressOf(record, &refused);
  if (!address) throw std::runtime_error(refused->text);
  auto taken = cache_.Take(address->user);
  if (!taken) throw std::runtime_error(taken.error().text);
  Lap(&Split::take_s);
  session::Folded folded =
      fold_.Step(record, *address, std::move(*taken), session::Fold::Copy::kNever);
  Lap(&Split::step_s);
  if (folded.refused) throw std::runtime_error(folded.refused->text);
  if (split_ != nullptr) split_->rows += RowsOf(folded);
  Must(batch.Add(record, address->user, std::move(folded)));
  Lap(&Split::add_s);
}

void EnginePartition::Fold(std::span<const wire::StoredMessage> records,
                           int64_t stream_created_ns) {
  lap_s_ = CostClock::ThreadSeconds();
  while (!records.empty()) {
    const auto some = records.first(BatchSize(records));
    records = records.subspan(some.size());
    session::Batch batch(&options_.subjects, options_.partition, store_, &cache_);
    for (const wire::StoredMessage& message : some) FoldOne(batch, message);
    batch.Erase(done_);
    applied_ = {some.back().sequence, stream_created_ns};
    if (split_ != nullptr) split_->rows += cache_.dirty().size() + 1;
    batch.Finish(applied_);
    Lap(&Split::finish_s);
    Must(store_->Apply(batch.TakeCommit()));
    cache_.Committed();
    done_.clear();
    for (const store::Letter& letter : batch.outgoing().letters) done_.push_back({letter.id, 0});
    Lap(&Split::apply_s);
  }
}

}  // namespace lyceum::bench
