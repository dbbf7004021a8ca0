#include "bench/engine_catch_up.h"

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <utility>

#include "bench/shard_runner.h"
#include "shard/install.h"
#include "wire/acked_publisher.h"
#include "wire/event_loop.h"
#include "wire/log_reader.h"
#include "wire/nats_wire.h"

namespace lyceum::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr size_t kInFlight = 4096;
constexpr seconds kRoom{30};
constexpr seconds kWholeMax{300};

}  // namespace

WaitingLog::WaitingLog(const envelope::Subjects& subjects, uint32_t partition,
                       std::span<const wire::StoredMessage> records)
    : subjects_(subjects),
      partition_(partition),
      stream_(subjects.LogStream(partition)),
      count_(records.size()),
      server_(test::NatsServer::Options{.roles = false}),
      connection_(server_.Connect("")) {
  auto installed = shard::Install(*connection_, subjects);
  if (!installed) throw std::runtime_error(installed.error().text);
  Publish(records);
}

void WaitingLog::Publish(std::span<const wire::StoredMessage> records) {
  const Deadline begun = Steady::now();
  auto done = std::make_shared<Mailbox<wire::Acked>>(kInFlight);
  // What is sent again would be out of order.
  wire::AckedPublisher publisher(connection_, done, {.in_flight_max = kInFlight, .resend = kRoom});
  for (const wire::StoredMessage& record : records) {
    wire::Message message;
    message.subject = record.subject;
    message.data = record.data;
    const std::string id(record.header("Nats-Msg-Id"));
    if (!publisher.Send(std::move(message), id, record.sequence, In(kRoom))) {
      throw std::runtime_error("the server takes no more records");
    }
    for (const wire::Acked& acked : done->PopSome(kInFlight, Steady::now())) {
      if (!acked.ok || acked.sequence != acked.cookie) {
        throw std::runtime_error("a record was not stored in its place: " + acked.error);
      }
    }
  }
  if (!publisher.Drain(In(kRoom))) throw std::runtime_error("the server does not ack");
  publish_per_s_ = static_cast<double>(records.size()) / SecondsSince(begun);
  auto info = wire::GetStream(*connection_, stream_);
  if (!info || !*info || (*info)->last_sequence != records.size()) {
    throw std::runtime_error("the stream does not hold what was published");
  }
}

namespace {

// A connection on a loop, as a shard of a session worker has it.
class Reading {
 public:
  explicit Reading(const test::NatsServer& server) {
    auto wire = wire::NatsWire::Create(&loop, &clock, {.url = server.url()});
    if (!wire) throw std::runtime_error(wire.error().text);
    nats = std::move(*wire);
    const Deadline deadline = In(kRoom);
    while (!nats->connected()) {
      if (Steady::now() > deadline) throw std::runtime_error("not connected to NATS");
      loop.RunOnce(10);
      nats->Tick();
    }
  }
  wire::EventLoop loop;
  SystemClock clock;
  std::unique_ptr<wire::NatsWire> nats;
};

}  // namespace

Cost WaitingLog::ReadAlone() const {
  Reading reading(server_);
  uint64_t read = 0;
  std::string broken;
  const CostClock clock;
  const Deadline end = In(kWholeMax);
  wire::LogReader reader(
      reading.nats.get(), &reading.clock, stream_, 1, [&](const wire::LogRecord&) { ++read; },
      [&](const Error& error) { broken = error.text; });
  while (read < count_) {
    if (!broken.empty()) throw std::runtime_error(broken);
    if (Steady::now() > end) throw std::runtime_error("reading the log takes too long");
    reading.nats->Flush();
    reading.loop.RunOnce(100);
    reading.nats->Tick();
  }
  return clock.Read();
}

Cost WaitingLog::FoldInto(const std::string& store, const TopicRows& topics) const {
  Reading reading(server_);
  ShardRunner::Options options{
      .path = store, .topics = topics, .partitions = {static_cast<store::PartitionId>(partition_)}};
  options.sends = false;
  ShardRunner runner(&reading.loop, reading.nats.get(), options, [&] { reading.nats->Tick(); });
  const uint64_t begun = runner.folded();
  const CostClock clock;
  const Deadline end = In(kWholeMax);
  while (runner.folded() < count_) {
    if (Steady::now() > end) throw std::runtime_error("folding the log takes too long");
    runner.Turn(100);
  }
  Cost cost = clock.Read();
  // What was folded while the partition still opened is not of this window.
  const double share = static_cast<double>(count_) / static_cast<double>(count_ - begun);
  cost.wall_s *= share;
  cost.cpu_s *= share;
  cost.thread_s *= share;
  runner.Stop();
  return cost;
}

}  // namespace lyceum::bench
