// Every message of the contract as JSON, every field of it set: what a gateway or a tool may send,
// and exactly what it gets. The tests read and write these; people can read them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "envelope/codec.h"

namespace lyceum::envelope {

struct EventSample {
  RecordClass record_class;
  std::string json;
};
const std::vector<EventSample>& EventSamples();
const std::vector<std::string>& ClientMessageSamples();
const std::vector<std::string>& StreamSamples();  // Deltas: written by tool workers.
const std::vector<std::string>& ToolRequestSamples();
const std::vector<std::string>& ToolAckSamples();
const std::string& ToolHeartbeatSample();
const std::string& WorkerHeartbeatSample();
const std::vector<std::string>& PartitionCommandSamples();
const std::vector<std::string>& PartitionReplySamples();
// Of functions: between tool workers.
const std::string& FunctionRequestSample();
const std::string& FunctionResultSample();
const std::string& ToolRefusedSample();
const std::string& BarrierSample();
const std::string& TopicSample();
const std::string& NamedTopicSample();

// A tool_result event with this outcome: `tool` and `ok` as in {"tool":...,"ok":{...}}.
std::string ToolResultEvent(std::string_view tool, std::string_view ok);

}  // namespace lyceum::envelope
