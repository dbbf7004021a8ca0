// A gateway with one learner: it publishes events until they are acknowledged, follows `n`, and asks
// for what it misses, as the contract says.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "envelope/codec.h"
#include "simulation/actor.h"
#include "simulation/dice.h"
#include "simulation/ledger.h"
#include "wire/stored_publisher.h"

namespace lyceum::simulation {

struct Acked {
  uint32_t partition = 0;
  uint64_t sequence = 0;
  int64_t at_us = 0;
};

class Client final : public Actor {
 public:
  struct Options {
    std::string user;
    std::string id;
    bool json = false;
    bool opens = true;  // Begins with a start; else with an attach.
    uint32_t events_max = 20;
    uint64_t seed = 1;
    bool supervised = false;  // A teacher reads first; this client is also that.
    bool unruly = false;      // Does what no lesson needs: operators' events, repeats, odd ids.
    envelope::Subjects subjects;
    // Every event that was acknowledged, by its id.
    std::function<void(const std::string& event, const Acked& acked)> acked;
    // Every message that came, before it is known whether it is a repeat.
    std::function<void(const envelope::ReceivedMessage& message)> came;
    std::function<void(std::string)> fail;
  };
  Client(wire::MemoryBroker* broker, ManualClock* clock, Options options, Ledger* ledger);
  ~Client() override;

  // Sends nothing new any more, but what it misses.
  void Quiet() { quiet_ = true; }
  bool done() const { return sent_ >= options_.events_max || quiet_; }
  bool settled() const { return publisher_->in_flight() == 0; }
  // The last number up to which it has all.
  uint32_t whole() const { return whole_; }
  bool has_gap() const { return !by_n_.empty() && by_n_.rbegin()->first > whole_; }
  bool detached() const { return detached_; }
  // Asks for all that comes after what it has.
  void AskAgain();
  const std::map<uint32_t, std::string>& by_n() const { return by_n_; }
  const std::string& user() const { return options_.user; }
  const std::string& id() const { return options_.id; }
  // Numbers may come again under other ids: the log has lost records of this learner.
  void AllowNewNumbers() { new_numbers_ = true; }
  // An event that ends the process of whoever folds it.
  void SendDeadly();
  int64_t deadly() const { return deadly_; }  // So many.

  int64_t NextUs() const override;
  void Run() override;
  void OnTouched() override { wire_->Flush(); }
  wire::MemoryBroker::ClientId client() const override { return wire_->client(); }

 private:
  void OnConnection(bool connected);
  void OnMessage(const wire::Arrived& message);
  void OnDraft(const wire::Arrived& message);
  void Send(tutor::EventKind kind);
  tutor::Event Numbered(tutor::EventKind kind);
  void SendEvent(const tutor::Event& event, const std::string& message_id);
  tutor::Start OurStart() const;
  tutor::EventKind NextKind();

  ManualClock* const clock_;
  const Options options_;
  Ledger* const ledger_;
  Dice dice_;
  std::unique_ptr<wire::MemoryWire> wire_;
  std::unique_ptr<wire::StoredPublisher> publisher_;
  std::set<std::string> known_;
  std::map<uint32_t, std::string> by_n_;  // n -> id
  uint32_t whole_ = 0;
  uint32_t sent_ = 0;
  uint32_t numbered_ = 0;
  int64_t deadly_ = 0;
  bool quiet_ = false;
  bool detached_ = false;
  bool new_numbers_ = false;
  int64_t next_ms_ = 0;
  int64_t tick_ms_ = 0;
  int64_t gap_since_ms_ = INT64_MAX;
  std::optional<tutor::Event> last_;
  std::string last_question_;
};

}  // namespace lyceum::simulation
