// The StoredPublisher of these tests: sends again when its time has come, and calls back once.
#include <map>
#include <utility>
#include <vector>

#include "wire/stored_publisher.h"

namespace lyceum::wire {

struct StoredPublisher::Impl {
  struct Flight {
    StoredMessageOut message;
    Done done;
    int64_t give_up_ms = 0;
    int64_t due_ms = 0;
  };
  void Publish(uint64_t number, Flight& flight) {
    flight.due_ms = clock->SteadyMs() + options.resend_ms;
    const std::string reply = inbox + "." + std::to_string(number);
    (void)wire->Publish({.subject = flight.message.subject,
                         .reply = reply,
                         .data = flight.message.data,
                         .content_type = flight.message.content_type,
                         .message_id = flight.message.message_id});
  }
  void Finish(uint64_t number, Result<uint64_t> result) {
    const auto found = flights.find(number);
    if (found == flights.end()) return;
    const Done done = std::move(found->second.done);
    flights.erase(found);
    done(std::move(result));
  }
  Wire* wire;
  const Clock* clock;
  Options options;
  std::string inbox;
  uint64_t last = 0;
  std::map<uint64_t, Flight> flights;
};

StoredPublisher::StoredPublisher(Wire* wire, const Clock* clock, Options options)
    : impl_(std::make_unique<Impl>(Impl{wire, clock, options, wire->NewInbox(), 0, {}})) {
  OnConnected();
}
StoredPublisher::~StoredPublisher() = default;

bool StoredPublisher::Send(StoredMessageOut message, int64_t give_up_ms, Done done) {
  if (impl_->flights.size() >= impl_->options.messages_max) return false;
  const int64_t now = impl_->clock->SteadyMs();
  auto& flight = impl_->flights[++impl_->last];
  flight = {std::move(message), std::move(done), now + give_up_ms, 0};
  impl_->Publish(impl_->last, flight);
  return true;
}

void StoredPublisher::OnConnected() {
  (void)impl_->wire->Subscribe(impl_->inbox + ".*", "", [impl = impl_.get()](const Arrived& m) {
    const uint64_t number = std::stoull(std::string(m.subject.substr(impl->inbox.size() + 1)));
    if (m.data.find("\"seq\":") != std::string_view::npos) return impl->Finish(number, 1);
    impl->Finish(number, Reject("the stream says no"));
  });
  for (auto& [number, flight] : impl_->flights) impl_->Publish(number, flight);
}

void StoredPublisher::Tick() {
  const int64_t now = impl_->clock->SteadyMs();
  std::vector<uint64_t> over;
  for (auto& [number, flight] : impl_->flights) {
    if (flight.give_up_ms <= now) {
      over.push_back(number);
    } else if (flight.due_ms <= now) {
      impl_->Publish(number, flight);
    }
  }
  for (const uint64_t number : over) impl_->Finish(number, Retry("given up"));
}

size_t StoredPublisher::in_flight() const { return impl_->flights.size(); }

}  // namespace lyceum::wire
