// A tool worker of the simulation: canned results, real codecs, and the moods of real tools.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "envelope/codec.h"
#include "simulation/actor.h"
#include "simulation/dice.h"
#include "simulation/ledger.h"
#include "wire/stored_publisher.h"

namespace lyceum::simulation {

class ToolWorker final : public Actor {
 public:
  enum class Mood {
    kGood,
    kSlow,    // Some seconds a call.
    kSilent,  // Accepts, says in its heartbeats that it works, and never answers.
    kDeaf,    // Hung: reads, and says nothing at all.
    kBusy,    // Has no room.
    kWild,    // Results twice, wrong, unreadable, of another call; errors.
  };

  ToolWorker(wire::MemoryBroker* broker, ManualClock* clock, std::string name, uint64_t seed,
             Ledger* ledger);
  ~ToolWorker() override;

  void SetMood(Mood mood) { mood_ = mood; }
  // As by kill -9, and started again at once: what ran is forgotten.
  void Crash();

  int64_t NextUs() const override;
  void Run() override;
  void OnTouched() override;
  wire::MemoryBroker::ClientId client() const override { return wire_->client(); }

 private:
  struct Running {
    envelope::ToolRequest request;
    int64_t due_ms = 0;
  };
  void Connect();
  void OnConnection(bool connected);
  void OnRequest(const wire::Arrived& message);
  void Finish(const envelope::ToolRequest& request);
  void Publish(const envelope::ToolRequest& request, const std::string& id,
               tutor::ToolOutcome outcome);
  void Beat();

  static constexpr size_t kSlots = 8;
  wire::MemoryBroker* const broker_;
  ManualClock* const clock_;
  const std::string name_;
  Ledger* const ledger_;
  Dice dice_;
  const envelope::Subjects subjects_;
  std::unique_ptr<wire::MemoryWire> wire_;
  std::unique_ptr<wire::StoredPublisher> publisher_;
  Mood mood_ = Mood::kGood;
  std::deque<Running> running_;
  int64_t beat_ms_ = 0;
  int64_t tick_ms_ = 0;
  uint64_t made_ = 0;
};

}  // namespace lyceum::simulation
