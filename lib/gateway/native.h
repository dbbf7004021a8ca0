// The native convention: ClientMessages in their JSON form, as server-sent events or WebSocket frames.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "gateway/peer.h"

namespace lyceum::gateway {

// One socket of a learner, in this convention.
class SocketPeer final : public LearnerPeer {
 public:
  enum class Kind { kServerSentEvents, kWebSocket };

  SocketPeer(Gateway* gateway, Kind kind, Identity identity, uint32_t after_n);

  void OnOpen(std::shared_ptr<Outgoing> outgoing) override;
  void OnText(std::string_view text) override;

 private:
  void OnMessage(const envelope::ReceivedMessage& message, std::string_view json);
  void Tell(std::string text);

  const Kind kind_;
  const uint32_t after_n_;
  std::unique_ptr<Link> link_;
};

// What a learner may see of a view: no ids of calls and questions to come, nothing of the machinery.
std::string LearnersView(std::string_view view_json, bool with_history = true);

}  // namespace lyceum::gateway
