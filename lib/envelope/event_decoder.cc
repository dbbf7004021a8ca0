// EventDecoder: bytes of a record -> an event, or why not and who is to be told.
#include <google/protobuf/arena.h>

#include <nlohmann/json.hpp>

#include "base/check.h"
#include "envelope/convert.h"
#include "envelope/proto_io.h"
#include "envelope/shape.h"

namespace lyceum::envelope {
namespace {

constexpr size_t kSenderTextBytesMax = 1024;
// An event has five fields at most: garbage is not searched to its end.
constexpr int kFieldsSearchedMax = 64;

std::string_view KindName(const v1::Event& event) {
  return event.GetDescriptor()->FindFieldByNumber(event.kind_case())->name();
}

std::optional<RefusedSender> Checked(std::string_view id, std::string_view client) {
  if (!IsToken(client)) return std::nullopt;
  RefusedSender sender{EventId(std::string(id)), ClientId(std::string(client))};
  if (id.size() > kIdBytesMax || !IsUtf8(id) || HasControlCharacters(id)) sender.id = EventId();
  return sender;
}

// A member that is a text, without its quotes and escapes; else empty.
std::string Unquoted(std::string_view json) {
  if (json.size() > kSenderTextBytesMax || !json.starts_with('"')) return {};
  const nlohmann::json text = nlohmann::json::parse(json, nullptr, false);
  return text.is_string() ? text.get<std::string>() : std::string();
}

std::optional<RefusedSender> SenderOf(const JsonRoot& root) {
  return Checked(Unquoted(root.id), Unquoted(root.client));
}

// What stands at the top of it, among its first fields and as far as it can be read.
std::optional<RefusedSender> SenderOfBytes(std::string_view data) {
  std::string_view id;
  std::string_view client;
  RawReader reader(data);
  RawField field;
  for (int i = 0; i < kFieldsSearchedMax && !reader.done() && reader.Next(&field); ++i) {
    if (field.wire_type != 2) continue;
    if (field.number == v1::Event::kIdFieldNumber) id = field.bytes;
    if (field.number == v1::Event::kClientFieldNumber) client = field.bytes;
  }
  return Checked(id, client);
}

std::optional<RefusedResult> CheckedResult(std::string_view call, std::string_view worker) {
  if (call.empty() || call.size() > kIdBytesMax || !IsUtf8(call) || HasControlCharacters(call)) {
    return std::nullopt;
  }
  return RefusedResult{CallId(std::string(call)),
                       IsToken(worker) ? std::string(worker) : std::string()};
}

// Of JSON that is no event: whose result it was meant to be.
std::optional<RefusedResult> ResultOfJson(std::string_view data) {
  if (!CheckJson(data)) return std::nullopt;  // Bounds its depth.
  const nlohmann::json event = nlohmann::json::parse(data, nullptr, false);
  for (const char* name : {"tool_result", "toolResult"}) {
    const auto result = event.find(name);
    if (result == event.end() || !result->is_object()) continue;
    const auto text = [&](const char* of) {
      const auto found = result->find(of);
      return found != result->end() && found->is_string() ? found->get<std::string>()
                                                          : std::string();
    };
    return CheckedResult(text("id"), text("worker"));
  }
  return std::nullopt;
}

std::string WrongClass(RecordClass of_event, RecordClass of_subject) {
  return "belongs to class " + std::string(Name(of_event)) + ", and the subject says " +
         std::string(Name(of_subject));
}

// A whole event of another class than that of the partition's own which was looked for.
void RefuseOther(const v1::Event& in, Encoding encoding, RecordClass wanted,
                 EventDecoder::Refused* refused, Reader* reader) {
  if (in.has_barrier() || in.has_forget()) {
    refused->other_class = in.has_forget() ? RecordClass::kForget : RecordClass::kBarrier;
  } else if (const DecodedEvent other = Read(in, encoding, *reader); !reader->refused()) {
    refused->other_class = ClassOf(other.event.kind);
  }
  if (reader->refused()) return;
  reader->Refuse(KindName(in), WrongClass(*refused->other_class, wanted));
}

}  // namespace

// An event is a handful of messages: they lie in one block, which the next event overwrites.
struct EventDecoder::Memory {
  Memory() : arena(block, sizeof block) {}
  v1::Event& Fresh() {
    arena.Reset();
    return *google::protobuf::Arena::CreateMessage<v1::Event>(&arena);
  }

  // Reads the payload; where it is refused, says who sent it.
  Result<void> Parse(std::string_view data, Encoding encoding, v1::Event* event, Refused* refused) {
    JsonRoot root;
    auto parsed = ParseMessage(data, encoding, event, &root);
    if (parsed || data.size() > kPayloadBytesMax) return parsed;
    refused->sender = encoding == Encoding::kJson ? SenderOf(root) : SenderOfBytes(data);
    return parsed;
  }

  alignas(8) char block[8 * 1024];
  google::protobuf::Arena arena;
};

EventDecoder::EventDecoder() : memory_(new Memory) {}
EventDecoder::~EventDecoder() = default;

Result<DecodedEvent> EventDecoder::Decode(std::string_view data, Encoding encoding,
                                          RecordClass record_class) {
  CHECK(record_class != RecordClass::kBarrier && record_class != RecordClass::kForget);
  refused_ = {};
  v1::Event& in = memory_->Fresh();
  if (auto parsed = memory_->Parse(data, encoding, &in, &refused_); !parsed) {
    const bool is_result = record_class == RecordClass::kTool && encoding == Encoding::kJson;
    if (is_result && data.size() <= kPayloadBytesMax) refused_.result = ResultOfJson(data);
    return parsed.error();
  }
  Reader reader;
  DecodedEvent decoded;
  RecordClass own = in.has_forget() ? RecordClass::kForget : RecordClass::kBarrier;
  if (in.has_barrier() || in.has_forget()) {
    reader.IdText("id", in.id());
  } else {
    decoded = Read(in, encoding, reader);
    if (!reader.refused()) own = ClassOf(decoded.event.kind);
  }
  if (!reader.refused() && own == record_class) return decoded;
  refused_.sender = Checked(in.id(), in.client());
  if (record_class == RecordClass::kTool && in.has_tool_result()) {
    refused_.result = CheckedResult(in.tool_result().id(), in.tool_result().worker());
  }
  if (!reader.refused()) {
    refused_.other_class = own;
    reader.Refuse(KindName(in), WrongClass(own, record_class));
  }
  return reader.Finish(std::move(decoded));
}

Result<Barrier> EventDecoder::DecodeBarrier(std::string_view data, Encoding encoding) {
  refused_ = {};
  v1::Event& in = memory_->Fresh();
  if (auto parsed = memory_->Parse(data, encoding, &in, &refused_); !parsed) {
    return parsed.error();
  }
  Reader reader;
  Barrier barrier;
  if (in.has_barrier()) {
    barrier.id = EventId(reader.IdText("id", in.id()));
    barrier.fold_version = in.barrier().fold_version();
    if (barrier.fold_version == 0) reader.Refuse("barrier.fold_version", "must be 1 or more");
    if (!reader.refused()) return barrier;
  } else {
    RefuseOther(in, encoding, RecordClass::kBarrier, &refused_, &reader);
  }
  refused_.sender = Checked(in.id(), in.client());
  return reader.Finish(std::move(barrier));
}

Result<void> EventDecoder::DecodeForget(std::string_view data, Encoding encoding) {
  refused_ = {};
  v1::Event& in = memory_->Fresh();
  if (auto parsed = memory_->Parse(data, encoding, &in, &refused_); !parsed) {
    return parsed.error();
  }
  Reader reader;
  if (in.has_forget()) {
    reader.IdText("id", in.id());
  } else {
    RefuseOther(in, encoding, RecordClass::kForget, &refused_, &reader);
  }
  if (!reader.refused()) return {};
  refused_.sender = Checked(in.id(), in.client());
  if (auto finished = reader.Finish(true); !finished) return finished.error();
  return {};
}

Result<DecodedEvent> DecodeEvent(std::string_view data, Encoding encoding,
                                 RecordClass record_class) {
  return EventDecoder().Decode(data, encoding, record_class);
}

Result<Barrier> DecodeBarrier(std::string_view data, Encoding encoding) {
  return EventDecoder().DecodeBarrier(data, encoding);
}

std::string EncodeBarrier(const Barrier& barrier) {
  v1::Event out;
  out.set_id(barrier.id.value);
  out.mutable_barrier()->set_fold_version(barrier.fold_version);
  return WriteMessage(out, Encoding::kProtobuf);
}

std::string EncodeForget(const EventId& id) {
  v1::Event out;
  out.set_id(id.value);
  out.mutable_forget();
  return WriteMessage(out, Encoding::kProtobuf);
}

std::optional<RefusedSender> PeekSender(std::string_view data, Encoding encoding) {
  if (data.size() > kPayloadBytesMax) return std::nullopt;
  if (encoding == Encoding::kProtobuf) return SenderOfBytes(data);
  JsonRoot root;
  if (!CheckJson(data, &root)) return std::nullopt;
  return SenderOf(root);
}

}  // namespace lyceum::envelope
