// The native convention: ClientMessages in their JSON form, as server-sent events or WebSocket frames.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/gateway.h"

namespace lyceum::gateway {

// One socket of a learner. It is closed when its token ends: who reconnects with a new one misses nothing.
class SocketPeer final : public Peer {
 public:
  enum class Kind { kServerSentEvents, kWebSocket };

  SocketPeer(Gateway* gateway, Kind kind, Identity identity, uint32_t after_n);
  ~SocketPeer() override;

  void OnOpen(std::shared_ptr<Outgoing> outgoing) override;
  void OnText(std::string_view text) override;
  void CloseIfOver(int64_t unix_ms);
  void CloseForRestart();

 private:
  void OnMessage(const envelope::ReceivedMessage& message, std::string_view json);
  void Tell(std::string text);

  Gateway* const gateway_;
  const Kind kind_;
  const Identity identity_;
  const uint32_t after_n_;
  std::shared_ptr<Outgoing> outgoing_;
  std::unique_ptr<Link> link_;
  std::list<SocketPeer*>::iterator in_list_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

// What a learner may see of a view: no ids of calls and questions to come, nothing of the machinery.
std::string LearnersView(std::string_view view_json);

}  // namespace lyceum::gateway
