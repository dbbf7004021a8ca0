// Outgoing: the client messages that were sent and are not yet confirmed.
//
// A message is published and kept. A probe, published to an inbox of our own, comes back after the
// server has taken all that left before it: then these are confirmed and forgotten. One probe is on
// its way at a time. On a new connection all that is kept is published again, in order: the ids are
// the same, and clients drop what they have seen.
// Numbers count the messages from 1. Invariant: confirmed <= probed <= last. One thread calls it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/clock.h"
#include "wire/wire.h"

namespace lyceum::shard {

class Outgoing {
 public:
  struct Options {
    int64_t probe_ms = 5;          // At least so long from one probe to the next.
    int64_t probe_lost_ms = 2000;  // Without an answer: another one.
  };
  // `confirmed` is told the number up to which all is confirmed, each time it grows.
  Outgoing(wire::Wire* wire, const Clock* clock, Options options,
           std::function<void(uint64_t)> confirmed);

  // Publishes and keeps. Not connected: only keeps. False: the server would never take it (too
  // large), so nothing is kept.
  bool Send(const wire::Outbound& message);
  // At the end of a turn of the loop, before the wire is flushed.
  void Probe();
  void OnConnected();

  uint64_t last() const { return last_; }
  uint64_t confirmed() const { return confirmed_; }
  size_t bytes() const { return kept_.size() - begin_; }
  uint64_t refused() const { return refused_; }
  uint64_t sent_again() const { return sent_again_; }
  // Steady ms; INT64_MAX: nothing is unconfirmed.
  int64_t NextProbeMs() const;

 private:
  void OnProbe(std::string_view data);
  void Keep(const wire::Outbound& message);
  void Forget(uint64_t number);

  wire::Wire* const wire_;
  const Clock* const clock_;
  const Options options_;
  const std::function<void(uint64_t)> on_confirmed_;
  std::string probe_inbox_;
  // The kept messages, the oldest first, each behind a header of its lengths; from begin_ on.
  std::string kept_;
  size_t begin_ = 0;
  uint64_t last_ = 0;
  uint64_t probed_ = 0;
  uint64_t confirmed_ = 0;
  int64_t probed_ms_ = INT64_MIN / 2;
  bool probing_ = false;
  uint64_t connection_ = 0;  // Of the probe on its way.
  uint64_t refused_ = 0;
  uint64_t sent_again_ = 0;
};

}  // namespace lyceum::shard
