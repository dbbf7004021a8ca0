// Dispatchers, tool workers and a broker in memory: everything that can happen on the way happens,
// and every call has a result in the log.
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <set>

#include "base/manual_clock.h"
#include "dispatch/dispatcher.h"
#include "envelope/codec.h"
#include "support/seed.h"
#include "wire/memory_broker.h"

namespace lyceum::dispatch {
namespace {

// A tool worker as small as it can be: it accepts while it has slots, and has a result some time
// later.
class MiniWorker {
 public:
  MiniWorker(wire::MemoryBroker* broker, ManualClock* clock, std::string name, bool direct)
      : clock_(clock), name_(std::move(name)), direct_(direct), wire_(broker->Connect()) {
    wire_->SetConnectionHandler([this](bool connected) {
      if (!connected) return;
      Subscribe("lyceum.tool.clarify_concept", "tools");
      if (direct_) Subscribe("lyceum.tool.clarify_concept." + name_, "");
    });
  }
  wire::MemoryBroker::ClientId client() const { return wire_->client(); }
  void Tick(uint64_t dice) {
    if (hung) return;
    const int64_t now = clock_->SteadyMs();
    while (!running_.empty() && running_.front().second <= now) {
      Finish(running_.front().first);
      running_.pop_front();
    }
    if (now >= beat_ms_) Beat(now);
    slow_ms_ = 1 + static_cast<int64_t>(dice % 60);
    wire_->Flush();
  }
  // As SIGKILL, and started again under the same name.
  void Forget() { running_.clear(); }

  bool hung = false;

 private:
  void Subscribe(const std::string& subject, const std::string& queue) {
    (void)wire_->Subscribe(subject, queue, [this](const wire::Arrived& m) { OnRequest(m); });
  }
  void OnRequest(const wire::Arrived& m) {
    if (hung) return;  // Its socket buffer is all that gets it.
    const auto encoding = envelope::EncodingOf(m.content_type, m.data);
    auto request = envelope::DecodeToolRequest(m.data, encoding);
    ASSERT_TRUE(request) << request.error().text;
    const bool room = running_.size() < kSlots;
    if (room) running_.emplace_back(request->id, clock_->SteadyMs() + slow_ms_);
    const std::string ack = envelope::EncodeToolAck({request->id, room, room ? name_ : ""});
    (void)wire_->Publish({.subject = m.reply, .data = ack});
  }
  void Beat(int64_t now) {
    beat_ms_ = now + 500;
    envelope::ToolHeartbeat beat;
    beat.worker = name_;
    beat.tools = {"clarify_concept"};
    beat.slots = kSlots;
    beat.free = static_cast<uint32_t>(kSlots - running_.size());
    beat.protobuf = true;
    beat.direct = direct_;
    for (const auto& [id, due] : running_) beat.in_flight.push_back(id);
    const std::string subject = "lyceum.toolworker." + name_;
    const std::string data = envelope::EncodeToolHeartbeat(beat);
    (void)wire_->Publish({.subject = subject, .data = data});
  }
  void Finish(const CallId& id) {
    tutor::Event event;
    event.id = EventId(id.value);
    tutor::ToolReply reply;
    reply.call = id;
    reply.worker = name_;
    reply.outcome = tutor::ClarifyConceptOk{.text = "so"};
    event.kind = tutor::ToolResult{std::move(reply)};
    const std::string data = envelope::EncodeEvent(event, envelope::Encoding::kProtobuf);
    (void)wire_->Publish({.subject = "lyceum.in.tool.ada", .data = data, .message_id = id.value});
  }

  static constexpr size_t kSlots = 8;
  ManualClock* clock_;
  std::string name_;
  bool direct_;
  std::unique_ptr<wire::MemoryWire> wire_;
  std::deque<std::pair<CallId, int64_t>> running_;
  int64_t beat_ms_ = 0;
  int64_t slow_ms_ = 5;
};

class World {
 public:
  explicit World(uint64_t seed, bool direct = true)
      : random_(seed), seeds_(seed), broker_(&clock_, BrokerOptions(seed)) {
    broker_.AddStream({.name = "LOG", .subjects = {"lyceum.in.*.*"}});
    for (const char* name : {"a", "b", "c"}) {
      workers_.push_back(std::make_unique<MiniWorker>(&broker_, &clock_, name, direct));
    }
    wire_ = broker_.Connect();
    publisher_ = std::make_unique<wire::StoredPublisher>(wire_.get(), &clock_,
                                                         wire::StoredPublisher::Options());
    dispatcher_ = std::make_unique<Dispatcher>(
        wire_.get(), publisher_.get(), &clock_, &seeds_, envelope::Subjects("lyceum", 16),
        Dispatcher::Options(), [this] { return broker_.server_unix_ms(); });
    wire_->SetConnectionHandler([this](bool connected) {
      if (!connected) return;
      publisher_->OnConnected();
      dispatcher_->OnConnected();
    });
    EXPECT_TRUE(broker_.RunUntil([this] { return wire_->connected(); }, 10'000'000));
    Run(1'000);
  }
  static wire::MemoryBroker::Options BrokerOptions(uint64_t seed) {
    wire::MemoryBroker::Options options;
    options.seed = seed;
    options.partitions = 0;
    return options;
  }
  void Add() {
    envelope::ToolRequest request;
    request.id = CallId("01-" + std::to_string(++added_) + "-0");
    request.attempt = 0;
    request.tool = tutor::Tool::kClarifyConcept;
    request.user = UserId("ada");
    request.args = tutor::ClarifyConceptArgs{
        .ref = {CourseId("c"), "v", TopicId("t")}, .text = "why?", .question = {}, .recent = {}};
    Dispatcher::Call call;
    call.id = request.id;
    call.partition = 1;
    call.tool = request.tool;
    call.user = request.user;
    call.duration_ms = 5'000;
    call.request = envelope::EncodeToolRequest(request, envelope::Encoding::kProtobuf);
    ASSERT_TRUE(dispatcher_->Add(std::move(call), false));
    added_ms_[request.id.value] = clock_.SteadyMs();
  }
  void Run(int64_t ms) {
    for (const int64_t end = clock_.SteadyMs() + ms; clock_.SteadyMs() < end;) {
      broker_.RunForUs(1'000);
      for (auto& worker : workers_) worker->Tick(random_());
      dispatcher_->Tick();
      publisher_->Tick();
      wire_->Flush();
      ReadLog();
    }
  }
  // As a partition does: the first result of a call ends it.
  void ReadLog() {
    const uint64_t last = broker_.last_sequence("LOG");
    if (last == read_) return;
    for (const wire::MemoryRecord& record : broker_.Stored("LOG")) {
      if (record.sequence <= read_) continue;
      const auto encoding = envelope::EncodingOf(record.content_type, record.data);
      const auto event = envelope::DecodeEvent(record.data, encoding, envelope::RecordClass::kTool);
      ASSERT_TRUE(event) << event.error().text;
      const auto& reply = std::get<tutor::ToolResult>(event->event.kind).reply;
      const bool error = std::holds_alternative<tutor::ToolError>(reply.outcome);
      if (!ended_.insert(reply.call.value).second) continue;
      errors_ += error ? 1 : 0;
      took_ms_.push_back(clock_.SteadyMs() - added_ms_.at(reply.call.value));
      dispatcher_->End(reply.call, error);
    }
    read_ = last;
  }

  std::mt19937_64 random_;
  SeededRandom seeds_;
  ManualClock clock_;
  wire::MemoryBroker broker_;
  std::vector<std::unique_ptr<MiniWorker>> workers_;
  std::unique_ptr<wire::MemoryWire> wire_;
  std::unique_ptr<wire::StoredPublisher> publisher_;
  std::unique_ptr<Dispatcher> dispatcher_;
  int added_ = 0;
  size_t errors_ = 0;
  uint64_t read_ = 0;
  std::set<std::string> ended_;
  std::map<std::string, int64_t> added_ms_;
  std::vector<int64_t> took_ms_;
};

TEST(DispatcherBrokerTest, WhateverHappensOnTheWayEveryCallHasAResult) {
  const uint64_t seed = test::Seed();
  World world(seed);
  for (int round = 0; round < 600; ++round) {
    if (world.random_() % 2 == 0) world.Add();
    auto& worker = *world.workers_[world.random_() % world.workers_.size()];
    switch (world.random_() % 60) {
      case 0:
        worker.hung = !worker.hung;
        break;
      case 1:
        worker.Forget();
        break;
      case 2:
        world.broker_.Disconnect(worker.client());
        break;
      case 3:
        world.broker_.Disconnect(world.wire_->client());
        break;
      case 4:
        if (world.random_() % 3 == 0) world.broker_.RestartServer(300'000);
        break;
      default:
        break;
    }
    world.Run(1 + static_cast<int64_t>(world.random_() % 40));
    if (testing::Test::HasFatalFailure()) FAIL() << "seed " << seed;
  }
  world.Run(12'000);  // Every deadline is over.
  EXPECT_EQ(world.ended_.size(), static_cast<size_t>(world.added_)) << "seed " << seed;
  EXPECT_EQ(world.dispatcher_->size(), 0u) << "seed " << seed;
  EXPECT_TRUE(world.dispatcher_->settled()) << "seed " << seed;
}

TEST(DispatcherBrokerTest, OneHungWorkerOfThreeSlowsNobodyDown) {
  const uint64_t seed = test::Seed();
  World world(seed);
  const auto load = [&](int rounds) {
    world.took_ms_.clear();
    for (int round = 0; round < rounds; ++round) {
      world.Add();
      world.Run(5);
    }
    world.Run(700);
    std::sort(world.took_ms_.begin(), world.took_ms_.end());
    return world.took_ms_.at(world.took_ms_.size() * 99 / 100);
  };
  load(200);
  world.workers_[0]->hung = true;
  const int64_t p99_ms = load(2'000);  // Ten seconds.
  EXPECT_EQ(world.ended_.size(), 2'200u) << "seed " << seed;
  // What runs at a worker that stops is lost after two seconds; a few, and no more.
  EXPECT_LE(p99_ms, 400) << "seed " << seed;
  EXPECT_EQ(world.errors_, 0u) << "seed " << seed;
  EXPECT_GT(world.dispatcher_->counters().calls.direct, 300u);
}

}  // namespace
}  // namespace lyceum::dispatch
