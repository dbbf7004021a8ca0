// Each message goes out with a reply subject of its own, <inbox>.<n>, so that an ack names its
// message also when the message was sent several times. A message is sent again when its time has
// come, or on a new connection: then the ack of the old one will not come any more.
#include "wire/stored_publisher.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <vector>

#include "base/check.h"
#include "wire/pub_ack.h"

namespace lyceum::wire {
namespace {

constexpr int64_t kBackoffMinMs = 20;
constexpr int kBackoffDoublings = 8;
constexpr int64_t kNever = INT64_MAX;

struct InFlight {
  StoredMessageOut message;
  StoredPublisher::Done done;
  int64_t give_up_ms = kNever;  // As Clock::SteadyMs.
  int64_t due_ms = 0;           // When to send it again.
  int failures = 0;             // Bad answers so far.
  std::string last_error = "no answer from a stream";
  std::optional<Error> refused;  // Only the call back is missing.
};

size_t BytesOf(const StoredMessageOut& message) {
  return message.subject.size() + message.data.size() + message.message_id.size();
}

}  // namespace

struct StoredPublisher::Impl {
  void Subscribe();
  // What the system does not take yet is not made more.
  bool MaySend() const { return wire->connected() && wire->unwritten_bytes() <= options.bytes_max; }
  void Publish(uint64_t number, InFlight* flight);
  void OnAnswer(const Arrived& arrived);
  void Failed(InFlight* flight, std::string why);
  void Finish(std::map<uint64_t, InFlight>::iterator flight, Result<uint64_t> result);

  Wire* wire = nullptr;
  const Clock* clock = nullptr;
  Options options;
  std::string inbox;  // With a dot at its end.
  Wire::SubscriptionId subscription = 0;
  uint64_t connection = 0;  // The number of the one that `subscription` belongs to.
  uint64_t last_number = 0;
  size_t bytes = 0;
  std::map<uint64_t, InFlight> flights;  // In the order in which they were sent.
  std::string reply;                     // Scratch.
};

StoredPublisher::StoredPublisher(Wire* wire, const Clock* clock, Options options)
    : impl_(std::make_unique<Impl>()) {
  impl_->wire = wire;
  impl_->clock = clock;
  impl_->options = options;
  impl_->inbox = wire->NewInbox() + ".";
  impl_->Subscribe();
}

StoredPublisher::~StoredPublisher() { impl_->wire->Unsubscribe(impl_->subscription); }

void StoredPublisher::Impl::Subscribe() {
  if (!wire->connected() || wire->connection_number() == connection) return;
  auto subscribed =
      wire->Subscribe(inbox + "*", "", [this](const Arrived& arrived) { OnAnswer(arrived); });
  if (!subscribed) return;
  subscription = *subscribed;
  connection = wire->connection_number();
}

bool StoredPublisher::Send(StoredMessageOut message, int64_t give_up_ms, Done done) {
  CHECK(!message.message_id.empty());
  const size_t bytes = BytesOf(message);
  if (impl_->flights.size() >= impl_->options.messages_max) return false;
  // One that is larger than the bound goes alone.
  if (impl_->bytes > 0 && impl_->bytes + bytes > impl_->options.bytes_max) return false;
  const int64_t now_ms = impl_->clock->SteadyMs();
  InFlight flight;
  flight.message = std::move(message);
  flight.done = std::move(done);
  flight.give_up_ms = give_up_ms > kNever - now_ms ? kNever : now_ms + give_up_ms;
  impl_->bytes += bytes;
  const uint64_t number = ++impl_->last_number;
  const auto added = impl_->flights.emplace_hint(impl_->flights.end(), number, std::move(flight));
  impl_->Publish(number, &added->second);
  return true;
}

// Never calls back.
void StoredPublisher::Impl::Publish(uint64_t number, InFlight* flight) {
  Subscribe();
  flight->due_ms = clock->SteadyMs() + options.resend_ms;
  reply = inbox;
  char digits[20];
  reply.append(digits, std::to_chars(digits, digits + sizeof(digits), number).ptr);
  const StoredMessageOut& message = flight->message;
  const auto published = wire->Publish({.subject = message.subject,
                                        .reply = reply,
                                        .data = message.data,
                                        .content_type = message.content_type,
                                        .message_id = message.message_id,
                                        .expected_last = message.expected_last});
  if (published) return;
  if (published.error().fault == Fault::kReject) {
    flight->refused = published.error();
  } else {
    flight->last_error = published.error().text;
  }
}

void StoredPublisher::Impl::OnAnswer(const Arrived& arrived) {
  const std::string_view tail = arrived.subject.substr(inbox.size());
  uint64_t number = 0;
  std::from_chars(tail.data(), tail.data() + tail.size(), number);
  const auto found = flights.find(number);
  if (found == flights.end() || found->second.refused) return;
  constexpr int kNoResponders = 503;
  StreamAnswer answer = ParseStreamAnswer(arrived.data, arrived.status == kNoResponders);
  if (answer.sequence > 0) {
    Finish(found, answer.sequence);
  } else if (answer.never) {
    Finish(found, Reject(std::move(answer.error)));
  } else {
    Failed(&found->second, std::move(answer.error));
  }
}

void StoredPublisher::Impl::Failed(InFlight* flight, std::string why) {
  flight->last_error = std::move(why);
  const int64_t backoff_ms = kBackoffMinMs << std::min(flight->failures, kBackoffDoublings);
  ++flight->failures;
  flight->due_ms = clock->SteadyMs() + std::min(backoff_ms, options.resend_ms);
}

void StoredPublisher::Impl::Finish(std::map<uint64_t, InFlight>::iterator flight,
                                   Result<uint64_t> result) {
  bytes -= BytesOf(flight->second.message);
  const Done done = std::move(flight->second.done);
  flights.erase(flight);
  done(std::move(result));
}

void StoredPublisher::OnConnected() {
  impl_->Subscribe();
  for (auto& [number, flight] : impl_->flights) flight.due_ms = 0;
  Tick();
}

void StoredPublisher::Tick() {
  Impl& impl = *impl_;
  const int64_t now_ms = impl.clock->SteadyMs();
  if (impl.wire->connected() && impl.wire->connection_number() != impl.connection) {
    impl.Subscribe();
    for (auto& [number, flight] : impl.flights) flight.due_ms = 0;
  }
  std::vector<uint64_t> over;  // Finished afterwards: who is called back may send.
  for (auto& [number, flight] : impl.flights) {
    const bool given_up = flight.give_up_ms <= now_ms;
    if (!flight.refused && !given_up && flight.due_ms <= now_ms && impl.MaySend()) {
      impl.Publish(number, &flight);
    }
    if (flight.refused || given_up) over.push_back(number);
  }
  for (const uint64_t number : over) {
    const auto found = impl.flights.find(number);
    if (found == impl.flights.end()) continue;
    const InFlight& flight = found->second;
    Error error = flight.refused ? *flight.refused : Retry("given up: " + flight.last_error);
    impl.Finish(found, std::move(error));
  }
}

size_t StoredPublisher::in_flight() const { return impl_->flights.size(); }

}  // namespace lyceum::wire
