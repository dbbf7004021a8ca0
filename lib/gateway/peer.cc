#include "gateway/peer.h"

#include <utility>

namespace lyceum::gateway {
namespace {

// WebSocket close codes (RFC 6455, section 7.4).
constexpr int kPolicy = 1008;
constexpr int kGoingAway = 1001;

}  // namespace

LearnerPeer::LearnerPeer(Gateway* gateway, Identity identity)
    : gateway_(gateway), identity_(std::move(identity)) {
  in_peers_ = gateway_->peers_.emplace(identity_.expires_ms, this);
  ++gateway_->sockets_[identity_.user];
  ++gateway_->counters_.sockets;
}

LearnerPeer::~LearnerPeer() {
  --gateway_->counters_.sockets;
  gateway_->peers_.erase(in_peers_);
  gateway_->ticking_.erase(this);
  const auto found = gateway_->sockets_.find(identity_.user);
  if (--found->second == 0) gateway_->sockets_.erase(found);
}

void LearnerPeer::CloseBecauseOver() {
  if (outgoing_ == nullptr) return;
  BeforeClose("The token is over: run again with a new one.");
  outgoing_->Close(kPolicy, "the token is over: connect again with a new one");
}

void LearnerPeer::CloseForRestart() {
  if (outgoing_ == nullptr) return;
  BeforeClose("The gateway restarts: run again.");
  outgoing_->Close(kGoingAway, "restart: connect again");
}

}  // namespace lyceum::gateway
