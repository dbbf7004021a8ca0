#include "bench/engine_catch_up.h"

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <utility>

#include "partition/partition_log.h"
#include "session/install.h"
#include "session/partition_runner.h"
#include "wire/acked_publisher.h"

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
      stream_(subjects.LogStream(partition)),
      count_(records.size()),
      server_(test::NatsServer::Options{.roles = false}),
      connection_(server_.Connect("")) {
  for (const wire::StreamConfig& config : session::StreamsOf(subjects)) {
    if (config.name != stream_) continue;
    auto ensured = wire::EnsureStream(*connection_, config);
    if (!ensured) throw std::runtime_error(ensured.error().text);
  }
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

Cost WaitingLog::Read(const Take& take) {
  const session::PartitionOptions portions{.subjects = subjects_};
  partition::PartitionLog log(connection_, stream_, {});
  const CostClock clock;
  const Deadline end = In(kWholeMax);
  for (uint64_t read = 0; read < count_;) {
    auto records = log.Next(portions.batch_records_max, portions.batch_bytes_max, In(seconds(1)));
    if (!records) throw std::runtime_error(records.error().text);
    if (Steady::now() > end) throw std::runtime_error("reading the log takes too long");
    read += records->size();
    if (!records->empty()) take(*records, log.stream_created_ns());
  }
  return clock.Read();
}

}  // namespace lyceum::bench
