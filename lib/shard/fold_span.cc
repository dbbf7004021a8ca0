#include "shard/fold_span.h"

#include <fmt/format.h>

#include "base/hash.h"
#include "base/span_names.h"
#include "envelope/event_names.h"
#include "tutor/names.h"

namespace lyceum::shard {
namespace {

std::string_view StateOf(const SessionEntry* entry) {
  if (entry == nullptr || !entry->session) return "none";
  return tutor::Name(tutor::NameOf(entry->session->state));
}

// Of a record wherever it is folded: nothing of what it says is part of it.
uint64_t KeyOf(const tutor::LogPosition& position, int64_t stream_created_ns) {
  return Hash64(fmt::format("{} {} {} {} {}", position.partition, position.lineage,
                            position.sequence, position.time_ms, stream_created_ns));
}

}  // namespace

FoldSpan::FoldSpan(Tracer* tracer, const Record& record, const envelope::DecodedEvent& decoded,
                   const tutor::LogPosition& position, int64_t stream_created_ns,
                   const SessionEntry* before)
    : tracer_(tracer),
      kind_(envelope::NameOf(decoded.event.kind)),
      position_(position),
      state_before_(StateOf(before)),
      begin_ns_(UnixNs()),
      fold_(tracer->Derived(decoded.trace.empty() ? record.trace : decoded.trace,
                            KeyOf(position, stream_created_ns))),
      trace_(Traceparent(fold_.context)),
      send_(tracer->Derived(trace_, fold_.context.span)),
      message_trace_(Traceparent(send_.context)) {}

void FoldSpan::End(const SessionEntry* after, uint64_t messages) {
  if (!fold_.context.sampled) return;
  Span fold = Tracer::Begin(fold_, SpanKind::kConsumer, fmt::format("fold {}", kind_));
  fold.begin_ns = begin_ns_;
  fold.attributes = {{span_names::kEventKind, std::string(kind_)},
                     {span_names::kPartition, int64_t{position_.partition}},
                     {span_names::kSequence, static_cast<int64_t>(position_.sequence)},
                     {span_names::kStateBefore, std::string(state_before_)},
                     {span_names::kStateAfter, std::string(StateOf(after))}};
  fold.end_ns = UnixNs();
  if (messages > 0) {
    Span send = Tracer::Begin(send_, SpanKind::kProducer, "send messages");
    send.begin_ns = begin_ns_;
    send.end_ns = fold.end_ns;
    send.attributes = {{span_names::kMessages, static_cast<int64_t>(messages)}};
    tracer_->End(std::move(send));
  }
  tracer_->End(std::move(fold));
}

}  // namespace lyceum::shard
