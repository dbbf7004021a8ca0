// Dispatcher: the thread around a DispatchTable. It publishes tool requests with a reply inbox of
// its own (`<inbox>.<call>.<send>`, so that each answer names what it answers), listens to all
// heartbeats, and publishes in a failed call's stead a tool_result with an error, `<call>-error`,
// until it is acked.
//
// Threading: Adopt, WaitForRoom, Committed and Drain from any thread. Bounded: kCallsMax calls.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "envelope/codec.h"
#include "outbox/dispatch_table.h"
#include "outbox/outbox.h"
#include "wire/acked_publisher.h"
#include "wire/connection.h"

namespace lyceum::outbox {

class Dispatcher {
 public:
  static constexpr size_t kCallsMax = 200'000;

  static Result<std::unique_ptr<Dispatcher>> Start(std::shared_ptr<wire::Connection> connection,
                                                   const Outbox::Options& options);
  ~Dispatcher();

  // Takes the calls of a partition's rows; those that no worker lists are dispatched after
  // listen_ms.
  void Adopt(store::PartitionId partition, std::vector<store::Letter> rows);
  bool WaitForRoom(Deadline deadline);
  void Committed(store::PartitionId partition, const Outgoing& outgoing);
  // Dispatches nothing more; waits until error results are acked. False at the deadline.
  bool Drain(Deadline deadline);
  DispatchTable::Counters counters() const;

 private:
  struct Command {
    store::PartitionId partition = 0;
    bool adopt = false;
    std::vector<Outgoing::NewCall> calls;
    std::vector<CallId> again;
    std::vector<Outgoing::EndedCall> ended;
  };
  struct Request {
    std::string bytes;
    CallHead head;
  };
  struct ErrorResult {
    wire::Message message;
    std::string id;
  };

  Dispatcher(std::shared_ptr<wire::Connection> connection, const Outbox::Options& options);
  Result<void> Subscribe();
  void Push(Command command);
  void Run();
  Deadline NextLook() const;
  void TakeCommands(int64_t now);
  void Apply(Command& command, int64_t now);
  void AddCall(store::PartitionId partition, Outgoing::NewCall call, bool found, int64_t now);
  void OnMessage(const wire::Message& message, int64_t now);
  void OnAnswer(const wire::Message& message, int64_t now);
  void OnHeartbeat(const wire::Message& message, int64_t now);
  void OnMalformed(std::string_view what, const Error& error);
  void Act(int64_t now);
  void Do(const SendRequest& action, int64_t now);
  void Do(const CancelAt& action, int64_t now);
  void Do(const FailCall& action, int64_t now);
  void SendErrors();
  void TakeAcks();
  void Report();

  const std::shared_ptr<wire::Connection> connection_;
  const envelope::Subjects subjects_;
  const std::string inbox_;
  const std::shared_ptr<wire::MessageBox> box_;
  const std::shared_ptr<Mailbox<wire::Acked>> acks_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Command> commands_;
  size_t commanded_ = 0;  // Calls in commands_.
  size_t held_ = 0;       // Calls in the table.
  bool settled_ = true;   // No error result is without its ack.
  bool draining_ = false;
  bool stopping_ = false;
  DispatchTable::Counters counters_;

  // The thread's own.
  DispatchTable table_;
  std::unordered_map<CallId, Request> requests_;
  std::deque<ErrorResult> errors_;  // Not handed to the publisher yet.
  uint64_t errors_flying_ = 0;
  uint64_t reconnects_ = 0;
  uint64_t malformed_ = 0;
  bool quiet_ = false;  // Draining.
  std::vector<wire::Subscription> subscriptions_;
  std::unique_ptr<wire::AckedPublisher> publisher_;
  std::thread thread_;
};

}  // namespace lyceum::outbox
