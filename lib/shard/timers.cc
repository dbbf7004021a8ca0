#include "shard/timers.h"

#include <algorithm>
#include <utility>

namespace lyceum::shard {
namespace {

bool IsLater(const Timers::Due& a, const Timers::Due& b) { return a.at_ms > b.at_ms; }

}  // namespace

void Timers::Add(Due due) {
  heap_.push_back(std::move(due));
  std::push_heap(heap_.begin(), heap_.end(), IsLater);
}

std::optional<Timers::Due> Timers::Pop(int64_t now_ms) {
  if (heap_.empty() || heap_.front().at_ms > now_ms) return std::nullopt;
  std::pop_heap(heap_.begin(), heap_.end(), IsLater);
  std::optional<Due> due(std::move(heap_.back()));
  heap_.pop_back();
  return due;
}

void Timers::Drop(store::PartitionId partition) {
  std::erase_if(heap_, [&](const Due& due) { return due.partition == partition; });
  std::make_heap(heap_.begin(), heap_.end(), IsLater);
}

}  // namespace lyceum::shard
