// DeltaSender: streams the text of running tools to the clients that listen: deltas and retracts
// (contract: ClientMessage), outside of the log.
//
// What is added on the loop's thread goes out at once; what another thread adds is posted to the
// loop; what is due while a model pauses goes out by Turn. A message that cannot be sent is lost:
// the final message of the tool says it all. Once the call's stop is requested, or its stream is
// finished, nothing goes out. Everything but TextStream is called on the loop's thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/histogram.h"
#include "envelope/codec.h"
#include "toolhost/delta_text.h"
#include "toolhost/toolbox.h"
#include "wire/wire.h"

namespace lyceum::toolhost {

class DeltaStream;

class DeltaSender {
 public:
  using Publish = std::function<Result<void>(const wire::Outbound&)>;

  // Of the thread that makes it. The executor outlives all streams. `first_delta`: how long each
  // stream was open before its first delta; null: nobody wants to know.
  DeltaSender(const Clock* clock, Executor* executor, Publish publish,
              Histogram* first_delta = nullptr);

  // The stream of a request. Of a later attempt it first takes back what the one before said.
  std::shared_ptr<DeltaStream> Open(const envelope::ToolRequest& request, std::stop_token stop);

  // Sends what is due. By NextMs (steady); INT64_MAX: nothing waits.
  void Turn();
  int64_t NextMs() const;

  struct Counters {
    uint64_t deltas = 0, retracts = 0, lost = 0;
  };
  Counters counters() const { return counters_; }

 private:
  friend class DeltaStream;
  Deadline now() const { return Deadline(std::chrono::milliseconds(clock_->SteadyMs())); }
  void Send(const wire::Outbound& message, uint64_t Counters::*counter);
  void Schedule(Deadline due, std::weak_ptr<DeltaStream> stream);

  const Clock* const clock_;
  Executor* const executor_;
  const Publish publish_;
  Histogram* const first_delta_;
  const std::thread::id loop_ = std::this_thread::get_id();
  std::multimap<Deadline, std::weak_ptr<DeltaStream>> due_;  // At most one of each stream.
  Deadline tick_{};                                          // Nothing that is due goes out before.
  Counters counters_;
  bool losing_ = false;  // The last message was not sent: said once.
};

class DeltaStream : public TextStream, public std::enable_shared_from_this<DeltaStream> {
 public:
  DeltaStream(DeltaSender* sender, const envelope::ToolRequest& request, std::stop_token stop);

  // One task calls these three, from whichever thread it is in.
  void Add(std::string_view text) override;
  void Retract() override;
  // The text is whole: what waits goes out, and nothing after it.
  void Finish();

 private:
  friend class DeltaSender;
  // Here, where this is the loop's thread and nothing is on its way there; else posted.
  void OnLoop(std::function<void(DeltaStream&)> what);
  void AddHere(std::string_view text);
  void RetractHere();
  void FinishHere();
  void SendDue();
  bool closed() const { return finished_ || stop_.stop_requested(); }
  void Send(const DeltaText::Piece& piece);
  void SendRetract(uint32_t attempt);
  template <class Encode>
  void Send(const Encode& encode, uint64_t DeltaSender::Counters::*counter);  // To each target.

  DeltaSender* const sender_;
  const UserId user_;
  const CallId request_;
  const uint32_t attempt_;
  const std::vector<envelope::StreamTarget> targets_;
  const std::stop_token stop_;
  const Deadline opened_;

  size_t added_bytes_ = 0;         // Of the task: since the last retract.
  std::atomic<size_t> posted_{0};  // And not yet run. At most one for each byte of a text.

  // Of the loop.
  DeltaText text_;
  bool scheduled_ = false;
  bool finished_ = false;
  bool begun_ = false;  // A delta was sent.
};

}  // namespace lyceum::toolhost
