// LearnerPeer: what every socket of a learner has, whatever it speaks.
//
// It counts as one of the learner's sockets from its making on. It is closed when its token ends: who connects
// again with a new one misses nothing.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string_view>

#include "gateway/gateway.h"

namespace lyceum::gateway {

class LearnerPeer : public Peer {
 public:
  LearnerPeer(Gateway* gateway, Identity identity);
  ~LearnerPeer() override;

  void OnOpen(std::shared_ptr<Outgoing> outgoing) override { outgoing_ = std::move(outgoing); }
  virtual void Tick(int64_t steady_ms) { (void)steady_ms; }  // Where it asked for it.
  void CloseBecauseOver();
  void CloseForRestart();

 protected:
  // What a convention may ask of its gateway.
  Sessions* sessions() const { return gateway_->sessions_; }
  const Clock& clock() const { return *gateway_->clock_; }
  Counters& counters() const { return gateway_->counters_; }
  Result<tutor::Event> ReadEvent(std::string_view json, int* status) {
    return gateway_->ReadEvent(identity_.user, json, status);
  }
  void Store(tutor::Event event, std::string_view trace, Sessions::Stored done) {
    gateway_->Store(identity_.user, std::move(event), trace, std::move(done));
  }
  // It is going to be closed by us, because of that: the last chance to say so.
  virtual void BeforeClose(std::string_view sentence) { (void)sentence; }
  void AskForTicks() { gateway_->ticking_.insert(this); }
  const UserId& user() const { return identity_.user; }
  Outgoing* outgoing() const { return outgoing_.get(); }  // Null: not open yet.
  // Expired where this peer is gone.
  std::weak_ptr<char> alive() const { return alive_; }

 private:
  Gateway* const gateway_;
  const Identity identity_;
  std::shared_ptr<Outgoing> outgoing_;
  std::multimap<int64_t, LearnerPeer*>::iterator in_peers_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace lyceum::gateway
