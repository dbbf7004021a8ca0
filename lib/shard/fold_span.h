// FoldSpan: the span of a record that is folded, and that of the messages that leave because of it.
//
//   the record's trace -> fold <kind> -> send messages -> clients
//                              `-> tool requests
// Their ids follow from the record and where it lies, so what leaves has the same traceparents whoever folds it, and
// however often. Only who folds it for the first time, as the owner, ends them.
#pragma once

#include <cstdint>
#include <string>

#include "base/trace.h"
#include "shard/context.h"

namespace lyceum::shard {

class FoldSpan {
 public:
  // `before`: the session, null where there is none.
  FoldSpan(Tracer* tracer, const Record& record, const envelope::DecodedEvent& decoded,
           const tutor::LogPosition& position, int64_t stream_created_ns,
           const SessionEntry* before);

  const std::string& trace() const { return trace_; }
  const std::string& message_trace() const { return message_trace_; }
  // `messages`: so many have left.
  void End(const SessionEntry* after, uint64_t messages);

 private:
  Tracer* const tracer_;
  const std::string_view kind_;
  const tutor::LogPosition position_;
  const std::string_view state_before_;
  const int64_t begin_ns_;
  const Tracer::Place fold_;
  const std::string trace_;
  const Tracer::Place send_;
  const std::string message_trace_;
};

}  // namespace lyceum::shard
