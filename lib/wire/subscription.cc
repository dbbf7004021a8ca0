#include "wire/connection_impl.h"
#include "wire/subject.h"

namespace lyceum::wire {
namespace {

constexpr int kPendingMessages = 1 << 17;
constexpr int kPendingBytes = 64 << 20;

// Shared by the owner and by the library's delivery thread, which may run later than the owner
// lives.
struct Delivery {
  std::mutex mutex;
  bool open = true;                   // Guarded by mutex: once false, nothing more is delivered.
  std::function<bool(Message)> take;  // False: dropped.
  std::atomic<uint64_t> dropped{0};
};

void OnMessage(natsConnection*, natsSubscription*, natsMsg* raw, void* closure) {
  const MsgHandle msg(raw);
  Delivery& delivery = **static_cast<std::shared_ptr<Delivery>*>(closure);
  Message message = FromMsg(raw, 0);
  const std::lock_guard lock(delivery.mutex);
  if (delivery.open && !delivery.take(std::move(message))) ++delivery.dropped;
}

void OnComplete(void* closure) { delete static_cast<std::shared_ptr<Delivery>*>(closure); }

}  // namespace

struct Subscription::Impl {
  ~Impl() {
    {
      const std::lock_guard lock(delivery->mutex);
      delivery->open = false;
    }
    natsSubscription_Unsubscribe(handle.get());
  }
  std::shared_ptr<Delivery> delivery;
  SubscriptionHandle handle;
};

Subscription::Subscription(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Subscription::Subscription(Subscription&&) noexcept = default;
Subscription& Subscription::operator=(Subscription&&) noexcept = default;
Subscription::~Subscription() = default;

uint64_t Subscription::dropped() const {
  int64_t in_library = 0;
  natsSubscription_GetDropped(impl_->handle.get(), &in_library);
  return impl_->delivery->dropped + static_cast<uint64_t>(in_library);
}

namespace {

Result<Subscription> Listen(natsConnection* connection, const std::string& subject,
                            const std::string& queue, std::function<bool(Message)> take) {
  if (!IsSubjectPattern(subject)) return Reject("not a subject that can be subscribed to");
  if (!queue.empty() && !IsSubject(queue)) return Reject("not the name of a queue group");
  auto delivery = std::make_shared<Delivery>();
  delivery->take = std::move(take);
  auto closure = std::make_unique<std::shared_ptr<Delivery>>(delivery);
  natsSubscription* raw = nullptr;
  const natsStatus status =
      queue.empty()
          ? natsConnection_Subscribe(&raw, connection, subject.c_str(), OnMessage, closure.get())
          : natsConnection_QueueSubscribe(&raw, connection, subject.c_str(), queue.c_str(),
                                          OnMessage, closure.get());
  if (status != NATS_OK) return FromStatus(status, "subscribing to " + subject + " failed");
  auto impl = std::make_unique<Subscription::Impl>();
  impl->delivery = std::move(delivery);
  impl->handle.reset(raw);
  natsSubscription_SetPendingLimits(raw, kPendingMessages, kPendingBytes);
  // From here on the closure is the library's, also where the connection has closed meanwhile.
  natsSubscription_SetOnCompleteCB(raw, OnComplete, closure.release());
  return Subscription(std::move(impl));
}

}  // namespace

Result<Subscription> Connection::Subscribe(const std::string& subject, const std::string& queue,
                                           std::shared_ptr<MessageBox> box, int tag) {
  return Listen(impl_->connection.get(), subject, queue,
                [box = std::move(box), tag](Message message) {
                  message.tag = tag;
                  return box->TryPush(std::move(message));
                });
}

Result<Subscription> Connection::Subscribe(const std::string& subject, const std::string& queue,
                                           MessageHandler handler) {
  return Listen(impl_->connection.get(), subject, queue,
                [handler = std::move(handler)](Message message) {
                  handler(std::move(message));
                  return true;
                });
}

}  // namespace lyceum::wire
