// An operator's commands to the owner of a partition, and its replies: lyceum.partition.<pp>,
// request/reply. A command is written in JSON, a reply in what the command came in.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/ids.h"
#include "base/result.h"
#include "envelope/encoding.h"

namespace lyceum::envelope {

// A halted partition goes on as the next lineage.
struct ResumePartition {};
// A session that cannot be read is folded again from its records.
struct RebuildSession {
  UserId user;  // A token.
};
using PartitionCommand = std::variant<ResumePartition, RebuildSession>;
std::string EncodePartitionCommand(const PartitionCommand& command);
Result<PartitionCommand> DecodePartitionCommand(std::string_view data, Encoding encoding);

// Not done: `code` and `text` say why; `retryable`: the same command may do it later.
struct PartitionReply {
  bool done = false;
  std::string code;
  std::string text;
  bool retryable = false;
  uint64_t records = 0;  // Rebuilt: how many records the session is made of.
};
std::string EncodePartitionReply(const PartitionReply& reply, Encoding encoding);
Result<PartitionReply> DecodePartitionReply(std::string_view data, Encoding encoding);

}  // namespace lyceum::envelope
