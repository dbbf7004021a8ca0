// A log folded from its beginning by a plain loop: what every owner of the partition, however often
// it died, must have come to. It honours lineages, burials and barriers, as `lyceum replay` does.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "envelope/subjects.h"
#include "shard/fold.h"
#include "wire/memory_broker.h"

namespace lyceum::simulation {

struct ReplayedMessage {
  uint32_t n = 0;
  uint64_t sequence = 0;
  envelope::Encoding encoding = envelope::Encoding::kProtobuf;
  std::string data;
  bool operator==(const ReplayedMessage&) const = default;
};

struct ReplayedSession {
  std::optional<tutor::Session> session;
  std::vector<uint64_t> records;
  std::vector<ReplayedMessage> messages;
  std::vector<tutor::HistoryEntry> history;
};

struct Replayed {
  std::map<std::string, ReplayedSession> sessions;  // By user.
  std::map<uint64_t, std::string> refused;          // Sequence -> reason.
  uint64_t last_sequence = 0;
};

struct ReplayPlan {
  const envelope::Subjects* subjects = nullptr;
  uint32_t partition = 0;
  std::map<uint32_t, uint64_t> lineages;  // Number -> the sequence it begins at.
  std::set<uint64_t> buried;
  shard::Core core = nullptr;
};
Replayed Replay(const ReplayPlan& plan, const std::vector<wire::MemoryRecord>& log);

}  // namespace lyceum::simulation
