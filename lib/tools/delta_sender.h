// DeltaSender: streams the words of running tools to the clients that listen: deltas and retracts
// (contract: ClientMessage), outside of the log.
//
// One thread for all streams of a worker sends what is due while a model pauses; everything else is
// sent by the thread that adds it. A message that can not be sent is lost: the final message of the
// tool says it all. Once the call's stop is requested, or its stream is finished, nothing goes out.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "envelope/codec.h"
#include "tools/delta_text.h"
#include "tools/toolbox.h"
#include "wire/connection.h"

namespace lyceum::tools {

class DeltaStream;

class DeltaSender {
 public:
  // Must not block. Called from several threads at once.
  using Publish = std::function<Result<void>(const wire::Message&)>;

  explicit DeltaSender(Publish publish);
  ~DeltaSender();  // Streams that are still there send nothing more on their own.

  // The stream of a request. Of a later attempt it first takes back what the one before said.
  std::shared_ptr<DeltaStream> Open(const envelope::ToolRequest& request, std::stop_token stop);

  struct Counters {
    uint64_t deltas = 0, retracts = 0, lost = 0;
  };
  Counters counters() const;

 private:
  friend class DeltaStream;
  void Send(const wire::Message& message, uint64_t Counters::*counter);
  void Schedule(Deadline due, std::weak_ptr<DeltaStream> stream);
  void Run();

  const Publish publish_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::multimap<Deadline, std::weak_ptr<DeltaStream>> due_;  // At most one of each stream.
  Counters counters_;
  bool losing_ = false;  // The last message was not sent: said once.
  bool stopping_ = false;
  std::thread thread_;
};

class DeltaStream : public TextStream, public std::enable_shared_from_this<DeltaStream> {
 public:
  DeltaStream(DeltaSender* sender, const envelope::ToolRequest& request, std::stop_token stop);

  void Add(std::string_view text) override;
  void Retract() override;
  // The text is whole: what waits goes out, and nothing after it.
  void Finish();
  // Nothing more goes out.
  void Close();

 private:
  friend class DeltaSender;
  void RetractBefore();  // The attempt before this one.
  void Beat();
  void Send(const DeltaText::Piece& piece);
  void SendRetract(uint32_t attempt);
  // To each target, as it reads.
  void Send(const std::function<std::string(envelope::Encoding)>& encode,
            uint64_t DeltaSender::Counters::*counter);

  DeltaSender* const sender_;
  const UserId user_;
  const CallId request_;
  const uint32_t attempt_;
  const std::vector<envelope::StreamTarget> targets_;
  const std::stop_token stop_;

  std::mutex mutex_;  // Of the rest; held while sending, which keeps the order.
  DeltaText text_;
  bool scheduled_ = false;
  bool closed_ = false;
};

}  // namespace lyceum::tools
