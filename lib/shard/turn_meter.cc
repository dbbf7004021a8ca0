#include "shard/turn_meter.h"

#include <variant>

namespace lyceum::shard {
namespace {

constexpr std::string_view kDispatcher = "dispatcher";  // As its error results name themselves.

const tutor::Call* PendingOf(const SessionEntry* entry) {
  if (entry == nullptr || !entry->session) return nullptr;
  const auto* lock = std::get_if<tutor::AwaitingToolResult>(&entry->session->state);
  return lock == nullptr ? nullptr : &lock->call;
}

}  // namespace

TurnMeter::TurnMeter(const SessionEntry* entry, const tutor::Event& event) {
  const tutor::Call* call = PendingOf(entry);
  if (call == nullptr) return;
  locked_ms_ = call->locked_ms;
  const auto* result = std::get_if<tutor::ToolResult>(&event.kind);
  if (result == nullptr || result->reply.call != call->id) return;
  tool_ = call->tool;
  if (!std::holds_alternative<tutor::ToolError>(result->reply.outcome)) return;
  end_ = result->reply.worker == kDispatcher ? CallEnd::kFailed : CallEnd::kError;
}

void TurnMeter::Add(Context& context, const Record& record, envelope::RecordClass record_class,
                    const SessionEntry& entry) const {
  Measures& measures = context.counters->measures;
  if (tool_) ++measures.results[static_cast<size_t>(*tool_)][static_cast<size_t>(end_)];
  if (PendingOf(&entry) != nullptr) return;
  const bool of_learner = record_class == envelope::RecordClass::kUser;
  if (locked_ms_ < 0 && !of_learner) return;
  const int64_t begun_ms = locked_ms_ < 0 ? record.time_ms : locked_ms_;
  measures.turn.AddMs(context.server_time->NowMs() - begun_ms);
}

}  // namespace lyceum::shard
