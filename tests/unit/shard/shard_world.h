// A small world around a shard: a broker in memory, session workers that can be killed, frozen and
// started again on what they left behind, canned tool workers, and clients that keep all they get.
//
//   World world;                       // Streams, buckets, virtual time.
//   Worker& worker = world.AddWorker({0});
//   world.AddTools("t1");
//   Client& ann = world.AddClient(world.UserIn(0));
//   ann.Start();                       // An event; nothing runs before Until or RunMs.
//   EXPECT_TRUE(world.Until([&] { return ann.count<tutor::TextOut>() == 1; }));
//
// One thread, one seed, virtual time. A client checks by itself that one id always has the same
// bytes.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/manual_clock.h"
#include "shard/shard.h"
#include "store/memory_store.h"
#include "wire/memory_broker.h"

namespace lyceum::shard {

class World;

class Actor {
 public:
  virtual ~Actor() = default;
  virtual int64_t NextUs() const = 0;
  virtual void Run() = 0;
  virtual wire::MemoryBroker::ClientId client() const = 0;
};

// A wire that shows what is published through it.
class TapWire final : public wire::Wire {
 public:
  using Tap = std::function<void(const wire::Outbound&)>;
  // Nobody answers such a request; such a message is lost on the way.
  using Deaf = std::function<bool(std::string_view subject)>;
  TapWire(std::unique_ptr<wire::MemoryWire> wire, const Tap* tap, const Deaf* deaf)
      : wire_(std::move(wire)), tap_(tap), deaf_(deaf) {}
  wire::MemoryBroker::ClientId client() const { return wire_->client(); }

  Result<SubscriptionId> Subscribe(std::string_view subject, std::string_view queue,
                                   Handler handler) override {
    return wire_->Subscribe(subject, queue, std::move(handler));
  }
  void Unsubscribe(SubscriptionId id) override { wire_->Unsubscribe(id); }
  Result<void> Publish(const wire::Outbound& message) override {
    if (*tap_) (*tap_)(message);
    if (*deaf_ && (*deaf_)(message.subject)) return {};
    return wire_->Publish(message);
  }
  void Request(const wire::Outbound& message, std::chrono::milliseconds timeout,
               AnswerHandler done) override {
    const bool deaf = *deaf_ && (*deaf_)(message.subject);
    wire_->Request(deaf ? wire::Outbound{.subject = "nobody"} : message, timeout, std::move(done));
  }
  void Flush() override { wire_->Flush(); }
  void SetConnectionHandler(ConnectionHandler handler) override {
    wire_->SetConnectionHandler(std::move(handler));
  }
  bool connected() const override { return wire_->connected(); }
  uint64_t connection_number() const override { return wire_->connection_number(); }
  std::string NewInbox() override { return wire_->NewInbox(); }
  size_t payload_bytes_max() const override { return wire_->payload_bytes_max(); }
  size_t unwritten_bytes() const override { return wire_->unwritten_bytes(); }
  uint64_t async_errors() const override { return 0; }
  std::string last_async_error() const override { return {}; }

 private:
  std::unique_ptr<wire::MemoryWire> wire_;
  const Tap* const tap_;
  const Deaf* const deaf_;
};

// The store of a worker's machine, with a disk that does not always read.
class DiskStore final : public store::CheckpointStore {
 public:
  store::MemoryStore memory;
  uint64_t fail_reads = 0;  // So many of the next reads fail.
  bool hold_writes = false;
  uint64_t batches = 0;
  std::function<void(const store::CheckpointBatch&)> on_write;

  Result<std::optional<store::Checkpoint>> GetCheckpoint(store::PartitionId partition) override;
  Result<std::optional<std::string>> GetSession(store::PartitionId partition,
                                                std::string_view user) override;
  Result<std::optional<std::string>> GetTopic(store::PartitionId partition,
                                              std::string_view digest) override;
  Result<std::vector<store::TimerRow>> GetTimers(store::PartitionId partition,
                                                 int64_t due_before_ms,
                                                 const std::optional<store::TimerRow>& after,
                                                 size_t count_max) override;
  Result<std::vector<store::JournalRow>> GetJournal(store::PartitionId partition,
                                                    std::string_view user,
                                                    uint64_t before_first_sequence,
                                                    size_t bytes_max) override;
  Result<std::vector<store::DeadLetterRow>> GetDeadLetters(store::PartitionId partition,
                                                           size_t count_max) override;
  Result<std::vector<std::string>> GetUsers(store::PartitionId partition, std::string_view after,
                                            size_t count_max) override;
  Result<std::unique_ptr<store::RowReader>> ReadRows(store::PartitionId partition) override;
  Result<void> EraseRows(store::PartitionId partition) override;
  void Write(std::shared_ptr<const store::CheckpointBatch> batch, Executor* executor,
             std::function<void(Result<void>)> done) override;

 private:
  bool Fails() {
    if (fail_reads == 0) return false;
    --fail_reads;
    return true;
  }
};

// A session worker of one shard. Disk and flight page outlive its process.
class Worker final : public Actor, private Executor {
 public:
  Worker(World* world, std::vector<store::PartitionId> partitions, std::string name);
  ~Worker() override;

  Options options;  // Of the next start.
  DiskStore disk;
  std::unique_ptr<store::FlightPage> flight;
  OffsetClock wall;
  int64_t turn_us = 20;  // From one turn of a busy loop to the next.
  uint64_t turns = 0;    // Of all starts.
  TapWire::Tap tap;
  TapWire::Deaf deaf;

  Result<void> Start();
  void Kill();  // kill -9.
  void KillAndStart() {
    Kill();
    ASSERT_TRUE(Start());
  }
  // SIGTERM; false where it is not over in time.
  bool Stop(int64_t ms = 5'000);
  void Freeze(bool frozen);  // SIGSTOP, SIGCONT.
  void LoseFlightPage();
  bool running() const { return shard_ != nullptr; }
  Shard& shard() { return *shard_; }
  const Partition& partition(store::PartitionId id) { return *shard_->Find(id); }
  const Counters& counters() const { return shard_->counters(); }
  bool reading() const;  // All its partitions are, and have caught up.

  int64_t NextUs() const override;
  void Run() override;
  wire::MemoryBroker::ClientId client() const override {
    return wire_ == nullptr ? 0 : wire_->client();
  }

 private:
  void Post(std::function<void()> task) override { tasks_.push_back(std::move(task)); }
  void RunTasks();

  World* const world_;
  const std::vector<store::PartitionId> partitions_;
  std::deque<std::function<void()>> tasks_;
  std::unique_ptr<TapWire> wire_;
  std::unique_ptr<SeededRandom> random_;
  std::unique_ptr<Shard> shard_;
  int64_t ran_us_ = -1'000;
  bool frozen_ = false;
};

// Serves every tool: accepts, sends heartbeats, gives canned results.
class ToolWorker final : public Actor {
 public:
  ToolWorker(World* world, std::string name);

  size_t slots = 100'000;
  int64_t duration_ms = 2;
  std::string text = "so it is";                            // What clarify_concept says.
  bool by_name = false;                                     // How it answers load_topic.
  std::function<bool(const envelope::ToolRequest&)> hangs;  // Accepted, and nothing comes of it.
  std::vector<envelope::ToolRequest> requests;  // Every one, in order, without its content.
  std::vector<size_t> request_bytes;
  std::map<std::string, int> runs;  // How often a call was begun, by id.

  int64_t NextUs() const override;
  void Run() override;
  wire::MemoryBroker::ClientId client() const override { return wire_->client(); }

 private:
  struct Running {
    envelope::ToolRequest request;
    int64_t due_ms = 0;
  };
  void OnRequest(const wire::Arrived& message);

  World* const world_;
  const std::string name_;
  std::unique_ptr<wire::MemoryWire> wire_;
  std::deque<Running> running_;
  std::set<std::string> done_;
  int64_t beat_ms_ = 0;
};

class Client final : public Actor {
 public:
  Client(World* world, std::string user, std::string id, tutor::Encoding encoding);

  struct Came {
    envelope::ReceivedMessage message;
    std::string bytes;
    int64_t at_ms = 0;
  };
  std::vector<Came> came;  // Repeats among them.
  std::map<std::string, std::string> by_id;
  size_t repeats = 0;
  const std::string user;
  const std::string id;

  // Each gives the event's id.
  std::string Send(tutor::EventKind kind);
  std::string Start(tutor::BusyPolicy policy = tutor::BusyPolicy::kReplyWait);
  std::string Say(std::string text, tutor::Intent intent = tutor::Intent::kUnspecified) {
    return Send(tutor::UserMessage{std::move(text), intent});
  }
  std::string Ask(std::string text = "why?") {
    return Say(std::move(text), tutor::Intent::kQuestion);
  }
  std::string Attach(uint32_t after_n) { return Send(tutor::Attach{after_n}); }

  // Different messages with such a body.
  template <class Body>
  size_t count() const {
    std::set<std::string> ids;
    for (const Came& one : came) {
      if (std::holds_alternative<Body>(one.message.message.body))
        ids.insert(one.message.message.id);
    }
    return ids.size();
  }
  size_t errors(const std::string& code) const;  // Different ones.
  uint32_t whole() const;                        // 1 .. whole have come.
  bool answered(const std::string& event_id) const;

  int64_t NextUs() const override { return INT64_MAX; }
  void Run() override { wire_->Flush(); }
  wire::MemoryBroker::ClientId client() const override { return wire_->client(); }

 private:
  World* const world_;
  const tutor::Encoding encoding_;
  std::unique_ptr<wire::MemoryWire> wire_;
  std::set<uint32_t> numbers_;
  int sent_ = 0;
};

class World {
 public:
  explicit World(uint32_t partitions = 2, uint64_t seed = 1);
  ~World();

  ManualClock clock;
  const envelope::Subjects subjects;
  wire::MemoryBroker broker;

  Worker& AddWorker(std::vector<store::PartitionId> partitions, std::string name = "w1");
  ToolWorker& AddTools(std::string name = "tools");
  Client& AddClient(const std::string& user, const std::string& id = "",
                    tutor::Encoding encoding = tutor::Encoding::kProtobuf);
  void RemoveTools();
  std::string UserIn(uint32_t partition, size_t index = 0) const;

  void RunMs(int64_t ms) { (void)Until({}, ms); }
  bool Until(const std::function<bool()>& condition, int64_t ms = 10'000);

  // Stored at once, as from a gateway that nobody knows.
  void Publish(const std::string& user, const tutor::Event& event,
               const std::string& message_id = "", std::string_view trace = {});
  void PublishRaw(const std::string& subject, std::string_view data, std::string_view type = "");
  std::string Stream(uint32_t partition) const { return subjects.LogStream(partition); }
  // Records of this class in the log.
  size_t Stored(uint32_t partition, envelope::RecordClass record_class) const;
  std::vector<envelope::DeadLetter> DeadLetters() const;

  // A client at its first question.
  Client& AddLearner(uint32_t partition, size_t index = 0,
                     tutor::BusyPolicy policy = tutor::BusyPolicy::kReplyWait);

 private:
  std::vector<std::unique_ptr<Actor>> actors_;
  std::vector<ToolWorker*> tools_;
};

// What a canned tool says.
tutor::ToolOutcome CannedResult(const envelope::ToolRequest& request, const std::string& text);

// What is written to the log while it lives.
class LogCapture {
 public:
  LogCapture() { testing::internal::CaptureStderr(); }
  ~LogCapture() {
    if (!done_) (void)testing::internal::GetCapturedStderr();
  }
  std::string End() {
    done_ = true;
    return testing::internal::GetCapturedStderr();
  }

 private:
  bool done_ = false;
};

}  // namespace lyceum::shard
