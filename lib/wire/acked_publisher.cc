// Each message goes out with a reply subject of its own, <inbox>.<id>, so that an ack names its
// message also when the message was sent several times. A message is due to be sent again when its
// time has come, or when the connection was made anew since it was sent: then its ack will not come
// any more.
#include "wire/acked_publisher.h"

#include <charconv>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "base/check.h"
#include "wire/pub_ack.h"

namespace lyceum::wire {
namespace {

constexpr std::chrono::milliseconds kTick{20};  // While something is in flight.
constexpr int kIdleTicks = 50;                  // Then the thread sleeps until it is told.
constexpr std::chrono::milliseconds kBackoffMin{20};

struct Flight {
  std::shared_ptr<const Message> message;
  uint64_t cookie = 0;
  Deadline give_up;
  Deadline due;             // When to send it again.
  uint64_t reconnects = 0;  // Of the connection, when it was last sent.
  int failures = 0;         // Bad answers so far.
  std::string last_error = "no answer from a stream";
  bool finished = false;  // Only the report is missing.
  Acked report;
};

}  // namespace

struct AckedPublisher::Impl {
  Impl(std::shared_ptr<Connection> connection_in, std::shared_ptr<Mailbox<Acked>> done_in,
       Options options_in)
      : connection(std::move(connection_in)),
        done(std::move(done_in)),
        options(options_in),
        inbox(connection->NewInbox()) {}

  void Run();
  bool Listen();
  void Publish(uint64_t id, const std::shared_ptr<const Message>& message);
  void OnAnswer(const Message& answer);
  void OnTick();
  void Failed(Flight& flight, const std::string& why);
  void Finish(uint64_t id, Acked report);

  const std::shared_ptr<Connection> connection;
  const std::shared_ptr<Mailbox<Acked>> done;
  const Options options;
  const std::string inbox;
  std::mutex mutex;
  std::condition_variable room;   // Something is no longer in flight.
  std::condition_variable flown;  // Something is in flight again.
  bool asleep = false;            // The thread waits for it.
  std::map<uint64_t, Flight> flights;
  uint64_t last_id = 0;
  bool stopping = false;
  std::optional<Subscription> subscription;  // Of the thread alone; ends before what it calls.
  std::thread thread;
};

AckedPublisher::AckedPublisher(std::shared_ptr<Connection> connection,
                               std::shared_ptr<Mailbox<Acked>> done, Options options)
    : impl_(std::make_unique<Impl>(std::move(connection), std::move(done), options)) {
  impl_->Listen();
  impl_->thread = std::thread([impl = impl_.get()] { impl->Run(); });
}

AckedPublisher::~AckedPublisher() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->room.notify_all();
  impl_->flown.notify_all();
  impl_->thread.join();
}

bool AckedPublisher::Send(Message message, std::string message_id, uint64_t cookie, Deadline room,
                          Deadline give_up) {
  uint64_t id = 0;
  std::shared_ptr<const Message> shared;
  {
    std::unique_lock lock(impl_->mutex);
    const auto has_room = [&] {
      return impl_->stopping || impl_->flights.size() < impl_->options.in_flight_max;
    };
    if (!impl_->room.wait_until(lock, room, has_room) || impl_->stopping) return false;
    id = ++impl_->last_id;
    message.reply = impl_->inbox + "." + std::to_string(id);
    message.headers.emplace_back("Nats-Msg-Id", std::move(message_id));
    shared = std::make_shared<const Message>(std::move(message));
    Flight flight;
    flight.message = shared;
    flight.cookie = cookie;
    flight.give_up = give_up;
    flight.due = In(impl_->options.resend);
    flight.reconnects = impl_->connection->reconnects();
    impl_->flights.emplace(id, std::move(flight));
    if (impl_->asleep) impl_->flown.notify_all();
  }
  impl_->Publish(id, shared);
  return true;
}

size_t AckedPublisher::in_flight() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->flights.size();
}

bool AckedPublisher::Drain(Deadline deadline) {
  std::unique_lock lock(impl_->mutex);
  return impl_->room.wait_until(lock, deadline, [&] { return impl_->flights.empty(); });
}

bool AckedPublisher::Impl::Listen() {
  if (subscription) return true;
  auto subscribed =
      connection->Subscribe(inbox + ".*", "", [this](const Message& answer) { OnAnswer(answer); });
  if (!subscribed) return false;
  subscription.emplace(std::move(*subscribed));
  return true;
}

// Acks are taken as they come; here is what takes time to be noticed.
void AckedPublisher::Impl::Run() {
  std::unique_lock lock(mutex);
  for (int idle = 0; !stopping; idle = flights.empty() ? idle + 1 : 0) {
    asleep = idle >= kIdleTicks;
    if (asleep) flown.wait(lock, [&] { return stopping || !flights.empty(); });
    asleep = false;
    if (flown.wait_for(lock, kTick, [&] { return stopping; })) return;
    lock.unlock();
    Listen();
    OnTick();
    lock.lock();
  }
}

// Called without the lock: the socket may be slow.
void AckedPublisher::Impl::Publish(uint64_t id, const std::shared_ptr<const Message>& message) {
  const auto published = connection->Publish(*message);
  if (published) return;
  const std::lock_guard lock(mutex);
  const auto found = flights.find(id);
  if (found == flights.end() || found->second.finished) return;
  if (published.error().fault == Fault::kReject) {
    Finish(id, {found->second.cookie, false, 0, published.error().text});
  } else {
    Failed(found->second, published.error().text);
  }
}

void AckedPublisher::Impl::OnAnswer(const Message& message) {
  const std::string_view tail = std::string_view(message.subject).substr(inbox.size() + 1);
  uint64_t id = 0;
  std::from_chars(tail.data(), tail.data() + tail.size(), id);
  const StreamAnswer answer = ParseStreamAnswer(message.data, message.no_responders);
  const std::lock_guard lock(mutex);
  const auto found = flights.find(id);
  if (found == flights.end() || found->second.finished) return;
  if (answer.sequence > 0) {
    Finish(id, {found->second.cookie, true, answer.sequence, ""});
  } else if (answer.never) {
    Finish(id, {found->second.cookie, false, 0, answer.error});
  } else {
    Failed(found->second, answer.error);
  }
}

void AckedPublisher::Impl::OnTick() {
  const Deadline now = Steady::now();
  const bool connected = connection->connected();
  const uint64_t reconnects = connection->reconnects();
  std::vector<std::pair<uint64_t, std::shared_ptr<const Message>>> again;
  {
    const std::lock_guard lock(mutex);
    for (auto it = flights.begin(); it != flights.end();) {
      const uint64_t id = it->first;
      Flight& flight = it->second;
      ++it;  // Finish takes the flight out.
      if (flight.finished) {
        Finish(id, flight.report);
      } else if (flight.give_up <= now) {
        Finish(id, {flight.cookie, false, 0, "given up: " + flight.last_error});
      } else if (connected && (flight.due <= now || flight.reconnects != reconnects)) {
        flight.due = now + options.resend;
        flight.reconnects = reconnects;
        again.emplace_back(id, flight.message);
      }
    }
  }
  for (const auto& [id, message] : again) Publish(id, message);
}

// With the lock held.
void AckedPublisher::Impl::Failed(Flight& flight, const std::string& why) {
  flight.last_error = why;
  flight.failures = std::min(flight.failures + 1, 16);
  const auto backoff = kBackoffMin * (1 << flight.failures);
  flight.due = Steady::now() + std::min<std::chrono::milliseconds>(backoff, options.resend);
}

// With the lock held. Where nobody makes room for the report, the message stays in flight until
// there is.
void AckedPublisher::Impl::Finish(uint64_t id, Acked report) {
  const auto found = flights.find(id);
  CHECK(found != flights.end());
  if (done->TryPush(report) || done->closed()) {
    flights.erase(found);
    room.notify_all();
    return;
  }
  found->second.finished = true;
  found->second.report = std::move(report);
}

}  // namespace lyceum::wire
