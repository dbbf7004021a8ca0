#include "wire/nats_wire.h"

#include <algorithm>
#include <charconv>
#include <deque>
#include <queue>
#include <unordered_map>
#include <vector>

#include "wire/nats_connector.h"
#include "wire/nats_link.h"
#include "wire/nats_message.h"
#include "wire/nats_subscriptions.h"
#include "wire/outbound_check.h"
#include "wire/subject.h"

namespace lyceum::wire {
namespace {

constexpr int64_t kSilenceMaxMs = 2500;
constexpr int64_t kLeavingMs = 1'000;
constexpr int64_t kTickMs = 250;
constexpr int64_t kTickGapMaxMs = 1000;  // More: this process was stopped, not the server.
// From here on not all are looked at for each read: below, that costs less than to note each subject.
constexpr size_t kManySubscriptions = 256;
constexpr size_t kRequestsMax = 1 << 16;
constexpr size_t kDeadlinesSpare = 1024;
constexpr size_t kUnwrittenBytesMax = 256 << 20;
constexpr size_t kPayloadBytesDefault = 1 << 20;

Error NotConnected() { return Retry("not connected to NATS"); }

class NatsWireImpl final : public NatsWire {
 public:
  NatsWireImpl(EventLoop* loop, const Clock* clock, const ConnectOptions& options,
               const Target& target)
      : loop_(loop),
        clock_(clock),
        async_id_(ById<AsyncState>::Instance().Add(async_)),
        inbox_prefix_(target.inbox_prefix),
        request_inbox_(MakeInbox(inbox_prefix_) + "."),
        connector_(loop, options, target, async_id_,
                   [this](std::shared_ptr<NatsLink> link) { OnLink(std::move(link)); }),
        last_tick_ms_(clock->SteadyMs()) {
    connector_.Start(nullptr);
  }
  ~NatsWireImpl() override;

  Result<SubscriptionId> Subscribe(std::string_view subject, std::string_view queue,
                                   Handler handler) override;
  void Unsubscribe(SubscriptionId id) override;
  Result<void> Publish(const Outbound& message) override;
  void Request(const Outbound& message, std::chrono::milliseconds timeout,
               AnswerHandler done) override;
  void Flush() override;
  void SetConnectionHandler(ConnectionHandler handler) override { told_ = std::move(handler); }
  bool connected() const override { return connected_; }
  uint64_t connection_number() const override { return connection_number_; }
  std::string NewInbox() override { return MakeInbox(inbox_prefix_); }
  size_t payload_bytes_max() const override { return payload_bytes_max_; }
  size_t unwritten_bytes() const override;
  uint64_t async_errors() const override { return async_->errors; }
  std::string last_async_error() const override { return async_->Last(); }
  void Tick() override;
  int64_t NextDeadlineMs() const override;
  std::optional<Error> connect_error() const override { return connector_.error(); }

 private:
  using Subscribed = NatsSubscriptions::One;
  struct Requested {
    std::string subject;
    AnswerHandler done;
  };
  using RequestDeadline = std::pair<int64_t, uint64_t>;  // Steady ms, and the request's number.

  void OnLink(std::shared_ptr<NatsLink> link);
  void OnReady(uint32_t events);
  uint64_t CountQueued(const std::vector<Subscribed*>& subscribed, uint64_t expected);
  void Deliver(const std::vector<std::string>* subjects);
  void DeliverNoResponders();
  void DeliverWhatWasRead(int64_t now_ms);
  void SendHeld();
  void Write();
  void Break(const char* why);
  Result<void> Send(const Outbound& message, std::string_view reply);
  natsStatus SendPlain(const Outbound& message, std::string_view reply);
  natsStatus SendWithHeaders(const Outbound& message, std::string_view reply);
  void OnAnswer(const Arrived& arrived);
  void ExpireRequests(int64_t now_ms);
  void Later(AnswerHandler done, Error error);

  EventLoop* const loop_;
  const Clock* const clock_;
  const std::shared_ptr<AsyncState> async_ = std::make_shared<AsyncState>();
  const uint64_t async_id_;
  const std::string inbox_prefix_;
  const std::string request_inbox_;  // With a dot at its end.
  // What is posted to the loop holds it weakly, and does nothing once it is gone.
  std::shared_ptr<char> alive_ = std::make_shared<char>();

  NatsConnector connector_;
  int64_t last_tick_ms_;
  std::shared_ptr<NatsLink> link_;  // Null while not connected.
  bool connected_ = false;
  bool wants_writable_ = false;  // The socket was full: EPOLLOUT tells.
  uint64_t connection_number_ = 0;
  uint64_t messages_seen_ = 0;  // Of link_->messages_in().
  // Of a connection that reads by itself: how many had come at the last look, since when, and when that was.
  uint64_t messages_before_ = 0;
  int64_t messages_since_ms_ = 0, looked_ms_ = 0;
  size_t payload_bytes_max_ = kPayloadBytesDefault;
  size_t unwritten_estimate_ = 0;  // At least what is unwritten.
  int64_t last_read_ms_ = 0;
  ConnectionHandler told_;

  uint64_t last_subscription_ = 0;
  NatsSubscriptions subscribed_;
  bool delivering_ = false;
  std::vector<Subscribed*> looked_at_;      // Scratch of Deliver.
  std::vector<std::string> read_subjects_;  // Of the last read, where there are many subscriptions.
  MsgHeaders headers_;
  SpentMessages spent_;  // Handed out, and not destroyed yet.

  uint64_t last_request_ = 0;
  std::unordered_map<uint64_t, Requested> requests_;
  std::priority_queue<RequestDeadline, std::vector<RequestDeadline>, std::greater<>> deadlines_;

  // Of a connection that reads by itself: its thread may just have found one of these, and does not
  // own it. They go some time after they were unsubscribed, the oldest first.
  std::deque<std::pair<int64_t, SubscriptionHandle>> leaving_;

  std::vector<HeldMessage> held_;
  size_t held_bytes_ = 0;
  bool flushing_ = false;
  std::string subject_;  // Scratch: with a zero at the end.
  std::string reply_;
  std::string value_;
};

NatsWireImpl::~NatsWireImpl() {
  if (link_ != nullptr) {
    if (!link_->reads_itself()) loop_->Remove(link_->fd());
    for (auto& subscribed : subscribed_.all()) link_->Keep(std::move(subscribed->handle));
    for (auto& [since_ms, handle] : leaving_) link_->Keep(std::move(handle));
  }
  spent_.Destroy();
  link_.reset();
  ById<AsyncState>::Instance().Remove(async_id_);
}

void NatsWireImpl::OnLink(std::shared_ptr<NatsLink> link) {
  link->EnterLoop();
  if (!link->reads_itself() &&
      !loop_->Add(link->fd(), EPOLLIN, [this](uint32_t events) { OnReady(events); })) {
    connector_.Start(std::move(link));
    return;
  }
  link_ = std::move(link);
  connected_ = true;
  wants_writable_ = false;
  ++connection_number_;
  messages_seen_ = messages_before_ = 0;
  unwritten_estimate_ = 0;
  last_read_ms_ = clock_->SteadyMs();
  const int64_t payload = natsConnection_GetMaxPayload(link_->get());
  payload_bytes_max_ = payload > 0 ? static_cast<size_t>(payload) : kPayloadBytesDefault;
  // Fails only where the connection is gone again: that is noticed by itself.
  (void)Subscribe(request_inbox_ + "*", "", [this](const Arrived& arrived) { OnAnswer(arrived); });
  if (told_) told_(true);
}

void NatsWireImpl::OnReady(uint32_t events) {
  if ((events & ~uint32_t{EPOLLOUT}) != 0) {
    last_read_ms_ = clock_->SteadyMs();
    read_subjects_.clear();
    const bool many = subscribed_.all().size() > kManySubscriptions;
    const bool told = link_->Read(many ? &read_subjects_ : nullptr);
    if (!link_->closed()) Deliver(many && told ? &read_subjects_ : nullptr);
  }
  if ((events & EPOLLOUT) != 0 && !link_->closed()) Write();
  if (link_->closed()) Break("the connection to the NATS server is gone");
}

// How many messages lie in each subscription. Whatever arrived before one that is counted is counted
// too. Returns the sum.
uint64_t NatsWireImpl::CountQueued(const std::vector<Subscribed*>& looked_at, uint64_t expected) {
  const auto pause = link_->PauseReading();
  uint64_t sum = 0;
  for (Subscribed* subscribed : looked_at) {
    subscribed->queued = 0;
    // Where nothing is read meanwhile, no more than expected can be there.
    if (subscribed->handle == nullptr || (sum >= expected && !link_->reads_itself())) continue;
    natsSubscription_QueuedMsgs(subscribed->handle.get(), &subscribed->queued);
    sum += subscribed->queued;
  }
  return sum;
}

// The library puts what it reads into its subscriptions: each that got something is emptied. `subjects`: under which something
// was read; null: not known, so all are looked at.
void NatsWireImpl::Deliver(const std::vector<std::string>* subjects) {
  const uint64_t messages = link_->messages_in();
  const uint64_t left = messages - messages_seen_ - link_->no_responders().size();
  // One that is added by a handler has got nothing yet. None goes while `delivering_`.
  looked_at_.clear();
  if (subjects != nullptr) looked_at_ = subscribed_.MayHaveGot(*subjects);
  uint64_t queued = CountQueued(looked_at_, left);
  if (subjects == nullptr || queued < left) {
    looked_at_.clear();
    for (const auto& subscribed : subscribed_.all()) looked_at_.push_back(subscribed.get());
    queued = CountQueued(looked_at_, left);
  }
  // Of a connection that reads by itself one may be counted, and not in its subscription yet.
  messages_seen_ =
      link_->reads_itself() ? messages_seen_ + queued + link_->no_responders().size() : messages;
  delivering_ = true;
  for (Subscribed* subscribed : looked_at_) {
    for (; subscribed->queued > 0 && subscribed->handle != nullptr; --subscribed->queued) {
      natsMsg* msg = nullptr;
      const natsStatus status = natsSubscription_NextMsg(&msg, subscribed->handle.get(), 0);
      if (status == NATS_NO_RESPONDERS) continue;
      if (status != NATS_OK) break;
      spent_.Add(msg);
      subscribed->handler(ToArrived(msg, &headers_));
    }
  }
  DeliverNoResponders();
  delivering_ = false;
  subscribed_.EraseUnsubscribed();
  spent_.DestroyWhereMany();
}

// The server has sent one to each subscription that matches, one after another.
void NatsWireImpl::DeliverNoResponders() {
  std::vector<natsMsg*>& msgs = link_->no_responders();
  for (natsMsg* msg : msgs) spent_.Add(msg);
  std::string_view last;
  size_t repeats = 0;
  for (natsMsg* msg : msgs) {
    const Arrived arrived = ToArrived(msg, &headers_);
    repeats = arrived.subject == last ? repeats + 1 : 0;
    last = arrived.subject;
    const std::vector<Subscribed*> matching = subscribed_.Matching(arrived.subject);
    if (!matching.empty()) matching[repeats % matching.size()]->handler(arrived);
  }
  msgs.clear();
}

Result<Wire::SubscriptionId> NatsWireImpl::Subscribe(std::string_view subject,
                                                     std::string_view queue, Handler handler) {
  if (auto checked = CheckSubscription(subject, queue); !checked) return checked.error();
  if (!connected_) return NotConnected();
  subject_.assign(subject);
  reply_.assign(queue);
  natsSubscription* raw = nullptr;
  const natsStatus status =
      queue.empty()
          ? natsConnection_SubscribeSync(&raw, link_->get(), subject_.c_str())
          : natsConnection_QueueSubscribeSync(&raw, link_->get(), subject_.c_str(), reply_.c_str());
  auto subscribed = std::make_unique<Subscribed>();
  subscribed->handle.reset(raw);
  if (status == NATS_CONNECTION_CLOSED) return NotConnected();
  if (status != NATS_OK) return FromStatus(status, "subscribing to " + subject_ + " failed");
  natsSubscription_SetPendingLimits(raw, -1, -1);  // Emptied after each read.
  subscribed->id = ++last_subscription_;
  subscribed->subject = subject_;
  subscribed->handler = std::move(handler);
  subscribed_.Add(std::move(subscribed));
  return last_subscription_;
}

void NatsWireImpl::Unsubscribe(SubscriptionId id) {
  Subscribed* const found = subscribed_.Find(id);
  if (found == nullptr) return;
  if (link_->reads_itself()) {
    natsSubscription_Unsubscribe(found->handle.get());
    leaving_.emplace_back(clock_->SteadyMs(), std::move(found->handle));
  }
  subscribed_.Unsubscribe(found, delivering_);  // Its handler may be running.
}

Result<void> NatsWireImpl::Publish(const Outbound& message) {
  if (auto checked = CheckOutbound(message, payload_bytes_max_); !checked) return checked;
  return Send(message, message.reply);
}

// Of a message that was checked.
Result<void> NatsWireImpl::Send(const Outbound& message, std::string_view reply) {
  if (!connected_) return NotConnected();
  if (unwritten_estimate_ > kUnwrittenBytesMax) {
    return Retry("the NATS server does not read what is sent to it");
  }
  constexpr size_t kFrameBytes = 64;
  if (link_->reads_itself() && !flushing_) {
    held_.emplace_back(message, reply);
    held_bytes_ += message.subject.size() + reply.size() + message.data.size() + kFrameBytes;
    unwritten_estimate_ = held_bytes_;
    return {};
  }
  const natsStatus status =
      HasHeaders(message) ? SendWithHeaders(message, reply) : SendPlain(message, reply);
  if (status == NATS_CONNECTION_CLOSED) return NotConnected();
  if (status != NATS_OK) return FromStatus(status, "publishing to NATS failed");
  unwritten_estimate_ += message.subject.size() + reply.size() + message.data.size() + kFrameBytes;
  return {};
}

natsStatus NatsWireImpl::SendPlain(const Outbound& message, std::string_view reply) {
  const auto bytes = static_cast<int>(message.data.size());
  subject_.assign(message.subject);
  if (reply.empty()) {
    return natsConnection_Publish(link_->get(), subject_.c_str(), message.data.data(), bytes);
  }
  if (reply.data() != reply_.data()) reply_.assign(reply);
  return natsConnection_PublishRequest(link_->get(), subject_.c_str(), reply_.c_str(),
                                       message.data.data(), bytes);
}

natsStatus NatsWireImpl::SendWithHeaders(const Outbound& message, std::string_view reply) {
  subject_.assign(message.subject);
  if (reply.data() != reply_.data()) reply_.assign(reply);
  natsMsg* msg = nullptr;
  natsStatus status =
      natsMsg_Create(&msg, subject_.c_str(), reply.empty() ? nullptr : reply_.c_str(),
                     message.data.data(), static_cast<int>(message.data.size()));
  if (status != NATS_OK) return status;
  spent_.Add(msg);
  EachHeader(message, [&](std::string_view name, std::string_view value) {
    value_.assign(value);  // The names end with a zero already.
    if (status == NATS_OK) status = natsMsgHeader_Set(msg, name.data(), value_.c_str());
  });
  if (status == NATS_OK) status = natsConnection_PublishMsg(link_->get(), msg);
  if (!delivering_) spent_.DestroyWhereMany();
  return status;
}

void NatsWireImpl::Request(const Outbound& message, std::chrono::milliseconds timeout,
                           AnswerHandler done) {
  Outbound sent = message;
  sent.reply = {};
  if (auto checked = CheckOutbound(sent, payload_bytes_max_); !checked) {
    return Later(std::move(done), checked.error());
  }
  if (requests_.size() >= kRequestsMax) {
    return Later(std::move(done), Retry("too many requests are without an answer"));
  }
  const uint64_t number = ++last_request_;
  reply_ = request_inbox_;
  char digits[20];
  reply_.append(digits, std::to_chars(digits, digits + sizeof(digits), number).ptr);
  if (auto published = Send(sent, reply_); !published) {
    return Later(std::move(done), published.error());
  }
  requests_.emplace(number, Requested{std::string(message.subject), std::move(done)});
  if (deadlines_.size() > 2 * requests_.size() + kDeadlinesSpare) {
    // Most were answered long before their time.
    std::vector<RequestDeadline> open;
    for (; !deadlines_.empty(); deadlines_.pop()) {
      if (requests_.contains(deadlines_.top().second)) open.push_back(deadlines_.top());
    }
    for (const RequestDeadline& deadline : open) deadlines_.push(deadline);
  }
  deadlines_.push({clock_->SteadyMs() + timeout.count(), number});
}

void NatsWireImpl::Later(AnswerHandler done, Error error) {
  loop_->Post(
      [alive = std::weak_ptr<char>(alive_), done = std::move(done), error = std::move(error)] {
        if (!alive.expired()) done(error);
      });
}

void NatsWireImpl::OnAnswer(const Arrived& arrived) {
  const std::string_view tail = arrived.subject.substr(request_inbox_.size());
  uint64_t number = 0;
  std::from_chars(tail.data(), tail.data() + tail.size(), number);
  const auto found = requests_.find(number);
  if (found == requests_.end()) return;  // Too late, or the second one.
  const Requested request = std::move(found->second);
  requests_.erase(found);
  if (arrived.status == kNoResponders) {
    request.done(Reject("nobody is subscribed to " + request.subject));
  } else {
    request.done(Answer{std::string(arrived.data), std::string(arrived.content_type)});
  }
}

void NatsWireImpl::ExpireRequests(int64_t now_ms) {
  std::vector<Requested> expired;  // Called afterwards: they may request again.
  for (; !deadlines_.empty() && deadlines_.top().first <= now_ms; deadlines_.pop()) {
    const auto found = requests_.find(deadlines_.top().second);
    if (found == requests_.end()) continue;
    expired.push_back(std::move(found->second));
    requests_.erase(found);
  }
  for (const Requested& request : expired) {
    request.done(Retry("no answer from " + request.subject + " in time"));
  }
}

void NatsWireImpl::Flush() {
  if (!connected_ || wants_writable_ || link_->closed()) return;
  if (link_->reads_itself()) return SendHeld();
  Write();
  if (link_->closed()) loop_->Wake();  // Tick tells.
}

void NatsWireImpl::SendHeld() {
  flushing_ = true;
  // What fails here is lost with its connection, as what lay in a buffer.
  for (const HeldMessage& held : held_) (void)Send(held.View(), held.reply);
  flushing_ = false;
  held_.clear();
  held_bytes_ = 0;
  unwritten_estimate_ = unwritten_bytes();
}

void NatsWireImpl::Write() {
  if (natsConnection_Buffered(link_->get()) > 0) natsConnection_ProcessWriteEvent(link_->get());
  const int left = link_->closed() ? 0 : natsConnection_Buffered(link_->get());
  unwritten_estimate_ = left > 0 ? static_cast<size_t>(left) : 0;
  if ((left > 0) == wants_writable_ || link_->closed()) return;
  wants_writable_ = left > 0;
  loop_->Modify(link_->fd(), wants_writable_ ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

size_t NatsWireImpl::unwritten_bytes() const {
  const int bytes = connected_ ? natsConnection_Buffered(link_->get()) : 0;
  return held_bytes_ + (bytes > 0 ? static_cast<size_t>(bytes) : 0);
}

// Not while a handler of a subscription runs.
void NatsWireImpl::Break(const char* why) {
  CHECK(!delivering_);
  connected_ = false;
  if (!link_->reads_itself()) loop_->Remove(link_->fd());
  for (auto& subscribed : subscribed_.all()) link_->Keep(std::move(subscribed->handle));
  for (auto& [since_ms, handle] : leaving_) link_->Keep(std::move(handle));
  subscribed_.Clear();
  leaving_.clear();
  held_.clear();
  held_bytes_ = 0;
  std::vector<std::pair<uint64_t, Requested>> broken;
  for (auto& [number, request] : requests_) broken.emplace_back(number, std::move(request));
  requests_.clear();
  deadlines_ = {};
  connector_.Start(std::move(link_));
  link_.reset();
  std::sort(broken.begin(), broken.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [number, request] : broken) request.done(Retry(why));
  if (told_) told_(false);
}

// Of a connection that reads by itself. What came for a subscription that was gone by then is not found, and is looked for
// only now and then once nothing else has come for a while.
void NatsWireImpl::DeliverWhatWasRead(int64_t now_ms) {
  const uint64_t messages = link_->messages_in();
  if (messages != messages_before_) {
    messages_before_ = messages;
    messages_since_ms_ = now_ms;
  } else if (messages == messages_seen_ && now_ms - looked_ms_ < kTickMs) {
    return;
  }
  looked_ms_ = now_ms;
  Deliver(nullptr);
  if (now_ms - messages_since_ms_ > kTickMs) messages_seen_ = messages;
}

void NatsWireImpl::Tick() {
  const int64_t now_ms = clock_->SteadyMs();
  if (now_ms - last_tick_ms_ > kTickGapMaxMs) last_read_ms_ = now_ms;
  last_tick_ms_ = now_ms;
  if (connected_ && link_->closed()) Break("the connection to the NATS server is gone");
  if (connected_ && link_->reads_itself()) {
    last_read_ms_ = now_ms;  // The library notices a silent server.
    DeliverWhatWasRead(now_ms);
  }
  if (connected_ && now_ms - last_read_ms_ > kSilenceMaxMs) Break("the NATS server is silent");
  spent_.DestroyWhereOld(now_ms);
  while (!leaving_.empty() && now_ms - leaving_.front().first > kLeavingMs) leaving_.pop_front();
  ExpireRequests(now_ms);
}

int64_t NatsWireImpl::NextDeadlineMs() const {
  const bool more = connected_ && link_->reads_itself() && link_->messages_in() != messages_seen_;
  const int64_t next = last_tick_ms_ + (more ? 1 : kTickMs);
  return deadlines_.empty() ? next : std::min(next, deadlines_.top().first);
}

}  // namespace

Result<std::unique_ptr<NatsWire>> NatsWire::Create(EventLoop* loop, const Clock* clock,
                                                   const ConnectOptions& options) {
  auto target = ParseTarget(options);
  if (!target) return target.error();
  return std::unique_ptr<NatsWire>(std::make_unique<NatsWireImpl>(loop, clock, options, *target));
}

}  // namespace lyceum::wire
