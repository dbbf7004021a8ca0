// Ledger: what all receivers of a simulated system got, and what must be true of it at all times.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "envelope/codec.h"

namespace lyceum::simulation {

// An id of the engine's making, read back: "<pp>-<seq>-<index>" or "<pp>r<lineage>-<seq>-<index>".
struct IdParts {
  uint32_t partition = 0;
  uint32_t lineage = 0;
  uint64_t sequence = 0;
};
std::optional<IdParts> PartsOf(std::string_view id);

class Ledger {
 public:
  explicit Ledger(std::function<void(std::string)> fail) : fail_(std::move(fail)) {}

  // The same id, the same bytes: of every client message in each encoding, whoever got it.
  void OnMessage(const std::string& id, envelope::Encoding encoding, std::string_view bytes);
  // Of a tool request: the same call and arguments.
  void OnToolRequest(const envelope::ToolRequest& request);
  // This user's session is supervised, and undecided says the course's text: what a tool says of a call that it
  // names "(<call>)" may only come once a teacher has approved the draft of it.
  void Supervise(const std::string& user) { supervised_.insert(user); }
  void Approve(const CallId& draft) { approved_.insert(draft.value); }
  void CheckSaid(const std::string& user, const tutor::Body& body);
  size_t messages() const { return bytes_.size(); }

  // A message was published to a client by the owner of its partition, while it folded `sequence`.
  void OnPublished(const std::string& id, std::string_view client, uint64_t folding,
                   int64_t now_us);
  // The server has it.
  void OnTaken(const std::string& id, std::string_view client);
  // Messages of records up to this one that the server does not have: "" or one of them. Those
  // published before `since_us` are not asked for: who listens may have missed them.
  // What a buried record caused while it was not buried yet does not count.
  std::string NotTaken(uint32_t partition, uint64_t up_to, int64_t since_us,
                       const std::set<uint64_t>& buried) const;
  // The log of the partition has lost records: what was published is of another lineage.
  void ForgetPublished(uint32_t partition) { published_[partition].clear(); }

 private:
  struct Published {
    uint64_t sequence = 0;
    int64_t at_us = 0;
  };
  const std::function<void(std::string)> fail_;
  std::map<std::pair<std::string, envelope::Encoding>, std::string> bytes_;
  std::map<std::string, std::pair<tutor::Tool, tutor::ToolArgs>> requests_;
  std::map<uint32_t, std::map<std::string, Published>> published_;  // By id and client.
  std::set<std::string> taken_;
  std::set<std::string> supervised_;
  std::set<std::string> approved_;
};

}  // namespace lyceum::simulation
