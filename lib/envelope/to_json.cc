// Any payload of the contract as JSON, for people.
#include "envelope/to_json.h"

#include <algorithm>
#include <array>
#include <memory>

#include "envelope/convert.h"
#include "envelope/proto_io.h"
#include "lyceum/v1/record.pb.h"

namespace lyceum::envelope {
namespace {

struct KnownType {
  std::string_view name;
  const google::protobuf::Message& prototype;
};

const auto& KnownTypes() {
  static const std::array kTypes = {
      KnownType{"Event", v1::Event::default_instance()},
      KnownType{"ClientMessage", v1::ClientMessage::default_instance()},
      KnownType{"ToolRequest", v1::ToolRequest::default_instance()},
      KnownType{"ToolAck", v1::ToolAck::default_instance()},
      KnownType{"ToolHeartbeat", v1::ToolHeartbeat::default_instance()},
      KnownType{"ToolCancel", v1::ToolCancel::default_instance()},
      KnownType{"ToolRefused", v1::ToolRefused::default_instance()},
      KnownType{"WorkerHeartbeat", v1::WorkerHeartbeat::default_instance()},
      KnownType{"PartitionCommand", v1::PartitionCommand::default_instance()},
      KnownType{"PartitionReply", v1::PartitionReply::default_instance()},
      KnownType{"Query", v1::Query::default_instance()},
      KnownType{"SessionView", v1::SessionView::default_instance()},
      KnownType{"DeadLetter", v1::DeadLetter::default_instance()},
      KnownType{"Draft", v1::Draft::default_instance()},
      KnownType{"Topic", v1::Topic::default_instance()},
      KnownType{"Session", v1::Session::default_instance()},
      KnownType{"HistoryRow", v1::HistoryRow::default_instance()},
      KnownType{"JournalChunk", v1::JournalChunk::default_instance()},
  };
  return kTypes;
}

}  // namespace

Result<std::string> ToJson(std::string_view type, std::string_view data) {
  const auto& types = KnownTypes();
  const auto* const found =
      std::find_if(types.begin(), types.end(), [&](const auto& t) { return t.name == type; });
  if (found == types.end()) {
    std::string names;
    for (const auto& known : types) names += (names.empty() ? "" : ", ") + std::string(known.name);
    return Reject("type: name one of " + names);
  }
  const std::unique_ptr<google::protobuf::Message> message(found->prototype.New());
  if (auto parsed = ParseMessage(data, EncodingOf({}, data), message.get()); !parsed) {
    return parsed.error();
  }
  return WritePretty(*message);
}

}  // namespace lyceum::envelope
