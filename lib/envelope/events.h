// Events: what lies on lyceum.in.<class>.<user> and, of a partition itself, on
// lyceum.p.<pp>.barrier.<worker> and lyceum.p.<pp>.forget.<digest>.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "envelope/encoding.h"
#include "envelope/subjects.h"
#include "tutor/event.h"

namespace lyceum::envelope {

struct DecodedEvent {
  tutor::Event event;
  std::string trace;  // W3C traceparent, or empty.
};
// From here on the partition is folded by this version of the state machine.
struct Barrier {
  EventId id;
  uint32_t fold_version = 0;
};
// Who to tell of an event that is refused: what can be read of its id and client, if anything.
struct RefusedSender {
  EventId id;
  ClientId client;
};

// Whose tool result it was that is refused: what can be read of it. The worker may be empty.
struct RefusedResult {
  CallId call;
  std::string worker;
};

// Reads event after event into memory that it uses again. Owned by one thread.
//
// Each event is checked and parsed once. Protobuf is checked before anything of it is built, so a
// megabyte of garbage costs a look at its beginning.
class EventDecoder {
 public:
  EventDecoder();
  ~EventDecoder();
  EventDecoder(const EventDecoder&) = delete;
  EventDecoder& operator=(const EventDecoder&) = delete;

  // Also checks that the kind belongs to the class, which is one of users'. A learner's text up to
  // 900 KiB passes: the session itself answers that one is too long or empty.
  Result<DecodedEvent> Decode(std::string_view data, Encoding encoding, RecordClass record_class);
  // An event of class barrier.
  Result<Barrier> DecodeBarrier(std::string_view data, Encoding encoding);
  // An event of class forget: it says nothing but that it is one.
  Result<void> DecodeForget(std::string_view data, Encoding encoding);

  // Of the last call, where it was refused.
  struct Refused {
    // Set: the event is whole, and belongs to this other class.
    std::optional<RecordClass> other_class;
    std::optional<RefusedSender> sender;
    std::optional<RefusedResult> result;  // Of class tool.
  };
  const Refused& refused() const { return refused_; }

 private:
  struct Memory;

  std::unique_ptr<Memory> memory_;
  Refused refused_;
};

// The same for one event, where it is not many a second.
Result<DecodedEvent> DecodeEvent(std::string_view data, Encoding encoding,
                                 RecordClass record_class);
std::string EncodeEvent(const tutor::Event& event, Encoding encoding, std::string_view trace = {});
RecordClass ClassOf(const tutor::EventKind& kind);  // Not for InvariantViolated.
std::optional<RefusedSender> PeekSender(std::string_view data, Encoding encoding);

std::string EncodeBarrier(const Barrier& barrier);  // Protobuf.
Result<Barrier> DecodeBarrier(std::string_view data, Encoding encoding);
std::string EncodeForget(const EventId& id);  // Protobuf.

// Checks JSON of an Event as a person wrote it (`lyceum send --event`) and gives it back as an
// event. Of any class of users; the id may be left out, whoever sends it gives it one.
Result<tutor::Event> EventFromJson(std::string_view json);

}  // namespace lyceum::envelope
